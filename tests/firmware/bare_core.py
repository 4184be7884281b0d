"""A Cortex-M with a PL011 and an instruction counter, single-stepped by unicorn. Slow and plain."""

from __future__ import annotations

from tinysnn.boards import Core
from tinysnn.image import ElfView, Image

MODELS: dict[Core, str] = {
    "cortex-m0": "M0",
    "cortex-m0plus": "M0",  # unicorn has no M0+; the instructions are the same
    "cortex-m3": "M3",
    "cortex-m4": "M4",
    "cortex-m7": "M7",
    "cortex-m33": "M33",
}
PAGE = 0x1000
UART_RX_EMPTY = 0x10
IDLE_POLLS = 3
"""Looks at the UART's flags, with nothing to read or written between them, that mean waiting."""
CYCCNT = 0x1004


class BareCore:
    """Runs an image until it waits for a byte that is not there."""

    def __init__(self, image: Image) -> None:
        from unicorn import UC_ARCH_ARM, UC_HOOK_CODE, UC_MODE_THUMB, arm_const
        from unicorn.unicorn import Uc

        self.board = image.board
        self.instructions = 0
        self._to_device = bytearray()
        self._to_host = bytearray()
        self._polls = 0
        self._uc = uc = Uc(UC_ARCH_ARM, UC_MODE_THUMB)
        model = MODELS[image.board.core]
        cpu = f"UC_CPU_ARM_CORTEX_{model}"
        uc.ctl_set_cpu_model(getattr(arm_const, cpu))
        self._sp, self._pc = arm_const.UC_ARM_REG_SP, arm_const.UC_ARM_REG_PC
        uc.mem_map(image.board.flash_base, image.board.flash_bytes)
        uc.mem_map(image.board.ram_base, image.board.ram_bytes)
        uc.mmio_map(image.board.uart.base, PAGE, self._uart_read, None, self._uart_write, None)
        uc.mmio_map(0xE0000000, 0x10000, self._core_read, None, lambda *_: None, None)
        self._load(image)
        uc.hook_add(UC_HOOK_CODE, self._step)

    def _load(self, image: Image) -> None:
        elf = ElfView(image.elf)
        base = self.board.flash_base
        for name in (".text", ".rodata"):
            address, size = elf.sections[name]
            self._uc.mem_write(address, elf.read(address, size))
        self._uc.mem_write(self.board.ram_base, b"\xcc" * self.board.ram_bytes)
        self._top = elf.word(base)
        self._lowest = self._top
        self._uc.reg_write(self._sp, self._top)
        self._uc.reg_write(self._pc, elf.word(base + 4))

    @property
    def stack_used(self) -> int:
        """Most bytes of stack seen so far."""
        return self._top - self._lowest

    def _step(self, uc: object, address: int, size: int, user: object) -> None:
        self.instructions += 1
        self._lowest = min(self._lowest, self._uc.reg_read(self._sp))

    def _core_read(self, uc: object, offset: int, size: int, user: object) -> int:
        return self.instructions & 0xFFFF_FFFF if offset == CYCCNT else 0

    def _uart_read(self, uc: object, offset: int, size: int, user: object) -> int:
        if offset == 0x18:
            self._polls = 0 if self._to_device else self._polls + 1
            if self._polls >= IDLE_POLLS:
                self._uc.emu_stop()
            return 0 if self._to_device else UART_RX_EMPTY
        return self._to_device.pop(0) if offset == 0 else 0

    def _uart_write(self, uc: object, offset: int, size: int, value: int, user: object) -> None:
        if offset == 0:
            self._polls = 0
            self._to_host.append(value & 0xFF)

    def write(self, data: bytes) -> None:
        """Bytes from the host."""
        self._to_device += data

    def read(self, timeout_s: float) -> bytes:
        """Run until the device wants more; what it sent."""
        del timeout_s
        self._polls = 0
        while self._polls < IDLE_POLLS:
            self._uc.emu_start(self._uc.reg_read(self._pc) | 1, 0xFFFF_FFFF)
        sent, self._to_host = bytes(self._to_host), bytearray()
        return sent
