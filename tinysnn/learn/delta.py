"""Supervised delta rule with a margin and a class-balanced buffer (SPEC.md 4.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinysnn.learn.base import Fields, Head, Ints, Shared
from tinysnn.learn.plastic import classes_of, per_class, room_of
from tinysnn.learn.rules import BIAS_LIMIT

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer

ERROR_LIMIT = 127


class Delta(Head):
    """A head that learns by its errors."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.turn = 0
        self.kept: Ints = np.zeros(room_of(layer), np.int64)
        self.buffer = np.zeros((room_of(layer), self.p["buffer"], self.n_rows + 1), np.int8)
        self.packed: Ints = np.zeros(room_of(layer), np.int64)
        if layer.replay is not None:
            self.packed[: len(layer.replay)] = self.p["packed"]

    def finish(self) -> None:
        """Learn from the example, keep it, learn again from some, go back a little."""
        label, x = self.shared.label, self.features()
        self.shared.errors = self.learn(x, label)
        if self.p["buffer"]:
            self._keep(x, label)
        if self.p["buffer"] or self.p["packed"]:
            for _ in range(self.p["rehearsals"]):
                self._rehearse()
        if self.p["anchor"]:
            self._go_back()

    def _rehearse(self) -> None:
        """Learn again from an example of the next class, one that was kept or one of the pack."""
        again = self._next_class()
        rng, kept = self.shared.rng, int(self.kept[again])
        from_pack = bool(self.packed[again])
        if from_pack and kept:
            from_pack = int(rng.draws(1)[0]) >> 24 < self.p["old"]
        if from_pack and self.layer.replay is not None:
            x = self.layer.replay[again, rng.below(self.p["packed"])]
        else:
            x = self.buffer[again, rng.below(kept)]
        self.learn(x.astype(np.int64), again)

    def _go_back(self) -> None:
        """Weights and biases of the classes known at first: part of the way to those packed."""
        shift, rng = self.p["anchor"], self.shared.rng
        n = classes_of(self.layer) * per_class(self.layer)
        first = np.vstack([self.layer.rows, self.layer.wide("bias") >> self.layer.spec.frac_bits])
        now = np.vstack([self.rows, self.b])
        away = np.ascontiguousarray((first - now)[:, :n].T)
        changed = np.flatnonzero(away)
        random = (rng.draws(changed.size) >> np.uint32(32 - shift)).astype(np.int64)
        away.ravel()[changed] = (away.ravel()[changed] + random) >> shift
        self.rows[:, :n] += away[:, :-1].T.astype(np.int8)
        self.set_b(slice(0, n), self.b[:n] + away[:, -1])

    def errors(self, x: Ints, label: int) -> Ints:
        """[n] how far the scores are from their targets; 0 beyond them."""
        p = self.p
        score = x[:-1] @ self.rows.astype(np.int64) + self.b * x[-1]
        y = (score + ((1 << p["score_shift"]) >> 1)) >> p["score_shift"]
        right = np.zeros(self.layer.n, np.bool_)
        right[self.neurons(label)] = True
        error = np.where(right, np.maximum(p["margin"] - y, 0), np.minimum(-p["margin"] - y, 0))
        error[self.neurons(self.shared.n_classes).start :] = 0
        return np.asarray(np.clip(error, -ERROR_LIMIT, ERROR_LIMIT))

    def learn(self, x: Ints, label: int) -> Ints:
        """Change weights and biases by the errors of one example; the errors."""
        error = self.errors(x, label)
        wrong, active = np.flatnonzero(error), np.flatnonzero(x)
        if active.size == 0:
            return error
        shift = self.p["shift"]
        draws = self.shared.rng.draws(wrong.size * active.size).reshape(wrong.size, active.size)
        random = (draws >> np.uint32(32 - shift)).astype(np.int64)
        step = (error[wrong, None] * x[active] + random) >> shift
        rows = active[active < self.n_rows]
        here = np.ix_(rows, wrong)
        changed = self.rows[here].astype(np.int64) + step[:, : rows.size].T
        self.rows[here] = np.clip(changed, -128, 127)
        if active[-1] == self.n_rows:
            b = np.clip(self.b[wrong] + step[:, -1], -BIAS_LIMIT, BIAS_LIMIT)
            self.set_b(wrong, b)
        return error

    def _keep(self, x: Ints, label: int) -> None:
        if self.kept[label] < self.p["buffer"]:
            slot = int(self.kept[label])
            self.kept[label] += 1
        else:
            slot = self.shared.rng.below(self.p["buffer"])
        self.buffer[label, slot] = x

    def _next_class(self) -> int:
        """The next class of which examples are kept; there is one."""
        while True:
            self.turn = self.turn + 1 if self.turn + 1 < self.shared.n_classes else 0
            if self.kept[self.turn] or self.packed[self.turn]:
                return self.turn

    def add_class(self, label: int) -> None:
        """See `Plastic`."""
        self.rows[:, self.neurons(label)] = 0
        self.set_b(self.neurons(label), 0)

    def fields(self) -> Fields:
        """See `Plastic`."""
        fields = super().fields()
        if self.p["buffer"] or self.p["packed"]:
            fields[f"l{self.k}_turn"] = np.array([self.turn])
        if self.p["buffer"]:
            fields[f"l{self.k}_kept"] = self.kept
            fields[f"l{self.k}_buffer"] = self.buffer
        return fields

    def restore(self, fields: Fields) -> None:
        """See `Plastic`."""
        super().restore(fields)
        if self.p["buffer"] or self.p["packed"]:
            self.turn = int(fields[f"l{self.k}_turn"][0])
        if self.p["buffer"]:
            self.kept[:] = fields[f"l{self.k}_kept"]
            self.buffer[:] = fields[f"l{self.k}_buffer"].reshape(self.buffer.shape)

    def holds(self, fields: Fields) -> bool:
        """See `Plastic`."""
        if not super().holds(fields):
            return False
        if not (self.p["buffer"] or self.p["packed"]):
            return True
        classes = int(fields["n_classes"][0])
        in_turn = int(fields[f"l{self.k}_turn"][0]) < max(classes, 1)
        if not (in_turn and self.p["buffer"]):
            return in_turn
        kept = fields[f"l{self.k}_kept"]
        return bool((kept <= self.p["buffer"]).all()) and not kept[classes:].any()
