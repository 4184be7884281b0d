"""The store's driver (flash/store_driver.c) as a library of this machine, or on a core."""

from __future__ import annotations

import ctypes
import struct
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any

from tinysnn.image import ElfView
from tinysnn.paths import firmware_dir
from tinysnn.run.unicorn import load_segments

DRIVER = Path(__file__).parent / "flash" / "store_driver.c"
COUNTS = ("cuts", "old", "new", "lost", "operations")
_FLASH, _RAM, _RETURN = 0x0800_0000, 0x2000_0000, 0x1000_0000
_LINK = """SECTIONS { .text 0x08000000 : { *(.text*) *(.rodata*) }
    .data 0x20000000 : { *(.data*) *(.bss*) *(COMMON) } }"""


def _sources(store: str | None, folder: Path) -> list[str]:
    """The store, its checksum and the driver; `store` is another text of the first."""
    source = firmware_dir() / "src" / "tsnn_store.c"
    if store is not None:
        source = folder / "tsnn_store.c"
        source.write_text(store)
    return [str(source), str(firmware_dir() / "src" / "tsnn_crc32.c"), str(DRIVER)]


class HostStore:
    """The driver in this process."""

    def __init__(self, folder: Path, store: str | None = None) -> None:
        library = folder / "store.so"
        flags = ["-std=c11", "-O1", f"-I{firmware_dir() / 'include'}", "-shared", "-fPIC"]
        flags += ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
        subprocess.run(["cc", *flags, *_sources(store, folder), "-o", str(library)], check=True)
        self._library = ctypes.CDLL(str(library))

    def call(self, name: str, *numbers: int) -> int:
        """Call a function of the driver."""
        return int(getattr(self._library, name)(*(ctypes.c_uint32(n) for n in numbers)))

    def campaign(self, rounds: int) -> dict[str, int]:
        """Cut at every operation, `rounds` times; what came of it."""
        counts = (ctypes.c_uint32 * len(COUNTS))()
        self._library.driver_campaign(ctypes.c_uint32(rounds), counts)
        return dict(zip(COUNTS, counts, strict=True))

    @property
    def misuse(self) -> int:
        """Units that were programmed without having been erased."""
        return int(ctypes.c_uint32.in_dll(self._library, "driver_misuse").value)


class EmulatedStore:
    """The driver on a Cortex-M4 in unicorn."""

    def __init__(self, folder: Path) -> None:
        (folder / "link.ld").write_text(_LINK)
        elf = folder / "store.elf"
        flags = ["-mcpu=cortex-m4", "-mthumb", "-std=c11", "-O1", "-ffreestanding", "-nostdlib"]
        flags += [f"-I{firmware_dir() / 'include'}", f"-T{folder / 'link.ld'}", "-Wl,-emain"]
        sources = [*_sources(None, folder), str(firmware_dir() / "src" / "tsnn_mem.c")]
        stub = folder / "stub.c"
        stub.write_text("int main(void);\nint main(void) { return 0; }\n")
        subprocess.run(
            ["arm-none-eabi-gcc", *flags, *sources, str(stub), "-o", str(elf)], check=True
        )
        self._symbols = ElfView(elf).symbols
        unicorn, self._arm = import_module("unicorn"), import_module("unicorn.arm_const")
        self._uc: Any = unicorn.Uc(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB)
        self._uc.ctl_set_cpu_model(self._arm.UC_CPU_ARM_CORTEX_M4)
        for base, size in ((_FLASH, 1 << 20), (_RAM, 1 << 20), (_RETURN, 1 << 12)):
            self._uc.mem_map(base, size)
        for address, data in load_segments(elf):
            self._uc.mem_write(address, data)

    def call(self, name: str, *numbers: int) -> int:
        """Call a function of the driver."""
        uc, arm = self._uc, self._arm
        stack = _RAM + (1 << 20) - 64
        uc.mem_write(stack, struct.pack("<8I", *(*numbers[4:], *[0] * (8 - len(numbers[4:])))))
        uc.reg_write(arm.UC_ARM_REG_SP, stack)
        uc.reg_write(arm.UC_ARM_REG_LR, _RETURN | 1)
        for k, number in enumerate(numbers[:4]):
            uc.reg_write(getattr(arm, f"UC_ARM_REG_R{k}"), number)
        uc.emu_start(self._symbols[name].address | 1, _RETURN)
        return int(struct.unpack("<i", struct.pack("<I", uc.reg_read(arm.UC_ARM_REG_R0)))[0])

    def campaign(self, rounds: int) -> dict[str, int]:
        """Cut at every operation, `rounds` times; what came of it."""
        at = _RAM + (1 << 19)
        self.call("driver_campaign", rounds, at)
        counts = struct.unpack(f"<{len(COUNTS)}I", self._uc.mem_read(at, 4 * len(COUNTS)))
        return dict(zip(COUNTS, counts, strict=True))
