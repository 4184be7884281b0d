"""Board files and their checks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tinysnn import board_schema
from tinysnn.board_files import memory_script
from tinysnn.boards import Board, list_boards, load_board
from tinysnn.errors import BoardError
from tinysnn.firmware_sources import port_sources
from tinysnn.paths import boards_dir, firmware_dir

STRUCTS = [
    struct
    for struct in vars(board_schema).values()
    if isinstance(struct, type) and issubclass(struct, msgspec.Struct)
]
GOOD = (boards_dir() / "generic_m4.toml").read_text()


PROMISED = {
    "arduino_nano_33_ble": "cortex-m4",
    "bluepill_f103": "cortex-m3",
    "frdm_k64f": "cortex-m4",
    "generic_m0": "cortex-m0",
    "generic_m0plus": "cortex-m0plus",
    "generic_m3": "cortex-m3",
    "generic_m33": "cortex-m33",
    "generic_m4": "cortex-m4",
    "generic_m7": "cortex-m7",
    "lm3s6965evb": "cortex-m3",
    "microbit": "cortex-m0",
    "microbit_v2": "cortex-m4",
    "mps2_an385": "cortex-m3",
    "mps2_an386": "cortex-m4",
    "mps2_an500": "cortex-m7",
    "mps2_an505": "cortex-m33",
    "mps3_an547": "cortex-m55",
    "netduinoplus2": "cortex-m4",
    "nrf52840_dk": "cortex-m4",
    "nrf5340_dk": "cortex-m33",
    "nrf9160_dk": "cortex-m33",
    "nucleo_f446re": "cortex-m4",
    "nucleo_g071rb": "cortex-m0plus",
    "nucleo_h743zi": "cortex-m7",
    "nucleo_l053r8": "cortex-m0plus",
    "nucleo_l073rz": "cortex-m0plus",
    "nucleo_l476rg": "cortex-m4",
    "nucleo_l4r5zi": "cortex-m4",
    "nucleo_u575zi": "cortex-m33",
    "pico": "cortex-m0plus",
    "pico2": "cortex-m33",
    "stm32f4_discovery": "cortex-m4",
    "stm32vldiscovery": "cortex-m3",
    "teensy41": "cortex-m7",
}


def test_the_promised_boards_are_there() -> None:
    found = {board.id: board.core for board in list_boards()}

    assert found.items() >= PROMISED.items()


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_each_board_has_its_drivers(board: Board) -> None:
    sources = port_sources(board)

    assert [name for name in sources if not (firmware_dir() / name).is_file()] == []
    assert any(name.startswith("port/boot_") for name in sources) == (board.boot is not None)


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_each_board_of_silicon_says_what_a_desk_needs(board: Board) -> None:
    if board.unicorn or board.family in ("mps2", "mps3"):  # emulators, FPGA images
        return
    assert board.uart.irq is not None, "real UARTs lose what nobody takes"
    assert board.uart.pins
    assert board.clock
    assert board.flasher
    assert board.usb
    assert board.energy is None or board.energy.source


@pytest.mark.parametrize("board", list_boards(), ids=lambda board: board.id)
def test_the_baud_rate_can_be_had(board: Board) -> None:
    """Whole cycles per bit come within 1 % of it, even with 16 samples of a bit."""
    cycles = board.uart_clock_hz / board.uart.baud
    if board.uart.driver == "nxp_lpuart":
        cycles /= 16

    assert abs(round(cycles) / cycles - 1) < 0.01


def test_every_key_is_in_the_readme() -> None:
    readme = (boards_dir() / "README.md").read_text()
    keys = {line.split(" = ")[0] for path in boards_dir().glob("*.toml")
            for line in path.read_text().splitlines() if " = " in line}  # fmt: skip
    keys |= {field for struct in STRUCTS for field in struct.__struct_fields__}

    assert keys
    named = {key for key in keys if f"`{key}`" in readme or f"[{key}]" in readme}
    assert keys - named == set()


def test_every_board_is_on_the_page() -> None:
    page = (boards_dir().parent / "docs" / "boards.md").read_text()

    assert [board.id for board in list_boards() if f"| `{board.id}` |" not in page] == []


@pytest.mark.parametrize("board", [b for b in list_boards() if not b.unicorn], ids=lambda b: b.id)
def test_every_board_says_what_was_looked_up(board: Board) -> None:
    head = (boards_dir() / f"{board.id}.toml").read_text().partition("\n\n")[0]

    assert head.startswith("# Facts looked up in ")
    assert "\n# Not verified: " in head


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
    for typed, meant in (("nucleo-f446", "nucleo_f446re"), ("nrf52480_dk", "nrf52840_dk")):
        with pytest.raises(BoardError, match=f"Did you mean {meant}"):
            load_board(typed)


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
        ("[storage]", "[store]", "store"),
        ("base = 0x080FC000", "base = 0x080FC100", "storage.base"),
        ("base = 0x080FC000", "base = 0x080F0000", "not at its end"),
        ("base = 0x080FC000", "base = 0x20000000", "overlaps the RAM"),
        ("base = 0x080FC000", "base = 0x07FFD000", "no flash for the image"),
        ("write_bytes = 4", "write_bytes = 3", "write_bytes"),
        ("sectors = 4", "sectors = 0", "sectors"),
        ('platform = "generic"', 'platform = "a b.repl"', r"\$\.renode\.platform"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))

    with pytest.raises(BoardError, match=says) as caught:
        load_board(str(path))
    assert str(path) in str(caught.value)


FLASHER = """
[flasher]
methods = ["volume"]
volume = "DISK"
volume_format = "uf2"
uf2_family = 0xE48BFF56

[[usb]]
id = "2e8a:0003"
roles = ["bootloader", "serial"]
what = "boot ROM"

[energy]
run_ua_per_mhz = 100.0
supply_mv = 3000
conditions = "none"
source = "nowhere"
sleep_ua = 5.0
sleep_source = "nowhere"
"""


def test_usb_ids_come_by_role(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD + FLASHER)

    board = load_board(str(path))

    assert board.usb_ids("serial") == board.usb_ids("bootloader") == ((0x2E8A, 3),)
    assert board.usb_ids("probe") == ()


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('methods = ["volume"]', "methods = []", r"flasher\.methods"),
        ('methods = ["volume"]', 'methods = ["pyocd"]', "pyocd_target"),
        ('volume = "DISK"', "", r"flasher\.volume"),
        ("uf2_family = 0xE48BFF56", "", "uf2_family"),
        ('volume_format = "uf2"', 'volume_format = "elf"', "volume_format"),
        ('"volume"]', '"volume", "platformio"]', r"\[platformio\]"),
        ('id = "2e8a:0003"', 'id = "2E8A:3"', r"usb\[0\]\.id"),
        ('roles = ["bootloader", "serial"]', "roles = []", "roles"),
        ('sleep_source = "nowhere"', "", r"energy\.sleep_ua"),
        ("sleep_ua = 5.0", "", r"energy\.sleep_source"),
        ("sleep_ua = 5.0", "sleep_ua = 0", r"energy\.sleep_ua"),
    ],
)
def test_what_does_not_go_together_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "wrong.toml"
    assert old in FLASHER
    path.write_text(GOOD + FLASHER.replace(old, new))

    with pytest.raises(BoardError, match=says):
        load_board(str(path))


def test_images_keep_off_the_storage() -> None:
    board = load_board("nucleo_l476rg")
    assert board.storage is not None

    assert board.flash_base + board.image_bytes == board.storage.base
    assert "LENGTH = 1032192" in memory_script(board)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(BoardError, match="cannot be read"):
        load_board(str(path))
