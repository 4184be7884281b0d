"""Board files and their checks."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinysnn.boards import Board, list_boards, load_board
from tinysnn.errors import BoardError
from tinysnn.paths import boards_dir, firmware_dir

GOOD = (boards_dir() / "generic_m4.toml").read_text()


def test_the_promised_boards_are_there() -> None:
    found = {board.id: board.core for board in list_boards()}

    assert (
        found.items()
        >= {
            "microbit": "cortex-m0",
            "mps2_an385": "cortex-m3",
            "mps2_an386": "cortex-m4",
            "mps2_an500": "cortex-m7",
            "mps2_an505": "cortex-m33",
            "netduinoplus2": "cortex-m4",
            "lm3s6965evb": "cortex-m3",
            "stm32vldiscovery": "cortex-m3",
            "generic_m0": "cortex-m0",
            "generic_m0plus": "cortex-m0plus",
            "generic_m3": "cortex-m3",
            "generic_m4": "cortex-m4",
            "generic_m7": "cortex-m7",
            "generic_m33": "cortex-m33",
            "mps3_an547": "cortex-m55",
            "stm32f4_discovery": "cortex-m4",
            "bluepill_f103": "cortex-m3",
        }.items()
    )


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_each_board_has_its_drivers_and_somewhere_to_run(board: Board) -> None:
    port = firmware_dir() / "port"

    assert (port / f"uart_{board.uart.driver}.c").is_file()
    assert (port / f"counter_{board.counter.driver}.c").is_file()
    assert board.qemu or board.renode


def test_every_key_is_in_the_readme() -> None:
    readme = (boards_dir() / "README.md").read_text()
    keys = {line.split(" = ")[0] for path in boards_dir().glob("*.toml")
            for line in path.read_text().splitlines() if " = " in line}  # fmt: skip

    assert keys
    assert [key for key in sorted(keys) if f"`{key}`" not in readme] == []


def test_a_file_of_ones_own(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(GOOD.replace('"generic_m4"', '"desk_4"'))

    assert load_board(str(mine)).id == "desk_4"


def test_defaults_come_from_the_core_clock() -> None:
    board = load_board("generic_m4")

    assert (board.uart_clock_hz, board.counter_hz) == (100_000_000, 100_000_000)
    assert board.counter_kind == 1


def test_an_unknown_board_lists_the_known_ones() -> None:
    with pytest.raises(BoardError, match=r"no board 'teensy'.*generic_m0plus.*microbit"):
        load_board("teensy")


@pytest.mark.parametrize("name", ["", "../boards/microbit", "Microbit", "no/such.toml"])
def test_names_are_no_paths(name: str) -> None:
    with pytest.raises(BoardError):
        load_board(name)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('core = "cortex-m4"', 'core = "cortex-m85"', r"\$\.core"),
        ('core = "cortex-m4"', "", "core"),
        ("flash_bytes = 1048576", "flash_kb = 1024", "flash_"),
        ("flash_bytes = 1048576", "flash_bytes = -4", r"\$\.flash_bytes"),
        ("flash_bytes = 1048576", "flash_bytes = 1048577", r"\$\.flash_bytes"),
        ("flash_bytes = 1048576", 'flash_bytes = "1M"', r"\$\.flash_bytes"),
        ("flash_base = 0x08000000", "flash_base = 0xFFFF0000", "32-bit"),
        ("flash_base = 0x08000000", "flash_base = 0x1FF80000", "overlap"),
        ("stack_bytes = 4096", "stack_bytes = 262144", "stack_bytes"),
        ("stack_bytes = 4096", "stack_bytes = 4100", "stack_bytes"),
        ("clock_hz = 100_000_000", "clock_hz = 1", r"\$\.clock_hz"),
        ('driver = "pl011"', 'driver = "x"', r"\$\.uart\.driver"),
        ('driver = "dwt"', 'driver = "none"', r"counter\.driver"),
        ('counts = "instructions"', 'counts = "nothing"', r"counter\.counts"),
        ('platform = "generic"', 'platform = "a b"', r"\$\.renode\.platform"),
        ("unicorn = true", "unicorn = 1", r"\$\.unicorn"),
        ("[uart]", "[uart", "TOML"),
        ('id = "generic_m4"', 'id = "a\\"b"', r"\$\.id"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))

    with pytest.raises(BoardError, match=says) as caught:
        load_board(str(path))
    assert str(path) in str(caught.value)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(BoardError, match="cannot be read"):
        load_board(str(path))
