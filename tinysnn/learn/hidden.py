"""What hidden layers share: feedback from classes, neurons near their threshold (SPEC.md 4.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.learn.base import Ints, Plastic, Shared
from tinysnn.learn.random import Random

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer


class Hidden(Plastic):
    """A layer that fires and learns by signals from the classes."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        draws = Random(self.p["feedback"]).draws(shared.room * layer.n)
        signs = np.where(draws >> np.uint32(31), 1, -1)
        self.feedback: Ints = signs.reshape(shared.room, layer.n).astype(np.int64)
        spec = layer.spec
        self.adds_theta = spec.reset == "subtract" and spec.reset_timing == "same-tick"

    def near(self) -> npt.NDArray[np.bool_]:
        """Neurons that were near their threshold in this tick."""
        assert self.state is not None
        theta = self.layer.wide("theta")
        raised = self.state.kept.a
        if raised is not None:
            raised = raised - self.state.fired * self.layer.wide("jump")
        v = self.state.v + (self.state.fired * theta if self.adds_theta else 0)
        away = v - theta if raised is None else v - theta - raised
        return np.asarray(np.abs(away) < self.p["width"])

    def change(self, step: Ints, shift: int) -> None:
        """Add step [R, n] / 2^shift to the weights, rounded at random; neurons outermost."""
        columns = step.T  # the order of draws
        places = np.nonzero(columns)
        random = (self.shared.rng.draws(places[0].size) >> np.uint32(32 - shift)).astype(np.int64)
        here = (places[1], places[0])
        moved = self.rows[here] + ((columns[places] + random) >> shift)
        self.rows[here] = np.clip(moved, -128, 127)
