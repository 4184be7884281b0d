"""The socket of a UART in Renode, with a machine that runs only while an answer is due.

The machine gets virtual time in slices until bytes have come, so that firmware that hangs ends in
an error after a known number of instructions, and Renode idles while the host works.
"""

from __future__ import annotations

from tinysnn.link import SocketLink
from tinysnn.renode.monitor import Monitor

FIRST_SLICE_S = 0.001
LAST_SLICE_S = 0.05
"""Virtual time of the first and of the longest slice; each is twice the one before."""
BURST_BYTES = 32
"""A real UART takes its time between bytes; Renode hands over all that has come at once, and a ring
that an interrupt fills runs over. So many bytes are sent at a time, well below the ring's size."""
BITS_PER_BYTE = 10
_ARRIVES_S = 0.003
"""Wall time for bytes to get through the socket once the machine has stopped."""


class SteppedLink:
    """See `tinysnn.link.Link`; a time-out is virtual time, in seconds."""

    def __init__(self, socket_link: SocketLink, monitor: Monitor, baud: int) -> None:
        self._link = socket_link
        self._burst_s = BURST_BYTES * BITS_PER_BYTE / baud
        self._monitor = monitor
        self._slice_s = FIRST_SLICE_S

    def read(self, timeout_s: float) -> bytes:
        """See `Link`: what has arrived after at most so much virtual time."""
        spent_s = 0.0
        while not (data := self._link.read(_ARRIVES_S)):
            if spent_s >= timeout_s:
                return b""
            self._monitor.run_for(self._slice_s)
            spent_s += self._slice_s
            self._slice_s = min(2 * self._slice_s, LAST_SLICE_S)
        return data

    def write(self, data: bytes) -> None:
        """See `Link`; in bursts, with the virtual time that they would take on a line."""
        self._slice_s = FIRST_SLICE_S
        for start in range(0, len(data), BURST_BYTES):
            if start:
                self._monitor.run_for(self._burst_s)
            self._link.write(data[start : start + BURST_BYTES])

    def close(self) -> None:
        """See `Link`."""
        self._link.close()
