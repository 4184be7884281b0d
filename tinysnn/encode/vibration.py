"""The front end for accelerometers: samples in, band levels, and events in the code that is chosen.

Integer arithmetic throughout, so that a device does the same bit for bit (SPEC.md 5.2):

1. the mean of each axis is followed and taken off;
2. damped rotations (`rotation`) filter each axis into bands; or carriers do, the logarithm of each
   one's envelope is taken every few samples, and the bands filter that (what repeats in a bearing);
3. the level of a band is the logarithm of the sum of its magnitudes over a tick;
4. levels become events by one of the codes (`codes`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.encode import codes
from tinysnn.encode.log_mel import log2
from tinysnn.encode.rotation import Ints, magnitudes
from tinysnn.errors import StimulusError
from tinysnn.front_end import Vibration
from tinysnn.stimulus import Stimulus

_ENVELOPE_BITS = 2
"""Logarithms of envelopes are multiplied by 2^2 before they are filtered."""


def encode(samples: npt.NDArray[Any], ear: Vibration) -> npt.NDArray[np.int8]:
    """Events of whole ticks, from a reset.

    Parameters
    ----------
    samples: int16 ``[..., ticks * hop * axes]``, the axes of a sample side by side.

    Returns
    -------
    int8 ``[..., ticks, n_in]``; 0 is no event.

    Raises
    ------
    StimulusError: another dtype, or not a whole number of ticks.
    """
    signal = axes(samples, ear)
    if ear.source == "raw":
        return codes.crossings(signal, ear)
    return codes.events(levels(signal, ear), ear.level_code)


def felt(
    samples: npt.NDArray[Any],
    ear: Vibration,
    name: str = "",
    label: int | None = None,
    *,
    graded: bool = True,
) -> Stimulus:
    """A clip as raw samples for a device with this front end, and the events it is to make of them.

    Parameters and errors as `encode`, with the samples of one clip; `graded`: whether the network
    takes values; else every event is a spike.
    """
    events = encode(samples, ear)
    return Stimulus(events if graded else (events != 0).astype(np.int8), name, label, samples)


def axes(samples: npt.NDArray[Any], ear: Vibration) -> Ints:
    """Samples by axis without their mean, int32 ``[..., axes, n]``; errors as `encode`."""
    tick = ear.samples_per_tick
    if samples.dtype != np.int16 or samples.shape[-1] % tick:
        raise StimulusError(
            f"vibration must be int16 and a multiple of {tick} numbers ({ear.hop} samples of "
            f"{ear.axes} axes), this is {samples.dtype} {list(samples.shape)}",
            fix="Give whole ticks, the axes of a sample side by side.",
        )
    parted = samples.reshape(*samples.shape[:-1], -1, ear.axes)
    return _without_mean(np.moveaxis(parted, -1, -2).astype(np.int32), ear.dc_shift)


def _without_mean(signal: Ints, shift: int) -> Ints:
    """What is left when the mean that follows the signal is taken off, ``[..., n]``."""
    if shift == 0 or signal.shape[-1] == 0:
        return signal
    out = np.empty_like(signal)
    mean = signal[..., 0] << shift
    for n in range(signal.shape[-1]):
        away = signal[..., n] - (mean >> shift)
        mean = mean + away
        out[..., n] = away
    return np.clip(out, -32768, 32767)


def levels(signal: Ints, ear: Vibration) -> Ints:
    """Levels of the channels, int32 ``[..., ticks, channels]``, of what `axes` gives.

    In 1/256 of an octave of amplitude; relative and less the shape, if the front end says so.
    """
    if ear.source == "envelope":
        sums = magnitudes(signal, ear.carriers, ear.decimate).astype(np.int64)
        logs = np.moveaxis(log2(sums + 1), -1, -2).astype(np.int32) << _ENVELOPE_BITS
        signal = _without_mean(
            logs.reshape(*signal.shape[:-2], ear.signals, -1), ear.envelope_dc_shift
        )
    sums = magnitudes(signal, ear.bands, ear.hop // ear.decimate).astype(np.int64)
    found = np.moveaxis(log2(sums + ear.floor), -3, -2)  # [..., ticks, signals, bands]
    flat = (*found.shape[:-2], ear.channels)
    if ear.relative != "none":
        grouped = found if ear.relative == "signal" else found.reshape(flat)
        found = grouped - _mean(grouped)
    shape = np.array(ear.shape or (0,) * ear.channels)
    return np.asarray(found.reshape(flat) - shape, np.int32)


def _mean(found: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Mean over the last axis, with a multiplication in place of the division."""
    inverse = mean_factor(found.shape[-1])
    total = found.sum(axis=-1, keepdims=True)
    return np.asarray((total * inverse + (1 << 15)) >> 16)


def mean_factor(count: int) -> int:
    """65536 / count, rounded half up."""
    return (2 * 65536 + count) // (2 * count)
