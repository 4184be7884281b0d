"""Leaky integrator without a threshold: I, LI and linear readouts (SPEC.md 1.4 step 7)."""

from __future__ import annotations

from tinysnn.ops.fixed import Ints, leak_zero, sat


def step(membrane: Ints, y: Ints, beta_q16: Ints, state_bits: int) -> Ints:
    """``v = sat(leak_zero(v, beta) + y)``, shape [n]."""
    return sat(leak_zero(membrane, beta_q16) + y, state_bits)
