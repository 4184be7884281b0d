"""Making good the ticks in which a layer was skipped (SPEC.md 1.3)."""

from __future__ import annotations

from collections.abc import Callable

from tinysnn.ops.fixed import Ints, square_decay

Leak = Callable[[Ints, Ints], Ints]


def catch_up(membrane: Ints, decay_q16: Ints, leak: Leak, idle_ticks: int) -> Ints:
    """Decay a membrane by `idle_ticks` ticks: one multiply per set bit of their number."""
    power = decay_q16
    while idle_ticks > 0:
        if idle_ticks & 1:
            membrane = leak(membrane, power)
        idle_ticks >>= 1
        power = square_decay(power)
    return membrane
