"""Messages of the serial protocol (docs/SPEC.md, section 3), as pure functions.

Decoding is strict: a byte too many or too few, a wrong checksum or a number out of range raises
`WireError`, which never leaves the session (it counts as a damaged frame or ends in a
`DeviceError`).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from tinysnn.frame import OVERHEAD, Frame, FrameDecoder, WireError, encode_frame

__all__ = ["OVERHEAD", "Frame", "FrameDecoder", "WireError", "encode_frame"]


WIRE_VERSION = 1
MIN_PAYLOAD = 256
"""No device announces less: its longest HELLO answer fits."""
FLAG_GRADED_INPUT = 1
FLAG_VALUE_OUTPUT = 2
FLAG_DECIDES = 4
POISON = 1
"""RESET flag: fill the state with 0xA5 before init."""
NOTHING_FOUND = 0xFFFF
"""Class on the wire of a tick in which nothing was decided."""
MAX_BATCH = 255
"""Ticks that fit the count byte of a TICKS request."""


class Type(IntEnum):
    """Request types; the answer's type is the request's with the top bit set."""

    HELLO = 0x01
    RESET = 0x02
    TICKS = 0x03
    STATE = 0x04
    LEARN = 0x05
    LEARNED = 0x06
    TEACH = 0x07
    SAMPLES = 0x10


ERROR_TYPE = 0xFF


def answer_type(request: int) -> int:
    """Type of the answer to a request type."""
    return request | 0x80


class ErrorCode(IntEnum):
    """Codes of an ERROR answer."""

    BAD_FRAME = 1
    BAD_SEQ = 2
    NO_SESSION = 3
    BAD_BODY = 4
    NO_RESET = 5
    BAD_SLOT = 6
    BAD_TYPE = 7
    MODEL = 8
    BAD_VERSION = 9


class Counter(IntEnum):
    """What the `count` of a tick counts."""

    NONE = 0
    INSTRUCTIONS = 1
    CYCLES = 2
    TIMER = 3


@dataclass(frozen=True)
class HelloAnswer:
    """What a device says about itself."""

    wire: int
    abi: int
    n_slots: int
    credits: int
    nonce: int
    max_payload: int
    flags: int
    counter: Counter
    clock_hz: int
    n_in: int
    n_out: int
    state_bytes: int
    digest: bytes
    name: str
    board: str
    core: str
    compiler: str


_HELLO = struct.Struct("<BBBBIHBBIHHI32s")


def hello_body(slot: int, nonce: int) -> bytes:
    """Body of a HELLO request."""
    return struct.pack("<BBI", WIRE_VERSION, slot, nonce)


def decode_hello(body: bytes) -> HelloAnswer:
    """A HELLO answer.

    Raises
    ------
    WireError: wrong length, no ASCII, or a number that no device may announce.

    """
    if len(body) < _HELLO.size:
        raise WireError("HELLO answer too short")
    numbers = _HELLO.unpack_from(body)
    texts, end = [], _HELLO.size
    for _ in range(4):
        text, end = _decode_str(body, end)
        texts.append(text)
    if end != len(body):
        raise WireError("HELLO answer too long")
    named = dict(zip((f.name for f in fields(HelloAnswer)), (*numbers, *texts), strict=True))
    if named["max_payload"] < MIN_PAYLOAD:
        raise WireError(f"max_payload {named['max_payload']}")
    if named["counter"] not in Counter._value2member_map_:
        raise WireError(f"counter {named['counter']}")
    return HelloAnswer(**{**named, "counter": Counter(named["counter"])})


def _decode_str(body: bytes, at: int) -> tuple[str, int]:
    if at >= len(body) or at + 1 + body[at] > len(body):
        raise WireError("string beyond the end")
    end = at + 1 + body[at]
    raw = body[at + 1 : end]
    if not all(0x20 <= byte < 0x7F for byte in raw):
        raise WireError("string is not printable ASCII")
    return raw.decode("ascii"), end


def reset_body(flags: int = POISON) -> bytes:
    """Body of a RESET request."""
    return struct.pack("<B", flags)


def decode_reset(body: bytes) -> tuple[int, int]:
    """Status and state hash of a RESET answer."""
    if len(body) != 5:
        raise WireError("RESET answer of wrong length")
    status, state_hash = struct.unpack("<bI", body)
    return int(status), int(state_hash)


_GRADED = np.dtype([("index", "<u2"), ("value", "i1")])


def encode_tick(row: npt.NDArray[np.int8], *, graded: bool) -> bytes:
    """One tick of a TICKS request: its events; row has shape [n_in]."""
    active = np.flatnonzero(row)
    head = struct.pack("<H", active.size)
    if not graded:
        return head + active.astype("<u2").tobytes()
    events = np.empty(active.size, _GRADED)
    events["index"] = active
    events["value"] = row[active]
    return head + events.tobytes()


def encode_samples(samples: npt.NDArray[np.int16]) -> bytes:
    """One tick of a SAMPLES request: raw samples [hop]."""
    return samples.astype("<i2").tobytes()


def ticks_body(ticks: Sequence[bytes]) -> bytes:
    """Body of a TICKS or SAMPLES request from encoded ticks; at most MAX_BATCH ticks."""
    return bytes([len(ticks)]) + b"".join(ticks)


@dataclass(frozen=True, eq=False)
class TickResult:
    """What a device says of one tick."""

    state_hash: int
    count: int
    output: npt.NDArray[np.int32]
    """[n_out]: spikes (0, 1) or membranes."""
    front_count: int | None = None
    """What the counter counted in the front end; None: the device was given events."""
    decision: tuple[int, int] | None = None
    """Class decided in the tick (-1: none) and margin; None: the model decides nothing."""


def decode_ticks(
    body: bytes, n_out: int, *, values: bool, decides: bool = False
) -> list[TickResult]:
    """A TICKS answer; values: the model's output is membranes, not spikes; decides: SPEC.md 6.

    Raises
    ------
    WireError: wrong length, or spikes not ascending or beyond n_out.

    """
    if not body:
        raise WireError("TICKS answer is empty")
    results, at = [], 1
    for _ in range(body[0]):
        result, at = _decode_tick(body, at, n_out, values=values, decides=decides)
        results.append(result)
    if at != len(body):
        raise WireError("TICKS answer too long")
    return results


def decode_samples(
    body: bytes, n_out: int, *, values: bool, decides: bool = False
) -> list[TickResult | None]:
    """A SAMPLES answer; None for ticks in which the front end had nothing to give yet.

    Raises
    ------
    WireError: as `decode_ticks`.

    """
    if not body:
        raise WireError("SAMPLES answer is empty")
    results: list[TickResult | None] = []
    at = 1
    for _ in range(body[0]):
        if at + 5 > len(body) or body[at] > 1:
            raise WireError("SAMPLES answer too short, or neither ready nor not")
        ready, front_count = struct.unpack_from("<BI", body, at)
        result, at = None, at + 5
        if ready:
            found, at = _decode_tick(body, at, n_out, values=values, decides=decides)
            result = replace(found, front_count=front_count)
        results.append(result)
    if at != len(body):
        raise WireError("SAMPLES answer too long")
    return results


def _decode_tick(
    body: bytes, at: int, n_out: int, *, values: bool, decides: bool
) -> tuple[TickResult, int]:
    if at + 8 > len(body):
        raise WireError("answer too short")
    state_hash, count = struct.unpack_from("<II", body, at)
    output, at = (_decode_values if values else _decode_spikes)(body, at + 8, n_out)
    if not decides:
        return TickResult(state_hash, count, output), at
    if at + 6 > len(body):
        raise WireError("answer too short")
    found, margin = struct.unpack_from("<Hi", body, at)
    if found >= n_out and found != NOTHING_FOUND:
        raise WireError(f"class {found} of {n_out} was decided")
    decision = (-1 if found == NOTHING_FOUND else found, margin)
    return TickResult(state_hash, count, output, decision=decision), at + 6


def _decode_values(body: bytes, at: int, n_out: int) -> tuple[npt.NDArray[np.int32], int]:
    end = at + 4 * n_out
    if end > len(body):
        raise WireError("TICKS answer too short")
    return np.frombuffer(body, "<i4", n_out, at).astype(np.int32), end


def _decode_spikes(body: bytes, at: int, n_out: int) -> tuple[npt.NDArray[np.int32], int]:
    if at + 2 > len(body):
        raise WireError("TICKS answer too short")
    (n,) = struct.unpack_from("<H", body, at)
    end = at + 2 + 2 * n
    if n > n_out or end > len(body):
        raise WireError("more spikes than outputs or bytes")
    index = np.frombuffer(body, "<u2", n, at + 2).astype(np.int64)
    if n and (index[-1] >= n_out or np.any(np.diff(index) <= 0)):
        raise WireError("spikes not ascending or beyond the outputs")
    output = np.zeros(n_out, np.int32)
    output[index] = 1
    return output, end


def state_body(offset: int, length: int) -> bytes:
    """Body of a STATE request."""
    return struct.pack("<IH", offset, length)


def decode_error(body: bytes) -> tuple[int, int]:
    """Code and detail of an ERROR answer."""
    if len(body) != 3:
        raise WireError("ERROR answer of wrong length")
    code, detail = struct.unpack("<BH", body)
    return int(code), int(detail)


def error_name(code: int) -> str:
    """Name of an error code, for messages."""
    return ErrorCode(code).name if code in ErrorCode._value2member_map_ else f"code {code}"
