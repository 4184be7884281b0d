"""Input of a network over time, and reading it from files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Stimulus:
    """One clip: what enters the network from a reset on."""

    raster: npt.NDArray[np.int8]
    """[T, N]: 0 no event, 1 a spike; with graded input any int8 value (0 = no event)."""
    name: str = ""
    label: int | None = None

    @property
    def n_ticks(self) -> int:
        """Number of ticks T."""
        return int(self.raster.shape[0])
