"""Scatter-add: what the active units of a feature map contribute in one tick (SPEC.md 1.6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from tinysnn.ops.fixed import Ints
from tinysnn.source_map import Pads, Pair, SourceMap

Index: TypeAlias = npt.NDArray[np.intp]


class _Events(NamedTuple):
    """Events of a map, arrays [events]."""

    channel: Index
    y: Index
    x: Index
    value: Ints


class _Windows(NamedTuple):
    """Windows that move over a map."""

    kernel: Pair
    stride: Pair
    padding: Pads
    dilation: Pair
    places: Pair


class _Hits(NamedTuple):
    """The events that one place (ky, kx) of a kernel meets, and in which windows."""

    ky: int
    kx: int
    which: npt.NDArray[np.bool_]
    oy: Index
    ox: Index


def accumulate(
    source: SourceMap, kernel: npt.NDArray[np.int8], index: Index, value: Ints, n: int
) -> Ints:
    """Sum of what a tick's events of one source add to the neurons of a layer.

    Parameters
    ----------
    source: its map and convolution.
    kernel: weights [channels, kernel height, kernel width, out channels / groups].
    index: [events] active units of the source; those outside of the map add nothing.
    value: [events] their values.
    n: neurons of the layer, channels last.

    Returns
    -------
    [n] int64.

    """
    inside = (index >= source.first) & (index < source.first + source.n)
    events = _Events(*_place(source, index[inside] - source.first), value[inside])
    events = _pooled(source, events)
    _, tall, wide = source.out_shape
    windows = _Windows(source.kernel, source.stride, source.padding, source.dilation, (tall, wide))
    sums = np.zeros((tall * wide, source.groups, source.out_channels // source.groups), np.int64)
    group = events.channel // (source.shape[0] // source.groups)
    for hits in _hits(events, windows):
        weights = kernel[events.channel[hits.which], hits.ky, hits.kx].astype(np.int64)
        place = (hits.oy * wide + hits.ox, group[hits.which])
        np.add.at(sums, place, events.value[hits.which, None] * weights)
    return sums.reshape(n)


def _place(source: SourceMap, unit: Index) -> tuple[Index, Index, Index]:
    """Channel, row and column of units of the map."""
    channels, height, width = source.shape
    if source.channels_last:
        y, x, channel = np.unravel_index(unit, (height, width, channels))
    else:
        channel, y, x = np.unravel_index(unit, source.shape)
    return channel, y, x


def _pooled(source: SourceMap, events: _Events) -> _Events:
    """The events where the pool moves them, without those that it drops."""
    if source.pool is None:
        return events
    pool, (_, tall, wide) = source.pool, source.pooled_shape
    windows = _Windows(pool.kernel, pool.stride, pool.padding, (1, 1), (tall, wide))
    moved = [
        (events.channel[hits.which], hits.oy, hits.ox, events.value[hits.which])
        for hits in _hits(events, windows)
    ]
    channel, y, x, value = (np.concatenate(part) for part in zip(*moved, strict=True))
    return _Events(channel, y, x, value)


def _hits(events: _Events, windows: _Windows) -> Iterator[_Hits]:
    """For each place of a kernel, the events that it meets."""
    stride, out = windows.stride, windows.places
    for ky in range(windows.kernel[0]):
        down = events.y + windows.padding[0][0] - ky * windows.dilation[0]
        in_rows = (down % stride[0] == 0) & (down >= 0) & (down < out[0] * stride[0])
        for kx in range(windows.kernel[1]):
            right = events.x + windows.padding[1][0] - kx * windows.dilation[1]
            hit = in_rows & (right % stride[1] == 0) & (right >= 0) & (right < out[1] * stride[1])
            yield _Hits(ky, kx, hit, down[hit] // stride[0], right[hit] // stride[1])
