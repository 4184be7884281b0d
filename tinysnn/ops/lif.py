"""Neurons that fire: IF, LIF and Threshold (SPEC.md 1.4 steps 6 to 11)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.ops.fixed import Ints, leak_nearest, leak_zero, sat
from tinysnn.pack import PackedLayer

Bools = npt.NDArray[np.bool_]


@dataclass
class Memory:
    """What neurons keep beside their membrane, [n]; None where the layer has no such thing."""

    a: Ints | None = None
    """Adaptation of the threshold."""
    wait: Ints | None = None
    """Ticks to wait after a spike."""


def memory(layer: PackedLayer, shape: tuple[int, ...]) -> Memory:
    """The memory before the first tick."""
    return Memory(
        None if layer.rho is None else np.zeros(shape, np.int64),
        None if layer.refractory is None else np.zeros(shape, np.int64),
    )


def passes(layer: PackedLayer, membrane: Ints, threshold: Ints | None = None) -> Bools:
    """The layer's comparison with its threshold (or a raised one), shape [n]."""
    theta = layer.wide("theta") if threshold is None else threshold
    return membrane > theta if layer.spec.compare == "gt" else membrane >= theta


def step(
    layer: PackedLayer, membrane: Ints, y: Ints, before: Ints | Bools, kept: Memory | None = None
) -> tuple[Ints, Ints]:
    """One ordinary tick.

    Parameters
    ----------
    layer: the layer's tables.
    membrane: [n] before the tick.
    y: [n] what enters the membrane.
    before: [n] spikes of the layer's last tick (next-tick resets act on them).
    kept: changed in place; None for layers that need none.

    Returns
    -------
    Membrane after the tick and its reset, and the number of spikes; both [n] int64.

    """
    kept = kept or Memory()
    moved = _moved(layer, membrane, y, before)
    ready = np.ones_like(moved, np.bool_) if kept.wait is None else kept.wait == 0
    membrane = np.where(ready, moved, membrane)
    threshold = layer.wide("theta")
    if kept.a is not None:
        kept.a = leak_zero(kept.a, layer.wide("rho"))
        threshold = threshold + kept.a
    if layer.spec.counts:
        spikes = np.clip(membrane // threshold, 0, layer.spec.max_spikes)
    else:
        spikes = (passes(layer, membrane, threshold) & ready).astype(np.int64)
    if layer.spec.reset_timing == "same-tick":
        membrane = _reset(layer, membrane, spikes, threshold)
    if layer.v_min is not None:
        membrane = np.maximum(membrane, layer.wide("v_min"))
    if kept.a is not None:
        kept.a = sat(kept.a + spikes * layer.wide("jump"), layer.spec.state_bits)
    if kept.wait is not None:
        left = np.maximum(kept.wait - 1, 0)
        kept.wait = np.where(spikes > 0, layer.wide("refractory"), left)
    return membrane, spikes


def _moved(layer: PackedLayer, membrane: Ints, y: Ints, before: Ints | Bools) -> Ints:
    """The membrane before it is compared."""
    spec, late = layer.spec, layer.spec.reset_timing == "next-tick"
    if late and spec.reset == "subtract":
        y = y - np.where(before, layer.wide("theta"), 0)
    if late and spec.reset == "zero" and not spec.reset_drops_input:
        membrane = np.where(before, layer.wide("reset_to"), membrane)
    moved = sat(leak_nearest(membrane, layer.wide("beta")) + y, spec.state_bits)
    if late and spec.reset == "zero" and spec.reset_drops_input:
        moved = np.where(before, layer.wide("reset_to"), moved)
    return moved


def _reset(layer: PackedLayer, membrane: Ints, spikes: Ints, threshold: Ints) -> Ints:
    if layer.spec.reset == "zero":
        return np.where(spikes > 0, layer.wide("reset_to"), membrane)
    if layer.spec.reset == "subtract":
        taken = threshold if layer.spec.reset_raised else layer.wide("theta")
        return sat(membrane - spikes * taken, layer.spec.state_bits)
    return membrane


def hot(
    layer: PackedLayer, membrane: Ints, spikes: Ints | Bools, kept: Memory | None = None
) -> Bools:
    """Whether the next tick may not be skipped even without any event (SPEC.md 1.3), [...]."""
    spec = layer.spec
    found = np.any(spikes, axis=-1)
    if spec.reset == "zero" and spec.reset_timing == "same-tick":
        found = np.zeros_like(found)
    if kept is not None and kept.wait is not None:
        found = found | np.any(kept.wait, axis=-1)
    if kept is not None and (kept.a is not None or kept.wait is not None):
        found = found | np.any(passes(layer, membrane), axis=-1)
    return np.asarray(found)
