"""`tinysnn generate`: the C alone, projects, and flags that contradict each other."""

from __future__ import annotations

import pytest

from tinysnn.export import FORMATS


def test_the_c_alone(cli, packed, tmp_path):
    outcome = cli("generate", packed, "-o", tmp_path / "c", "--board", "microbit")
    assert outcome.code == 0, outcome.err
    assert "cortex-m0\n" not in outcome.out
    assert "tsnn_tiny.c" in outcome.out
    names = {path.name for path in (tmp_path / "c").iterdir()}
    assert {"tsnn_tiny.c", "tsnn_tiny.h", "tsnn_image.c", "tsnn.h"} <= names


@pytest.mark.parametrize("kind", FORMATS)
def test_a_project_of_every_format(cli, packed, tmp_path, kind):
    folder = tmp_path / kind
    more = ["--offline"] if kind == "platformio" else []
    arguments = ("--format", kind, "--board", "mps2_an386", "-o", folder, *more)
    outcome = cli("generate", packed, *arguments)
    assert outcome.code == 0, outcome.err
    assert str(folder / "README.md") in outcome.out
    text = (folder / "README.md").read_text()
    assert "tiny" in text
    assert "bit for bit" in text
    (folder / "README.md").write_text("mine")
    again = cli("generate", packed, *arguments)
    assert again.code == 2
    assert "README.md" in again.err
    assert cli("generate", packed, *arguments, "--force").code == 0
    assert (folder / "README.md").read_text() == text


def test_input_becomes_the_projects_test(cli, packed, spikes, tmp_path):
    arguments = ("--format", "platformio", "--board", "microbit", "--offline", "--input", spikes)
    assert cli("generate", packed, *arguments, "-o", tmp_path / "p").code == 0
    run = cli(
        "run", tmp_path / "p" / "test" / "tiny.tsnn", "--on", "host",
        "--input", tmp_path / "p" / "test" / "tiny.npz", "--json", "-",
    )  # fmt: skip
    assert '"ticks": 40' in run.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--format", "bazel"], "bazel"),
        (["--format", "c", "--core", "cortex-m4"], "--core without --board"),
        (["--format", "cmake", "--core", "cortex-m4", "--board", "microbit"], "both given"),
        (["--core", "cortex-m4", "--board", "microbit"], "both given"),
        (["--format", "platformio"], "--board"),
        (["--format", "platformio", "--board", "z80"], "no board 'z80'"),
        (["--format", "c", "--offline"], "--offline is for --format platformio"),
        (["--input", "x.npz"], "--input is for --format platformio"),
        (["--force"], "--force is for --format"),
    ],
)
def test_refusals(refused, packed, tmp_path, arguments, says):
    refused(2, "generate", packed, "-o", tmp_path / "out", *arguments, says=[says])
    assert not (tmp_path / "out").exists()
