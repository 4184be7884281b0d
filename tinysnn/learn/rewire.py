"""Structural plasticity: few synapses per neuron, pruned and regrown (SPEC.md 4.7.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinysnn.learn.base import Fields, Head, Ints, Shared
from tinysnn.learn.plastic import per_class

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer

BIAS_LIMIT = (1 << 15) - 1


class Rewire(Head):
    """A head whose neurons have a fixed number of synapses; `rows` is what they add up to."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.source: Ints = np.array([self._first_rows(n) for n in range(layer.n)])
        """[n, S] rows that the synapses come from."""
        self.w: Ints = np.take_along_axis(self.rows.T.astype(np.int64), self.source, axis=1)

    def _first_rows(self, neuron: int) -> Ints:
        count = self.p["synapses"]
        used = np.flatnonzero(self.rows[:, neuron])
        others = (neuron * count + np.arange(self.n_rows)) % self.n_rows
        return np.append(used, others[~np.isin(others, used)])[:count]

    def _show(self) -> None:
        """Let the simulation see the synapses."""
        self.rows[:] = 0
        np.put_along_axis(self.rows.T, self.source, self.w.astype(np.int8), axis=1)

    def errors(self, x: Ints, label: int) -> Ints:
        """[n] how far the scores of known classes are from their targets; 0 beyond them."""
        p, known = self.p, self.shared.n_classes * per_class(self.layer)
        score = (self.w * x[self.source]).sum(axis=1) + self.b * x[-1]
        y = (score + ((1 << p["score_shift"]) >> 1)) >> p["score_shift"]
        e = np.clip(-p["margin"] - y, -127, 0)
        mine = self.neurons(label)
        e[mine] = np.clip(p["margin"] - y[mine], 0, 127)
        e[known:] = 0
        return np.asarray(e)

    def finish(self) -> None:
        """See `Plastic`."""
        x = self.features()
        e = self.errors(x, self.shared.label)
        for k in np.flatnonzero(e):
            self._learn(int(k), int(e[k]), x)
            for _ in range(self.p["tries"]):
                self._regrow(int(k), int(e[k]), x)
        self._show()

    def _learn(self, k: int, e: int, x: Ints) -> None:
        own = x[self.source[k]]
        active = np.flatnonzero(own)
        steps = self._steps(e * np.append(own[active], x[-1:][x[-1:] != 0]))
        moved = self.w[k, active] + steps[: active.size]
        self.w[k, active] = np.clip(moved, -128, 127)
        if x[-1]:
            self.set_b(slice(k, k + 1), np.clip(self.b[k] + steps[-1], -BIAS_LIMIT, BIAS_LIMIT))

    def _steps(self, product: Ints) -> Ints:
        """Each halved `shift` times, rounded at random."""
        shift = self.p["shift"]
        random = self.shared.rng.draws(product.size) >> np.uint32(32 - shift)
        return np.asarray((product + random.astype(np.int64)) >> shift)

    def _regrow(self, k: int, e: int, x: Ints) -> None:
        """Perhaps a weak synapse of neuron k moves to an active row."""
        row = self.shared.rng.below(self.n_rows)
        if not x[row] or row in self.source[k]:
            return
        weakest = int(np.argmin(np.abs(self.w[k])))
        if abs(int(self.w[k, weakest])) <= self.p["prune"]:
            self.source[k, weakest] = row
            self.w[k, weakest] = np.clip(self._steps(e * x[row : row + 1])[0], -128, 127)

    def add_class(self, label: int) -> None:
        """See `Plastic`."""
        mine = self.neurons(label)
        self.w[mine] = 0
        self.set_b(mine, 0)
        self._show()

    def fields(self) -> Fields:
        """See `Plastic`."""
        own = {f"l{self.k}_w": self.w, f"l{self.k}_from": self.source}
        return {**super().fields(), **own}

    def restore(self, fields: Fields) -> None:
        """See `Plastic`."""
        self.w[:] = fields[f"l{self.k}_w"].reshape(self.w.shape)
        self.source[:] = fields[f"l{self.k}_from"].reshape(self.source.shape)
        self.set_b(slice(None), fields[f"l{self.k}_b"])
        self._show()

    def holds(self, fields: Fields) -> bool:
        """See `Plastic`."""
        source = np.sort(fields[f"l{self.k}_from"].reshape(self.source.shape).astype(np.int64))
        good = source[:, -1].max() < self.n_rows and bool((np.diff(source) > 0).all())
        return super().holds(fields) and good
