"""Words out of sound without end: chunks of samples to a device, its decisions back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.encode.log_mel import HOP, SAMPLE_RATE_HZ
from tinysnn.errors import PackError
from tinysnn.front_end import LogMel

if TYPE_CHECKING:
    from tinysnn.decision import Decision
    from tinysnn.pack import Pack
    from tinysnn.run.base import Listener

Samples = npt.NDArray[np.int16]
TICK_S = HOP / SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Heard:
    """What a device decided in one tick."""

    time_s: float
    """Seconds of sound that the device had taken when it decided."""
    tick: int
    """Number of the tick whose samples it had taken last, from 0."""
    label: str
    number: int
    """The class."""
    margin: int
    """Lead over the next class, in the units of SPEC.md 6."""
    confidence: float
    """The lead at its peak in multiples of the class's threshold: 1 is just enough; inf: none."""


def ear_of(pack: Pack) -> tuple[LogMel, Decision]:
    """Front end and decision of a pack that can listen to audio.

    Raises
    ------
    PackError: it lacks one of them.

    """
    ear, decision = pack.front_end, pack.decision
    if not isinstance(ear, LogMel):
        raise PackError(
            "the pack has no audio front end, so the device cannot take samples",
            where=pack.name,
            fix="Pack with [front_end] in the options (docs/listen.md).",
        )
    if decision is None:
        raise PackError(
            "the pack says nothing about decisions over time",
            where=pack.name,
            fix="Pack with [decision] in the options (docs/listen.md).",
        )
    return ear, decision


def listen(pack: Pack, listener: Listener, sound: Iterable[Samples]) -> Iterator[Heard]:
    """Give a device sound from a reset on; every decision as soon as the device has made it.

    Parameters
    ----------
    pack: what the device runs.
    sound: int16 chunks ``[n]`` at 16 kHz of any length; a rest that is no whole tick is kept for
        the next one.

    Raises
    ------
    PackError: the pack cannot listen.
    DeviceError: the device is gone.

    """
    _, decision = ear_of(pack)
    listener.reset()
    rest, tick = np.zeros(0, np.int16), 0
    for chunk in sound:
        rest = np.concatenate((rest, chunk))
        whole = rest.size // HOP * HOP
        for decided in listener.hear(rest[:whole]):
            if decided is not None and decided[0] >= 0:
                yield _heard(decision, tick, *decided)
            tick += 1
        rest = rest[whole:]


def _heard(decision: Decision, tick: int, number: int, margin: int) -> Heard:
    threshold = decision.thresholds[number]
    return Heard(
        time_s=round((tick + 1) * TICK_S, 3),
        tick=tick,
        label=decision.labels[number],
        number=number,
        margin=margin,
        confidence=round(margin / threshold, 3) if threshold else float("inf"),
    )


def in_chunks(samples: Samples, ticks: int = 10) -> Iterator[Samples]:
    """Sound in pieces of so many ticks."""
    size = ticks * HOP
    for at in range(0, samples.size, size):
        yield samples[at : at + size]
