"""Clock drivers on models of their registers: the core and the UART run at what the board says."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from tests.firmware.clock_trees import TREES, Tree
from tests.firmware.test_boot import MODEL, built
from tests.tools import need
from tinysnn.boards import Board, list_boards
from tinysnn.image import Image
from tinysnn.run.unicorn import CPUS, load_segments

pytestmark = pytest.mark.emu

PAGE = 0x1000
BOARDS = [b for b in list_boards() if b.clock and b.clock.driver in TREES]
SLOW = {"netduinoplus2", "nucleo_l073rz", "nucleo_l4r5zi", "stm32f4_discovery"}
FIXED = {"nrf5", "nrf53", "nrf91", "imxrt"}
"""Clocks that are only switched on, or not even that."""
BY_HAND = {"kinetis"}
"""Byte-wide registers: no model here."""


class Devices:
    """Registers of all devices, some of which are a clock tree."""

    def __init__(self, uc: Any, tree: Tree) -> None:
        self.tree, self.registers = tree, dict(tree.reset)
        self._uc, self._pages = uc, set[int]()

    def on_unmapped(self, _uc: Any, _kind: int, at: int, *_rest: Any) -> bool:
        """Make registers of a page when it is first used."""
        if not 0x4000_0000 <= at < 0xE010_0000:
            return False
        base = at & -PAGE
        self._uc.mmio_map(
            base,
            PAGE,
            lambda _uc, offset, _size, _data: self.load(base + offset),
            None,
            lambda _uc, offset, _size, value, _data: self.store(base + offset, value),
            None,
        )
        return True

    def load(self, at: int) -> int:
        if at in self.tree.derived:
            return self.tree.derived[at](self.registers)
        value = self.registers.get(at, 0)
        for enabled, ready in self.tree.ready.get(at, ()):
            value = value & ~ready | (ready if value & enabled == enabled else 0)
        mask, up = self.tree.mirror.get(at, (0, 0))
        return value & ~(mask << up) | (value & mask) << up

    def store(self, at: int, value: int) -> None:
        self.registers[at] = value


def boot(image: Image, tree: Tree) -> Devices:
    """Run from reset until the UART is set up."""
    from unicorn import UC_ARCH_ARM, UC_MODE_THUMB, arm_const, unicorn_const
    from unicorn.unicorn import Uc

    board = image.board
    uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
    uc.ctl_set_cpu_model(getattr(arm_const, CPUS[board.core]))
    for base, size in ((board.flash_base, board.flash_bytes), (board.ram_base, board.ram_bytes)):
        uc.mem_map(base, -(-size // PAGE) * PAGE)
    for address, data in load_segments(image.elf):
        uc.mem_write(address, data)
    devices = Devices(uc, tree)
    unmapped = unicorn_const.UC_HOOK_MEM_READ_UNMAPPED | unicorn_const.UC_HOOK_MEM_WRITE_UNMAPPED
    uc.hook_add(unmapped, devices.on_unmapped)
    stack, entry = struct.unpack("<II", uc.mem_read(board.vectors_base, 8))
    uc.reg_write(arm_const.UC_ARM_REG_SP, stack)
    until = image.symbols["tsnn_counter_init"].address
    uc.emu_start(entry | 1, until, timeout=20_000_000)
    assert uc.reg_read(arm_const.UC_ARM_REG_PC) == until
    return devices


def test_every_clock_driver_has_a_model_or_needs_none() -> None:
    drivers = {board.clock.driver for board in list_boards() if board.clock}

    assert drivers - FIXED - BY_HAND == set(TREES)


@pytest.mark.parametrize(
    "board",
    [pytest.param(b, id=b.id, marks=[pytest.mark.slow] if b.id in SLOW else []) for b in BOARDS],
)
def test_core_and_uart_run_at_what_the_board_says(board: Board, tmp_path: Path) -> None:
    need("unicorn")
    assert board.clock is not None
    tree = TREES[board.clock.driver]

    devices = boot(built(MODEL, board, "gcc", tmp_path), tree)
    core, uart = tree.decode(devices.registers, board)

    assert core == board.clock_hz
    assert uart == board.uart_clock_hz
    for register, (mask, _) in tree.mirror.items():
        assert devices.registers[register] & mask, "the core was switched over"


@pytest.mark.parametrize("name", ["nucleo_f446re", "nucleo_h743zi"])
def test_without_its_oscillator_the_clock_stays(name: str, tmp_path: Path) -> None:
    """Nothing ever gets ready: the firmware goes on, and the core is not switched over."""
    need("unicorn")
    board = next(board for board in list_boards() if board.id == name)
    assert board.clock is not None
    tree = TREES[board.clock.driver]

    devices = boot(built(MODEL, board, "gcc", tmp_path), Tree(tree.decode))

    assert all(devices.registers.get(at, 0) & mask == 0 for at, (mask, _) in tree.mirror.items())
