"""Direct random target projection: the class itself is the signal (SPEC.md 4.7.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.learn.base import Ints, Shared
from tinysnn.learn.hidden import Hidden

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer

Z_LIMITS = (-(1 << 15), (1 << 15) - 1)
MOST_NEAR = 255


class Drtp(Hidden):
    """A hidden layer that learns by the class, through fixed random feedback."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.z: Ints = np.zeros(layer.spec.n_rows, np.int64)
        self.n_near: Ints = np.zeros(layer.n, np.int64)

    def begin(self) -> None:
        """See `Plastic`."""
        self.z[:] = 0
        self.n_near[:] = 0

    def observe(self, index: npt.NDArray[np.intp], value: npt.NDArray[np.int64] | None) -> None:
        """See `Plastic`."""
        self.z[index] = np.clip(self.z[index] + (1 if value is None else value), *Z_LIMITS)
        self.n_near = np.minimum(self.n_near + self.near(), MOST_NEAR)

    def finish(self) -> None:
        """See `Plastic`."""
        push = self.feedback[self.shared.label] * self.n_near
        self.change(self.z[:, None] * push, self.p["shift"])
