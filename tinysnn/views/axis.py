"""Along one axis of a feature map: which windows of a kernel cover each place (SPEC.md 1.6).

An event meets a run of windows: as the window moves on by one place, the weight it sees moves back
by some. Kernels are stored so that both go forward. A pool ahead only moves the event.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd, prod

import numpy as np
import numpy.typing as npt

from tinysnn.source_map import SourceMap

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class AxisTaps:
    """How the windows of one axis meet a place of the source's map."""

    order: Ints
    """Place of the kernel at each place of the stored one."""
    first_tap: Ints
    """[size] in the stored kernel."""
    first_place: Ints
    """[size] of the windows that cover the place."""
    count: Ints
    """[size]; 0: no window does."""
    step: int
    """From one of these windows to the next."""


def axis_taps(source: SourceMap, axis: int) -> AxisTaps:
    """The taps of an axis: 0 rows, 1 columns."""
    kernel, stride, dilation = source.kernel[axis], source.stride[axis], source.dilation[axis]
    out, pad = source.out_shape[1 + axis], source.padding[axis][0]
    common = gcd(stride, dilation)
    back, step = stride // common, dilation // common
    # windows that cover a place see taps that are `back` apart: keep these together, falling
    order = np.array(sorted(range(kernel), key=lambda tap: (tap % back, -tap)), np.int64)
    stored = np.empty(kernel, np.int64)
    stored[order] = np.arange(kernel)
    pooled = _pooled_places(source, axis)
    first_tap, first_place, count = np.zeros((3, pooled.size), np.int64)
    for tap in range(kernel):  # the last one that covers a place belongs to the first window
        place, left = np.divmod(pooled + pad - tap * dilation, stride)
        hit = (pooled >= 0) & (left == 0) & (place >= 0) & (place < out)
        first_tap[hit], first_place[hit] = stored[tap], place[hit]
        count += hit
    return AxisTaps(order, first_tap, first_place, count, step)


def _pooled_places(source: SourceMap, axis: int) -> Ints:
    """Where a pool moves each place of an axis; -1: it drops it."""
    at, pool = np.arange(source.shape[1 + axis]), source.pool
    if pool is None:
        return at
    place, inside = np.divmod(at + pool.padding[axis][0], pool.stride[axis])
    kept = (inside < pool.kernel[axis]) & (place < source.pooled_shape[1 + axis])
    return np.where(kept, place, -1)


def spread(source: SourceMap) -> float:
    """Sums that an event adds to, on average over the source's map."""
    counts = [axis_taps(source, axis).count for axis in (0, 1)]
    return prod(float(count.mean()) for count in counts) * source.tensor_shape[3]
