"""Byte streams to a device: sockets, pipes and serial ports."""

from __future__ import annotations

import os
import select
import socket
from contextlib import suppress
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


def link_ended(where: str, why: str = "") -> DeviceError:
    """Make the error of a link whose other side has gone."""
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
            raise link_ended(self._name)
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
                raise link_ended(self._name, str(error)) from None

    def close(self) -> None:
        """See `Link`; the descriptors stay with whoever opened them."""
        self._fds = None

    def _open_fds(self) -> tuple[int, int]:
        if self._fds is None:
            raise link_ended(self._name, "closed")
        return self._fds


class SocketLink:
    """A connected stream socket."""

    def __init__(self, sock: socket.socket, name: str = "socket") -> None:
        self._sock = sock
        self._name = name
        with suppress(OSError):  # a socket of this machine (AF_UNIX) has no such option
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, timeout_s: float) -> bytes:
        """See `Link`."""
        try:
            self._sock.settimeout(max(timeout_s, 1e-3))
            data = self._sock.recv(_CHUNK)
        except (TimeoutError, BlockingIOError):
            return b""
        except OSError as error:
            raise link_ended(self._name, str(error)) from None
        if not data:
            raise link_ended(self._name)
        return data

    def write(self, data: bytes) -> None:
        """See `Link`."""
        try:
            self._sock.settimeout(WRITE_TIMEOUT_S)
            self._sock.sendall(data)
        except TimeoutError:
            raise _blocked(self._name) from None
        except OSError as error:
            raise link_ended(self._name, str(error)) from None

    def close(self) -> None:
        """See `Link`."""
        self._sock.close()


class SerialLink:
    """A serial port, or anything `serial.serial_for_url` opens (socket://, rfc2217://, loop://)."""

    def __init__(self, port: str, baud: int) -> None:
        """Open port at baud, 8N1, for this program alone.

        Raises
        ------
        ToolMissing: pyserial is not installed.
        DeviceError: the port is not there, not free, or not for this user.

        """
        try:
            import serial
        except ImportError:
            raise ToolMissing("pyserial is not here", fix="pip install pyserial") from None
        from tinysnn.port_errors import cannot_open

        self._name = port
        self._errors = (serial.SerialException, OSError)
        self._write_timeout = serial.SerialTimeoutException
        try:
            self._port: serial.SerialBase = serial.serial_for_url(
                port, baudrate=baud, timeout=0, write_timeout=WRITE_TIMEOUT_S, exclusive=True
            )
        except (*self._errors, ValueError) as error:
            raise cannot_open(port, error) from None

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
            raise link_ended(self._name, str(error)) from None

    def write(self, data: bytes) -> None:
        """See `Link`."""
        try:
            self._port.write(data)
        except self._write_timeout:
            raise _blocked(self._name) from None
        except self._errors as error:
            raise link_ended(self._name, str(error)) from None

    def close(self) -> None:
        """See `Link`."""
        self._port.close()
