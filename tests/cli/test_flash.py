"""`flash` and `run --on serial`, end to end on a machine of QEMU's whose UART is a serial port.

The board begins with empty flash. Its debug probe is QEMU's GDB server, which a stand-in for
pyOCD writes through.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from tests.cli.conftest import write_nir, write_options
from tests.tools import need, need_arm_compiler
from tinysnn.cli.main import run
from tinysnn.run.process import free_port
from tinysnn.session_checks import Timing

BOARD, MACHINE = "stm32vldiscovery", "stm32vldiscovery"
PYOCD = """\
#!{python}
import os, subprocess, sys
if sys.argv[1:3] == ["json", "--probes"]:
    print('{{"status": 0, "boards": [{{"unique_id": "qemu"}}]}}')
elif sys.argv[1:3] == ["json", "--targets"]:
    print('{{"status": 0, "targets": [{{"name": "stm32f100rb"}}]}}')
else:
    assert sys.argv[1:7] == ["load", "--no-wait", "--uid", "qemu", "--target", "stm32f100rb"]
    command = [sys.executable, "-m", "tinysnn.flash_gdb", ":{gdb}", sys.argv[-1]]
    sys.exit(subprocess.run(command).returncode)
"""


@pytest.fixture(scope="module")
def second(tmp_path_factory):
    """Another pack for the inputs of `packed`."""
    import numpy as np

    folder = tmp_path_factory.mktemp("second")
    write_options(folder / "other.toml")
    rng = np.random.default_rng(8)
    net = write_nir(folder / "other.nir", [rng.normal(0.3, 0.4, (6, 12)).astype(np.float32)])
    assert run(["pack", str(net), "-o", str(folder / "other.tsnn")]) == 0
    return folder / "other.tsnn"


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A board on the desk: its serial port, its probe's address; pyOCD reaches it too."""
    need("qemu")
    need_arm_compiler()
    gdb = free_port()
    line = ["qemu-system-arm", "-machine", MACHINE, "-nographic", "-monitor", "none", "-S"]
    process = subprocess.Popen(
        [*line, "-gdb", f"tcp:127.0.0.1:{gdb}", "-serial", "pty"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        said = process.stdout.readline().decode()
        port = re.search(r"redirected to (\S+)", said)
        assert port, said
        pyocd = tmp_path / "bin" / "pyocd"
        pyocd.parent.mkdir()
        pyocd.write_text(PYOCD.format(python=sys.executable, gdb=gdb))
        pyocd.chmod(0o755)
        monkeypatch.setenv("PATH", f"{pyocd.parent}{os.pathsep}{os.environ['PATH']}")
        yield port[1], f"127.0.0.1:{gdb}"
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.emu
def test_from_an_empty_board_to_verified_spikes(
    cli, refused, desk, packed, second, spikes, tmp_path
):
    port, gdb = desk
    serial = ("--on", "serial", "--board", BOARD, "--port", port, "--input", spikes)
    build = ("--board", BOARD, "-o", tmp_path / "build")

    outcome = cli("flash", packed, *build, "--gdb", gdb, "--json", tmp_path / "flash.json")
    assert outcome.code == 0, outcome.err
    assert f"tinysnn run PACK --on serial --board {BOARD}" in outcome.out
    result = json.loads((tmp_path / "flash.json").read_text())
    assert (result["method"], result["board"]) == ("gdb", BOARD)
    assert result["flash_bytes"] > 2000

    outcome = cli("run", packed, *serial, "--trace", "--json", tmp_path / "run.json")
    assert outcome.code == 0, outcome.err
    report = json.loads((tmp_path / "run.json").read_text())
    assert (report["mismatches"], report["ticks"], report["board"]) == (0, 40, BOARD)

    says = ["runs model 'tiny'", "not 'other'", "run with --flash"]
    refused(3, "run", second, *serial, says=says)
    outcome = cli("run", second, *serial, "--flash", "--summary", tmp_path / "badge.json")
    assert outcome.code == 0, outcome.err
    badge = json.loads((tmp_path / "badge.json").read_text())
    assert badge["message"] == "bit-exact, 40 ticks"


@pytest.mark.emu
def test_a_board_that_was_never_flashed(refused, desk, packed, spikes, tmp_path, monkeypatch):
    port, _ = desk
    quick = Timing(hello_tries=6, hello_slow_s=0.05)
    monkeypatch.setattr("tinysnn.run.base.Timing", lambda: quick)
    refused(
        3,
        *("run", packed, "--on", "serial", "--board", BOARD, "--port", port, "--input", spikes),
        *("--summary", tmp_path / "page.md"),
        says=["no answer", "--flash"],
    )
    assert "not run" in (tmp_path / "page.md").read_text()


def test_an_image_for_another_board(cli, refused, packed, tmp_path):
    need_arm_compiler()
    assert cli("build", packed, "--board", "microbit", "-o", tmp_path).code == 0
    elf = tmp_path / "tinysnn.elf"
    says = ["is an image for the board 'microbit', not 'pico'", "--board microbit"]
    refused(2, "flash", elf, "--board", "pico", "--command", "true {elf}", says=says)
    refused(2, "flash", elf, elf, "--board", "microbit", says=["an image is flashed alone"])
    for options in (["--probe", "1"], ["--volume", "."]):
        says = ["is for --method", "not for gdb"]
        refused(2, "flash", elf, "--board", "microbit", "--method", "gdb", *options, says=says)


def test_files_that_are_neither_packs_nor_images(refused, tmp_path):
    (tmp_path / "x.elf").write_bytes(b"\x7fELF and no more")
    says = ["is no usable ELF file"]
    refused(2, "flash", tmp_path / "x.elf", "--board", "pico", "--gdb", ":1", says=says)
    refused(2, "flash", tmp_path / "none.tsnn", "--board", "pico", says=["none.tsnn"])
    refused(2, "flash", tmp_path / "none.tsnn", "--board", "z80", says=["no board 'z80'"])


@pytest.mark.parametrize("option", [("--port", "COM7"), ("--baud", "9600"), ("--flash",)])
def test_options_of_serial_elsewhere(refused, packed, spikes, option):
    says = [f"{option[0]} is for --on serial, not for unicorn"]
    refused(2, "run", packed, "--input", spikes, *option, says=says)


def test_a_port_that_is_not_there(refused, packed, spikes):
    says = ["cannot open the port", "doctor"]
    board = ("--board", "microbit", "--port", "/dev/no-such-port")
    refused(3, "run", packed, "--on", "serial", *board, "--input", spikes, says=says)
