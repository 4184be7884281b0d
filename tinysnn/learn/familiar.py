"""How far an input is from what is known: prototypes with deviations (SPEC.md 4.6.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinysnn.learn.base import Fields, Head, Ints, Shared
from tinysnn.learn.few_shot import FROZEN, MOST_USES
from tinysnn.learn.rules import INACTIVE

if TYPE_CHECKING:
    from tinysnn.layer_state import LayerState
    from tinysnn.pack import PackedLayer

FARTHEST = -INACTIVE - 1
"""Largest distance of a tick."""


def strange(away: npt.NDArray[Any], deviation: npt.NDArray[Any]) -> Ints:
    """Distances in units of usual deviations, 16 of them about one; same shape."""
    return np.asarray((np.abs(away.astype(np.int64)) << 8) // (deviation + 8))


class Familiar(Head):
    """A head whose membranes are distances, negative: the largest is the nearest prototype."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.uses: Ints = np.where(self.b == INACTIVE, 0, FROZEN)
        self.d: Ints = np.full(self.rows.shape, self.p["spread"], np.int64)

    def attach(self, state: LayerState) -> None:
        """See `Plastic`; sums of rows become distances."""
        super().attach(state)
        state.add = self.sums

    def recall(self, fields: Fields) -> None:
        """See `Plastic`; deviations are no use without their prototypes."""
        self.d[:] = fields[f"l{self.k}_d"].reshape(self.d.shape)

    def sums(self, index: npt.NDArray[np.intp], value: npt.NDArray[np.int64] | None) -> Ints:
        """What a tick adds to the membranes, [n]: 0 down to -(2^20 - 1)."""
        x = np.zeros(self.n_rows, np.int64)
        x[index] = 1 if value is None else value
        return -np.minimum(self._distances(x), FARTHEST)

    def _distances(self, x: Ints) -> Ints:
        return np.asarray(strange(x[:, None] - self.rows, self.d).sum(axis=0))

    def finish(self) -> None:
        """Take a free prototype of the class, or move the nearest one."""
        mine = self.neurons(self.shared.label)
        x = self.features()[:-1]
        free = np.flatnonzero(self.uses[mine] == 0)
        distance = self._distances(x)[mine]
        distance[free] = np.iinfo(np.int64).max
        nearest = int(np.argmin(distance))
        taken = free.size < distance.size
        if free.size and not (taken and distance[nearest] <= self.p["novelty"]):
            nearest = int(free[0])
        self._move(mine.start + nearest, x)

    def _move(self, j: int, x: Ints) -> None:
        """Move prototype j and its deviations, by ever less."""
        if self.uses[j] == FROZEN:
            return
        shift = min(int(self.uses[j]).bit_length(), self.p["slowest"])
        if shift:
            away = x - self.rows[:, j]
            draws = self.shared.rng.draws(2 * self.n_rows) >> np.uint32(32 - shift)
            random = draws.astype(np.int64).reshape(-1, 2)
            self.rows[:, j] += ((away + random[:, 0]) >> shift).astype(np.int8)
            wider = 16 * np.abs(away) - self.d[:, j]
            self.d[:, j] = np.clip(self.d[:, j] + ((wider + random[:, 1]) >> shift), 0, 255)
        else:
            self.rows[:, j] = x
        self.uses[j] = min(self.uses[j] + 1, MOST_USES)
        self.set_b(slice(j, j + 1), 0)

    def fields(self) -> Fields:
        """See `Plastic`."""
        own = {f"l{self.k}_d": self.d, f"l{self.k}_uses": self.uses}
        return {**super().fields(), **own}

    def restore(self, fields: Fields) -> None:
        """See `Plastic`."""
        super().restore(fields)
        self.d[:] = fields[f"l{self.k}_d"].reshape(self.d.shape)
        self.uses[:] = fields[f"l{self.k}_uses"]
