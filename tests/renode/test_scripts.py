"""Scripts and platforms of every board that Renode runs: the language, and what must hold in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.renode.monitor import CPU_TYPES, Monitor, MonitorError, check_platform
from tinysnn.boards import list_boards, load_board
from tinysnn.deploy import pick_board
from tinysnn.errors import BoardError
from tinysnn.renode.scripts import render_platform, write_scripts
from tinysnn.renode.stand_in import renode_board

EXPECTED = Path(__file__).with_name("expected")
RENODE_BOARDS = [board for board in list_boards() if board.renode]
OTHERS = [board for board in list_boards() if not board.renode and board.core != "cortex-m55"]


@pytest.mark.parametrize("board", RENODE_BOARDS, ids=lambda b: b.id)
def test_script_of_every_board(board, tmp_path):
    folder = tmp_path / "with a blank"
    folder.mkdir()
    script = write_scripts(board, folder / "x.elf", 3456, folder, start=True)
    monitor = Monitor()
    monitor.script(script)
    assert monitor.seen >= {"mips", "free", "quantum", "socket", "connect", "elf", "start"}
    assert monitor.facts["uart"] == board.renode.uart.removeprefix("sysbus.")
    assert int(monitor.facts["mips"]) == max(board.clock_hz // 1_000_000, 1)
    assert ("dwt" in monitor.seen) == (board.counter.driver == "dwt")


@pytest.mark.parametrize("core", sorted({board.core for board in OTHERS}))
def test_a_core_has_a_generic_board(core):
    for board in OTHERS:
        if board.core == core:
            stand_in = renode_board(board)
            assert stand_in.core == core
            assert stand_in.renode.platform == "generic"
            assert (stand_in.flash_bytes, stand_in.ram_bytes) == (
                board.flash_bytes,
                board.ram_bytes,
            )
            assert check_platform(render_platform(stand_in)) == ["uart0"]


def test_board_that_renode_models_stands_for_itself():
    board = load_board("bluepill_f103")
    assert renode_board(board) is board
    assert pick_board("renode", "microbit").id == "generic_m0"
    assert pick_board("qemu", "microbit").id == "microbit"


def test_core_that_renode_runs_wrongly_is_refused():
    with pytest.raises(BoardError, match=r"cannot run a cortex-m55.*--on qemu"):
        renode_board(load_board("mps3_an547"))
    assert "cortex-m55" not in CPU_TYPES
    assert "cortex-m0+" not in CPU_TYPES, "modelled with the instructions of an M3"


@pytest.mark.parametrize("board", ["bluepill_f103", "generic_m33", "nrf52840_dk"])
def test_golden_scripts(board, tmp_path, pytestconfig, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "resolve", lambda path, **_: Path("/work place") / path)
    write_scripts(load_board(board), Path("x.elf"), 1234, Path(), start=False)
    for written in sorted(tmp_path.iterdir()):
        kept = EXPECTED / written.name
        if pytestconfig.getoption("--update-golden"):
            EXPECTED.mkdir(exist_ok=True)
            kept.write_text(written.read_text())
        assert written.read_text() == kept.read_text(), "--update-golden, then read it"


SCRIPT = """\
mach create "tinysnn"
machine LoadPlatformDescription @platforms/cpus/stm32f103.repl
machine LoadPlatformDescriptionFromString "dwt: Miscellaneous.DWT @ sysbus 0xE0001000 \
{ frequency: 64000000 }"
sysbus.cpu PerformanceInMips 64
emulation CreateServerSocketTerminal 3456 "term" false
connector Connect sysbus.usart1 term
sysbus LoadELF @/x.elf
sysbus.cpu VectorTableOffset 0x08000000
start
"""
FAULTS = {
    "telnet": ('"term" false', '"term"'),
    "no prefix": ("Connect sysbus.usart1", "Connect usart1"),
    "no such UART": ("sysbus.usart1", "sysbus.usart7"),
    "started too early": ("connector Connect sysbus.usart1 term\n", ""),
    "counter at another rate": ("frequency: 64000000", "frequency: 72000000"),
    "blank in a path": ("@/x.elf", "@/a b/x.elf"),
    "misspelt": ("PerformanceInMips", "PerformanceInMIPS"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_checker_sees_faults(fault, tmp_path):
    path = tmp_path / "x.resc"
    path.write_text(SCRIPT)
    Monitor().script(path)
    path.write_text(SCRIPT.replace(*FAULTS[fault]))
    with pytest.raises(MonitorError):
        Monitor().script(path)


@pytest.mark.parametrize("core", ["cortex-m0+", "cortex-m55", "cortex-m4f"])
def test_the_checker_knows_which_cores_are_modelled_wrongly(core):
    text = render_platform(load_board("generic_m4")).replace('"cortex-m4"', f'"{core}"')
    with pytest.raises(MonitorError, match="runs it wrongly"):
        check_platform(text)
