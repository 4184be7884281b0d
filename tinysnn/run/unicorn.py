"""The unicorn runner: the board's image on an emulated core inside this process.

Time does not pass: the firmware runs until it waits for a byte that nobody has sent. The counts
are exact and the same in every run.
"""

from __future__ import annotations

import struct
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from tinysnn.boards import Board
from tinysnn.errors import BoardError, BuildError, DeviceError, ToolMissing
from tinysnn.image import Image
from tinysnn.run.base import Job, RunnerInfo, WiredRunner
from tinysnn.run.blocks import BlockCounter, one_each
from tinysnn.run.entries import find_entries
from tinysnn.run.uarte import UarteModel
from tinysnn.run.uarts import REGISTERS, UartModel
from tinysnn.session_checks import Timing
from tinysnn.stimulus import Stimulus
from tinysnn.trace import Trace

WALL_LIMIT_S = 120
"""A request that keeps the core busy for longer has hung."""
CPUS = {
    "cortex-m0": "UC_CPU_ARM_CORTEX_M0",
    "cortex-m0plus": "UC_CPU_ARM_CORTEX_M0",  # the same instruction set; unicorn has no M0+
    "cortex-m3": "UC_CPU_ARM_CORTEX_M3",
    "cortex-m4": "UC_CPU_ARM_CORTEX_M4",
    "cortex-m7": "UC_CPU_ARM_CORTEX_M7",
    "cortex-m33": "UC_CPU_ARM_CORTEX_M33",
}
"""Name of each core that unicorn can be."""
_PAGE = 0x1000
_POISON = b"\xa5"
_DWT_PAGE = 0xE0001000
_CYCCNT = 0x4
_UNCOUNTED = (
    "tsnn_crc32",
    "tsnn_cobs",
    "tsnn_reply",
    "tsnn_send_byte",
    "tsnn_port_uart",
    "tsnn_uart",
    "tsnn_ring",
    "tsnn_wait_for",
    "tsnn_status_is",
)
"""Protocol and start-up code that a step never calls; counting it would only cost time."""
_DEVICES = (range(0x4000_0000, 0x6000_0000), range(0xE000_0000, 0xE010_0000))
"""Where device registers lie. Those that no model is for are memory: they keep what is written."""


def _unicorn() -> tuple[Any, Any]:
    """Import the package, which has no usable types, and its ARM constants.

    Raises
    ------
    ToolMissing: it is not installed.

    """
    try:
        return import_module("unicorn"), import_module("unicorn.arm_const")
    except ImportError:
        raise ToolMissing("unicorn is not here", fix="pip install unicorn") from None


def load_segments(elf: Path) -> list[tuple[int, bytes]]:
    """What an ELF file puts where at load time.

    Raises
    ------
    BuildError: the file is no ELF file.

    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as file:
            segments = [s for s in ELFFile(file).iter_segments() if s["p_type"] == "PT_LOAD"]
            return [(s["p_paddr"], s.data()) for s in segments if s["p_filesz"]]
    except (OSError, ELFError) as error:
        raise BuildError(f"is no usable ELF file ({error})", where=str(elf)) from None


class Machine:
    """A core with flash, RAM, a UART and a counter. A `Link`: the other side is the firmware."""

    def __init__(self, image: Image, slot: int) -> None:
        unicorn, arm = _unicorn()
        self._arm, self._error = arm, unicorn.UcError
        self._block_hook = unicorn.UC_HOOK_BLOCK
        self._unmapped_hook = unicorn.UC_HOOK_MEM_READ_UNMAPPED | unicorn.UC_HOOK_MEM_WRITE_UNMAPPED
        self._image = image
        self._uc = uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        uc.ctl_set_cpu_model(getattr(arm, CPUS[image.board.core]))
        self._map_memory(image.board)
        for address, data in load_segments(image.elf):
            uc.mem_write(address, data)
        self.uart = self._make_uart(image.board)
        self._map_devices(image.board)
        self.counter = self._count(slot)
        stack, self._pc = struct.unpack("<II", uc.mem_read(image.board.vectors_base, 8))
        uc.reg_write(arm.UC_ARM_REG_SP, stack)
        self._resume()

    def _map_memory(self, board: Board) -> None:
        uc, flash, ram = self._uc, _pages(board.flash_bytes), _pages(board.ram_bytes)
        storage = board.storage
        try:
            uc.mem_map(board.flash_base, flash, 5)  # read and execute: a store to flash is a fault
            if storage is not None and storage.driver == "memory":
                uc.mem_protect(storage.base, _pages(storage.bytes), 3)
            uc.mem_map(board.ram_base, ram, 7)
        except self._error as error:
            raise BoardError(f"memory map refused ({error})", where=board.id) from None
        uc.mem_write(board.ram_base, _POISON * ram)

    def _map_devices(self, board: Board) -> None:
        self._map_page(board.uart.base, self.uart.read, self.uart.write)
        self._map_page(_DWT_PAGE, self._read_dwt, _ignore)
        self._uc.hook_add(self._unmapped_hook, self._unmapped)

    def _make_uart(self, board: Board) -> UartModel | UarteModel:
        """The model of the board's UART. Firmware that does not poll sleeps, and that stops too."""
        uc = self._uc
        if board.uart.driver == "nrf_uarte":
            return UarteModel(lambda at, n: bytes(uc.mem_read(at, n)), uc.mem_write)
        polls = board.uart.irq is None
        return UartModel(REGISTERS[board.uart.driver], uc.emu_stop if polls else _nothing)

    def _unmapped(self, _uc: Any, _kind: int, at: int, _size: int, _value: int, _data: Any) -> bool:
        """Make memory of a page of device registers when it is first used."""
        if not any(at in devices for devices in _DEVICES):
            return False
        self._uc.mem_map(at & -_PAGE, _PAGE, 3)
        return True

    def _map_page(self, base: int, read: Any, write: Any) -> None:
        page, at = base & -_PAGE, base & (_PAGE - 1)
        self._uc.mmio_map(
            page,
            _PAGE,
            lambda _uc, offset, _size, _data: read(offset - at),
            None,
            lambda _uc, offset, _size, value, _data: write(offset - at, value),
            None,
        )

    def _read_dwt(self, offset: int) -> int:
        return self.counter.total() & 0xFFFFFFFF if offset == _CYCCNT else 0

    def _count(self, slot: int) -> BlockCounter:
        uc, lr = self._uc, self._arm.UC_ARM_REG_LR
        entries = find_entries(self._image, slot, self._word)
        counter = BlockCounter(
            lambda at, size: bytes(uc.mem_read(at, size)),
            lambda: int(uc.reg_read(lr)),
            step=entries.step,
            init=entries.init,
        )
        for first, last in self._counted():
            uc.hook_add(self._block_hook, counter.on_block, begin=first, end=last)
        return counter

    def _word(self, address: int) -> int:
        return int(struct.unpack("<I", self._uc.mem_read(address, 4))[0])

    def _counted(self) -> list[tuple[int, int]]:
        """Address ranges whose blocks are counted: all of flash but the protocol's inner loops."""
        board = self._image.board
        ranges, start = [], board.flash_base
        left_out = (
            (s.address, s.address + s.size)
            for name, s in self._image.symbols.items()
            if s.is_function and s.size and name.startswith(_UNCOUNTED)
        )
        for first, end in sorted(left_out):
            if start < first:
                ranges.append((start, first - 1))
            start = max(start, end)
        return [*ranges, (start, board.flash_base + board.flash_bytes - 1)]

    # -- the link ---------------------------------------------------------------------------

    def read(self, timeout_s: float) -> bytes:  # noqa: ARG002 (time does not pass)
        """See `Link`."""
        data = bytes(self.uart.sent)
        self.uart.sent.clear()
        return data

    def write(self, data: bytes) -> None:
        """See `Link`; returns when the firmware waits for more."""
        self.uart.received.extend(data)
        self._resume()

    def close(self) -> None:
        """See `Link`."""
        self.uart.sent.clear()

    def _resume(self) -> None:
        try:
            self._uc.emu_start(self._pc | 1, 0xFFFFFFFF, timeout=WALL_LIMIT_S * 1_000_000)
        except self._error as error:
            raise self._crash(f"the emulated core stopped ({error})") from None
        self._pc = int(self._uc.reg_read(self._arm.UC_ARM_REG_PC))
        if self.uart.received:
            raise self._crash(f"the firmware did not ask for a byte within {WALL_LIMIT_S} s")

    def _crash(self, what: str) -> DeviceError:
        pc = int(self._uc.reg_read(self._arm.UC_ARM_REG_PC))
        name = next(
            (
                name
                for name, s in self._image.symbols.items()
                if s.is_function and s.address <= pc < s.address + s.size
            ),
            "no function",
        )
        return DeviceError(
            what,
            where=f"unicorn, {self._image.board.id}, at 0x{pc:08X} in {name}",
            fix="Check that the image was built for this board.",
        )


def _check_core(board: Board) -> None:
    """Refuse a core that unicorn cannot be."""
    if board.core not in CPUS:
        raise BoardError(
            f"unicorn has no {board.core}",
            where=board.id,
            fix="Run it on qemu, which counts instructions as exactly.",
        )


def _pages(size: int) -> int:
    return -(-size // _PAGE) * _PAGE


def _nothing() -> None:
    """Do nothing."""


def _ignore(_offset: int, _value: int) -> None:
    """Store to a register that does nothing."""


class UnicornRunner(WiredRunner):
    """An image in unicorn; counts the instructions of each step exactly."""

    runner = "unicorn"

    def __init__(self, job: Job) -> None:
        # A repetition is answered at once, so waiting never helps; no answer is no answer.
        super().__init__(job, Timing(batch_ticks=255))
        self._image = job.need_image(self.runner)
        _check_core(self._image.board)
        self.machine = Machine(self._image, job.slot)
        self.start(self.machine, f"unicorn, {self._image.board.id}")

    @property
    def info(self) -> RunnerInfo:
        """See `Runner`."""
        info = super().info
        return replace(info, count_kind="instructions", clock_hz=self._image.board.clock_hz)

    def run(self, stimulus: Stimulus, keep_states: bool = False) -> Trace:  # noqa: FBT001, FBT002
        """See `Runner`; counts are from the call of the model's step to its return."""
        trace = super().run(stimulus, keep_states)
        counts = one_each(self.machine.counter.step_counts, stimulus.n_ticks, "unicorn")
        return replace(trace, counts=counts)

    def profile(self) -> dict[str, int]:
        """Instructions by function since the start, most first; without the protocol's loops."""
        return self.machine.counter.profile(self._image.symbols)
