"""A device in Python, written from SPEC.md section 3 alone: shares no code with the host or the C.

It runs the two models of tests/firmware/model: slot 0 `tiny` (spikes in and out), slot 1 `meter`
(graded values in, membranes out).
"""

from __future__ import annotations

import binascii
import struct
from dataclasses import dataclass

TINY_DIGEST = bytes(range(32))
METER_DIGEST = b"\xff" + bytes(31)


def stuff(payload: bytes) -> bytes:
    """COBS, the textbook way."""
    out, block = bytearray(), bytearray()
    for byte in payload:
        if byte:
            block.append(byte)
        if not byte or len(block) == 254:
            out += bytes([len(block) + 1]) + block
            full = bool(byte)
            block.clear()
            if full:
                continue
    return bytes(out + bytes([len(block) + 1]) + block)


def unstuff(data: bytes) -> bytes | None:
    """The payload, or None if data is no COBS."""
    out, at = bytearray(), 0
    while at < len(data):
        code = data[at]
        block = data[at + 1 : at + code]
        if code == 0 or len(block) != code - 1 or 0 in block:
            return None
        out += block
        at += code
        if code < 255 and at < len(data):
            out.append(0)
    return bytes(out)


class Tiny:
    """An event adds index + 1 to neuron (index mod 5); 8 fires and is subtracted."""

    name, digest, n_in, n_out, flags = b"tiny", TINY_DIGEST, 6, 5, 0

    def __init__(self) -> None:
        self.ticks, self.v = 0, [1, -2, 3, -4, 5]

    def step(self, events: list[tuple[int, int]]) -> bytes | None:
        for index, _ in events:
            self.v[index % 5] += index + 1
        fired = [j for j in range(5) if self.v[j] >= 8]
        for j in fired:
            self.v[j] -= 8
        self.ticks += 1
        return struct.pack(f"<H{len(fired)}H", len(fired), *fired)

    def state(self) -> bytes:
        return struct.pack("<I5hH", self.ticks, *self.v, 0)


class Meter:
    """v[0] sums values, v[1] sums value * (index + 1); refuses the value -128."""

    name, digest, n_in, n_out, flags = b"meter", METER_DIGEST, 3, 2, 3

    def __init__(self) -> None:
        self.v = [0, 0]

    def step(self, events: list[tuple[int, int]]) -> bytes | None:
        for index, value in events:
            if value == -128:
                return None
            self.v[0] += value
            self.v[1] += value * (index + 1)
        return struct.pack("<2i", *self.v)

    def state(self) -> bytes:
        return struct.pack("<2i", *self.v)


@dataclass(frozen=True)
class Quirks:
    """In what the device differs from a good one."""

    max_payload: int = 256
    wire: int = 1
    restarts: tuple[int, ...] = ()
    """Numbers of the whole requests before which the device restarts."""
    deaf_bytes: int = 0
    """Bytes lost before the UART is enabled."""
    mute: bool = False
    counter: int = 1
    digest: bytes | None = None
    board: bytes = b"fake"


class FakeDevice:
    """A `Link` with the device at its other end."""

    def __init__(self, quirks: Quirks | None = None) -> None:
        self.quirks = quirks or Quirks()
        self.requests = 0
        self.executed = 0
        self._deaf = self.quirks.deaf_bytes
        self._out = bytearray()
        self._restart()

    def _restart(self) -> None:
        self._in = bytearray()
        self._seq: int | None = None
        self._stored = b""
        self._model: Tiny | Meter = Tiny()
        self._is_reset = False
        self._hash = 0

    def read(self, timeout_s: float) -> bytes:
        data = bytes(self._out)
        self._out.clear()
        return b"" if self.quirks.mute else data

    def close(self) -> None:
        pass

    def write(self, data: bytes) -> None:
        lost, self._deaf = min(self._deaf, len(data)), max(self._deaf - len(data), 0)
        for byte in data[lost:]:
            if byte:
                self._in.append(byte)
                continue
            frame, self._in = bytes(self._in), bytearray()
            if frame:
                self._frame(frame)

    def _frame(self, frame: bytes) -> None:
        payload = unstuff(frame)
        if (
            payload is None
            or not 7 <= len(payload) <= self.quirks.max_payload
            or binascii.crc32(payload[:-4]).to_bytes(4, "little") != payload[-4:]
        ):
            self._error(0, 1)
            return
        self.requests += 1
        if self.requests in self.quirks.restarts:
            self._restart()
        kind, seq = struct.unpack_from("<BH", payload)
        self._request(kind, seq, payload[3:-4])

    def _request(self, kind: int, seq: int, body: bytes) -> None:
        if kind == 1:
            self._hello(seq, body)
        elif self._seq is None:
            self._error(seq, 3)
        elif seq == self._seq:
            self._out += self._stored
        elif seq != (self._seq + 1) % 65536:
            self._error(seq, 2, (self._seq + 1) % 65536)
        else:
            self._seq = seq
            handler = {2: self._reset, 3: self._ticks, 4: self._state}.get(kind)
            if handler is None:
                self._error(seq, 7, keep=True)
            else:
                handler(seq, body)

    def _send(self, kind: int, seq: int, body: bytes, *, keep: bool = True) -> None:
        head = struct.pack("<BH", kind, seq) + body
        frame = b"\0" + stuff(head + struct.pack("<I", binascii.crc32(head))) + b"\0"
        if keep:
            self._stored = frame
        self._out += frame

    def _error(self, seq: int, code: int, detail: int = 0, *, keep: bool = False) -> None:
        self._send(0xFF, seq, struct.pack("<BH", code, detail), keep=keep)

    def _hello(self, seq: int, body: bytes) -> None:
        if body[0] != 1:
            self._error(seq, 9, 1)
            return
        _, slot, nonce = struct.unpack("<BBI", body)
        if slot > 1:
            self._error(seq, 6, 2)
            return
        self._seq, self._is_reset = seq, False
        model = self._model = Meter() if slot else Tiny()
        quirks = self.quirks
        answer = struct.pack("<BBBBI", quirks.wire, 1, 2, 1, nonce)
        answer += struct.pack("<HBBI", quirks.max_payload, model.flags, quirks.counter, 10**8)
        answer += struct.pack("<HHI", model.n_in, model.n_out, len(model.state()))
        answer += quirks.digest or model.digest
        for text in (model.name, self.quirks.board, b"none", b"python"):
            answer += bytes([len(text)]) + text
        self._send(0x81, seq, answer)

    def _reset(self, seq: int, body: bytes) -> None:
        if len(body) != 1:
            self._error(seq, 4, keep=True)
            return
        self._model = type(self._model)()
        self._is_reset = True
        self._hash = binascii.crc32(self._model.state())
        self._send(0x82, seq, struct.pack("<bI", 0, self._hash))

    def _events(self, body: bytes) -> list[list[tuple[int, int]]] | None:
        ticks, at = [], 1
        layout = struct.Struct("<Hb" if self._model.flags & 1 else "<H")
        for _ in range(body[0]):
            if at + 2 > len(body):
                return None
            (n,) = struct.unpack_from("<H", body, at)
            at += 2
            if at + n * layout.size > len(body):
                return None
            events = [layout.unpack_from(body, at + k * layout.size) for k in range(n)]
            at += n * layout.size
            index = [event[0] for event in events]
            if index != sorted(set(index)) or any(i >= self._model.n_in for i in index):
                return None
            ticks.append([(event[0], event[1] if len(event) > 1 else 1) for event in events])
        return ticks if at == len(body) else None

    def _ticks(self, seq: int, body: bytes) -> None:
        if not self._is_reset:
            self._error(seq, 5, keep=True)
            return
        ticks = self._events(body) if body else None
        if ticks is None:
            self._error(seq, 4, keep=True)
            return
        done, answer = 0, b""
        worst = 8 + (4 * self._model.n_out if self._model.flags & 2 else 2 + 2 * self._model.n_out)
        for events in ticks:
            if 8 + len(answer) + worst > self.quirks.max_payload:
                break
            output = self._model.step(events)
            if output is None:
                self._is_reset = False
                self._error(seq, 8, 1, keep=True)
                return
            self._hash = binascii.crc32(self._model.state(), self._hash)
            answer += struct.pack("<II", self._hash, len(events)) + output
            done += 1
            self.executed += 1
        self._send(0x83, seq, bytes([done]) + answer)

    def _state(self, seq: int, body: bytes) -> None:
        state = self._model.state()
        if len(body) != 6:
            self._error(seq, 4, keep=True)
            return
        offset, length = struct.unpack("<IH", body)
        if offset + length > len(state) or length > self.quirks.max_payload - 7:
            self._error(seq, 4, keep=True)
            return
        self._send(0x84, seq, state[offset : offset + length])
