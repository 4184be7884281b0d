"""What a source did in the last ticks, to be read late (SPEC.md 1.5)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinysnn.ops.fixed import Ints


class Ring:
    """``slots`` ticks of values [..., n], 0 before the first tick."""

    def __init__(self, slots: int, shape: tuple[int, ...]) -> None:
        """``shape``: of one tick's values, the units last."""
        self.values = np.zeros((slots, *shape), np.int64)
        self.at = 0
        """Slot of this tick."""

    def turn(self) -> None:
        """A new tick begins."""
        self.at = (self.at + 1) % len(self.values)

    def put(self, values: npt.NDArray[np.integer] | npt.NDArray[np.bool_]) -> None:
        """What the source did in this tick, [..., n]."""
        self.values[self.at] = values

    def read(self, delays: Ints) -> Ints:
        """What each unit did ``delays`` ([n]) ticks ago, [..., n]."""
        units = np.arange(delays.size)
        found = self.values[(self.at - delays) % len(self.values), ..., units]
        return np.asarray(np.moveaxis(found, 0, -1))
