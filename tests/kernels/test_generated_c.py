"""The generated C is clean under every compiler's strict warnings, and lies where it should."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.corner_models import corners
from tests.golden.packs import dense, readout, recurrent
from tests.kernels.arm import one_unit
from tests.kernels.scenes import neuron_scenes, row_scenes
from tests.tools import need, require
from tinysnn.boards import load_board
from tinysnn.build import build
from tinysnn.emit import CORES, emit, render
from tinysnn.paths import firmware_dir
from tinysnn.toolchain import find_toolchain

STRICT = [
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wshadow",
    "-Wundef",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Wcast-qual",
    "-Wvla",
    "-Werror",
]
CHOSEN = (
    "bias_lif_16",
    "chunks_1_16",
    "chunks_2_mixed",
    "chunks_4_mixed",
    "chunks_8_mixed",
    "each_cuba_lif_16",
    "each_lif_32",
    "feedback",
    "graded_recurrent",
    "idle_cuba_li_32_same",
    "leak_li_16",
    "late_by_unit_0",
    "late_by_unit_graded",
    "late_layers",
    "leak_same_0",
    "reset_subtract_next_lif_16",
    "shape_33_4",
    "sum_edges",
    "threshold_ge_none",
)


def models():
    found = corners()
    return [dense(), recurrent(), readout(), *(found[name].pack for name in CHOSEN)]


def passes(*command: object) -> None:
    words = [str(word) for word in command]
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]


def sources(core: str, folder: Path) -> list[Path]:
    return [path for path in emit(models(), folder, core=core) if path.suffix == ".c"]


def includes(folder: Path) -> list[str]:
    return [f"-I{folder}", f"-I{firmware_dir() / 'include'}"]


@pytest.mark.host
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_strict_on_the_host(compiler, tmp_path):
    need("cc" if compiler == "gcc" else "clang")
    files = sources("cortex-m3", tmp_path)
    passes(compiler, *STRICT, "-O1", "-fsyntax-only", *includes(tmp_path), *files)


@pytest.mark.host
@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])
def test_strict_under_clang_for_the_core(core, tmp_path):
    need("clang")
    target = ["--target=thumb-none-eabi", f"-mcpu={core}", "-ffreestanding"]
    files = sources(core, tmp_path)
    passes("clang", *STRICT, *target, "-O1", "-fsyntax-only", *includes(tmp_path), *files)


@pytest.mark.host
def test_a_model_with_kernels_says_that_it_is_not_for_this_machine(tmp_path):
    need("cc")
    emit([dense()], tmp_path, core="cortex-m4")
    command = ["cc", "-std=c11", "-fsyntax-only", *includes(tmp_path), tmp_path / "tsnn_dense.c"]
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "dense: made for cortex-m4" in done.stderr


@pytest.mark.host
@pytest.mark.parametrize("chain", ["gcc", "zig"])
@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])
def test_kernels_assemble(core, chain, tmp_path):
    """All kernels there are, in one file: zig takes a second to start."""
    need("gcc-arm" if chain == "gcc" else "zig")
    tool = find_toolchain(chain)
    scenes = [*row_scenes(), *neuron_scenes()]
    file = tmp_path / "kernels.S"
    file.write_text(one_unit(render([scene.pack for scene in scenes], core=core))["kernels.S"])
    flags = [*tool.target_flags(core), "-Werror", "-c", file, "-o", tmp_path / "kernels.o"]
    passes(*tool.command, *flags)


@pytest.mark.host
@pytest.mark.parametrize("core", CORES)
def test_strict_for_the_core(core, tmp_path):
    need("gcc-arm")
    target = ["-mthumb", f"-mcpu={core}", "-O2", "-Wdouble-promotion", "-Wfloat-conversion"]
    for file in sources(core, tmp_path):
        output = ["-c", "-o", file.with_suffix(".o")]
        passes("arm-none-eabi-gcc", *STRICT, *target, *output, *includes(tmp_path), file)


@pytest.mark.host
@pytest.mark.parametrize("standard", ["c++11", "c++20"])
def test_headers_are_good_cpp(standard, tmp_path):
    compiler = shutil.which("g++") or shutil.which("clang++")
    require("cc", compiler is not None, "no C++ compiler is on this machine")
    emit(models(), tmp_path, core="cortex-m4")
    only_c = ("tsnn_kernel.h", "tsnn_past.h")
    headers = sorted(path.name for path in tmp_path.glob("*.h") if path.name not in only_c)
    text = "".join(f'#include "{name}"\n' for name in headers)
    unit = tmp_path / "headers.cpp"
    unit.write_text(text + "int main() { return tsnn_dense_init(nullptr) == TSNN_ERR_ARG; }\n")
    flags = [f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only"]
    passes(compiler, *flags, *includes(tmp_path), unit)


@pytest.mark.host
@pytest.mark.parametrize("core", ["cortex-m0", "cortex-m4"])
def test_cppcheck_has_nothing_to_say(core, tmp_path):
    need("cppcheck")
    files = [
        file
        for file in sources(core, tmp_path)
        if file.stem.removeprefix("tsnn_")
        in ("dense", "recurrent", "readout", "image", "late_by_unit_0")
    ]
    passes(
        "cppcheck", "--enable=warning,performance,portability", "--std=c11", "--error-exitcode=1",
        "--inline-suppr", "-D__arm__=1", "--suppress=missingIncludeSystem", "--quiet",
        *includes(tmp_path), *files,
    )  # fmt: skip


@pytest.mark.emu
@pytest.mark.parametrize("board", ["microbit", "mps2_an386"])
def test_two_models_in_one_image_with_tables_in_flash(board, tmp_path):
    need("gcc-arm")
    image = build([dense(), recurrent()], load_board(board), tmp_path)
    assert image.slots == ("dense", "recurrent")
    flash = range(image.board.flash_base, image.board.flash_base + image.board.flash_bytes)
    tables = [name for name in image.symbols if name.endswith(("_rows", "_theta", "_digest"))]
    assert {"tsnn_dense_l0_rows", "tsnn_recurrent_l0_rows"} <= set(tables)
    for name in tables:
        assert image.symbols[name].address in flash, name
    assert image.sections.get(".data", 0) == 0


@pytest.mark.host
def test_null_pointers_are_answered(tmp_path):
    need("cc")
    emit([dense()], tmp_path, core="cortex-m3")
    main = tmp_path / "main.c"
    main.write_text(
        '#include "tsnn_dense.h"\n'
        "int main(void)\n{\n"
        "    static tsnn_dense_state_t st;\n"
        "    tsnn_input_t in = {NULL, NULL, 0u};\n"
        "    uint16_t index[TSNN_DENSE_N_OUT];\n"
        "    tsnn_output_t out = {index, NULL, 0u};\n"
        "    int good = (tsnn_dense_init(NULL) == TSNN_ERR_ARG);\n"
        "    good = good && (tsnn_dense_init(&st) == TSNN_OK);\n"
        "    good = good && (tsnn_dense_reset(&st) == TSNN_OK);\n"
        "    good = good && (tsnn_dense_step(NULL, &in, &out) == TSNN_ERR_ARG);\n"
        "    good = good && (tsnn_dense_step(&st, NULL, &out) == TSNN_ERR_ARG);\n"
        "    good = good && (tsnn_dense_step(&st, &in, NULL) == TSNN_ERR_ARG);\n"
        "    good = good && (tsnn_dense_step(&st, &in, &out) == TSNN_OK);\n"
        "    return good ? 0 : 1;\n}\n"
    )
    program = tmp_path / "main"
    files = [main, tmp_path / "tsnn_dense.c"]
    passes("cc", "-std=c11", *includes(tmp_path), *files, "-o", program)
    passes(program)
