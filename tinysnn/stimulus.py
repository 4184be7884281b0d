"""Input of a network over time."""

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
    samples: npt.NDArray[np.int16] | None = None
    """[n]: what a device with a front end is given instead; `raster` is what that makes of it."""

    @property
    def n_ticks(self) -> int:
        """Number of ticks T."""
        return int(self.raster.shape[0])
