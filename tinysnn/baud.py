"""Finds the baud rate that a device answers at, when it does not at the one it should."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress

from tinysnn import wire
from tinysnn.errors import DeviceError
from tinysnn.link import Link

COMMON_RATES = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 500000, 921600, 1000000)
"""Rates that boards' UARTs are set to, in bit/s."""
_TRIES = 3
_WAIT_S = 0.12
"""Longer than a HELLO and its answer take at 9600 baud."""
_LEAD_IN = b"\0\0\0\0"
"""Ends what the device took for the beginning of a frame while the rate was wrong."""


def find_rate(open_at: Callable[[int], Link], tried: int) -> int | None:
    """The first of `COMMON_RATES` at which a tinysnn device answers; None: none of them.

    Parameters
    ----------
    open_at: opens the line at a rate; a rate it cannot do (DeviceError) is left out.
    tried: a rate that is known not to work.

    """
    for rate in COMMON_RATES:
        if rate == tried:
            continue
        with suppress(DeviceError):
            link = open_at(rate)
            try:
                if answers(link):
                    return rate
            finally:
                link.close()
    return None


def answers(link: Link) -> bool:
    """Whether HELLO brings back any undamaged frame of the protocol.

    Raises
    ------
    DeviceError: the line has ended.

    """
    decoder = wire.FrameDecoder()
    hello = wire.encode_frame(wire.Type.HELLO, 1, wire.hello_body(0, 1))
    for _ in range(_TRIES):
        link.write(_LEAD_IN + hello)
        for data in _arriving(link):
            if any(frame and _from_device(frame.type) for frame in decoder.feed(data)):
                return True
    return False


def _from_device(kind: int) -> bool:
    """Whether a frame is an answer: a line that echoes brings back requests only."""
    return kind == wire.ERROR_TYPE or kind == wire.answer_type(wire.Type.HELLO)


def _arriving(link: Link) -> Iterator[bytes]:
    """What comes in within the time for one answer."""
    deadline = time.monotonic() + _WAIT_S
    while (left_s := deadline - time.monotonic()) > 0:
        data = link.read(left_s)
        if not data:
            return
        yield data
