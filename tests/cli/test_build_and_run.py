"""`build`, `run` and `demo`: results, exit codes and refusals."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil

import numpy as np
import pytest

from tests.tools import have, need, need_arm_compiler
from tinysnn.paths import boards_dir

RUN_KEYS = {
    *("mismatches", "first_divergence", "ticks", "output_spikes", "instructions_per_tick"),
    *("runner", "board", "core", "compiler", "flash_bytes", "ram_bytes"),
}


@pytest.fixture
def arm():
    need_arm_compiler()


@pytest.fixture
def unicorn(arm):
    need("unicorn")


def _small_board(folder, **sizes):
    """A board file like generic_m0's, but with other sizes."""
    text = (boards_dir() / "generic_m0.toml").read_text()
    for key, value in sizes.items():
        text, count = re.subn(rf"(?m)^{key} = .*$", f"{key} = {value}", text)
        assert count == 1
    path = folder / "small.toml"
    path.write_text(text.replace('"generic_m0"', '"small"'))
    return path


@pytest.mark.emu
@pytest.mark.parametrize("toolchain", ["gcc", "zig"])
def test_build_reports_sizes(cli, packed, tmp_path, toolchain):
    need({"gcc": "gcc-arm", "zig": "zig"}[toolchain])
    report = tmp_path / "sizes.json"
    arguments = ("--board", "microbit", "-o", tmp_path / "out", "--toolchain", toolchain)
    outcome = cli("build", packed, *arguments, "--json", report)
    assert outcome.code == 0, outcome.err
    assert "microbit" in outcome.out
    result = json.loads(report.read_text())
    assert (tmp_path / "out" / "tinysnn.elf").is_file()
    assert result["models"] == ["tiny"]
    assert 0 < result["flash_bytes"] < 256 * 1024
    assert 0 < result["ram_bytes"] < 16 * 1024
    assert toolchain in result["compiler"]


@pytest.mark.emu
@pytest.mark.parametrize(
    ("sizes", "memory"),
    [({"flash_bytes": 2048}, "flash"), ({"ram_bytes": 1024, "stack_bytes": 512}, "RAM")],
)
def test_a_board_that_is_too_small(refused, packed, tmp_path, arm, sizes, memory):
    board = _small_board(tmp_path, **sizes)
    folder = tmp_path / "out"
    outcome = refused(2, "build", packed, "--board", board, "-o", folder, says=["too small"])
    found = re.search(rf"{memory}\D*is (\d+) bytes too small", outcome.err)
    assert found, outcome.err
    assert int(found.group(1)) > 0
    assert not list(folder.glob("tinysnn.elf*"))


@pytest.mark.parametrize("command", ["build", "run"])
def test_an_unknown_board(refused, packed, spikes, tmp_path, command):
    more = ("-o", tmp_path / "out") if command == "build" else ("--input", spikes)
    says = ["there is no board 'z80'", "microbit"]
    refused(2, command, packed, "--board", "z80", *more, says=says)
    assert not list(tmp_path.iterdir())


def test_a_board_file_with_an_unknown_key(refused, packed, tmp_path):
    board = _small_board(tmp_path)
    board.write_text("colour = 'red'\n" + board.read_text())
    refused(2, "build", packed, "--board", board, "-o", tmp_path / "o", says=["colour"])


def test_no_compiler(refused, packed, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("TINYSNN_GCC", raising=False)
    arguments = ("--board", "microbit", "-o", tmp_path / "out", "--toolchain", "gcc")
    refused(3, "build", packed, *arguments, says=["no ARM compiler"])


@pytest.mark.host
def test_run_on_the_host(cli, packed, spikes):
    need("cc")
    outcome = cli("run", packed, "--on", "host", "--input", spikes, "--json", "-")
    assert outcome.code == 0, outcome.err
    result = json.loads(outcome.out)
    assert set(result) >= RUN_KEYS
    assert result["mismatches"] == 0
    assert result["first_divergence"] is None
    assert result["ticks"] == 40
    assert len(result["output_spikes"]) == 5
    assert sum(result["output_spikes"]) > 0


@pytest.mark.emu
def test_run_on_unicorn_and_the_host_agree(cli, packed, spikes, tmp_path, unicorn):
    report = tmp_path / "result.json"
    outcome = cli("run", packed, "--input", spikes, "--trace", "--json", report)
    assert outcome.code == 0, outcome.err
    assert "mismatches" in outcome.out
    result = json.loads(report.read_text())
    assert result["runner"] == "unicorn"
    assert result["board"] == "generic_m4"
    assert result["core"] == "cortex-m4"
    assert result["mismatches"] == 0
    assert result["instructions_per_tick"] > 10
    assert result["flash_bytes"] > 1000
    if have("cc"):
        there = json.loads(cli("run", packed, "--on", "host", "--input", spikes, "--json", "-").out)
        assert there["output_spikes"] == result["output_spikes"]


@pytest.mark.emu
@pytest.mark.parametrize("board", ["microbit", "mps2_an505"])
def test_run_on_qemu(cli, packed, spikes, arm, board):
    need("qemu")
    arguments = ("--on", "qemu", "--board", board, "--input", spikes, "--json", "-")
    result = json.loads(cli("run", packed, *arguments).out)
    assert (result["mismatches"], result["board"]) == (0, board)


@pytest.mark.host
def test_a_mismatch_ends_with_1_and_says_where(cli, packed, spikes, tmp_path, monkeypatch):
    need("cc")
    import tinysnn.reference

    honest = tinysnn.reference.run

    def other_reference(pack, stimulus, *, keep_states=False):
        trace = honest(pack, stimulus, keep_states=keep_states)
        trace.output[17, 3] ^= 1
        return trace

    monkeypatch.setattr(tinysnn.reference, "run", other_reference)
    report = tmp_path / "result.json"
    outcome = cli("run", packed, "--on", "host", "--input", spikes, "--json", report)
    assert outcome.code == 1
    assert "tick 17, layer 'lif1', neuron 3" in outcome.err
    first = json.loads(report.read_text())["first_divergence"]
    assert (first["tick"], first["neuron"], first["layer"]) == (17, 3, "lif1")
    assert {first["expected"], first["got"]} == {0, 1}


def test_input_of_another_width(refused, packed, tmp_path):
    np.savez(tmp_path / "wide.npz", raster=np.zeros((5, 13), np.uint8))
    outcome = refused(2, "run", packed, "--input", tmp_path / "wide.npz")
    assert "13" in outcome.err
    assert "12" in outcome.err


@pytest.mark.parametrize(
    ("raster", "says"),
    [
        (np.full((5, 12), 2, np.uint8), ""),
        (np.full((5, 12), np.nan), ""),
        (np.zeros((0, 12), np.uint8), ""),
        (np.array([[None] * 12], dtype=object), "pickle"),
    ],
)
def test_input_that_is_no_spikes(refused, packed, tmp_path, raster, says):
    np.savez(tmp_path / "odd.npz", raster=raster)
    refused(2, "run", packed, "--input", tmp_path / "odd.npz", says=["odd.npz", says])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"hello" * 100])
def test_input_that_is_no_file_of_arrays(refused, packed, tmp_path, content):
    (tmp_path / "odd.npz").write_bytes(content)
    refused(2, "run", packed, "--input", tmp_path / "odd.npz", says=["odd.npz"])


def test_input_that_is_not_there(refused, packed, tmp_path):
    refused(2, "run", packed, "--input", tmp_path / "none.npz", says=["none.npz"])


@pytest.mark.parametrize(
    ("code", "arguments", "says"),
    [
        (2, ["--on", "host", "--board", "microbit"], "no board"),
        (2, ["--on", "serial"], "needs a board"),
        (3, ["--on", "serial", "--board", "microbit"], "serial port"),
        (2, ["--port", "/dev/ttyUSB0"], "--port"),
        (2, ["--on", "cloud"], "cloud"),
        (2, ["--limit", "0"], "0"),
        (3, ["--on", "serial", "--board", "microbit", "--port", "/dev/nothing"], "/dev/nothing"),
    ],
)
def test_run_refuses(refused, packed, spikes, code, arguments, says):
    refused(code, "run", packed, "--input", spikes, *arguments, says=[says])


def test_a_port_that_does_not_answer(refused, packed, spikes):
    silent, name = pty.openpty()
    try:
        arguments = ("--on", "serial", "--board", "microbit", "--port", os.ttyname(name))
        refused(3, "run", packed, "--input", spikes, *arguments, says=["no answer", "baud"])
    finally:
        os.close(silent)
        os.close(name)


@pytest.mark.emu
@pytest.mark.parametrize("program", ["qemu", "renode"])
def test_an_emulator_that_is_not_here(refused, packed, spikes, tmp_path, monkeypatch, program):
    need("gcc-arm")
    for name in ("arm-none-eabi-gcc",):
        (tmp_path / name).symlink_to(shutil.which(name))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("RENODE", raising=False)
    refused(3, "run", packed, "--on", program, "--input", spikes, says=[program])


def test_a_board_that_a_runner_cannot_be(refused, packed, spikes, arm):
    arguments = ("--on", "qemu", "--board", "generic_m4")
    refused(2, "run", packed, "--input", spikes, *arguments, says=["generic_m4"])
