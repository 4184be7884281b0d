"""Damped rotations: band filters in 16 bits whose two states give the envelope (SPEC.md 5.2)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import OptionError
from tinysnn.front_end import Rotation

_UNIT = 1 << 15
_LOW, _HIGH = -32768, 32767
Ints = npt.NDArray[np.int32]


def rotation(hz: float, width_hz: float, rate_hz: float, gain: float = 1.0) -> Rotation:
    """The rotation of a band, with an amplitude at its middle about that of what enters.

    Parameters
    ----------
    hz: middle of the band, above 0 and below half the rate.
    width_hz: between the points 3 dB below it.
    rate_hz: of the samples that enter.
    gain: wanted gain in the middle; the nearest power of two that can be had is taken.

    Raises
    ------
    OptionError: a band that is not between 0 and half the rate, or too narrow for 16 bits.
    """
    radius = math.exp(-math.pi * width_hz / rate_hz)
    if not (0 < hz < rate_hz / 2 and 0 < width_hz < rate_hz and radius * _UNIT < _UNIT - 2):
        raise OptionError(
            f"no band of {width_hz:g} Hz around {hz:g} Hz at {rate_hz:g} samples a second",
            fix="Take a middle below half the rate and a width of at least rate / 50,000.",
        )
    angle = 2 * math.pi * hz / rate_hz
    cos, sin = (round(_UNIT * radius * f(angle)) for f in (math.cos, math.sin))
    power = round(math.log2(gain * 2 * (1 - radius)))
    return Rotation(cos, sin, up=min(max(power, 0), 8), down=min(max(-power, 0), 15))


def magnitudes(signal: npt.NDArray[Any], bands: tuple[Rotation, ...], block: int) -> Ints:
    """Sums of the magnitudes of what goes through band filters, from rest.

    Parameters
    ----------
    signal: integers of 16 bits ``[..., n]``, n a multiple of `block`.
    block: samples of a sum.

    Returns
    -------
    int32 ``[..., n / block, bands]``.
    """
    cos, sin, up, down = (
        np.array([getattr(band, name) for band in bands], np.int32)
        for name in ("cos", "sin", "up", "down")
    )
    u = np.zeros((*signal.shape[:-1], len(bands)), np.int32)
    v, out = (
        np.zeros_like(u),
        np.empty((*signal.shape[:-1], signal.shape[-1] // block, u.shape[-1]), np.int32),
    )
    turned = np.empty((block, 2, *u.shape), np.int32)
    for at in range(out.shape[-2]):
        part = signal[..., at * block : (at + 1) * block, None].astype(np.int32)
        entering = (part << up) >> down
        for n in range(block):
            next_u = ((cos * u - sin * v + _UNIT // 2) >> 15) + entering[..., n, :]
            next_v = (sin * u + cos * v + _UNIT // 2) >> 15
            u = np.minimum(np.maximum(next_u, _LOW, out=turned[n, 0]), _HIGH, out=turned[n, 0])
            v = np.minimum(np.maximum(next_v, _LOW, out=turned[n, 1]), _HIGH, out=turned[n, 1])
        out[..., at, :] = _magnitude(turned).sum(axis=0)
        u, v = u.copy(), v.copy()
    return out


def _magnitude(turned: Ints) -> Ints:
    """About the length of (u, v), ``[n, 2, ...]``, to 12 %: what a small core can afford."""
    size = np.abs(turned)
    large, small = size.max(axis=1), size.min(axis=1)
    return np.asarray(large + (small >> 2) + (small >> 3), np.int32)
