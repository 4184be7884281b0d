"""A conversation with a device over a `Link`: HELLO, RESET, batches of ticks, state (SPEC.md 3).

The session survives lost, damaged, repeated and late bytes, and a device that restarts: it says
HELLO again and replays the clip. What it cannot survive ends in a `DeviceError` in plain words.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tinysnn import wire
from tinysnn.errors import DeviceError
from tinysnn.link import Link
from tinysnn.session_checks import (
    Expected,
    NoAnswer,
    SessionLost,
    SessionStats,
    Timing,
    check_heard,
    check_model,
    check_raster,
    encoded,
    exactly,
    greeting,
    refusal,
)
from tinysnn.stimulus import Stimulus
from tinysnn.trace import Trace
from tinysnn.wire import ErrorCode, HelloAnswer, Type

T = TypeVar("T")


@dataclass
class Session:
    """One host side of the protocol over one link."""

    link: Link
    expected: Expected
    slot: int = 0
    timing: Timing = field(default_factory=Timing)
    where: str = "device"
    """What error messages call the other side."""
    entropy: random.Random = field(default_factory=random.SystemRandom)
    stats: SessionStats = field(default_factory=SessionStats)
    _hello: HelloAnswer | None = None
    _seq: int = 0
    _decoder: wire.FrameDecoder = field(default_factory=wire.FrameDecoder)

    @property
    def device(self) -> HelloAnswer:
        """What the device said in its last HELLO answer.

        Raises
        ------
        DeviceError: `connect` has not succeeded yet.

        """
        if self._hello is None:
            raise DeviceError("no session yet", where=self.where, fix="Connect first.")
        return self._hello

    def connect(self) -> HelloAnswer:
        """Begin a session and check that the device runs the expected model.

        Raises
        ------
        DeviceError: no answer, another wire version, another model, no such slot.

        """
        received = self.stats.received
        for part in range(2):  # a second sequence number, should the first be in use by chance
            self._seq = self.entropy.randrange(1 << 16)
            nonce = self.entropy.randrange(1 << 32)
            body, decode = wire.hello_body(self.slot, nonce), partial(greeting, nonce=nonce)
            for wait_s in self._hello_waits(part):
                answer = self._ask(Type.HELLO, body, wait_s, decode)
                if answer is not None:
                    return self._begin(answer)
        raise self._silent(heard=self.stats.received > received)

    def _hello_waits(self, part: int) -> list[float]:
        half = max(self.timing.hello_tries // 2, 1)
        tries = range(part * half, part * half + half)
        slowest = self.timing.hello_slow_s
        return [min(self.timing.hello_s * 2 ** max(k - 4, 0), slowest) for k in tries]

    def _silent(self, *, heard: bool) -> NoAnswer:
        if heard:
            return NoAnswer(
                "something answers, but not with tinysnn frames",
                where=self.where,
                fix="Check the baud rate, the wiring, and that the tinysnn firmware is flashed.",
                heard=True,
            )
        return NoAnswer(
            "no answer",
            where=self.where,
            fix="Check the port's name, the power, the wiring (TX and RX crossed, common ground), "
            "the baud rate, and that the tinysnn firmware is flashed.",
            heard=False,
        )

    def _begin(self, hello: HelloAnswer) -> HelloAnswer:
        check_model(hello, self.expected, self.where)
        self._hello = hello
        self.stats.sessions += 1
        return hello

    # -- one request ------------------------------------------------------------------------

    def call(self, kind: Type, body: bytes, decode: Callable[[bytes], T]) -> T:
        """Send a request until its answer comes, a limited number of times."""
        self._seq = (self._seq + 1) & 0xFFFF
        for _ in range(self.timing.tries):
            answer = self._ask(kind, body, self.timing.answer_s, decode)
            if answer is not None:
                return answer
            self.stats.resent += 1
        raise DeviceError(
            f"no usable answer to {kind.name} after {self.timing.tries} tries",
            where=self.where,
            fix="Check the cable and the baud rate; restart the device.",
        )

    def _ask(
        self, kind: Type, body: bytes, wait_s: float, decode: Callable[[bytes], T]
    ) -> T | None:
        """Send once; the answer, or None if none came in time or the line was disturbed."""
        self.stats.requests += 1
        self.link.write(wire.encode_frame(kind, self._seq, body))
        deadline = time.monotonic() + wait_s
        while (left_s := deadline - time.monotonic()) > 0:
            data = self.link.read(left_s)
            if not data:
                return None
            self.stats.received += len(data)
            for frame in self._decoder.feed(data):
                if frame is None or self._is_hint(frame):
                    deadline = min(deadline, time.monotonic() + self.timing.quiet_s)
                elif self._is_answer(frame, kind):
                    try:
                        return decode(frame.body)
                    except wire.WireError as error:
                        raise self._odd(kind, error) from None
                else:
                    self.stats.ignored += 1
        return None

    def _is_hint(self, frame: wire.Frame) -> bool:
        if frame.type != wire.ERROR_TYPE:
            return False
        hint = frame.body[:1] == bytes([ErrorCode.BAD_FRAME]) and len(frame.body) == 3
        self.stats.hints += hint
        return hint

    def _is_answer(self, frame: wire.Frame, kind: Type) -> bool:
        if frame.seq != self._seq:
            return False
        if frame.type == wire.ERROR_TYPE:
            try:
                self._fail(kind, *wire.decode_error(frame.body))
            except wire.WireError as error:
                raise self._odd(kind, error) from None
        return frame.type == wire.answer_type(kind)

    def _odd(self, kind: Type, error: wire.WireError) -> DeviceError:
        return DeviceError(
            f"the answer to {kind.name} breaks the protocol ({error})",
            where=self.where,
            fix="Flash the firmware of this tinysnn version.",
        )

    def _fail(self, kind: Type, code: int, detail: int) -> None:
        """Raise what an ERROR answer means; a BAD_SEQ to HELLO is an old one and ignored."""
        if code in (ErrorCode.BAD_SEQ, ErrorCode.NO_SESSION):
            if kind is Type.HELLO:
                return
            raise SessionLost(
                f"the device forgot the session ({wire.error_name(code)})", where=self.where
            )
        if code == ErrorCode.NO_RESET and kind is not Type.RESET:
            raise SessionLost("the device forgot the reset", where=self.where)
        raise refusal(kind, code, detail, self.where, self.slot)

    # -- a clip -----------------------------------------------------------------------------

    def run_clip(self, stimulus: Stimulus, *, keep_states: bool = False) -> Trace:
        """Reset the model (state poisoned first) and run one clip.

        Raises
        ------
        StimulusError: the raster does not fit the model.
        DeviceError: the device is gone, restarts over and over, or breaks the protocol.

        """
        check_raster(stimulus, self.expected)
        for _ in range(self.timing.replays + 1):
            try:
                if self._hello is None:
                    self.connect()
                return self._clip(stimulus, keep_states=keep_states)
            except SessionLost as lost:  # noqa: PERF203 (a clip takes milliseconds)
                last = lost
                self._hello = None
                self.stats.replays += 1
        raise DeviceError(
            f"the device restarted {self.timing.replays + 1} times during one clip; {last.what}",
            where=self.where,
            fix="Check its power supply, and the stack size of the image.",
        )

    def _clip(self, stimulus: Stimulus, *, keep_states: bool) -> Trace:
        first_hash = self.reset()
        states = [self._state()] if keep_states else []
        results = self._all_ticks(stimulus, states if keep_states else None)
        return self._trace(first_hash, results, states)

    def hear(self, samples: npt.NDArray[np.int16]) -> list[tuple[int, int] | None]:
        """Go on from the present state with raw samples; see `tinysnn.run.base.Listener`.

        Raises
        ------
        DeviceError: the device is gone, or has restarted.

        """
        hop = self.expected.hop
        starts = range(0, samples.size - hop + 1, hop)
        ticks = [wire.encode_samples(samples[at : at + hop]) for at in starts]
        found: list[tuple[int, int] | None] = []
        while len(found) < len(ticks):
            done = self._batch(Type.SAMPLES, ticks, len(found), 0)
            found += [None if result is None else result.decision for result in done]
        return found

    def ticks(self, stimulus: Stimulus) -> Trace:
        """Go on from the present state: no reset, and no second try if the device restarts.

        Raises as `run_clip`.
        """
        check_raster(stimulus, self.expected)
        return self._trace(0, self._all_ticks(stimulus, None), [])

    def _all_ticks(self, stimulus: Stimulus, states: list[bytes] | None) -> list[wire.TickResult]:
        """Run a clip tick by tick; the state after each goes to `states`."""
        results: list[wire.TickResult] = []
        kind, ticks = encoded(stimulus, self.expected)
        sent = 0
        while sent < len(ticks):
            done = self._batch(kind, ticks, sent, 0 if states is None else 1)
            sent += len(done)
            results += [result for result in done if result is not None]
            if states is not None and len(results) == len(states):
                states.append(self._state())
        check_heard(len(results), stimulus.n_ticks, self.where)
        return results

    def reset(self) -> int:
        """Poison the state and reset the model; the state's hash."""
        body = wire.reset_body(wire.POISON)
        status, first_hash = self.call(Type.RESET, body, wire.decode_reset)
        if status != 0:
            raise DeviceError(
                f"the model's init failed with status {status}",
                where=self.where,
                fix="Flash the image again.",
            )
        return first_hash

    def _batch(
        self, kind: Type, ticks: list[bytes], start: int, most: int
    ) -> Sequence[wire.TickResult | None]:
        batch = self._fitting(ticks, start, most or self.timing.batch_ticks)
        expected = self.expected

        def decode(body: bytes) -> Sequence[wire.TickResult | None]:
            results: Sequence[wire.TickResult | None]
            results = (wire.decode_samples if kind is Type.SAMPLES else wire.decode_ticks)(
                body, expected.n_out, values=expected.value_output, decides=expected.decides
            )
            if not 1 <= len(results) <= len(batch):
                raise wire.WireError(f"{len(results)} of {len(batch)} ticks done")
            return results

        return self.call(kind, wire.ticks_body(batch), decode)

    def _fitting(self, ticks: list[bytes], start: int, most: int) -> list[bytes]:
        """As many ticks from start on as one request may carry."""
        room = self.device.max_payload - wire.OVERHEAD - 1
        batch: list[bytes] = []
        for tick in ticks[start : start + min(most, wire.MAX_BATCH)]:
            room -= len(tick)
            if room < 0:
                break
            batch.append(tick)
        if not batch:
            raise DeviceError(
                f"tick {start} needs {len(ticks[start])} bytes, the device takes "
                f"{self.device.max_payload} per frame",
                where=self.where,
                fix="Build the image again for this pack.",
            )
        return batch

    def _state(self) -> bytes:
        """The state's bytes now."""
        most = self.device.max_payload - wire.OVERHEAD
        pieces = []
        for offset in range(0, self.expected.state_bytes, most):
            length = min(most, self.expected.state_bytes - offset)
            pieces.append(self.call(Type.STATE, wire.state_body(offset, length), exactly(length)))
        return b"".join(pieces)

    def _trace(self, first_hash: int, results: list[wire.TickResult], states: list[bytes]) -> Trace:
        output = np.zeros((len(results), self.expected.n_out), np.int32)
        for tick, result in enumerate(results):
            output[tick] = result.output
        hashes = np.array([first_hash, *(r.state_hash for r in results)], np.uint32)
        counts: npt.NDArray[np.uint32] | None = None
        front_counts: npt.NDArray[np.uint32] | None = None
        if self.device.counter is not wire.Counter.NONE:
            counts = np.array([r.count for r in results], np.uint32)
            if results and results[0].front_count is not None:
                front_counts = np.array([r.front_count for r in results], np.uint32)
        rows = np.frombuffer(b"".join(states), np.uint8).reshape(-1, self.expected.state_bytes)
        decisions = None
        if self.expected.decides:
            found = [r.decision for r in results if r.decision is not None]
            decisions = np.array(found, np.int32).reshape(-1, 2)
        return Trace(output, hashes, counts, rows if states else None, front_counts, decisions)
