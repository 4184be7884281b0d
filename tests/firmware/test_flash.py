"""Flash for saved weights: each driver on a model of its controller; QEMU has the nRF51's."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from tests.firmware.client import RESET, STATE, TICKS, Line, spikes_body
from tests.firmware.flash_controllers import CONTROLLERS
from tests.firmware.rp2040_rom import Rp2040Rom
from tests.firmware.test_boot import BOOT_TRIES, built, qemu
from tests.tools import need
from tinysnn.boards import Board, load_board
from tinysnn.run.unicorn import Machine

pytestmark = pytest.mark.emu

FLASH = Path(__file__).parent / "flash"
OK, BAD_RANGE, FAILED = 0, -1, -2
EXPECTED = [OK, OK, OK, BAD_RANGE, BAD_RANGE, BAD_RANGE, FAILED, BAD_RANGE]
"""Result of each operation of tests/firmware/flash/tsnn_image.c."""
PATTERN = bytes((k * 37 + 11) & 0xFF for k in range(256))
ONE_OF_EACH = [
    "arduino_nano_33_ble",
    "bluepill_f103",
    "lm3s6965evb",
    "nrf5340_dk",
    "nucleo_f446re",
    "nucleo_g071rb",
    "nucleo_h743zi",
    "nucleo_l053r8",
    "nucleo_l476rg",
    "nucleo_l4r5zi",
    "nucleo_u575zi",
    "stm32f4_discovery",
]


def use_it(line: Line, board: Board, tries: int = 1) -> bytes:
    """Every operation by itself; all results must be right. The first bytes of the flash."""
    assert board.storage is not None
    line.connect(1, tries=tries)
    line.ask(RESET, 2, b"\1")
    for number in range(len(EXPECTED)):
        line.ask(TICKS, 3 + number, spikes_body([[number]]), timeout_s=30)
    state = line.ask(STATE, 20 - 9, struct.pack("<IH", 0, 48)).body

    assert list(struct.unpack_from("<8i", state)) == EXPECTED
    return state[32:]


SLOW = {"arduino_nano_33_ble", "nucleo_l4r5zi", "stm32f4_discovery"}
"""Their drivers are run on other boards too."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow] if n in SLOW else []) for n in ONE_OF_EACH],
)
def test_each_driver_obeys_its_controller(name: str, tmp_path: Path) -> None:
    need("unicorn")
    board = load_board(name)
    machine = Machine(built(FLASH, board, "gcc", tmp_path), 0)
    assert board.storage is not None
    controller = CONTROLLERS[board.storage.driver](machine._uc, board)

    sample = use_it(Line(machine.write, machine.read), board)

    assert controller.faults == []
    unit = board.storage.write_bytes
    if board.storage.driver not in ("nrf5", "nrf53", "lm3s"):  # those programmed a word twice
        assert sample == PATTERN[:16]
        count = 128 if board.storage.sector_bytes < 256 else 256
        assert controller.flash[:count] == PATTERN[:count]
    assert controller.flash[-unit:] == bytes((b + 5) & 0xFF for b in PATTERN[:unit])


def test_every_driver_has_a_controller_or_a_test_of_its_own() -> None:
    drivers = {load_board(name).storage.driver for name in ONE_OF_EACH}  # type: ignore[union-attr]

    assert drivers == set(CONTROLLERS)


def test_the_rp2040s_runs_in_ram_by_the_boot_rom(tmp_path: Path) -> None:
    need("unicorn")
    board = load_board("pico")
    machine = Machine(built(FLASH, board, "gcc", tmp_path), 0)
    rom = Rp2040Rom(machine._uc, board)

    use_it(Line(machine.write, machine.read), board)

    assert rom.faults == []
    assert rom.calls[:6] == ["IF", "EX", "RE", "FC", "CX", "IF"]


@pytest.mark.parametrize("name", ["microbit", "mps2_an386"])
def test_it_works_under_qemu(name: str, tmp_path: Path) -> None:
    board = load_board(name)

    with qemu(built(FLASH, board, "gcc", tmp_path), tmp_path) as line:
        use_it(line, board, BOOT_TRIES)
