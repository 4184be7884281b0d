"""Leaky integrator without a threshold: I, LI and linear readouts (SPEC.md 1.4 steps 7 and 10)."""

from __future__ import annotations

import numpy as np

from tinysnn.ops.fixed import Ints, leak_zero, sat
from tinysnn.pack import PackedLayer


def step(layer: PackedLayer, membrane: Ints, y: Ints) -> Ints:
    """``v = max(sat(leak_zero(v, beta) + y), v_min)``, shape [n]."""
    moved = sat(leak_zero(membrane, layer.wide("beta")) + y, layer.spec.state_bits)
    return moved if layer.v_min is None else np.maximum(moved, layer.wide("v_min"))
