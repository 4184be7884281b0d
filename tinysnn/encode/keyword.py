"""One second of audio to graded input events: 32 log-mel bands, 50 ticks of 20 ms.

Everything between the samples and the events is integer arithmetic, so the same clip gives the
same bytes on every machine, and the same steps can run on a device without a float unit:

1. two Hann windows of 25 ms per tick (one every 10 ms), as real and imaginary part of one
   512-point fixed-point FFT;
2. the power of each bin, summed by 32 triangles equally spaced in mel between 80 and 7200 Hz;
3. log2 by table, in 1/256;
4. level normalisation: the level is the mean log power of the 11th loudest of the 100 windows, so
   the same word said softly or loudly gives the same events (worth 10 points of accuracy);
5. the two windows of a tick are averaged and clipped to 0..127, 1/8 of an octave of power a step;
   0 is no event.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.encode import fixed_fft
from tinysnn.errors import StimulusError

SAMPLE_RATE_HZ = 16_000
CLIP_SAMPLES = 16_000
TICKS = 50
BANDS = 32
TICK_S = 0.02
INPUT_SCALE = 1 / 32
"""Real value of one step of an event, as the network was trained: 127 steps are about 4."""

_WINDOW = 400
_HOP = 160
_FRAMES = CLIP_SAMPLES // _HOP
_LEAD = _WINDOW - _HOP
"""Zeros before the clip, so that window k ends with sample 160 (k + 1): no look-ahead."""
_GUARD_BITS = 3
"""Bits kept below the least significant bit of a sample."""
_MEL_BITS = 7
_LOG_BITS = 8
_FLOOR_POWER = 10_000 << (2 * _GUARD_BITS + _MEL_BITS)
"""Added to each band's power: sounds below about 1 LSB are one constant level."""
_UNIT = 2 * _GUARD_BITS + _MEL_BITS
_LEVEL_RANK = 89
_QUIETEST_LEVEL = 22 << _LOG_BITS
"""Levels below this are not amplified any further, so that a silent room gives no events."""
_AUDIBLE = (14 << _LOG_BITS) + 64
"""A band below this (1 octave above digital silence) gives no event, however quiet the clip."""
_BELOW_LEVEL = 8 << _LOG_BITS
"""What lies more than this below the level (8 octaves of power, 24 dB) is no event."""
_STEP_BITS = 6
"""The sum of two windows in 1/256, divided by 64, is their mean in 1/8."""

Ints = npt.NDArray[np.int64]

# Mean log power of the band over the training clips minus the mean over the bands, in 1/256.
_BAND_SHAPE = (
    *(861, 855, 747, 652, 646, 610, 572, 504, 419, 321, 196, 117, 53, 12, -42, -105),
    *(-176, -219, -216, -200, -224, -265, -295, -314, -356, -430, -496, -559, -622, -657, -669),
    *(-719,),
)


def encode_clip(samples: npt.NDArray[Any]) -> npt.NDArray[np.int8]:
    """Encode one clip.

    Parameters
    ----------
    samples: int16 ``[16000]``, one second at 16 kHz, mono.

    Returns
    -------
    int8 ``[50, 32]`` (tick, band), values 0..127; 0 is no event.

    Raises
    ------
    StimulusError: another shape or dtype.
    """
    return normalise(log_mel(samples))


def log_mel(samples: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
    """Log2 of the band powers, int32 ``[100, 32]`` (window, band), in 1/256."""
    if samples.shape != (CLIP_SAMPLES,) or samples.dtype != np.int16:
        raise StimulusError(
            f"a clip must be int16 [{CLIP_SAMPLES}], this is {samples.dtype} {list(samples.shape)}",
            fix="Give one second of mono audio at 16 kHz.",
        )
    padded = np.zeros(_LEAD + CLIP_SAMPLES, np.int64)
    padded[_LEAD:] = samples
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    shift = 15 - _GUARD_BITS
    windowed = (frames * _hann() + (1 << (shift - 1))) >> shift
    power = fixed_fft.pair_power(windowed[0::2], windowed[1::2]).reshape(_FRAMES, -1)
    # float64 holds these sums of products exactly only below 2^53: stay with integers.
    bands = np.stack([power[:, low:high] @ w for low, high, w in _triangles()], axis=1)
    return (_log2(bands + _FLOOR_POWER) - (_UNIT << _LOG_BITS)).astype(np.int32)


def normalise(logs: npt.NDArray[np.int32]) -> npt.NDArray[np.int8]:
    """Events int8 ``[..., 50, 32]`` from the log powers of clips, int32 ``[..., 100, 32]``."""
    loudness = np.sort(logs.sum(axis=-1) // BANDS, axis=-1)
    level = np.maximum(loudness[..., _LEVEL_RANK], _QUIETEST_LEVEL)[..., None, None]
    above = logs - (level - _BELOW_LEVEL) - np.asarray(_BAND_SHAPE)
    pairs = above[..., 0::2, :] + above[..., 1::2, :]
    steps = (pairs + (1 << (_STEP_BITS - 1))) >> _STEP_BITS
    audible = logs[..., 0::2, :] + logs[..., 1::2, :] >= 2 * _AUDIBLE
    events: npt.NDArray[np.int8] = np.where(audible, np.clip(steps, 0, 127), 0).astype(np.int8)
    return events


def _log2(power: Ints) -> Ints:
    """floor(256 log2) to within a step, by the leading bit and a table; power >= 1."""
    exponent = np.zeros_like(power)
    rest = power.copy()
    for bits in (32, 16, 8, 4, 2, 1):
        big = rest >= (1 << bits)
        exponent += bits * big
        rest = np.where(big, rest >> bits, rest)
    shift = exponent - _LOG_BITS
    mantissa = np.where(shift >= 0, power >> np.maximum(shift, 0), power << np.maximum(-shift, 0))
    log: Ints = (exponent << _LOG_BITS) + _log_table()[mantissa & 255]
    return log


@lru_cache(maxsize=1)
def _log_table() -> Ints:
    middle = 1 + (np.arange(256) + 0.5) / 256
    table: Ints = np.rint(np.log2(middle) * (1 << _LOG_BITS)).astype(np.int64)
    return table


@lru_cache(maxsize=1)
def _hann() -> Ints:
    """Hann window of 400 samples in Q0.15 (32768 would be 1; no value lies near a tie)."""
    phase = 2 * np.pi * np.arange(_WINDOW) / _WINDOW
    whole: Ints = np.rint(32768 * (0.5 - 0.5 * np.cos(phase))).astype(np.int64)
    return np.minimum(whole, 32767)


@lru_cache(maxsize=1)
def _triangles() -> tuple[tuple[int, int, Ints], ...]:
    """Per band: first bin, one past the last bin, weights in Q0.7."""
    low, high = (1127 * np.log1p(f / 700) for f in (80.0, 7200.0))
    edges = np.linspace(low, high, BANDS + 2)
    bins = np.arange(fixed_fft.SIZE // 2) * SAMPLE_RATE_HZ / fixed_fft.SIZE
    mel = 1127 * np.log1p(bins / 700)
    up = (mel[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - mel[:, None]) / (edges[2:] - edges[1:-1])
    table = np.rint((1 << _MEL_BITS) * np.maximum(0, np.minimum(up, down))).astype(np.int64)
    spans = (np.flatnonzero(column) for column in table.T)
    return tuple(
        (int(s[0]), int(s[-1]) + 1, table[s[0] : s[-1] + 1, b]) for b, s in enumerate(spans)
    )
