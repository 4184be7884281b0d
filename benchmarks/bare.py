"""Counts executed instructions of one function of any ELF file, from its call to its return.

There is no firmware around it: arguments are put into registers, memory is read and written from
outside. Ours and the peers' code are counted by these same lines, and by the same block counter as
the unicorn runner (`tinysnn.run.blocks`).
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from tinysnn.boards import Core
from tinysnn.errors import DeviceError, ToolMissing
from tinysnn.image import ElfView
from tinysnn.run.blocks import BlockCounter

CPUS: dict[str, str] = {
    "cortex-m0": "M0",
    "cortex-m0plus": "M0",  # unicorn has no M0+; the instructions are the same
    "cortex-m3": "M3",
    "cortex-m4": "M4",
    "cortex-m7": "M7",
    "cortex-m33": "M33",
}
SCRATCH = 0x6000_0000
"""Free memory for arguments and results."""
SCRATCH_BYTES = 1 << 20
_STACK = 0x7000_0000
_STACK_BYTES = 1 << 18
_RETURN = 0x7100_0000
_PAGE = 0x1000
_WALL_LIMIT_US = 120_000_000


@dataclass(frozen=True)
class Counted:
    """What one call did."""

    instructions: int
    result: int
    """Register r0 on return."""
    by_function: dict[str, int]
    """Instructions by function, most first."""


class BareCore:
    """The memory of an ELF file and a core that calls functions in it."""

    def __init__(self, elf: Path, core: Core) -> None:
        if core not in CPUS:
            raise ToolMissing(f"unicorn has no {core}")
        unicorn, self._arm = import_module("unicorn"), import_module("unicorn.arm_const")
        self._error = unicorn.UcError
        self._elf = ElfView(elf)
        self._uc = uc = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        uc.ctl_set_cpu_model(getattr(self._arm, f"UC_CPU_ARM_CORTEX_{CPUS[core]}"))
        self._load(elf)
        for base, size in ((SCRATCH, SCRATCH_BYTES), (_STACK, _STACK_BYTES), (_RETURN, _PAGE)):
            uc.mem_map(base, size)
        uc.mem_write(_RETURN, b"\xfe\xe7")  # a branch to itself: nothing beyond it is translated
        self._counter = BlockCounter(
            lambda at, size: bytes(uc.mem_read(at, size)), lambda: -1, step=-1, init=-1
        )
        uc.hook_add(unicorn.UC_HOOK_BLOCK, self._counter.on_block)

    def _load(self, path: Path) -> None:
        """Put every segment where it is at run time, so that no start-up code has to run."""
        from elftools.elf.elffile import ELFFile

        with path.open("rb") as file:
            segments = [
                (s["p_vaddr"], s["p_memsz"], s.data())
                for s in ELFFile(file).iter_segments()
                if s["p_type"] == "PT_LOAD" and s["p_memsz"]
            ]
        for page in sorted({p for at, size, _ in segments for p in _pages(at, size)}):
            self._uc.mem_map(page, _PAGE)
        for at, _, data in segments:
            self._uc.mem_write(at, data)

    def address(self, symbol: str) -> int:
        """Address of a function or object; BuildError if the file has none of this name."""
        return self._elf.symbol(symbol).address

    def write(self, address: int, data: bytes) -> None:
        """Store bytes."""
        self._uc.mem_write(address, data)

    def read(self, address: int, size: int) -> bytes:
        """Load bytes."""
        return bytes(self._uc.mem_read(address, size))

    def call(self, function: str | int, *arguments: int) -> Counted:
        """Call a function, by name or address, with up to four words in registers."""
        arm: Any = self._arm
        start = self.address(function) if isinstance(function, str) else function & ~1
        for register, value in zip(("R0", "R1", "R2", "R3"), arguments, strict=False):
            self._uc.reg_write(getattr(arm, f"UC_ARM_REG_{register}"), value)
        self._uc.reg_write(arm.UC_ARM_REG_SP, _STACK + _STACK_BYTES)
        self._uc.reg_write(arm.UC_ARM_REG_LR, _RETURN | 1)
        before, profile = self._counter.total(), self._counter.profile(self._elf.symbols)
        self._run(start, str(function))
        after = self._counter.profile(self._elf.symbols)
        changes = {name: count - profile.get(name, 0) for name, count in after.items()}
        spent = sorted(changes.items(), key=lambda item: -item[1])
        return Counted(
            self._counter.total() - before,
            int(self._uc.reg_read(arm.UC_ARM_REG_R0)),
            {name: count for name, count in spent if count},
        )

    def _run(self, start: int, name: str) -> None:
        try:
            self._uc.emu_start(start | 1, _RETURN, timeout=_WALL_LIMIT_US)
        except self._error as error:
            raise DeviceError(f"stopped ({error})", where=name) from None
        if self._uc.reg_read(self._arm.UC_ARM_REG_PC) & ~1 != _RETURN:
            raise DeviceError("did not return", where=name)


def _pages(address: int, size: int) -> range:
    return range(address & -_PAGE, address + size, _PAGE)
