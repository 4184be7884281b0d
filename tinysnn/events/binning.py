"""Events into ticks and inputs: the rule of docs/events.md, and what it left out or merged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.errors import OptionError, StimulusError
from tinysnn.events.options import MAX_TICKS, EventOptions, Seconds
from tinysnn.events.places import Grid
from tinysnn.events.stream import EventStream, Ints

MAX_COUNT = 127
_SLACK = 1e-6
"""A time in floating point that misses a tick's start by less than this part of a tick is in it."""


@dataclass(frozen=True, eq=False)
class Binned:
    """Events in ticks, at most one per clip, tick and input, in that order; all arrays [E]."""

    clip: Ints
    tick: Ints
    index: Ints
    value: Ints
    n_ticks: tuple[int, ...]
    """Per clip."""
    counts: Counts


@dataclass(frozen=True)
class Counts:
    """What became of the events."""

    read: int
    outside_crop: int
    other_polarity: int
    early: int
    """Before tick 0."""
    late: int
    """After the last tick."""
    merged: int
    """Shared tick and input with an earlier one."""
    clipped: int
    """Inputs that had more than 127 events in a tick (with counts)."""

    def remarks(self) -> tuple[str, ...]:
        """What was left out, in words; nothing where nothing was."""
        found = (
            (self.outside_crop, "outside the crop"),
            (self.other_polarity, "of the other polarity"),
            (self.early, "before tick 0"),
            (self.late, "after the last tick"),
        )
        total = f"of {self.read:,} events left out"
        lost = [f"{count:,} {total}: {why}" for count, why in found if count]
        if self.merged:
            lost.append(f"{self.merged:,} events share tick and input with another one")
        if self.clipped:
            lost.append(f"{self.clipped:,} counts above {MAX_COUNT} were clipped")
        return tuple(lost)


def binned(
    stream: EventStream, grid: Grid, options: EventOptions, tick_s: float, *, counting: bool
) -> Binned:
    """Put events into ticks of ``tick_s`` seconds.

    Parameters
    ----------
    counting
        Whether events that share tick and input add up to a value; else they are one spike.

    Raises
    ------
    StimulusError
        An event lies outside the sensor, or a clip is longer than ``MAX_TICKS`` ticks.
    """
    places = grid.place(stream)
    tick = _ticks(stream, options, tick_s)
    clip = stream.clip
    kept = places.kept & (tick >= 0)
    lengths = _lengths(stream, tick, options)
    late = kept & (tick >= lengths[clip])
    used = kept & ~late
    starts = np.concatenate([[0], np.cumsum(lengths)])
    slots = (starts[clip] + tick)[used] * grid.n + places.index[used]
    unique, count = np.unique(slots, return_counts=True)
    at = unique // grid.n
    owner = np.searchsorted(starts, at, side="right") - 1
    return Binned(
        clip=owner,
        tick=at - starts[owner],
        index=unique % grid.n,
        value=np.minimum(count, MAX_COUNT) if counting else np.ones_like(count),
        n_ticks=tuple(int(n) for n in lengths),
        counts=Counts(
            read=stream.t.size,
            outside_crop=places.outside_crop,
            other_polarity=places.other_polarity,
            early=int((places.kept & (tick < 0)).sum()),
            late=int(late.sum()),
            merged=int(count.sum() - count.size),
            clipped=int((count > MAX_COUNT).sum()) if counting else 0,
        ),
    )


def tick_length_s(options: EventOptions, dt_s: float | None) -> float:
    """Length of a tick: as the options say, else the network's own if it is one in seconds.

    Raises
    ------
    OptionError
        Neither is known. A network with dt 1 counts in ticks, which says nothing about seconds.
    """
    if options.tick_us is not None:
        return options.tick_us * 1e-6
    if dt_s is not None and dt_s < 1.0:
        return dt_s
    why = "the network counts in ticks" if dt_s is not None else "the network has no time step"
    raise OptionError(
        f"how long a tick of the recording is: {why}",
        where="--events",
        fix="Say it in microseconds, such as --events tick_us=1000.",
    )


def _ticks(stream: EventStream, options: EventOptions, tick_s: float) -> Ints:
    """Tick of each event, [E]; exact for whole times and ticks of whole units."""
    unit = Seconds[options.time_unit]
    start = _starts(stream, options)
    length = round(tick_s / unit)
    exact = length > 0 and abs(length * unit / tick_s - 1.0) < 1e-12
    whole = stream.t.dtype.kind == "i" and start.dtype.kind == "i"
    if whole and exact and options.rule == "floor":
        ticks: Ints = (stream.t - start) // length
        return ticks
    ratio = (stream.t - start) / (length if exact else tick_s / unit)
    real = np.rint(ratio) if options.rule == "nearest" else np.floor(ratio + _SLACK)
    if real.size and float(np.abs(real).max()) > 2.0**53:
        raise StimulusError("times too far apart", fix="Check tick_us and time_unit.")
    whole_ticks: Ints = real.astype(np.int64)
    return whole_ticks


def _starts(stream: EventStream, options: EventOptions) -> npt.NDArray[np.generic]:
    """Time of tick 0 for each event, [E]."""
    if options.t0 == "zero":
        return np.zeros(1, np.int64)
    if options.t0 != "first":
        number = float(options.t0)
        return np.array([int(number)] if number.is_integer() else [number])
    sizes = np.diff(stream.offset)
    filled = sizes > 0
    earliest = np.zeros(sizes.size, stream.t.dtype)
    if filled.any():
        earliest[filled] = np.minimum.reduceat(stream.t, stream.offset[:-1][filled])
    return np.repeat(earliest, sizes)


def _lengths(stream: EventStream, tick: Ints, options: EventOptions) -> Ints:
    """Ticks per clip, [clips]: as the options say, else to the last event."""
    sizes = np.diff(stream.offset)
    if options.n_ticks is not None:
        return np.full(sizes.size, options.n_ticks, np.int64)
    lengths = np.ones(sizes.size, np.int64)
    filled = sizes > 0
    if filled.any():
        lengths[filled] = np.maximum.reduceat(tick, stream.offset[:-1][filled]) + 1
    longest = int(lengths.max(initial=1))
    if longest > MAX_TICKS:
        raise StimulusError(
            f"a clip of {longest:,} ticks",
            fix="Check tick_us, time_unit and t0, or give n_ticks.",
        )
    return np.maximum(lengths, 1)
