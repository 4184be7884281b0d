"""A link that damages what passes it, for tests of everything that is built on links."""

from __future__ import annotations

import math
import random
import time
from collections import Counter, deque
from dataclasses import dataclass

from tinysnn.link import Link, link_ended


@dataclass(frozen=True)
class Faults:
    """What a `FaultyLink` does to the bytes that pass it: expected faults per 64 bytes."""

    seed: int = 0
    drop: float = 0.0
    """Lose up to 16 bytes."""
    repeat: float = 0.0
    """Deliver up to 16 bytes twice."""
    flip: float = 0.0
    """Invert one bit."""
    split: float = 0.0
    """Deliver what follows separately."""
    stall: float = 0.0
    """Hold what follows back for a few reads."""
    disconnect_after: int | None = None
    """End the stream after so many bytes, both directions together."""


_KINDS = ("drop", "repeat", "flip", "split", "stall")
_PER_BYTES = 64
_LONGEST = 16


class _Damage:
    """One direction. Where faults fall depends on the bytes' positions, not on their chunks."""

    def __init__(self, faults: Faults, direction: str, injected: Counter[str]) -> None:
        self.queue: deque[tuple[int, bytes]] = deque()
        """What is to be delivered: how many reads to hold it back, and the bytes."""
        self._rates = {kind: getattr(faults, kind) / _PER_BYTES for kind in _KINDS}
        self._random = random.Random(f"{faults.seed} {direction}")  # noqa: S311 (no secrets)
        self._until = {kind: self._gap(kind) for kind in _KINDS}
        self._injected = injected
        self._dropping = 0
        self._recent: deque[int] = deque(maxlen=_LONGEST)

    def push(self, data: bytes) -> None:
        """Damage data and queue what is left of it."""
        hold, piece = 0, bytearray()
        for byte in data:
            hit = self._hits()
            if "drop" in hit:
                self._dropping = self._random.randint(1, _LONGEST)
            if self._dropping:
                self._dropping -= 1
                continue
            if hit & {"split", "stall"}:
                self._deliver(hold, piece)
                hold = self._random.randint(1, 3) if "stall" in hit else 0
                piece = bytearray()
            piece.append(byte ^ (1 << self._random.randrange(8)) if "flip" in hit else byte)
            self._recent.append(byte)
            if "repeat" in hit:
                piece += bytes(self._recent)[-self._random.randint(1, _LONGEST) :]
        self._deliver(hold, piece)

    def pop(self) -> bytes | None:
        """Return what comes next; None if there is nothing; empty while it is held back."""
        if not self.queue:
            return None
        hold, data = self.queue[0]
        if hold:
            self.queue[0] = (hold - 1, data)
            return b""
        self.queue.popleft()
        return data

    def _deliver(self, hold: int, piece: bytearray) -> None:
        if piece:
            self.queue.append((hold, bytes(piece)))

    def _gap(self, kind: str) -> float:
        rate = self._rates[kind]
        return 1 + self._random.expovariate(rate) if rate else math.inf

    def _hits(self) -> set[str]:
        """Faults that fall on the next byte."""
        hit = set()
        for kind in _KINDS:
            self._until[kind] -= 1
            if self._until[kind] < 1:
                self._until[kind] = self._gap(kind)
                hit.add(kind)
                self._injected[kind] += 1
        return hit


class FaultyLink:
    """A link that damages what passes, in both directions, the same way for the same seed."""

    def __init__(self, inner: Link, faults: Faults) -> None:
        self.injected: Counter[str] = Counter()
        """How often each kind of fault has been injected."""
        self._inner = inner
        self._arriving = _Damage(faults, "in", self.injected)
        self._leaving = _Damage(faults, "out", self.injected)
        self._left = math.inf if faults.disconnect_after is None else faults.disconnect_after

    def read(self, timeout_s: float) -> bytes:
        """See `Link`; an empty answer may also be a stall."""
        self._release()
        if not self._arriving.queue:
            data = self._inner.read(timeout_s)
            self._count(data)
            self._arriving.push(data)
        ready = self._arriving.pop()
        if ready == b"":
            # The inner link is not read, so the wait has to be made here, but never a long one.
            time.sleep(min(max(timeout_s, 0.0), 1e-3))
        return ready or b""

    def write(self, data: bytes) -> None:
        """See `Link`."""
        self._count(data)
        self._leaving.push(data)
        self._release()

    def close(self) -> None:
        """See `Link`."""
        self._inner.close()

    def _release(self) -> None:
        while ready := self._leaving.pop():
            self._inner.write(ready)

    def _count(self, data: bytes) -> None:
        self._left -= len(data)
        if self._left < 0:
            self.injected["disconnect"] += 1
            self._inner.close()
            raise link_ended("faulty link", "injected")
