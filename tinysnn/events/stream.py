"""Address events as they were recorded, before they are put into ticks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import StimulusError

MAX_EVENTS = 1 << 24
MAX_CLIPS = 1 << 16

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class EventStream:
    """Events of one or more clips, clip after clip; all arrays [E] unless said otherwise."""

    x: Ints
    """Column, 0 at the left."""
    y: Ints
    """Row, 0 at the top; all 0 in a one-dimensional recording."""
    p: Ints | None
    """Polarity (or channel) from 0; None: the recording has none."""
    t: npt.NDArray[Any]
    """Time, int64 or finite float64, in the unit that the options name."""
    offset: Ints
    """[clips + 1]: events ``offset[k]:offset[k + 1]`` belong to clip k."""
    names: tuple[str, ...] = ()
    """Per clip; empty: none."""
    labels: tuple[int, ...] = ()
    """Per clip; empty: none."""
    sensor: tuple[int, int, int] | None = None
    """Width, height and polarities, where the format itself fixes them."""
    form: str = field(default="events", compare=False)
    """What kind of file it was, for people."""

    @property
    def n_clips(self) -> int:
        """Number of clips."""
        return self.offset.size - 1

    @property
    def clip(self) -> Ints:
        """[E]: the clip each event belongs to."""
        return np.repeat(np.arange(self.n_clips), np.diff(self.offset))

    def part(self, first: int, end: int) -> EventStream:
        """Clips ``first`` to ``end - 1``."""
        low, high = int(self.offset[first]), int(self.offset[end])
        return replace(
            self,
            x=self.x[low:high],
            y=self.y[low:high],
            p=None if self.p is None else self.p[low:high],
            t=self.t[low:high],
            offset=self.offset[first : end + 1] - low,
            names=self.names[first:end],
            labels=self.labels[first:end],
        )


def joined(streams: list[EventStream]) -> EventStream:
    """Several files of the same kind as the clips of one stream.

    Raises
    ------
    StimulusError
        Some have polarities and others none, or there are too many events.
    """
    if len({stream.p is None for stream in streams}) > 1:
        raise StimulusError(
            "some files have polarities and others none", fix="Give files of one kind."
        )
    sizes = [np.diff(stream.offset) for stream in streams]
    check_size(sum(int(size.sum()) for size in sizes), "the folder")
    labelled = all(stream.labels for stream in streams)
    polarities = [stream.p for stream in streams if stream.p is not None]
    return replace(
        streams[0],
        x=np.concatenate([stream.x for stream in streams]),
        y=np.concatenate([stream.y for stream in streams]),
        p=np.concatenate(polarities) if polarities else None,
        t=np.concatenate([stream.t for stream in streams]),
        offset=np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64),
        names=tuple(name for stream in streams for name in stream.names),
        labels=tuple(k for stream in streams for k in stream.labels) if labelled else (),
    )


def check_size(events: int, where: str) -> None:
    """Refuse more events than fit."""
    if events > MAX_EVENTS:
        raise StimulusError(
            f"{events} events", where=where, fix=f"At most {MAX_EVENTS} are read: give fewer clips."
        )
