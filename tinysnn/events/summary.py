"""What was read of a recording, for people: figures, and a picture out of characters."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.events.options import Seconds, TimeUnit
from tinysnn.events.stream import EventStream, Ints

_SHADES = " .:-=+*#%@"
_MAX_COLUMNS, _MAX_ROWS = 64, 40


def summary(stream: EventStream, unit: TimeUnit) -> dict[str, Any]:
    """Figures of a recording: clips, events, places, polarities, durations in ms, labels."""
    sizes = np.diff(stream.offset)
    spans = [_span(stream.t[low:high]) for low, high in pairwise(stream.offset.tolist())]
    durations = np.array(spans, dtype=float) * Seconds[unit] * 1e3
    events = stream.t.size
    counted = np.bincount(np.zeros(0, int) if stream.p is None else stream.p)
    return {
        "form": stream.form,
        "clips": stream.n_clips,
        "events": events,
        "events_per_clip": [int(sizes.min()), float(np.median(sizes)), int(sizes.max())],
        "x": _range(stream.x),
        "y": _range(stream.y),
        "polarities": {str(key): int(count) for key, count in enumerate(counted) if count},
        "duration_ms": [float(f(durations)) for f in (np.min, np.median, np.max)],
        "sensor": None if stream.sensor is None else list(stream.sensor),
        "labels": sorted(set(stream.labels)),
    }


def picture(stream: EventStream, sensor: tuple[int, int]) -> list[str]:
    """Events per place as lines of characters, dark to bright; at most 64 x 40 of them.

    Parameters
    ----------
    sensor
        Width and height; events outside are left out.
    """
    width, height = sensor
    step = max(-(-width // _MAX_COLUMNS), -(-height // _MAX_ROWS))
    columns, rows = -(-width // step), -(-height // step)
    inside = (stream.x >= 0) & (stream.x < width) & (stream.y >= 0) & (stream.y < height)
    place = stream.y[inside] // step * columns + stream.x[inside] // step
    counts = np.bincount(place, minlength=rows * columns).reshape(rows, columns)
    top = max(int(counts.max()), 1)
    shade = np.ceil(np.sqrt(counts / top) * (len(_SHADES) - 1)).astype(int)
    return ["".join(_SHADES[level] for level in line).rstrip() for line in shade]


def _span(times: npt.NDArray[Any]) -> float:
    return float(times.max() - times.min()) if times.size else 0.0


def _range(values: Ints) -> list[int] | None:
    return [int(values.min()), int(values.max())] if values.size else None
