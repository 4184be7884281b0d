"""Delays in seconds become whole ticks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tinysnn.errors import ModelError
from tinysnn.graph import Floats, Ints

MAX_TICKS = 4096
_EXACT = 1e-6


def in_ticks(delay: Floats, dt_s: float | None) -> tuple[Ints, float | None]:
    """Delays in whole ticks, to nearest, and the largest error in s if they are no multiples.

    Raises
    ------
    ModelError
        A delay below 0, or above ``MAX_TICKS`` ticks (without ``where``).
    """
    if (delay < 0).any():
        raise ModelError(f"has a delay of {delay.min():g} s", fix="Delays must not be below 0.")
    if not delay.any():
        return np.zeros(delay.size, np.int64), None
    exact = delay / (dt_s or 1.0)
    if exact.max() > MAX_TICKS:
        raise ModelError(
            f"has a delay of {delay.max():g} s, {exact.max():.6g} ticks",
            fix=f"At most {MAX_TICKS} ticks can be kept: check dt_s.",
        )
    ticks = np.rint(exact)
    error = np.abs(ticks - exact)
    off = bool((error > _EXACT * np.maximum(exact, 1.0)).any())
    return ticks.astype(np.int64), float(error.max() * (dt_s or 1.0)) if off else None


def later(first: Ints | None, second: Ints) -> Ints:
    """Two delays one after the other, by unit."""
    return second if first is None else first + second


def split(delays: Ints) -> Iterator[tuple[int, npt.NDArray[np.bool_]]]:
    """Each delay that occurs, and which units have it."""
    for ticks in np.unique(delays):
        yield int(ticks), delays == ticks
