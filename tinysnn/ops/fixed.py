"""Primitives of SPEC.md 1.2 and 1.3, on int64 arrays."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]

ONE_Q16 = 1 << 16
"""The decay that keeps everything: exactly 1 in Q0.16."""

STATE_RANGE = {16: (-(1 << 15), (1 << 15) - 1), 32: (-(1 << 30), (1 << 30) - 1)}
"""Smallest and largest state value by state_bits."""


def sat(values: Ints, state_bits: int) -> Ints:
    """Clip to the range of the state."""
    low, high = STATE_RANGE[state_bits]
    return np.asarray(np.clip(values, low, high))


def leak_nearest(values: Ints, decay_q16: Ints) -> Ints:
    """``(v b + 2^15) >> 16``: the decay of membranes that fire."""
    return (values * decay_q16 + (1 << 15)) >> 16


def leak_zero(values: Ints, decay_q16: Ints) -> Ints:
    """``trunc(v b / 2^16)``: the decay of currents and readouts, which reaches 0."""
    return np.asarray(np.sign(values) * ((np.abs(values) * decay_q16) >> 16))


def align(accumulator: Ints, frac_bits: int) -> Ints:
    """Weight steps to state units: a shift left, or a rounded shift right."""
    if frac_bits >= 0:
        return accumulator << frac_bits
    return (accumulator + (1 << (-frac_bits - 1))) >> -frac_bits


def square_decay(decay_q16: Ints) -> Ints:
    """``(p p + 2^15) >> 16``: the decay of twice as many ticks."""
    return (decay_q16 * decay_q16 + (1 << 15)) >> 16
