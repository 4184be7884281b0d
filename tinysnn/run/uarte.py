"""Nordic's UART with EasyDMA as firmware/port/uart_nrf_uarte.c sees it, for the unicorn runner."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

_STARTTX = 0x008
_ENDRX = 0x110
_ENDTX = 0x120
_RXD_PTR = 0x534
_TXD_PTR = 0x544
_TXD_MAXCNT = 0x548


@dataclass
class UarteModel:
    """A UARTE that never loses a byte and is never busy; it receives byte by byte.

    `load` and `store` reach the core's memory, as the DMA does.
    """

    load: Callable[[int, int], bytes]
    store: Callable[[int, bytes], None]
    received: deque[int] = field(default_factory=deque)
    """Bytes on their way to the firmware."""
    sent: bytearray = field(default_factory=bytearray)
    """Bytes that the firmware has sent."""
    _registers: dict[int, int] = field(default_factory=dict)

    def read(self, offset: int) -> int:
        """A load from the register at offset."""
        if offset == _ENDRX:
            return self._receive()
        return self._registers.get(offset, 0)

    def write(self, offset: int, value: int) -> None:
        """Store to the register at offset."""
        self._registers[offset] = value
        if offset == _STARTTX:
            size = self._registers.get(_TXD_MAXCNT, 0)
            self.sent += self.load(self._registers.get(_TXD_PTR, 0), size)
            self._registers[_ENDTX] = 1

    def _receive(self) -> int:
        """Whether a byte has ended its way to memory; it does so when the firmware looks."""
        if self._registers.get(_ENDRX, 0):
            return 1
        if not self.received:
            return 0
        self.store(self._registers.get(_RXD_PTR, 0), bytes([self.received.popleft()]))
        self._registers[_ENDRX] = 1
        return 1
