"""Neurons that fire: IF, LIF and Threshold (SPEC.md 1.4 steps 6 to 9)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinysnn.ops.fixed import Ints, leak_nearest, sat
from tinysnn.pack import PackedLayer

Bools = npt.NDArray[np.bool_]


def passes(layer: PackedLayer, membrane: Ints) -> Bools:
    """The layer's comparison with its threshold, shape [n]."""
    theta = layer.wide("theta")
    return membrane > theta if layer.spec.compare == "gt" else membrane >= theta


def step(layer: PackedLayer, membrane: Ints, y: Ints, fired_before: Bools) -> tuple[Ints, Bools]:
    """One ordinary tick.

    Parameters
    ----------
    layer: the layer's tables.
    membrane: [n] before the tick.
    y: [n] what enters the membrane.
    fired_before: [n] spikes of the layer's last tick (next-tick resets act on them).

    Returns
    -------
    Membrane after the tick and its reset, and the spikes; both [n].

    """
    spec = layer.spec
    if spec.reset_timing == "next-tick":
        if spec.reset == "zero":
            membrane = np.where(fired_before, layer.wide("reset_to"), membrane)
        elif spec.reset == "subtract":
            y = y - np.where(fired_before, layer.wide("theta"), 0)
    membrane = sat(leak_nearest(membrane, layer.wide("beta")) + y, spec.state_bits)
    fired = passes(layer, membrane)
    if spec.reset_timing == "same-tick":
        membrane = _reset(layer, membrane, fired)
    return membrane, fired


def _reset(layer: PackedLayer, membrane: Ints, fired: Bools) -> Ints:
    if layer.spec.reset == "zero":
        return np.where(fired, layer.wide("reset_to"), membrane)
    if layer.spec.reset == "subtract":
        lowered = sat(membrane - layer.wide("theta"), layer.spec.state_bits)
        return np.where(fired, lowered, membrane)
    return membrane


def stays_hot(layer: PackedLayer, fired: Bools) -> bool:
    """Whether a neuron may fire or reset in the next tick without any event (SPEC.md 1.3)."""
    if layer.spec.reset == "zero" and layer.spec.reset_timing == "same-tick":
        return False
    return bool(fired.any())
