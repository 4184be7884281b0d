"""Decisions over time from a network's outputs: SPEC.md 6."""

from __future__ import annotations

import numpy as np

from tinysnn.decision import Decision
from tinysnn.ops.fixed import Ints, align

NOTHING = -1
"""Class of a tick in which nothing is decided."""
_LOW, _HIGH = -(1 << 15), (1 << 15) - 1


class Decider:
    """The state of SPEC.md 6, and its tick. Attributes are named as the state's fields."""

    def __init__(self, decision: Decision) -> None:
        self.decision = decision
        n = len(decision.thresholds)
        self.first: Ints = np.zeros(n, np.int64)
        self.second: Ints = np.zeros(n, np.int64)
        self.rest = 0
        self.found = NOTHING
        self.margin = 0

    def tick(self, output: Ints) -> None:
        """Take the outputs of a tick, [n_out]; `found` and `margin` are what came of it."""
        decision = self.decision
        x = np.clip(align(output, decision.shift), _LOW, _HIGH)
        self.first = self.first + x - (self.first >> decision.smooth)
        self.second = self.second + self.first - (self.second >> decision.smooth)
        best = int(np.argmax(self.second))
        before = self.margin
        self.margin = int(self.second[best] - np.delete(self.second, best).max())
        self.found = NOTHING
        if self.rest > 0:
            self.rest -= 1
        elif decision.thresholds[best] <= self.margin <= before:
            self.found, self.rest = best, decision.rest_ticks
