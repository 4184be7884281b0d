"""Frames of the serial protocol (docs/SPEC.md, 3.1): COBS, sequence number, CRC-32."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from cobs import cobs

OVERHEAD = 7
"""Bytes of a payload that are not body: type, sequence number, checksum."""
MAX_PAYLOAD = 0xFFFF


class WireError(ValueError):
    """Bytes that are not a frame, or a frame that is not the message it claims to be."""


@dataclass(frozen=True)
class Frame:
    """One undamaged frame."""

    type: int
    seq: int
    body: bytes


def encode_frame(kind: int, seq: int, body: bytes) -> bytes:
    """Bytes on the line of one frame, both delimiters included."""
    head = struct.pack("<BH", kind, seq) + body
    payload = head + struct.pack("<I", zlib.crc32(head))
    return b"\0" + bytes(cobs.encode(payload)) + b"\0"


def decode_payload(encoded: bytes, max_payload: int = MAX_PAYLOAD) -> Frame:
    """The frame between two delimiters.

    Raises
    ------
    WireError: not COBS, too short, too long, or a wrong checksum.

    """
    try:
        payload = bytes(cobs.decode(encoded))
    except cobs.DecodeError as error:
        raise WireError(f"not COBS: {error}") from None
    if not OVERHEAD <= len(payload) <= max_payload:
        raise WireError(f"payload of {len(payload)} bytes")
    (crc,) = struct.unpack_from("<I", payload, len(payload) - 4)
    if zlib.crc32(payload[:-4]) != crc:
        raise WireError("wrong checksum")
    kind, seq = struct.unpack_from("<BH", payload)
    return Frame(kind, seq, payload[3:-4])


class FrameDecoder:
    """Cuts a byte stream into frames; memory is bounded whatever arrives."""

    def __init__(self, max_payload: int = MAX_PAYLOAD) -> None:
        self.max_payload = max_payload
        self.bad_frames = 0
        """Damaged frames seen so far."""
        self._partial = bytearray()
        self._overlong = False

    @property
    def pending(self) -> bool:
        """Whether a frame has begun and not ended."""
        return bool(self._partial) or self._overlong

    def feed(self, data: bytes) -> Iterator[Frame | None]:
        """Frames that end within data, in order; None for each damaged one."""
        *ended, rest = data.split(b"\0")
        for piece in ended:
            self._extend(piece)
            if self.pending:
                yield self._finish()
        self._extend(rest)

    def _extend(self, piece: bytes) -> None:
        self._partial += piece
        if len(self._partial) > self.max_payload + self.max_payload // 254 + 1:
            self._partial.clear()
            self._overlong = True

    def _finish(self) -> Frame | None:
        encoded, overlong = bytes(self._partial), self._overlong
        self._partial.clear()
        self._overlong = False
        frame = None
        if not overlong:
            with suppress(WireError):
                frame = decode_payload(encoded, self.max_payload)
        self.bad_frames += frame is None
        return frame
