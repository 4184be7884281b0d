"""Spike-driven synaptic plasticity with calcium windows (SPEC.md 4.7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.learn.base import Ints, Shared
from tinysnn.learn.levels import LevelHead
from tinysnn.learn.plastic import per_class

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer

U_LIMIT = (1 << 30) - 1
MOST_CALCIUM = 255
CALCIUM_PER_SPIKE = 2
MOST_BIAS = 32767


class Sdsp(LevelHead):
    """A head whose weights are levels that spikes move up or down by chance."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.u: Ints = np.zeros(layer.n, np.int64)
        self.ca: Ints = np.zeros(layer.n, np.int64)

    def begin(self) -> None:
        """See `Plastic`."""
        self.u[:] = 0
        self.ca[:] = 0

    def observe(
        self,
        index: npt.NDArray[np.intp],
        value: npt.NDArray[np.int64] | None,  # noqa: ARG002 (an event is one, whatever its value)
    ) -> None:
        """See `Plastic`; all learning is here."""
        if self.shared.label < 0 or self.state is None:
            return
        p, known = self.p, self.shared.n_classes * per_class(self.layer)
        u, ca = self.u[:known], self.ca[:known]
        u += self.state.sums[:known] + self.b[:known]
        mine = self.neurons(self.shared.label)
        u -= p["others"]
        u[mine] += p["others"] + p["teacher"]
        np.clip(u, -p["floor"], U_LIMIT, out=u)
        way = self._directions(u, ca, mine)
        self._excite(way)
        self._move(index, way)
        fired = u >= p["theta"]
        u -= fired * p["theta"]
        ca[:] = np.minimum(ca + fired * CALCIUM_PER_SPIKE, MOST_CALCIUM)
        if self.shared.n_ticks % p["ca_ticks"] == p["ca_ticks"] - 1:
            ca[:] = np.maximum(ca - 1, 0)

    def _directions(self, u: Ints, ca: Ints, mine: slice) -> Ints:
        p = self.p
        up = (u >= p["middle"]) & (ca >= p["up_low"]) & (ca < p["up_high"])
        down = (u < p["middle"]) & (ca >= p["down_low"]) & (ca < p["down_high"])
        if p["gate"]:
            of_class = np.zeros(u.size, bool)
            of_class[mine] = True
            up &= of_class
            down &= ~of_class
        return up.astype(np.int64) - down

    def _halvings(self) -> int:
        """How often chances have been halved: they fall as examples are learned."""
        settle = self.p["settle"]
        return min(self.shared.n_examples >> settle, 15) if settle else 0

    def _excite(self, way: Ints) -> None:
        """Biases move as weights do: those of units that are active in every tick."""
        if not self.p["excite"]:
            return
        moving = np.flatnonzero(way)
        draws = self.shared.rng.draws(moving.size) >> np.uint32(24)
        step = way[moving] * (draws < self.p["excite"] >> self._halvings())
        self.set_b(moving, np.clip(self.b[moving] + step, -MOST_BIAS, MOST_BIAS))

    def _move(self, index: npt.NDArray[np.intp], way: Ints) -> None:
        if not way.any() or not index.size:
            return
        words = -(-way.size // 4)
        draws = self.shared.rng.draws(index.size * words).reshape(index.size, words)
        chance = np.ascontiguousarray(draws.astype("<u4")).view(np.uint8)[:, : way.size]
        likely = max(self.p["chance"] >> self._halvings(), self.p["least"])
        moved = self.rows[index, : way.size] + 2 * way * (chance < likely)
        self.rows[index, : way.size] = np.clip(moved, -self.top, self.top)
