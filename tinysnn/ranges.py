"""What integers a layer can reach, proven from its tables for any input (SPEC.md 1.2).

Bounds are inclusive and hold for every input raster, rounding included.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE, Ints, align
from tinysnn.pack import PackedLayer
from tinysnn.packed_maps import convolved
from tinysnn.source_map import SourceMap

GRADED_LOW, GRADED_HIGH = -128, 127
"""Range of a graded input event."""
WEIGHT_REACH = 128
"""Largest size of a learned weight (SPEC.md 4.3)."""
BIAS_REACH = 1 << 20
"""Largest size of a learned bias, in weight steps; that of a class that is not known yet."""


@dataclass(frozen=True, eq=False)
class Interval:
    """Lowest and highest value of each neuron, int64 [n]."""

    low: Ints
    high: Ints

    def fits(self, state_bits: int) -> bool:
        """Whether every value is a value of the state."""
        low, high = STATE_RANGE[state_bits]
        return bool(self.low.min() >= low and self.high.max() <= high)


def accumulator(layer: PackedLayer, *, graded_input: bool) -> Interval:
    """Range of the sum over one tick's events, in weight steps."""
    low = np.zeros(layer.n, np.int64)
    high = np.zeros(layer.n, np.int64)
    first = 0
    for s, source in enumerate(layer.spec.sources):
        value_low, value_high = 0, layer.spec.spike_value * source.most
        if graded_input and source.layer is None:
            value_low, value_high = GRADED_LOW, GRADED_HIGH
        if source.map is not None:
            block = layer.kernels[s].astype(np.int64)
        else:
            block = layer.rows[first : first + source.n].astype(np.int64)
        first += source.n
        if layer.spec.learn is not None:  # weights may become anything
            block = np.full_like(block, -WEIGHT_REACH)
        low += _all_active(source.map, np.minimum(block * value_low, block * value_high))
        high += _all_active(source.map, np.maximum(block * value_low, block * value_high))
    if layer.spec.learn is not None:  # and of either sign
        high = np.maximum(high, -low)
        low = -high - BIAS_REACH
    return Interval(low, high)


def _all_active(source: SourceMap | None, weights: Ints) -> Ints:
    """What all units of a source add together, [n]."""
    if source is None:
        return np.asarray(weights.sum(axis=0))
    everywhere = np.ones((1, source.first + source.n))
    return np.asarray(convolved(source, weights.astype(np.float64), everywhere)[0], np.int64)


def tick_input(layer: PackedLayer, *, graded_input: bool) -> Interval:
    """Range of x, what one tick adds, in state units."""
    sums = accumulator(layer, graded_input=graded_input)
    bias = layer.wide("bias")
    f = layer.spec.frac_bits
    return Interval(align(sums.low, f) + bias, align(sums.high, f) + bias)


def current(layer: PackedLayer, x: Interval) -> Interval | None:
    """Range of the synaptic current before saturation; None: unbounded (alpha is 1)."""
    alpha = layer.wide("alpha")
    if bool((alpha == ONE_Q16).any()):
        return None
    lost = ONE_Q16 - alpha
    return Interval(-_settled(-x.low, lost, 0), _settled(x.high, lost, 0))


def membrane(layer: PackedLayer, *, graded_input: bool) -> Interval | None:
    """Range of the membrane before it is saturated; None: unbounded (no decay)."""
    y: Interval | None = tick_input(layer, graded_input=graded_input)
    if layer.spec.has_current and y is not None:
        y = current(layer, y)
    beta = layer.wide("beta")
    if y is None or bool((beta == ONE_Q16).any()):
        return None
    start = layer.wide("v_init")
    starts = [start]
    if layer.spec.reset == "zero":
        starts.append(layer.wide("reset_to"))
    if layer.v_min is not None:
        starts.append(layer.wide("v_min"))
    floor, ceiling = np.min(starts, axis=0), np.max(starts, axis=0)
    low_push, half = y.low, 1 if layer.spec.fires else 0
    if layer.spec.reset == "subtract" and layer.spec.reset_timing == "next-tick":
        low_push = low_push - np.maximum(layer.wide("theta"), 0)
    lost = ONE_Q16 - beta
    high = np.maximum(_settled(y.high, lost, half), ceiling)
    low = np.minimum(-_settled(-low_push, lost, half), floor)
    if layer.spec.reset == "subtract":  # a negative threshold would push upwards
        high = high + np.maximum(-layer.wide("theta"), 0) * ONE_Q16 // lost
    return Interval(low, high)


def _settled(push: Ints, lost_q16: Ints, half: int) -> npt.NDArray[np.int64]:
    """Bound of ``v = v b + push`` for ever, with up to half a unit of rounding per tick."""
    top = np.maximum(push, 0) * 2 + half
    return -((-top * ONE_Q16) // (2 * lost_q16)) + 1
