"""Corners of decisions over time: spikes, numbers of spikes, membranes; ties, rests, both ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.make_packs import Corner, corner, make_layer, raster_of, runs
from tinysnn.decision import NEVER, Decision

ROWS = np.array([[127, -128, 3, 3], [-128, 127, 3, 3], [-9, -9, 100, 100], [1, 1, 1, 5]])
LABELS = ("one", "two", "three", "four")
ONE = 65536


def _deciding(name: str, thresholds: tuple[int, ...], decision: Any, **layer: Any) -> Corner:
    """Each class in turn, two at once, all, and silence."""
    made = make_layer(ROWS, acc_bits=32, **layer)
    burst = runs((9, [0]), (9, [1]), (9, [2]), (3, []), (9, [3]), (5, [0, 1]), (12, []))
    given = Decision(thresholds=thresholds, labels=LABELS, **decision)
    return corner(name, [made], raster_of(4, [*burst, *burst[:20]]), decision=given)


DECISIONS: dict[str, Callable[[str], Corner]] = {
    "decide_membranes": partial(
        _deciding, thresholds=(900, 700, 300, 10), op="li", beta=60000, state_bits=32,
        decision={"smooth": 2, "shift": -1, "rest_ticks": 3},
    ),
    "decide_narrow": partial(
        _deciding, thresholds=(90, 0, NEVER, 40), op="li", beta=50000,
        decision={"smooth": 1, "shift": 0, "rest_ticks": 0},
    ),
    "decide_clipped": partial(
        _deciding, thresholds=(200000, 150000, 1 << 30, 5), op="li", beta=ONE, state_bits=32,
        frac_bits=13, decision={"smooth": 2, "shift": 0, "rest_ticks": 1},
    ),
    "decide_spikes": partial(
        _deciding, thresholds=(400, 900, 2000, 0), theta=90, beta=30000,
        decision={"smooth": 3, "shift": 8, "rest_ticks": 20},
    ),
    "decide_counts": partial(
        _deciding, thresholds=(16, 12, 8, 4), theta=30, beta=30000, max_spikes=5,
        decision={"smooth": 0, "shift": 2, "rest_ticks": 2},
    ),
}  # fmt: skip
"""By name."""
