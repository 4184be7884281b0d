"""The Arduino library: its layout by the specification, and its sketches on a stub of the core."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.export.conftest import PACKS, passes, serves_the_models
from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.toolchain import find_toolchain

STUBS = Path(__file__).parent / "stubs" / "arduino"
WARN = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
REQUIRED = {"name", "version", "author", "maintainer", "sentence", "paragraph", "category"} | {
    "url",
    "architectures",
}
CATEGORIES = [
    "Display",
    "Communication",
    "Signal Input/Output",
    "Sensors",
    "Device Control",
    "Timing",
    "Data Storage",
    "Data Processing",
    "Other",
]


def _properties(folder):
    lines = (folder / "library.properties").read_text(encoding="utf-8").splitlines()
    pairs = [line.partition("=") for line in lines]
    assert all(sign for _, sign, _ in pairs)
    found = {key: value for key, _, value in pairs}
    assert len(found) == len(pairs)
    return found


@pytest.mark.parametrize("core", [None, "cortex-m4"])
def test_it_keeps_the_library_specification(exported, core):
    """Rules of the library specification and of arduino-lint's schema and checks."""
    folder = exported("arduino", core=core)
    found = _properties(folder)
    assert set(found) >= REQUIRED
    assert all(found[key].strip() for key in REQUIRED)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,62}", found["name"])
    assert not found["name"].lower().startswith("arduino")
    assert re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", found["version"])
    assert found["category"] in CATEGORIES
    assert found["url"] == "https://url-not-set.invalid/"  # required, and nobody's (RFC 2606)
    assert (found["architectures"] == "*") == (core is None)
    for name in found["includes"].split(","):
        assert (folder / "src" / name).is_file()
    assert not [path for path in folder.iterdir() if path.suffix in (".c", ".h", ".cpp")]
    assert not (folder / "utility").exists()
    assert re.fullmatch(r"[A-Za-z0-9][\w.-]{0,62}", folder.name)


def test_keywords_are_separated_by_tabs(exported):
    lines = (exported("arduino") / "keywords.txt").read_text().splitlines()
    entries = [line.split("\t") for line in lines if line and not line.startswith("#")]
    kinds = {kind for _, kind in entries}
    assert kinds == {"KEYWORD1", "KEYWORD2", "LITERAL1"}
    assert ["tsnn_dense_step", "KEYWORD2"] in entries
    assert all(re.fullmatch(r"\w+", word) for word, _ in entries)


def test_examples_are_sketches(exported):
    folder = exported("arduino") / "examples"
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["dense", "dense_step"]
    for name in names:
        assert [path.name for path in (folder / name).iterdir()] == [f"{name}.ino"]


def _compile(folder, sketch, cc="cc", cxx="c++"):
    """What an Arduino builder does: all of src/, and the sketch as C++."""
    sources = sorted((folder / "src").glob("*.c"))
    cpp = [*(folder / "src").glob("*.cpp"), STUBS / "core.cpp"]
    flags = [*WARN, "-O2", f"-I{folder / 'src'}", f"-I{STUBS}"]
    objects = [folder / f"{path.name}.o" for path in [*sources, *cpp]]
    for source, target in zip(sources, objects, strict=False):
        passes(cc, "-std=gnu11", *flags, "-c", source, "-o", target, cwd=folder)
    for source, target in zip(cpp, objects[len(sources) :], strict=True):
        passes(cxx, "-std=gnu++11", *flags, "-c", source, "-o", target, cwd=folder)
    ino = folder / "examples" / sketch / f"{sketch}.ino"
    passes(
        cxx, "-std=gnu++11", *flags, "-x", "c++", ino, "-x", "none", *objects, "-o", sketch,
        cwd=folder,
    )  # fmt: skip
    return folder / sketch


@pytest.mark.host
def test_the_sketch_serves_the_models(exported):
    need("cc")
    serves_the_models(_compile(exported("arduino"), "dense"))


@pytest.mark.host
@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_the_sketch_that_steps_does_what_the_reference_does(exported, pack):
    import numpy as np

    from tinysnn.reference import run
    from tinysnn.stimulus import Stimulus

    need("cc")
    folder = exported("arduino", packs=[pack])
    sketch = _compile(folder, f"{pack.name}_step")
    ticks, n_in = 60, pack.meta.n_in
    said = passes("env", f"STUB_LOOPS={ticks}", sketch, cwd=folder).splitlines()
    raster = np.zeros((ticks, n_in), np.int8)
    raster[np.arange(ticks), np.arange(ticks) % n_in] = 1
    output = run(pack, Stimulus(raster)).output
    if pack.output_layer.spec.fires:
        want = [np.flatnonzero(row).tolist() for row in output]
    else:
        want = output.tolist()
    assert [[int(word) for word in line.split()] for line in said] == want
    assert any(want)


def test_it_compiles_for_the_boards_core(exported):
    need("gcc-arm")
    board = load_board("mps2_an386")
    folder = exported("arduino", board=board)
    flags = [*find_toolchain("gcc").target_flags(board.core), *WARN, "-O2", f"-I{folder / 'src'}"]
    sources = sorted(path for path in (folder / "src").iterdir() if path.suffix in (".c", ".S"))
    assert any(path.suffix == ".S" for path in sources)
    for source in sources:
        passes("arm-none-eabi-gcc", *flags, "-c", source, "-o", folder / "x.o", cwd=folder)
    assert '"mps2_an386"' in (folder / "src" / "tsnn_export.h").read_text()
