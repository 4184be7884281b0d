"""The two hand-written models, as the host expects them, and clips for them."""

from __future__ import annotations

import numpy as np

from tests.wire.fake_device import METER_DIGEST, TINY_DIGEST, FakeDevice
from tinysnn.session import Session
from tinysnn.session_checks import Expected
from tinysnn.stimulus import Stimulus

TINY = Expected("tiny", TINY_DIGEST, 6, 5, False, False, 16)
METER = Expected("meter", METER_DIGEST, 3, 2, True, True, 8)
SLOTS = (TINY, METER)


def clip(slot: int, n_ticks: int, seed: int = 1) -> Stimulus:
    rng = np.random.default_rng(seed)
    if slot:
        return Stimulus(rng.integers(-127, 128, (n_ticks, 3)).astype(np.int8), "meter clip")
    return Stimulus((rng.random((n_ticks, 6)) < 0.4).astype(np.int8), "tiny clip")


def golden(slot: int, stimulus: Stimulus, *, keep_states: bool = False):
    """The trace over an undisturbed line."""
    return Session(FakeDevice(), SLOTS[slot], slot).run_clip(stimulus, keep_states=keep_states)


def same(first, second) -> bool:
    if (first.states is None) != (second.states is None):
        return False
    return (
        np.array_equal(first.output, second.output)
        and np.array_equal(first.hashes, second.hashes)
        and (first.states is None or np.array_equal(first.states, second.states))
    )
