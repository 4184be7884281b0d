"""Classes from a few examples: prototypes that only their own class moves (SPEC.md 4.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinysnn.learn.base import Fields, Head, Ints, Shared
from tinysnn.learn.nuisance import bias_of, without
from tinysnn.learn.rules import INACTIVE

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer

FROZEN = 255
"""Uses of a prototype that came with the pack: it never moves."""
MOST_USES = 254


class FewShot(Head):
    """A head whose neurons are prototypes: the score is largest where the distance is least."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.uses: Ints = np.where(self.b == INACTIVE, 0, FROZEN)

    def finish(self) -> None:
        """Take a free prototype of the class, or move the nearest one."""
        mine = self.neurons(self.shared.label)
        counts = self.features()
        x = without(counts[:-1], self.layer.nuisance, self.p.get("fraction", 0))
        free = np.flatnonzero(self.uses[mine] == 0)
        distance = ((self.rows[:, mine].astype(np.int64) - x[:, None]) ** 2).sum(axis=0)
        distance[free] = np.iinfo(np.int64).max
        nearest = int(np.argmin(distance))
        taken = free.size < distance.size
        if free.size and not (taken and distance[nearest] <= self.p["novelty"]):
            nearest = int(free[0])
        self._move(mine.start + nearest, x, max(int(counts[-1]), 1))

    def _move(self, j: int, x: Ints, ticks: int) -> None:
        """Move prototype j towards x, by all of the way at first and by ever less later."""
        if self.uses[j] == FROZEN:
            return
        shift = min(int(self.uses[j]).bit_length(), self.p["slowest"])
        away = x - self.rows[:, j]
        if shift:
            draws = self.shared.rng.draws(self.n_rows)
            away = (away + (draws >> np.uint32(32 - shift)).astype(np.int64)) >> shift
        self.rows[:, j] += away.astype(np.int8)
        self.uses[j] = min(self.uses[j] + 1, MOST_USES)
        square = int((self.rows[:, j].astype(np.int64) ** 2).sum())
        own = np.array([max(square - self.p.get("scatter", 0) // int(self.uses[j]), 0)])
        size = int(bias_of(own, ticks, self.p.get("fraction", 0))[0])
        self.set_b(slice(j, j + 1), -min(size, -INACTIVE - 1))

    def fields(self) -> Fields:
        """See `Plastic`."""
        return {**super().fields(), f"l{self.k}_uses": self.uses}

    def restore(self, fields: Fields) -> None:
        """See `Plastic`."""
        super().restore(fields)
        self.uses[:] = fields[f"l{self.k}_uses"]
