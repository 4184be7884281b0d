"""Values that come out some ticks later, each unit after its own time."""

from __future__ import annotations

import numpy as np

from tinysnn.graph import Floats, Ints


class DelayLine:
    """``y[j](t) = x[j](t - delay[j])``, 0 before; one value per clip and unit."""

    def __init__(self, n_clips: int, delays: Ints) -> None:
        """``delays``: [n], in ticks, not below 0."""
        self._delays = delays
        self._units = np.arange(delays.size)
        self._ring = np.zeros((int(delays.max()) + 1, n_clips, delays.size))
        self._now = 0

    def through(self, values: Floats) -> Floats:
        """Takes the values of one tick ([B, n]) and gives those that are due."""
        self._ring[self._now] = values
        due: Floats = self._ring[(self._now - self._delays) % len(self._ring), :, self._units].T
        self._now = (self._now + 1) % len(self._ring)
        return due
