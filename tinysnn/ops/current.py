"""Synaptic current of cuba layers (SPEC.md 1.4 step 5)."""

from __future__ import annotations

from tinysnn.ops.fixed import Ints, leak_zero, sat


def step(current: Ints, x: Ints, alpha_q16: Ints, state_bits: int) -> Ints:
    """``i = sat(leak_zero(i, alpha) + x)``, shape [n]."""
    return sat(leak_zero(current, alpha_q16) + x, state_bits)
