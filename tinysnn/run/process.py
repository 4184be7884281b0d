"""Emulators as subprocesses: started with a time limit, heard on failure, certain to end."""

from __future__ import annotations

import atexit
import os
import re
import socket
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from tinysnn.errors import DeviceError

HOST = "127.0.0.1"
_POLL_S = 0.05
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


class Emulator:
    """One emulator, and the socket that is its UART."""

    def __init__(self, name: str, fix: str) -> None:
        """Name and fix are for error messages."""
        self._name = name
        self._fix = fix
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `stop`)
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)

    def start(self, command: Sequence[str], cwd: Path | None = None) -> None:
        """Start the process.

        Raises
        ------
        DeviceError: the program cannot be started.

        """
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log, cwd=cwd
            )
        except OSError as error:
            self.stop()
            raise DeviceError(f"cannot be started ({error})", where=self._name) from None

    def accept(self, server: socket.socket, limit_s: float) -> socket.socket:
        """Wait for the emulator to connect to server.

        Raises
        ------
        DeviceError: it has ended, or does not connect; with what it wrote.

        """
        server.settimeout(_POLL_S)
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline and self.running:
            with suppress(TimeoutError):
                return server.accept()[0]
        raise self._failed()

    def connect(self, port: int, limit_s: float, bad_word: str) -> socket.socket:
        """Connect to a port that the emulator opens; bad_word in its output means it never will.

        Raises
        ------
        DeviceError: it has ended or failed, or opens no port; with what it wrote.

        """
        deadline = time.monotonic() + limit_s
        while time.monotonic() < deadline and self.running and bad_word not in self.said():
            with suppress(OSError):
                found = socket.create_connection((HOST, port), timeout=1.0)
                if found.getsockname() != found.getpeername():
                    return found
                found.close()  # on a port nobody listens on, TCP may connect to itself
            time.sleep(_POLL_S)
        raise self._failed()

    def say(self, data: bytes) -> None:
        """Write to the process' standard input.

        Raises
        ------
        DeviceError: it has ended; with what it wrote.

        """
        if self._process is None or self._process.stdin is None:
            raise self._failed()
        try:
            self._process.stdin.write(data)
            self._process.stdin.flush()
        except OSError:
            raise self._failed() from None

    def _failed(self) -> DeviceError:
        said = self.said() or "no message"
        self.stop()
        return DeviceError(f"did not start: {said}", where=self._name, fix=self._fix)

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    def output(self, start: int = 0) -> bytes:
        """What the emulator wrote, from a byte on."""
        if self._log.closed:
            return b""
        # pread: the process writes through a copy of this descriptor, whose position is the same.
        descriptor = self._log.fileno()
        return os.pread(descriptor, max(os.fstat(descriptor).st_size - start, 0), start)

    def said(self) -> str:
        """Return the end of what the emulator wrote, as one line."""
        text = plain(self.output())[-4000:]
        return " / ".join(line.strip() for line in text.splitlines() if line.strip())[-800:]

    def blame(self, error: DeviceError) -> DeviceError:
        """Give an error of the session with what the emulator wrote, if it wrote anything."""
        said = self.said()
        what = f"{error.what} (it wrote: {said})" if said else error.what
        return DeviceError(what, where=error.where, fix=error.fix)

    def stop(self, goodbye: bytes = b"") -> None:
        """End the process, at once if need be; harmless when repeated."""
        atexit.unregister(self.stop)
        if self._process is not None:
            self._end(self._process, goodbye)
            self._process = None
        self._log.close()

    def _end(self, process: subprocess.Popen[bytes], goodbye: bytes) -> None:
        with suppress(OSError, subprocess.TimeoutExpired):
            process.communicate(goodbye, timeout=3 if goodbye else 0)
        if process.poll() is None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(2)
        if process.poll() is None:
            process.kill()
            process.wait()


def plain(output: bytes) -> str:
    """What an emulator wrote as text, without the codes that colour it."""
    return _COLOUR.sub("", output.decode("utf-8", "replace"))


def free_port() -> int:
    """Port of this machine that nobody listens on now."""
    with socket.create_server((HOST, 0)) as server:
        return int(server.getsockname()[1])
