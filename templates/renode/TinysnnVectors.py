# SPDX-License-Identifier: Apache-2.0
"""Keywords of a generated Robot Framework suite: frames of the tinysnn serial protocol.

Needs nothing but Python: the folder it lies in runs wherever Renode is, without tinysnn.
"""

from __future__ import annotations

import json
import struct
import tempfile
import zlib
from pathlib import Path
from typing import Any

HEAD = struct.Struct("<BBBBIHBBIHHI32s")
"""The numbers of an answer to HELLO."""
BURST_BYTES = 32
"""Bytes that reach the UART at once; the machine then runs for as long as they take on a line."""


class TinysnnVectors:
    """Requests to a device, and the answers that the integer reference gives."""

    ROBOT_LIBRARY_SCOPE = "TEST"

    def __init__(self, path: str) -> None:
        self._vectors = json.loads(Path(path).read_text(encoding="utf-8"))
        self._answers = Path()
        self._at = 0

    def new_answer_file(self) -> str:
        """Name a file, which does not exist yet, for the bytes that the device sends."""
        self._answers = Path(tempfile.mkdtemp(prefix="tinysnn-")) / "answers"
        self._at = 0
        return self._answers.as_posix().replace(" ", "\\ ")

    def number_of_exchanges(self) -> int:
        """How many requests there are."""
        return len(self._vectors["exchanges"])

    def request_bursts(self, number: int) -> list[list[str]]:
        """The bytes of a request, as texts for Renode's monitor, in bursts."""
        frame = bytes.fromhex(self._vectors["exchanges"][int(number)]["request"])
        texts = [f"0x{byte:02X}" for byte in frame]
        return [texts[at : at + BURST_BYTES] for at in range(0, len(texts), BURST_BYTES)]

    def answer_is_complete(self) -> bool:
        """Whether a whole frame has come since the last answer."""
        return self._frame() is not None

    def answer_should_be_as_expected(self, number: int) -> None:
        """Compare the answer with the reference's, and take it as read."""
        exchange = self._vectors["exchanges"][int(number)]
        what, wanted = exchange["what"], exchange["answer"]
        frame = self._frame()
        if frame is None:
            raise AssertionError(f"{what}: no answer")
        self._at += frame[1]
        kind, body = checked(frame[0], exchange["seq"])
        if kind != wanted["type"]:
            raise AssertionError(f"{what}: answer of type 0x{kind:02X}: {body.hex()}")
        compare = {0x81: compare_hello, 0x82: compare_reset, 0x83: compare_ticks}[kind]
        compare(what, body, wanted)

    def _frame(self) -> tuple[bytes, int] | None:
        """Bytes of the next frame, and how far it reaches; None if it is not whole."""
        if not self._answers.is_file():
            return None
        data = self._answers.read_bytes()[self._at :]
        start = len(data) - len(data.lstrip(b"\0"))
        end = data.find(b"\0", start)
        return None if end < 0 else (data[start:end], end + 1)


def checked(encoded: bytes, seq: int) -> tuple[int, bytes]:
    """Type and body of a frame whose checksum and sequence number are right."""
    payload = unstuffed(encoded)
    if len(payload) < 7 or zlib.crc32(payload[:-4]) != struct.unpack("<I", payload[-4:])[0]:
        raise AssertionError(f"damaged frame: {encoded.hex()}")
    if struct.unpack_from("<H", payload, 1)[0] != seq:
        raise AssertionError("answer to another request")
    return payload[0], payload[3:-4]


def unstuffed(encoded: bytes) -> bytes:
    """The bytes of a COBS block."""
    decoded, at = bytearray(), 0
    while at < len(encoded):
        code = encoded[at]
        decoded += encoded[at + 1 : at + code]
        at += code
        if code < 0xFF and at < len(encoded):
            decoded.append(0)
    return bytes(decoded)


def compare_hello(what: str, body: bytes, wanted: dict[str, Any]) -> None:
    """Whether it is the right model for the right board."""
    numbers, texts, at = HEAD.unpack_from(body), [], HEAD.size
    while at < len(body):
        texts.append(body[at + 1 : at + 1 + body[at]].decode("ascii"))
        at += 1 + body[at]
    found = {
        "wire": numbers[0],
        "flags": numbers[6],
        "n_in": numbers[9],
        "n_out": numbers[10],
        "state_bytes": numbers[11],
        "digest": numbers[12].hex(),
        "name": texts[0],
        "board": texts[1],
    }
    for name, value in found.items():
        if value != wanted[name]:
            raise AssertionError(f"{what}: {name} is {value!r}, not {wanted[name]!r}")


def compare_reset(what: str, body: bytes, wanted: dict[str, Any]) -> None:
    """Whether the state after the reset has the right hash."""
    if body.hex() != wanted["body"]:
        raise AssertionError(f"{what}: {body.hex()}, not {wanted['body']}")


def compare_ticks(what: str, body: bytes, wanted: dict[str, Any]) -> None:
    """Whether every tick has the right hash of the state and the right output."""
    if not body or body[0] != len(wanted["ticks"]):
        raise AssertionError(f"{what}: {body[:1].hex()} ticks done, not {len(wanted['ticks']):02x}")
    at = 1
    for number, tick in enumerate(wanted["ticks"], wanted["first"]):
        output = bytes.fromhex(tick["output"])
        (state_hash,) = struct.unpack_from("<I", body, at)
        found = body[at + 8 : at + 8 + len(output)]  # between them: what the tick cost
        if state_hash != tick["hash"] or found != output:
            raise AssertionError(
                f"{what}: tick {number} differs: state hash {state_hash:08x}, output "
                f"{found.hex()}; the reference has {tick['hash']:08x}, {tick['output']}"
            )
        at += 8 + len(output)
    if at != len(body):
        raise AssertionError(f"{what}: {len(body) - at} bytes left over")
