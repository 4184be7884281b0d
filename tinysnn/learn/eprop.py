"""e-prop with broadcast errors: a trace per synapse, two where thresholds adapt (SPEC.md 4.7.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.learn.base import Ints, Shared
from tinysnn.learn.hidden import Hidden

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer

I16 = (-(1 << 15), (1 << 15) - 1)


class Eprop(Hidden):
    """A hidden layer that learns by the readout's errors."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.trace: Ints = np.zeros(layer.spec.n_rows, np.int64)
        self.eligible: Ints = np.zeros((layer.spec.n_rows, layer.n), np.int64)
        self.adapted: Ints = np.zeros((layer.spec.n_rows, layer.n), np.int64)

    def begin(self) -> None:
        """See `Plastic`."""
        self.trace[:] = 0
        self.eligible[:] = 0
        self.adapted[:] = 0

    def observe(self, index: npt.NDArray[np.intp], value: npt.NDArray[np.int64] | None) -> None:
        """See `Plastic`."""
        self.trace -= self.trace >> self.p["trace_shift"]
        added = self.p["trace_gain"] * (1 if value is None else value)
        self.trace[index] = np.clip(self.trace[index] + added, *I16)
        near = self.near()
        if not self.p["adapt"]:
            self.eligible[:, near] = np.clip(self.eligible[:, near] + self.trace[:, None], *I16)
            return
        own = self.trace[:, None] - (self.p["adapt"] * self.adapted >> 8)
        self.eligible[:, near] = np.clip((self.eligible + own)[:, near], *I16)
        self.adapted -= self.adapted >> self.p["adapt_shift"]
        self.adapted[:, near] = np.clip((self.adapted + own)[:, near], *I16)

    def finish(self) -> None:
        """See `Plastic`."""
        known = self.shared.n_classes
        signal = self.shared.errors[:known] @ self.feedback[:known]
        own = self.eligible >> self.p["el_shift"]
        self.change(own * signal, self.p["shift"])
