"""What a network did: the common currency of the reference and every runner."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Trace:
    """Outcome of one clip, tick by tick."""

    output: npt.NDArray[np.int32]
    """[T, n_out]: spikes (0, 1), or membranes of a readout that does not fire."""
    hashes: npt.NDArray[np.uint32]
    """[T + 1]: state hash after reset and after each tick (SPEC.md 1.5)."""
    counts: npt.NDArray[np.uint32] | None = None
    """[T]: instructions, cycles or timer ticks of each step; None where nothing counts."""
    states: npt.NDArray[np.uint8] | None = None
    """[T + 1, state_bytes]: raw state after reset and after each tick, if it was asked for."""
    front_counts: npt.NDArray[np.uint32] | None = None
    """[T]: as `counts`, of the front end, where the device was given raw samples."""
    decisions: npt.NDArray[np.int32] | None = None
    """[T, 2]: class decided in each tick (-1: none) and margin, of packs that decide."""
