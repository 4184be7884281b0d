"""A wire client written from SPEC.md 3 alone, so that it shares no fault with tinysnn's."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cobs import cobs

HELLO, RESET, TICKS, STATE = 1, 2, 3, 4
SAMPLES = 0x10
ERROR = 0xFF
BAD_FRAME, BAD_SEQ, NO_SESSION, BAD_BODY, NO_RESET = 1, 2, 3, 4, 5
BAD_SLOT, BAD_TYPE, MODEL, BAD_VERSION = 6, 7, 8, 9
MAX_PAYLOAD = 256


def payload(kind: int, seq: int, body: bytes = b"") -> bytes:
    head = struct.pack("<BH", kind, seq) + body
    return head + struct.pack("<I", zlib.crc32(head))


def stuffed(data: bytes) -> bytes:
    encoded: bytes = cobs.encode(data)
    return b"\0" + encoded + b"\0"


def frame(kind: int, seq: int, body: bytes = b"") -> bytes:
    return stuffed(payload(kind, seq, body))


def hello_body(slot: int = 0, nonce: int = 0x1234_5678, version: int = 1) -> bytes:
    return struct.pack("<BBI", version, slot, nonce)


def spikes_body(ticks: Sequence[Sequence[int]]) -> bytes:
    each = (struct.pack(f"<H{len(tick)}H", len(tick), *tick) for tick in ticks)
    return bytes([len(ticks)]) + b"".join(each)


def graded_body(ticks: Sequence[Sequence[tuple[int, int]]]) -> bytes:
    text = bytes([len(ticks)])
    for tick in ticks:
        text += struct.pack("<H", len(tick))
        text += b"".join(struct.pack("<Hb", index, value) for index, value in tick)
    return text


def samples_body(ticks: Sequence[Sequence[int]]) -> bytes:
    return bytes([len(ticks)]) + b"".join(struct.pack(f"<{len(t)}h", *t) for t in ticks)


@dataclass
class Answer:
    kind: int
    seq: int
    body: bytes

    @property
    def error(self) -> tuple[int, int]:
        """(code, detail) of an ERROR."""
        assert self.kind == ERROR
        code, detail = struct.unpack("<BH", self.body)
        return code, detail


class Line:
    """Frames over two functions: write(bytes), and read(timeout_s) -> some bytes or b""."""

    def __init__(self, write: Callable[[bytes], None], read: Callable[[float], bytes]) -> None:
        self.write = write
        self.read = read
        self._waiting: list[bytes] = []
        self._partial = b""

    def answer(self, timeout_s: float = 5.0) -> Answer | None:
        """The next frame; None if none comes in time."""
        while not self._waiting:
            more = self.read(timeout_s)
            if not more:
                return None
            *whole, self._partial = (self._partial + more).split(b"\0")
            self._waiting += [text for text in whole if text]
        data = cobs.decode(self._waiting.pop(0))
        assert zlib.crc32(data[:-4]) == struct.unpack("<I", data[-4:])[0]
        return Answer(data[0], struct.unpack("<H", data[1:3])[0], data[3:-4])

    def ask(self, kind: int, seq: int, body: bytes = b"", timeout_s: float = 5.0) -> Answer:
        """Send a request and wait for its answer; those to a repeated HELLO are passed over."""
        self.write(frame(kind, seq, body))
        while True:
            answer = self.answer(timeout_s)
            assert answer is not None, "no answer"
            if answer.seq == seq:
                return answer

    def connect(self, seq: int = 100, slot: int = 0, tries: int = 1) -> Answer:
        """HELLO, repeated while a booting board does not hear it."""
        for _ in range(tries):
            self.write(frame(HELLO, seq, hello_body(slot)))
            answer = self.answer(5.0 if tries == 1 else 0.1)
            if answer is not None and answer.kind == HELLO | 0x80:
                return answer
        raise AssertionError("no HELLO")


def read_texts(body: bytes) -> list[str]:
    """The texts behind the fixed part of HELLO's answer: model, board, core, compiler."""
    at, texts = 56, []
    while at < len(body):
        texts.append(body[at + 1 : at + 1 + body[at]].decode("ascii"))
        at += 1 + body[at]
    assert at == len(body)
    return texts


@dataclass
class Ticks:
    """What TICKS of a spiking model brought."""

    hashes: list[int]
    counts: list[int]
    spikes: list[list[int]]


def read_ticks(body: bytes) -> Ticks:
    ticks = Ticks([], [], [])
    at = 1
    for _ in range(body[0]):
        state_hash, count, n = struct.unpack_from("<IIH", body, at)
        ticks.hashes.append(state_hash)
        ticks.counts.append(count)
        ticks.spikes.append(list(struct.unpack_from(f"<{n}H", body, at + 10)))
        at += 10 + 2 * n
    assert at == len(body)
    return ticks


class Tiny:
    """tests/firmware/model/tsnn_tiny.c, slot 0, in Python."""

    def __init__(self) -> None:
        self.ticks = 0
        self.v = [1, -2, 3, -4, 5]
        self.hash = zlib.crc32(self.state)

    @property
    def state(self) -> bytes:
        return struct.pack("<I5hH", self.ticks, *self.v, 0)

    def step(self, events: Sequence[int]) -> list[int]:
        for index in events:
            self.v[index % 5] += index + 1
        spikes = [j for j in range(5) if self.v[j] >= 8]
        for j in spikes:
            self.v[j] -= 8
        self.ticks += 1
        self.hash = zlib.crc32(self.state, self.hash)
        return spikes

    def run(self, ticks: Sequence[Sequence[int]]) -> tuple[list[int], list[list[int]]]:
        """Hashes and spikes of some ticks."""
        hashes, spikes = [], []
        for events in ticks:
            spikes.append(self.step(events))
            hashes.append(self.hash)
        return hashes, spikes


SOME_TICKS = [[0, 1, 5], [], [2, 3, 4, 5], [0, 1, 2, 3, 4, 5], [4]]


def check_session(line: Line, *, tries: int = 1) -> tuple[Answer, Ticks]:
    """HELLO, RESET over poisoned state, two batches of TICKS: all must be right."""
    hello = line.connect(7, tries=tries)
    tiny = Tiny()
    reset = line.ask(RESET, 8, b"\1")
    assert reset.body == struct.pack("<bI", 0, tiny.hash)
    for seq in (9, 10):
        ticks = read_ticks(line.ask(TICKS, seq, spikes_body(SOME_TICKS)).body)
        assert (ticks.hashes, ticks.spikes) == tiny.run(SOME_TICKS)
    return hello, ticks
