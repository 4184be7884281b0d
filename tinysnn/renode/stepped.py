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
_ARRIVES_S = 0.003
"""Wall time for bytes to get through the socket once the machine has stopped."""


class SteppedLink:
    """See `tinysnn.link.Link`; a time-out is virtual time, in seconds."""

    def __init__(self, socket_link: SocketLink, monitor: Monitor) -> None:
        self._link = socket_link
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
        """See `Link`."""
        self._slice_s = FIRST_SLICE_S
        self._link.write(data)

    def close(self) -> None:
        """See `Link`."""
        self._link.close()
