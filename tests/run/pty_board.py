"""A board behind a pseudo terminal, which has a baud rate as a serial port has."""

from __future__ import annotations

import os
import pty
import select
import termios
import threading
import tty
from contextlib import suppress

from tests.wire.fake_device import FakeDevice, Quirks

_RATES = {getattr(termios, name): int(name[1:]) for name in dir(termios) if name[1:].isdigit()}


class PtyBoard:
    """Serves a device at the port `name` as long as the `with` block lasts.

    Bytes arrive whole only if the host has set the device's rate; at any other, both sides get
    others, with zeros for framing errors among them.
    """

    def __init__(self, baud=115200, quirks=None, *, other_program=None):
        self.baud = baud
        self.device = FakeDevice(quirks or Quirks())
        self.other_program = other_program
        """What answers instead of tinysnn: bytes for bytes."""
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._ours)
        tty.setraw(self._theirs)
        self.name = os.ttyname(self._theirs)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(5)
        os.close(self._ours)
        os.close(self._theirs)

    def _serve(self):
        while not self._stop.is_set():
            if not select.select([self._ours], [], [], 0.01)[0]:
                continue
            with suppress(OSError):
                self._answer(os.read(self._ours, 4096))

    def _answer(self, data):
        whole = _RATES[termios.tcgetattr(self._ours)[5]] == self.baud
        if self.other_program is not None:
            reply = self.other_program(data)
        else:
            self.device.write(data if whole else garbled(data))
            reply = self.device.read(0)
        os.write(self._ours, reply if whole else garbled(reply))


def garbled(data):
    """What arrives at the wrong rate: fewer bytes, other ones, and breaks."""
    return bytes((byte * 37 + 11) & 0xFF for byte in data[::2]) + b"\0" * (len(data) > 4)
