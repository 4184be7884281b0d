"""Byte streams to a device: sockets, pipes, serial ports, and one that injects faults."""

from __future__ import annotations

import os
import random
import select
import socket
import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from tinysnn.errors import DeviceError, ToolMissing

if TYPE_CHECKING:
    import serial

WRITE_TIMEOUT_S = 10.0
_CHUNK = 1 << 16


class Link(Protocol):
    """A byte stream in both directions."""

    def read(self, timeout_s: float) -> bytes:
        """Wait for the first byte and return what has arrived.

        Empty: nothing came within timeout_s, or, for a device in this process, nothing will come
        until it is asked again.

        Raises
        ------
        DeviceError: the stream has ended.

        """

    def write(self, data: bytes) -> None:
        """Send all of data.

        Raises
        ------
        DeviceError: the stream has ended, or the other side takes nothing.

        """

    def close(self) -> None:
        """Let go of the stream; harmless when repeated."""


def _ended(where: str, why: str = "") -> DeviceError:
    what = f"the connection ended ({why})" if why else "the connection ended"
    return DeviceError(what, where=where, fix="Check that the device or emulator still runs.")


def _blocked(where: str) -> DeviceError:
    return DeviceError(
        f"the other side took no data for {WRITE_TIMEOUT_S:g} s",
        where=where,
        fix="Restart the device or emulator.",
    )


class PipeLink:
    """A pair of file descriptors, such as a subprocess' stdout and stdin."""

    def __init__(self, read_fd: int, write_fd: int, name: str = "pipe") -> None:
        self._fds: tuple[int, int] | None = (read_fd, write_fd)
        self._name = name

    def read(self, timeout_s: float) -> bytes:
        """See `Link`."""
        read_fd, _ = self._open_fds()
        ready, _, _ = select.select([read_fd], [], [], max(timeout_s, 0.0))
        if not ready:
            return b""
        data = os.read(read_fd, _CHUNK)
        if not data:
            raise _ended(self._name)
        return data

    def write(self, data: bytes) -> None:
        """See `Link`."""
        _, write_fd = self._open_fds()
        view = memoryview(data)
        while view:
            _, ready, _ = select.select([], [write_fd], [], WRITE_TIMEOUT_S)
            if not ready:
                raise _blocked(self._name)
            try:  # at most PIPE_BUF, so that a writable pipe never blocks
                view = view[os.write(write_fd, view[: select.PIPE_BUF]) :]
            except OSError as error:
                raise _ended(self._name, str(error)) from None

    def close(self) -> None:
        """See `Link`; the descriptors stay with whoever opened them."""
        self._fds = None

    def _open_fds(self) -> tuple[int, int]:
        if self._fds is None:
            raise _ended(self._name, "closed")
        return self._fds


class SocketLink:
    """A connected stream socket."""

    def __init__(self, sock: socket.socket, name: str = "socket") -> None:
        self._sock = sock
        self._name = name

    def read(self, timeout_s: float) -> bytes:
        """See `Link`."""
        try:
            self._sock.settimeout(max(timeout_s, 1e-3))
            data = self._sock.recv(_CHUNK)
        except (TimeoutError, BlockingIOError):
            return b""
        except OSError as error:
            raise _ended(self._name, str(error)) from None
        if not data:
            raise _ended(self._name)
        return data

    def write(self, data: bytes) -> None:
        """See `Link`."""
        try:
            self._sock.settimeout(WRITE_TIMEOUT_S)
            self._sock.sendall(data)
        except TimeoutError:
            raise _blocked(self._name) from None
        except OSError as error:
            raise _ended(self._name, str(error)) from None

    def close(self) -> None:
        """See `Link`."""
        self._sock.close()


class SerialLink:
    """A serial port, or anything `serial.serial_for_url` opens (socket://, rfc2217://, loop://)."""

    def __init__(self, port: str, baud: int) -> None:
        """Open port at baud, 8N1.

        Raises
        ------
        ToolMissing: pyserial is not installed.
        DeviceError: the port is not there or not free.

        """
        try:
            import serial
        except ImportError:
            raise ToolMissing("pyserial is not here", fix="pip install pyserial") from None
        self._name = port
        self._errors = (serial.SerialException, OSError)
        self._write_timeout = serial.SerialTimeoutException
        try:
            self._port: serial.SerialBase = serial.serial_for_url(
                port, baudrate=baud, timeout=0, write_timeout=WRITE_TIMEOUT_S
            )
        except (*self._errors, ValueError) as error:
            raise DeviceError(
                f"cannot open the port ({error})",
                where=port,
                fix="Check its name, that it is plugged in, that you may use it and that no "
                "other program has it open.",
            ) from None

    def read(self, timeout_s: float) -> bytes:
        """See `Link`."""
        try:
            self._port.timeout = max(timeout_s, 0.0)
            data = self._port.read(1)
            if data:
                self._port.timeout = 0
                data += self._port.read(max(self._port.in_waiting, 1))
            return bytes(data)
        except self._errors as error:
            raise _ended(self._name, str(error)) from None

    def write(self, data: bytes) -> None:
        """See `Link`."""
        try:
            self._port.write(data)
        except self._write_timeout:
            raise _blocked(self._name) from None
        except self._errors as error:
            raise _ended(self._name, str(error)) from None

    def close(self) -> None:
        """See `Link`."""
        self._port.close()


@dataclass(frozen=True)
class Faults:
    """What a `FaultyLink` does to the chunks that pass it; probabilities are per chunk."""

    seed: int = 0
    drop: float = 0.0
    """Lose a slice of the chunk (possibly all of it)."""
    repeat: float = 0.0
    """Deliver a slice of the chunk twice."""
    flip: float = 0.0
    """Invert one bit."""
    split: float = 0.0
    """Deliver the chunk in two pieces."""
    stall: float = 0.0
    """Hold the chunk, and all behind it, back for a few reads."""
    disconnect_after: int | None = None
    """End the stream after so many bytes, both directions together."""


class FaultyLink:
    """A link that damages what passes, in both directions, the same way for the same seed."""

    def __init__(self, inner: Link, faults: Faults) -> None:
        self.injected: Counter[str] = Counter()
        """How often each kind of fault has been injected."""
        self._inner = inner
        self._faults = faults
        self._random = random.Random(faults.seed)  # noqa: S311 (faults, not secrets)
        self._passed = 0
        self._arriving: deque[bytes] = deque()
        self._leaving: deque[bytes] = deque()
        self._held_reads = 0
        self._held_writes = 0

    def read(self, timeout_s: float) -> bytes:
        """See `Link`; an empty answer may also be a stall."""
        self._release()
        if self._held_reads:
            self._held_reads -= 1
            # The inner link is not read, so the wait has to be made here, but never a long one.
            time.sleep(min(max(timeout_s, 0.0), 1e-3))
            return b""
        if not self._arriving:
            data = self._inner.read(timeout_s)
            if not data:
                return b""
            self._count(data)
            self._arriving.extend(self._damage(data))
            if self._hit("stall", self._faults.stall):
                self._held_reads = self._random.randint(1, 3)
                return b""
        return self._arriving.popleft() if self._arriving else b""

    def write(self, data: bytes) -> None:
        """See `Link`."""
        self._count(data)
        self._leaving.extend(self._damage(data))
        if self._hit("stall", self._faults.stall):
            self._held_writes = self._random.randint(1, 3)
        self._release()

    def close(self) -> None:
        """See `Link`."""
        self._inner.close()

    def _release(self) -> None:
        if self._held_writes:
            self._held_writes -= 1
            return
        while self._leaving:
            self._inner.write(self._leaving.popleft())

    def _count(self, data: bytes) -> None:
        self._passed += len(data)
        limit = self._faults.disconnect_after
        if limit is not None and self._passed > limit:
            self.injected["disconnect"] += 1
            self._inner.close()
            raise _ended("faulty link", "injected")

    def _hit(self, kind: str, probability: float) -> bool:
        hit = self._random.random() < probability
        self.injected[kind] += hit
        return hit

    def _slice(self, data: bytes) -> tuple[int, int]:
        start = self._random.randrange(len(data))
        return start, self._random.randint(start + 1, len(data))

    def _damage(self, data: bytes) -> list[bytes]:
        if self._hit("drop", self._faults.drop):
            start, end = self._slice(data)
            data = data[:start] + data[end:]
        if data and self._hit("repeat", self._faults.repeat):
            start, end = self._slice(data)
            data = data[:end] + data[start:]
        if data and self._hit("flip", self._faults.flip):
            at = self._random.randrange(len(data))
            bit = 1 << self._random.randrange(8)
            data = data[:at] + bytes([data[at] ^ bit]) + data[at + 1 :]
        if len(data) > 1 and self._hit("split", self._faults.split):
            at = self._random.randrange(1, len(data))
            return [data[:at], data[at:]]
        return [data] if data else []
