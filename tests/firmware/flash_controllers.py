"""Flash controllers at the level of their registers, from the reference manuals, for unicorn.

Each takes the place of the storage's memory and of the controller's page on a `Machine`, obeys the
rules of its manual, and notes in `faults` what the silicon would punish.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from tinysnn.boards import Board

PAGE = 0x1000
KEYS = (0x4567_0123, 0xCDEF_89AB)


class Controller:
    """Registers that keep what is written, and flash that nobody may write yet."""

    page = 0
    """Of the controller's registers."""
    width = 4
    """Bytes of the stores that program."""

    def __init__(self, uc: Any, board: Board) -> None:
        assert board.storage is not None
        self.board, self.storage = board, board.storage
        self.flash = bytearray(b"\x5a" * self.storage.bytes)  # anything but erased
        self.faults: list[str] = []
        self.registers: dict[int, int] = {}
        self._unit = b""
        self._unit_at = 0
        self._map(uc, self.page, PAGE, self.load, lambda at, _size, value: self.store(at, value))
        self._map(uc, self.storage.base, self.storage.bytes, self.load_flash, self.store_flash)

    def _map(self, uc: Any, base: int, size: int, load: Any, store: Any) -> None:
        for first, last, _ in list(uc.mem_regions()):
            if first <= base <= last:
                uc.mem_unmap(base, size)
        takes_size = load == self.load_flash
        uc.mmio_map(
            base,
            size,
            lambda _uc, at, n, _data: load(at, n) if takes_size else load(at),
            None,
            lambda _uc, at, n, value, _data: store(at, n, value),
            None,
        )

    def load(self, at: int) -> int:
        """A register."""
        return self.registers.get(at, 0)

    def store(self, at: int, value: int) -> None:
        """To a register."""
        self.registers[at] = value

    def load_flash(self, at: int, size: int) -> int:
        """Read as memory."""
        return int.from_bytes(self.flash[at : at + size], "little")

    def store_flash(self, at: int, size: int, value: int) -> None:
        """A store to flash: part of a unit."""
        if size != self.width or not self.may_program():
            self.fail(f"store of {size} bytes at +{at:#x} while not programming")
            return
        if self._unit and at != self._unit_at + len(self._unit):
            self.fail(f"store at +{at:#x} in the middle of a unit")
        if not self._unit:
            self._unit_at = at
        self._unit += value.to_bytes(size, "little")
        if len(self._unit) == self.storage.write_bytes:
            self.program(self._unit_at, self._unit)
            self._unit = b""

    def program(self, at: int, unit: bytes) -> None:
        """A whole unit, onto erased flash only."""
        if at % self.storage.write_bytes:
            self.fail(f"unit at +{at:#x} is not aligned")
        if any(byte != self.storage.erased for byte in self.flash[at : at + len(unit)]):
            self.refuse()
            return
        self.flash[at : at + len(unit)] = unit

    def erase(self, address: int) -> None:
        """The sector that begins at an address."""
        at = address - self.storage.base
        if at % self.storage.sector_bytes or not 0 <= at < self.storage.bytes:
            self.fail(f"erased a sector at {address:#x}")
            return
        size = self.storage.sector_bytes
        self.flash[at : at + size] = bytes([self.storage.erased]) * size

    def fail(self, what: str) -> None:
        """Something that no driver may do."""
        self.faults.append(what)

    def may_program(self) -> bool:
        """Whether stores to flash program it now."""
        return False

    def refuse(self) -> None:
        """Programming what is not erased."""


class Stm32(Controller):
    """KEYR, SR and CR, as in most STM32 families."""

    keyr, sr, cr = 0x08, 0x10, 0x14
    clear = 0
    """Register that clears SR's flags; 0: SR itself."""
    busy_bit, error_bit = 1 << 16, 1 << 7
    lock, program_bit, erase_bit, start = 1 << 31, 1, 2, 1 << 16

    def __init__(self, uc: Any, board: Board) -> None:
        super().__init__(uc, board)
        self.locked, self.keys = True, [0, 0]
        self.control = self.flags = self.looks = 0

    def address(self) -> int:
        """Of the sector that the control register names."""
        banks = 2 if self.board.family != "stm32g0" else 1
        bank = (self.control >> 11 & 1) * self.board.flash_bytes // banks
        return self.board.flash_base + bank + (self.control >> 3 & 0xFF) * self.storage.sector_bytes

    def load(self, at: int) -> int:
        if at == self.sr:
            self.looks = max(self.looks - 1, 0)
            return self.flags | (self.busy_bit if self.looks else 0)
        if at == self.cr:
            return self.control | (self.lock if self.locked else 0)
        return super().load(at)

    def store(self, at: int, value: int) -> None:
        if at == self.keyr:
            self.keys = [self.keys[1], value]
            self.locked = self.locked and self.keys != list(KEYS)
        elif at == (self.clear or self.sr):
            self.flags &= ~value
        elif at == self.cr:
            self._command(value)
        else:
            super().store(at, value)

    def _command(self, value: int) -> None:
        if self.locked:
            self.fail("command while locked")
        elif self.looks:
            self.fail("command while busy")
        elif value & self.lock:
            self.locked, self.control, self.keys = True, 0, [0, 0]
        else:
            self.control = value & ~self.start
            if value & self.start:
                self.begin()

    def begin(self) -> None:
        """The start bit."""
        if not self.control & self.erase_bit:
            self.fail("start without a command")
        self.erase(self.address())
        self.looks = 3

    def may_program(self) -> bool:
        return not self.locked and not self.looks and bool(self.control & self.program_bit)

    def program(self, at: int, unit: bytes) -> None:
        super().program(at, unit)
        self.looks = 3

    def refuse(self) -> None:
        self.flags |= self.error_bit


class Stm32F1(Stm32):
    page, width = 0x4002_2000, 2
    keyr, sr, cr = 0x04, 0x0C, 0x10
    busy_bit, error_bit, lock, start = 1, 1 << 2, 1 << 7, 1 << 6

    def address(self) -> int:
        return self.registers.get(0x14, 0)


class Stm32F4(Stm32):
    page = 0x4002_3000
    keyr, sr, cr = 0xC04, 0xC0C, 0xC10

    def address(self) -> int:
        if self.control >> 8 & 3 != 2:
            self.fail("not by words")
        sector = self.control >> 3 & 0xF
        return 0x0802_0000 + (sector - 5) * 0x2_0000

    def may_program(self) -> bool:
        return super().may_program() and self.control >> 8 & 3 == 2


class Stm32L4(Stm32):
    page = 0x4002_2000


class Stm32U5(Stm32):
    page = 0x4002_2000
    sr, cr = 0x20, 0x28

    def address(self) -> int:
        bank = (self.control >> 11 & 1) * self.board.flash_bytes // 2
        return self.board.flash_base + bank + (self.control >> 3 & 0x7F) * 8192


class Stm32H7(Stm32):
    page = 0x5200_2000
    keyr, sr, cr, clear = 0x104, 0x110, 0x10C, 0x114
    busy_bit, error_bit = 1 << 2, 1 << 18
    lock, program_bit, erase_bit, start = 1, 2, 4, 1 << 7

    def address(self) -> int:
        return 0x0810_0000 + (self.control >> 8 & 7) * 0x2_0000


class Stm32L0(Controller):
    page = 0x4002_2000
    pecr, pekeyr, prgkeyr, sr = 0x04, 0x0C, 0x10, 0x18

    def __init__(self, uc: Any, board: Board) -> None:
        super().__init__(uc, board)
        self.keys: dict[int, list[int]] = {}
        self.pecr_locks, self.pecr_bits, self.flags, self.looks = 3, 0, 0, 0

    def load(self, at: int) -> int:
        if at == self.sr:
            self.looks = max(self.looks - 1, 0)
            return self.flags | bool(self.looks)
        return self.pecr_bits | self.pecr_locks if at == self.pecr else super().load(at)

    def store(self, at: int, value: int) -> None:
        self.keys.setdefault(at, []).append(value)
        if at == self.pekeyr and self.keys[at][-2:] == [0x89AB_CDEF, 0x0203_0405]:
            self.pecr_locks &= ~1
        elif at == self.prgkeyr and self.keys[at][-2:] == [0x8C9D_AEBF, 0x1314_1516]:
            if self.pecr_locks & 1:
                self.fail("PRGKEYR while PECR is locked")
            self.pecr_locks &= ~2
        elif at == self.sr:
            self.flags &= ~value
        elif at == self.pecr:
            if self.pecr_locks & 1:
                self.fail("PECR while locked")
            self.pecr_bits = value & ~3
            if value & 1:
                self.pecr_locks = 3

    def store_flash(self, at: int, size: int, value: int) -> None:
        if self.pecr_bits & 0x208 == 0x208 and self.may_program():
            self.erase(self.storage.base + at)
            self.looks = 3
            return
        super().store_flash(at, size, value)

    def may_program(self) -> bool:
        return self.pecr_locks == 0 and not self.looks

    def program(self, at: int, unit: bytes) -> None:
        super().program(at, unit)
        self.looks = 3

    def refuse(self) -> None:
        self.flags |= 1 << 16


class Nvmc(Controller):
    """nRF51 and nRF52."""

    page = 0x4001_E000
    config = 0x504

    def load(self, at: int) -> int:
        return 1 if at == 0x400 else super().load(at)

    def store(self, at: int, value: int) -> None:
        super().store(at, value)
        if at == 0x508:
            if self.registers.get(self.config) != 2:
                self.fail("ERASEPAGE while erasing is not enabled")
            self.erase(value)

    def may_program(self) -> bool:
        return self.registers.get(self.config) == 1

    def program(self, at: int, unit: bytes) -> None:
        for k, byte in enumerate(unit):
            self.flash[at + k] &= byte


class NvmcTrustZone(Nvmc):
    """nRF53 and nRF91: a page is erased by a store to it."""

    page = 0x5003_9000

    def store_flash(self, at: int, size: int, value: int) -> None:
        if self.registers.get(self.config) == 2:
            if value != 0xFFFF_FFFF:
                self.fail("erased by another word")
            self.erase(self.storage.base + at)
            return
        super().store_flash(at, size, value)


class Lm3s(Controller):
    page = 0x400F_D000

    def load(self, at: int) -> int:
        return 0 if at == 0x08 else super().load(at)  # done at once

    def store(self, at: int, value: int) -> None:
        super().store(at, value)
        if at != 0x08:
            return
        address, data = self.registers.get(0x00, 0), self.registers.get(0x04, 0)
        if value >> 16 != 0xA442:
            self.fail("FMC without the key")
        if value & 2:
            self.erase(address)
        elif value & 1:
            offset = address - self.storage.base
            (old,) = struct.unpack_from("<I", self.flash, offset)
            struct.pack_into("<I", self.flash, offset, old & data)


CONTROLLERS: dict[str, Callable[[Any, Board], Controller]] = {
    "stm32f1": Stm32F1,
    "stm32f4": Stm32F4,
    "stm32l4": Stm32L4,
    "stm32l0": Stm32L0,
    "stm32h7": Stm32H7,
    "stm32u5": Stm32U5,
    "nrf5": Nvmc,
    "nrf53": NvmcTrustZone,
    "lm3s": Lm3s,
}
"""By `storage.driver`."""
