"""A device at the other end of a line as something that learns (SPEC.md 4.8)."""

from __future__ import annotations

import struct

from tinysnn.learn.calls import Answer, Call, decode, decode_status, expect, request
from tinysnn.learn.lesson import Outputs
from tinysnn.session import Session
from tinysnn.session_checks import exactly
from tinysnn.stimulus import Stimulus
from tinysnn.wire import OVERHEAD, Type, state_body


class WiredPupil:
    """A session's device. What it learned is lost if it restarts: then a `DeviceError` ends it."""

    def __init__(self, session: Session, learned_bytes: int) -> None:
        self._session, self._bytes = session, learned_bytes
        self.tick_counts: list[int] = []
        """What each tick took, as the device counts."""

    def reset(self) -> None:
        """See `Pupil`."""
        self._session.reset()

    def ticks(self, stimulus: Stimulus) -> Outputs:
        """See `Pupil`."""
        trace = self._session.ticks(stimulus)
        self.tick_counts += [] if trace.counts is None else trace.counts.tolist()
        return trace.output

    def call(self, call: Call, value: int = 0) -> Answer:
        """See `Pupil`."""
        return self._session.call(Type.LEARN, request(call, value), decode)

    def learned(self) -> bytes:
        """See `Pupil`."""
        most = self._session.device.max_payload - OVERHEAD
        pieces = []
        for offset in range(0, self._bytes, most):
            length = min(most, self._bytes - offset)
            body = state_body(offset, length)
            pieces.append(self._session.call(Type.LEARNED, body, exactly(length)))
        return b"".join(pieces)

    def teach(self, learned: bytes) -> Answer:
        """See `Pupil`."""
        most = self._session.device.max_payload - OVERHEAD - 4
        for offset in range(0, len(learned), most):
            body = struct.pack("<I", offset) + learned[offset : offset + most]
            self._session.call(Type.TEACH, body, decode_status)
        return expect(self.call(Call.ADOPT), Call.ADOPT, self._session.where)
