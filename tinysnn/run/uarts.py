"""UARTs as the firmware's drivers see them (firmware/port/uart_*.c), for the unicorn runner."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Registers:
    """What a driver polls; offsets in the UART's register page."""

    status: int
    """Read before each byte that is received, and by some before each that is sent."""
    ready: int
    """Value of `status` when a byte has arrived."""
    empty: int
    """Value of `status` when none has."""
    receive: int
    send: int
    sent: int | None = None
    """A register that says 1 when a byte has left, if it is not `status`."""


REGISTERS = {
    "pl011": Registers(0x18, ready=0x80, empty=0x90, receive=0x00, send=0x00),
    "cmsdk": Registers(0x04, ready=0x02, empty=0x00, receive=0x00, send=0x00),
    "stm32_v1": Registers(0x00, ready=0xE0, empty=0xC0, receive=0x04, send=0x04),
    "stm32_v2": Registers(0x1C, ready=0xE0, empty=0xC0, receive=0x24, send=0x28),
    "stm32_lpuart": Registers(0x1C, ready=0xE0, empty=0xC0, receive=0x24, send=0x28),
    "kinetis": Registers(0x4, ready=0xE0, empty=0xC0, receive=0x7, send=0x7),
    "nxp_lpuart": Registers(0x14, ready=0xE00000, empty=0xC00000, receive=0x1C, send=0x1C),
    "nrf51": Registers(0x108, ready=1, empty=0, receive=0x518, send=0x51C, sent=0x11C),
}


@dataclass
class UartModel:
    """A UART that never loses a byte and is never busy.

    `starved` is called when the firmware looks for a byte a second time in a row and there is
    none: it has nothing left to do. (Once is not enough: drivers whose status register serves
    both directions read it before sending, too.)
    """

    registers: Registers
    starved: Callable[[], None]
    received: deque[int] = field(default_factory=deque)
    """Bytes on their way to the firmware."""
    sent: bytearray = field(default_factory=bytearray)
    """Bytes that the firmware has sent."""
    _polls: int = 0

    def read(self, offset: int) -> int:
        """A load from the register at offset."""
        registers = self.registers
        if offset == registers.status:
            return self._status()
        if offset == registers.receive:
            return self.received.popleft() if self.received else 0
        return 1 if offset == registers.sent else 0

    def write(self, offset: int, value: int) -> None:
        """Store to the register at offset."""
        if offset == self.registers.send:
            self._polls = 0
            self.sent.append(value & 0xFF)

    def _status(self) -> int:
        if self.received:
            self._polls = 0
            return self.registers.ready
        self._polls += 1
        if self._polls > 1:
            self.starved()
        return self.registers.empty
