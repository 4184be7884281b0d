"""The flash functions of the RP2040's boot ROM, for unicorn."""

from __future__ import annotations

import struct
from typing import Any

from tinysnn.boards import Board

CODES = {"IF": 0x200, "EX": 0x210, "RE": 0x220, "RP": 0x230, "FC": 0x240, "CX": 0x250}
"""Address of each function here; the real ROM's are of no matter."""
LOOK_UP, TABLE = 0x100, 0x180
BX_LR = b"\x70\x47"


class Rp2040Rom:
    """ROM that does to the flash what the real one does, and notes wrong calls in `faults`."""

    def __init__(self, uc: Any, board: Board) -> None:
        from unicorn import UC_HOOK_CODE, arm_const

        assert board.storage is not None
        self._uc, self._arm, self._board = uc, arm_const, board
        self.calls: list[str] = []
        self.faults: list[str] = []
        uc.mem_map(0, 0x4000)
        uc.mem_write(0x14, struct.pack("<HHH", TABLE, 0, LOOK_UP | 1))
        for address in (LOOK_UP, *CODES.values()):
            uc.mem_write(address, BX_LR)
        uc.hook_add(UC_HOOK_CODE, self._on_code, begin=0, end=0x3FFF)

    def _argument(self, k: int) -> int:
        return int(self._uc.reg_read(getattr(self._arm, f"UC_ARM_REG_R{k}")))

    def _on_code(self, uc: Any, address: int, _size: int, _data: Any) -> None:
        if address == LOOK_UP:
            code = struct.pack("<H", self._argument(1)).decode("ascii")
            if self._argument(0) != TABLE:
                self.faults.append("looked up in another table")
            uc.reg_write(self._arm.UC_ARM_REG_R0, CODES[code] | 1)
            return
        name = next(name for name, at in CODES.items() if at == address)
        self.calls.append(name)
        back = uc.reg_read(self._arm.UC_ARM_REG_LR)
        ram = range(self._board.ram_base, self._board.ram_base + self._board.ram_bytes)
        if back not in ram:
            self.faults.append(f"{name} was called from flash, at {back:#x}")
        if name == "RE":
            self._erase()
        elif name == "RP":
            self._program()

    def _reach(self) -> bool:
        if self.calls[-3:-1] != ["IF", "EX"]:
            self.faults.append("flash is still read as memory")
        return True

    def _erase(self) -> None:
        offset, count = self._argument(0), self._argument(1)
        if self._reach() and (self._argument(2), self._argument(3)) != (65536, 0xD8):
            self.faults.append("wrong block to erase by")
        self._uc.mem_write(self._board.flash_base + offset, b"\xff" * count)

    def _program(self) -> None:
        offset, at, count = (self._argument(k) for k in range(3))
        self._reach()
        if offset % 256 or count % 256:
            self.faults.append("no whole pages")
        place = self._board.flash_base + offset
        old = self._uc.mem_read(place, count)
        new = self._uc.mem_read(at, count)
        self._uc.mem_write(place, bytes(a & b for a, b in zip(old, new, strict=True)))
