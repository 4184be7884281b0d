"""Calls of a device's learner, as numbers on the wire and as answers (SPEC.md 4.8)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from tinysnn.errors import DeviceError
from tinysnn.frame import WireError
from tinysnn.learn.learner import Status


class Call(IntEnum):
    """What LEARN asks for."""

    INIT = 0
    BEGIN = 1
    LABEL = 2
    REWARD = 3
    END = 4
    ADD_CLASS = 5
    ADOPT = 6
    SAVE = 7
    LOAD = 8


@dataclass(frozen=True)
class Answer:
    """What a learner says to a call."""

    status: int
    value: int
    """The number of a new class; else 0."""
    count: int
    """What the call took, as the device counts; 0 where nothing counts."""
    hash: int
    """CRC-32 of what is learned now."""


_REQUEST = struct.Struct("<Bh")
_ANSWER = struct.Struct("<bHII")
WORDS = {
    Status.ARG: "a class, reward or address that is not there",
    Status.ORDER: "called out of order",
    Status.FULL: "there is no room left",
    Status.DATA: "what is learned is damaged",
    Status.FLASH: "the device has no flash for it, or it cannot be erased or written",
    Status.FOREIGN: "what was saved belongs to another model or another runtime",
    Status.EMPTY: "nothing was saved",
}


def request(call: Call, value: int) -> bytes:
    """Body of a LEARN request; value is an i16."""
    return _REQUEST.pack(call, value)


def decode(body: bytes) -> Answer:
    """A LEARN answer.

    Raises
    ------
    WireError: wrong length.

    """
    if len(body) != _ANSWER.size:
        raise WireError("LEARN answer of wrong length")
    return Answer(*_ANSWER.unpack(body))


def decode_status(body: bytes) -> int:
    """The status in the answer to TEACH."""
    if len(body) != 1:
        raise WireError("TEACH answer of wrong length")
    return int(struct.unpack("<b", body)[0])


def words(status: int) -> str:
    """A status for people."""
    known = {int(key): text for key, text in WORDS.items()}
    return known.get(status, f"status {status}")


def expect(answer: Answer, call: Call, where: str) -> Answer:
    """The answer, if its status is OK.

    Raises
    ------
    DeviceError: the learner refused, and why.

    """
    if answer.status != Status.OK:
        raise DeviceError(
            f"{call.name} was refused: {words(answer.status)} (status {answer.status})",
            where=where,
        )
    return answer


Caller = Callable[[Call, int], Answer]
"""A device's learner: call it with a number."""
