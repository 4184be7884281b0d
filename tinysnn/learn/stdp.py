"""Pair STDP with traces, winner-take-all and homeostatic thresholds (SPEC.md 4.7.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.learn.base import Fields, Ints, Shared
from tinysnn.learn.levels import LevelHead

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer

MOST_TRACE = 255
U_LIMIT = (1 << 30) - 1
H_LIMIT = 1 << 28
MOST_BIAS = (1 << 20) - 1


class Stdp(LevelHead):
    """A head in which the neurons of a class compete, and the winner moves towards its input."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.h: Ints = np.zeros(layer.n, np.int64)
        self.u: Ints = np.zeros(layer.n, np.int64)
        self.t: Ints = np.zeros(self.n_rows, np.int64)
        self.y: Ints = np.zeros(layer.n, np.int64)

    def begin(self) -> None:
        """See `Plastic`."""
        self.u[:] = 0
        self.t[:] = 0
        self.y[:] = 0

    def observe(
        self,
        index: npt.NDArray[np.intp],
        value: npt.NDArray[np.int64] | None,  # noqa: ARG002 (an event is one, whatever its value)
    ) -> None:
        """See `Plastic`; all but the homeostasis is here."""
        if self.shared.label < 0 or self.state is None:
            return
        p, mine = self.p, self.neurons(self.shared.label)
        self.t -= self.t >> p["trace_shift"]
        self.t[index] = np.minimum(self.t[index] + p["trace_gain"], MOST_TRACE)
        u = self.u[mine] - (self.u[mine] >> p["leak"]) + self.state.sums[mine] + self.b[mine]
        self.u[mine] = np.clip(u, -U_LIMIT, U_LIMIT)
        self.y[mine] -= self.y[mine] >> p["trace_shift"]
        if p["down"]:
            self._depress(index, mine)
        if self.shared.n_ticks % p["every"] != p["every"] - 1:
            return
        winner = mine.start + int(np.argmax(self.u[mine] - self.h[mine]))
        if self.u[winner] - self.h[winner] >= p["theta"]:
            self._fire(winner, mine)

    def _depress(self, index: npt.NDArray[np.intp], mine: slice) -> None:
        """Inputs that come after a neuron has fired lose weight with it."""
        for k in np.flatnonzero(self.y[mine]) + mine.start:
            chance = int(self.y[k]) * self.p["down"] >> 8
            draws = self.shared.rng.draws(index.size) >> np.uint32(24)
            self._move(index, int(k), -(draws < chance).astype(np.int64))

    def _fire(self, k: int, mine: slice) -> None:
        """Its levels move towards the traces of what came in; the others are inhibited."""
        p = self.p
        byte = (self.shared.rng.draws(self.n_rows) >> np.uint32(24)).astype(np.int64)
        away = (self.t >> 4) - self._levels(k)
        up = byte < away * p["up"]
        down = byte < -away * p["silent"]
        self._move(np.arange(self.n_rows), k, up.astype(np.int64) - down)
        if p["norm"]:
            square = int((self._levels(k) ** 2).sum()) * p["norm"] >> 8
            self.set_b(slice(k, k + 1), -min(square, MOST_BIAS))
        self.u[mine] = 0
        self.h[k] = min(self.h[k] + p["h_up"], H_LIMIT)
        self.y[k] = min(self.y[k] + p["trace_gain"], MOST_TRACE)

    def _levels(self, k: int) -> Ints:
        """Levels of a neuron, 0 to 15."""
        return np.asarray((self.rows[:, k].astype(np.int64) + self.top) // 2)

    def _move(self, rows: npt.NDArray[np.intp], k: int, way: Ints) -> None:
        moved = self.rows[rows, k] + 2 * way
        self.rows[rows, k] = np.clip(moved, -self.top, self.top)

    def finish(self) -> None:
        """Thresholds of the class decay: a neuron that wins often must be better next time."""
        mine = self.neurons(self.shared.label)
        self.h[mine] -= self.h[mine] >> self.p["h_decay"]

    def fields(self) -> Fields:
        """See `Plastic`."""
        return {**super().fields(), f"l{self.k}_h": self.h}

    def restore(self, fields: Fields) -> None:
        """See `Plastic`."""
        super().restore(fields)
        self.h[:] = fields[f"l{self.k}_h"]

    def holds(self, fields: Fields) -> bool:
        """See `Plastic`."""
        h = fields[f"l{self.k}_h"].astype(np.int64)
        return super().holds(fields) and bool(((h >= 0) & (h <= H_LIMIT)).all())
