"""The part of GDB's remote serial protocol that flashing needs, over TCP.

A server may send anything: every answer is bounded, checked by its sum and by what was asked.
"""

from __future__ import annotations

import re
import socket
from contextlib import suppress
from types import TracebackType

from tinysnn.errors import DeviceError, OptionError

TIMEOUT_S = 10.0
ERASE_TIMEOUT_S = 60.0
"""A server answers only when the flash is erased: a mass erase takes seconds."""
DEFAULT_PACKET_BYTES = 512
MIN_PACKET_BYTES = 64
MAX_PACKET_BYTES = 1 << 16
_TRIES = 3
_ESCAPED = b"#$}*"
_HEX = re.compile(r"^(?:[0-9a-fA-F]{2})*$")


def connect(address: str) -> GdbRemote:
    """Open the server at ``HOST:PORT`` or ``:PORT`` (this machine).

    Raises
    ------
    OptionError: that is no address.
    DeviceError: nobody listens there.

    """
    host, colon, digits = address.rpartition(":")
    if not colon or not digits.isdigit() or not 0 < int(digits) < 1 << 16:
        raise OptionError(
            f"'{address}' is no address of a GDB server", fix="Give HOST:PORT, such as :3333."
        )
    where = f"{host or 'localhost'}:{digits}"
    try:
        sock = socket.create_connection((host or "localhost", int(digits)), timeout=TIMEOUT_S)
    except OSError as error:
        raise DeviceError(
            f"no GDB server answers ({error.strerror or error})",
            where=where,
            fix="Start one: `qemu-system-arm -S -gdb tcp::PORT ...`, openocd, pyocd gdbserver.",
        ) from None
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return GdbRemote(sock, where)


class GdbRemote:
    """A connection to a GDB server; a context manager."""

    def __init__(self, sock: socket.socket, where: str) -> None:
        self._sock = sock
        self._buffer = bytearray()
        self.where = where
        self.features: frozenset[str] = frozenset()
        """What the server said it can do, as words of ``qSupported``."""
        self.packet_bytes = DEFAULT_PACKET_BYTES
        """Longest packet that the server takes."""

    def handshake(self) -> None:
        """Ask what the server can do, and halt the device."""
        self.features = frozenset(self.ask("qSupported:swbreak+;hwbreak+").split(";"))
        for word in self.features:
            if re.fullmatch(r"PacketSize=[0-9a-fA-F]{1,8}", word):
                size = int(word.partition("=")[2], 16)
                self.packet_bytes = min(max(size, MIN_PACKET_BYTES), MAX_PACKET_BYTES)
        status = self.ask("?")
        if status[:1] not in ("S", "T"):
            raise self._error(f"the device is not halted (status {status[:40]!r})")

    def read_memory(self, address: int, count: int) -> bytes:
        """Read bytes of the device."""
        answer = self.ask(f"m{address:x},{count:x}")
        if not _HEX.match(answer) or len(answer) != 2 * count:
            raise self._error(f"cannot read {count} bytes at 0x{address:08X} ({answer[:20]!r})")
        return bytes.fromhex(answer)

    def write_memory(self, address: int, data: bytes) -> None:
        """Write bytes as they are."""
        self._expect_ok(f"M{address:x},{len(data):x}:{data.hex()}", f"write at 0x{address:08X}")

    def erase_flash(self, address: int, count: int) -> None:
        """Erase whole blocks of flash."""
        self._sock.settimeout(ERASE_TIMEOUT_S)
        self._expect_ok(f"vFlashErase:{address:x},{count:x}", f"erase flash at 0x{address:08X}")
        self._sock.settimeout(TIMEOUT_S)

    def write_flash(self, address: int, data: bytes) -> None:
        """Program erased flash; the server may wait with it until `finish_flash`."""
        escaped = b"".join(
            bytes([0x7D, byte ^ 0x20]) if byte in _ESCAPED else bytes([byte]) for byte in data
        )
        head = f"vFlashWrite:{address:x}:".encode("ascii")
        self._expect_ok(head + escaped, f"program flash at 0x{address:08X}")

    def finish_flash(self) -> None:
        """Wait until everything is in the flash."""
        self._sock.settimeout(ERASE_TIMEOUT_S)
        self._expect_ok("vFlashDone", "finish programming")
        self._sock.settimeout(TIMEOUT_S)

    def read_object(self, name: str, limit: int) -> str:
        """Read a text of the server, such as the memory map, of at most `limit` characters."""
        text = ""
        while len(text) < limit:
            answer = self.ask(f"qXfer:{name}:read::{len(text):x},{self.packet_bytes // 2:x}")
            if answer[:1] not in ("m", "l"):
                raise self._error(f"the server does not give its {name} ({answer[:20]!r})")
            text += answer[1:]
            if answer[0] == "l" or len(answer) == 1:
                return text
        raise self._error(f"the server's {name} is longer than {limit} characters")

    def monitor(self, command: str) -> str:
        """Have the server's own monitor do something; what it says."""
        said = ""
        answer = self.ask(f"qRcmd,{command.encode().hex()}")
        while answer.startswith("O") and answer != "OK" and len(said) < MAX_PACKET_BYTES:
            if _HEX.match(answer[1:]):
                said += bytes.fromhex(answer[1:]).decode("utf-8", "replace")
            answer = self._receive()
        if answer != "OK":
            raise self._error(
                f"the server's monitor refused '{command}' ({answer[:20]!r} {said.strip()[-80:]})",
                fix="Name the command that resets the device in this server's words.",
            )
        return said

    def resume(self) -> None:
        """Let the device run, and let go of it."""
        self._send(b"c")
        with suppress(OSError):
            # A server takes a detach only from a halted device; a closed connection also ends it.
            self._sock.shutdown(socket.SHUT_WR)

    def ask(self, request: str | bytes) -> str:
        """Send a packet and return the answer's text.

        Raises
        ------
        DeviceError: the connection ended, or the answer stays damaged or does not come.

        """
        self._send(request.encode("ascii") if isinstance(request, str) else request)
        return self._receive()

    def _expect_ok(self, request: str | bytes, doing: str) -> None:
        answer = self.ask(request)
        if answer != "OK":
            said = "it does not know how" if not answer else answer[:20]
            raise self._error(f"the server cannot {doing} ({said})")

    def _send(self, payload: bytes) -> None:
        packet = b"$" + payload + b"#%02x" % (sum(payload) & 0xFF)
        for _ in range(_TRIES):
            try:
                self._sock.sendall(packet)
            except OSError as error:
                raise self._error(f"the connection ended ({error})") from None
            if self._acknowledged():
                return
        raise self._error("the server does not acknowledge packets")

    def _acknowledged(self) -> bool:
        """Whether the server took a packet.

        What it says of its own accord is passed over: a server that finds the device running when
        we come stops it, and tells so.
        """
        for _ in range(_TRIES):
            byte = self._take()
            if byte == b"$":
                self._until_sum()
                byte = self._take()
            if byte in (b"+", b"-"):
                return byte == b"+"
        return False

    def _receive(self) -> str:
        for _ in range(_TRIES):
            while self._take() != b"$":
                pass  # acknowledgements that came late
            body, sent = self._until_sum()
            if sent == b"%02x" % (sum(body) & 0xFF):
                self._sock.sendall(b"+")
                return _plain(body).decode("latin-1")
            self._sock.sendall(b"-")
        raise self._error("answers arrive damaged")

    def _until_sum(self) -> tuple[bytes, bytes]:
        body = bytearray()
        while (byte := self._take()) != b"#":
            body += byte
            if len(body) > 2 * MAX_PACKET_BYTES:
                raise self._error("an answer has no end")
        return bytes(body), (self._take() + self._take()).lower()

    def _take(self) -> bytes:
        if not self._buffer:
            try:
                self._buffer += self._sock.recv(1 << 16)
            except OSError as error:
                what = "no answer" if isinstance(error, TimeoutError) else f"ended ({error})"
                raise self._error(what) from None
            if not self._buffer:
                raise self._error("the connection ended")
        byte = bytes(self._buffer[:1])
        del self._buffer[:1]
        return byte

    def _error(self, what: str, fix: str = "") -> DeviceError:
        return DeviceError(what, where=self.where, fix=fix)

    def __enter__(self) -> GdbRemote:  # noqa: PYI034 (typing.Self needs Python 3.11)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sock.close()


def _plain(body: bytes) -> bytes:
    """A packet's bytes without escapes (0x7d) and run lengths (``*``)."""
    plain, at = bytearray(), 0
    while at < len(body):
        byte = body[at]
        if byte == 0x7D and at + 1 < len(body):
            plain.append(body[at + 1] ^ 0x20)
            at += 1
        elif byte == 0x2A and plain and at + 1 < len(body):
            plain += plain[-1:] * max(body[at + 1] - 29, 0)
            at += 1
        else:
            plain.append(byte)
        at += 1
    return bytes(plain)
