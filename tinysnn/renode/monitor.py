"""Renode's monitor, driven over its standard input: commands, and runs of bounded virtual time.

Standard input instead of the monitor's telnet port: no port is open to others, and nothing has to
be negotiated. A command has been carried out when the count of instructions that is asked for
behind it is printed.
"""

from __future__ import annotations

import re
import time

from tinysnn.errors import DeviceError
from tinysnn.run.process import Emulator, plain

BAD_WORD = "There was an error"
"""What Renode prints when a command fails; it stays up then."""
COMMAND_LIMIT_S = 120.0
"""Wall time for one command; it is there for a Renode that hangs."""
_COUNT = re.compile(r"(?m)^[\r ]*0x([0-9A-Fa-f]{16})\s*$")
_POLL_S = 0.0005


class Monitor:
    """The monitor of a running Renode."""

    def __init__(self, emulator: Emulator, name: str) -> None:
        self._emulator = emulator
        self._name = name
        self._at = 0
        self._unread = b""
        self.executed = 0
        """Instructions that the core has executed so far, its polling and waiting included."""

    def run_for(self, seconds: float) -> int:
        """Let the machine run for so much virtual time; instructions executed since its start.

        Raises
        ------
        DeviceError: Renode ended, reported an error, or does not come back.

        """
        return self._count(f'emulation RunFor "{seconds:.6f}"\n')

    def ready(self, limit_s: float = COMMAND_LIMIT_S) -> int:
        """Wait until the script is through; instructions executed so far.

        Raises
        ------
        DeviceError: see `run_for`.

        """
        return self._count("", limit_s)

    def _count(self, commands: str, limit_s: float = COMMAND_LIMIT_S) -> int:
        self._emulator.say(f"{commands}sysbus.cpu ExecutedInstructions\n".encode("ascii"))
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline and self._emulator.running:
            text = self._listen()
            if (count := _COUNT.search(text)) is not None:
                self._unread = b""
                self.executed = int(count[1], 16)
                return self.executed
            if BAD_WORD in text:
                break
            time.sleep(_POLL_S)
        raise self._failed()

    def _listen(self) -> str:
        """What Renode wrote since the last count."""
        new = self._emulator.output(self._at)
        self._at += len(new)
        self._unread += new
        return plain(self._unread)

    def _failed(self) -> DeviceError:
        said = self._emulator.said() or "no message"
        return DeviceError(
            f"Renode did not do what it was told: {said}",
            where=self._name,
            fix="Run its script by hand to see more.",
        )
