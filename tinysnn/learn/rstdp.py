"""Reward-modulated STDP: three factors, no label (SPEC.md 4.7.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.learn.base import BiasedHead, Fields, Ints, Shared
from tinysnn.learn.plastic import per_class

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer

I16 = (-(1 << 15), (1 << 15) - 1)
MOST_TRACE = 255
U_LIMIT = (1 << 30) - 1
MOST_MEAN = 128 << 8


class RewardStdp(BiasedHead):
    """A head whose neurons compete; a reward makes what they did likelier or less likely."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.mean = 0
        self.u: Ints = np.zeros(layer.n, np.int64)
        self.t: Ints = np.zeros(self.n_rows, np.int64)
        self.y: Ints = np.zeros(layer.n, np.int64)
        self.eligible: Ints = np.zeros((self.n_rows, layer.n), np.int64)

    def begin(self) -> None:
        """See `Plastic`."""
        for traces in (self.u, self.t, self.y, self.eligible):
            traces[:] = 0

    def observe(
        self,
        index: npt.NDArray[np.intp],
        value: npt.NDArray[np.int64] | None,  # noqa: ARG002 (an event is one, whatever its value)
    ) -> None:
        """See `Plastic`; the traces of synapses grow and fade."""
        known = self.shared.n_classes * per_class(self.layer)
        if self.state is None or not known:
            return
        p, u, y, own = self.p, self.u[:known], self.y[:known], self.eligible[:, :known]
        if p["fade"]:
            own -= own >> p["fade"]
        self.t -= self.t >> p["trace_shift"]
        self.t[index] = np.minimum(self.t[index] + p["trace_gain"], MOST_TRACE)
        gathered = u + self.b[:known] + self.state.sums[:known] - (u >> p["leak"])
        u[:] = np.clip(gathered, -U_LIMIT, U_LIMIT)
        y -= y >> p["trace_shift"]
        own[index] = np.clip(own[index] - (y * p["down"] >> 8), *I16)
        winner = int(np.argmax(u))
        due = self.shared.n_ticks % p["every"] == p["every"] - 1
        if due and u[winner] >= p["theta"]:
            own[:, winner] = np.clip(own[:, winner] + self.t - p["silent"], *I16)
            y[winner] = min(y[winner] + p["trace_gain"], MOST_TRACE)
            u[:] = 0

    def is_told(self) -> bool:
        """See `Plastic`; here its reward."""
        return self.shared.reward != 0

    def finish(self) -> None:
        """See `Plastic`."""
        signal = self._surprise()
        columns = ((self.eligible >> self.p["el_shift"]) * signal).T  # the order of draws
        places = np.nonzero(columns)
        shift = self.p["shift"]
        random = (self.shared.rng.draws(places[0].size) >> np.uint32(32 - shift)).astype(np.int64)
        here = (places[1], places[0])
        moved = self.rows[here] + ((columns[places] + random) >> shift)
        self.rows[here] = np.clip(moved, -128, 127)

    def _surprise(self) -> int:
        """How much better it went than expected."""
        if not self.p["baseline"]:
            return self.shared.reward
        away = 256 * self.shared.reward - self.mean
        random = int(self.shared.rng.draws(1)[0]) >> (32 - self.p["baseline"])
        self.mean += (away + random) >> self.p["baseline"]
        return away >> 8

    def add_class(self, label: int) -> None:
        """See `Plastic`."""
        self.rows[:, self.neurons(label)] = 0
        self.set_b(self.neurons(label), 0)

    def fields(self) -> Fields:
        """See `Plastic`."""
        return {**super().fields(), f"l{self.k}_mean": np.array([self.mean])}

    def restore(self, fields: Fields) -> None:
        """See `Plastic`."""
        super().restore(fields)
        self.mean = int(fields[f"l{self.k}_mean"][0])

    def holds(self, fields: Fields) -> bool:
        """See `Plastic`."""
        return super().holds(fields) and abs(int(fields[f"l{self.k}_mean"][0])) <= MOST_MEAN
