"""The streaming audio front end: 20 ms of samples in, log-mel levels and graded events out.

Everything is integer arithmetic and nothing looks further ahead than a stated number of ticks, so
a device does the same on a live microphone, bit for bit (SPEC.md 5). Per tick of 320 samples:

1. pre-emphasis, ``y = sat16(x - (31 x' >> 5))`` with x' the sample before;
2. the last 512 values, shifted left as far as they allow (a block exponent), times a Hann window;
3. a 512-point real FFT in 16 bits, halved at every stage (`block_fft`);
4. the power of the bins, summed by 32 triangles equally spaced in mel from 80 to 7200 Hz;
5. log2 by table, in 1/256 of an octave of power, with a floor of constant power;
6. the level: the highest mean of the bands so far, sinking slowly. Events of a tick are made
   `lookahead_ticks` later, when the level of what follows is known;
7. events: levels above (level - 8 octaves), less the mean shape of speech, in 1/8 octave; each is
   given again for `context_ticks` ticks, as inputs of their own. Or another of the `codes`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.encode import block_fft, codes
from tinysnn.errors import StimulusError
from tinysnn.front_end import BANDS, LogMel

SAMPLE_RATE_HZ = 16_000
HOP = 320
WINDOW = block_fft.SIZE
LOG_BITS = 8
MEL_BITS = 7
POWER_BITS = 5
"""Powers are divided by 2^5 before they are weighted, so that sums fit 32 bits."""
DATA_BITS = 14
MAX_SHIFT = 8
"""Windows quieter than 2^6 are not shifted any further: what is left is noise."""
FLOOR = 512
"""Added to a band's sum at the largest shift: a constant power, below 1 LSB of white noise."""
_LOW_HZ, _HIGH_HZ = 80.0, 7200.0

Ints = npt.NDArray[np.int32]


def levels(samples: npt.NDArray[Any]) -> Ints:
    """Log2 of the band powers of whole ticks, from a start in silence.

    Parameters
    ----------
    samples: int16 ``[..., ticks * 320]`` at 16 kHz.

    Returns
    -------
    int32 ``[..., ticks, 32]`` in 1/256 of an octave.

    Raises
    ------
    StimulusError: another dtype, or not a whole number of ticks.
    """
    if samples.dtype != np.int16 or samples.shape[-1] % HOP:
        raise StimulusError(
            f"audio must be int16 and a multiple of {HOP} samples, this is {samples.dtype} "
            f"{list(samples.shape)}",
            fix="Give mono audio at 16 kHz, cut or padded to whole ticks of 20 ms.",
        )
    data, shift = _windows(_emphasised(samples))
    power = block_fft.power(data) >> POWER_BITS
    sums = np.stack([power[..., a:b] @ w for a, b, w in triangles()], axis=-1).astype(np.int64)
    sums += (1 + (FLOOR >> (2 * (MAX_SHIFT - shift))))[..., None]
    return np.asarray(log2(sums) - (shift << (LOG_BITS + 1))[..., None], np.int32)


def events(logs: Ints, ear: LogMel) -> npt.NDArray[np.int8]:
    """Events of every tick whose future is known: graded, unless the front end has a code.

    Parameters
    ----------
    logs: int32 ``[..., ticks, 32]`` from a reset.

    Returns
    -------
    int8 ``[..., ticks - lookahead_ticks, n_in]``. Graded: 0..127, first the bands of this tick,
    then those of the tick before, and so on.
    """
    ticks = logs.shape[-2] - ear.lookahead_ticks
    known = _reference(logs.sum(axis=-1) >> 5, ear)[..., ear.lookahead_ticks :]
    above = logs[..., :ticks, :] - (known - ear.below)[..., None] - np.array(ear.shape)
    if (code := ear.level_code) is not None:
        return codes.events(np.asarray(above, np.int32), code)
    half = 1 << (ear.step_bits - 1)
    now = np.clip((above + half) >> ear.step_bits, 0, 127).astype(np.int8)
    copies = [np.zeros_like(now) for _ in range(ear.context_ticks)]
    for delay, copy in enumerate(copies):
        copy[..., delay:, :] = now[..., : ticks - delay, :]
    return np.concatenate(copies, axis=-1)


def _reference(loudness: Ints, ear: LogMel) -> Ints:
    """The level after each tick, ``[..., ticks]``."""
    out = np.empty_like(loudness)
    now = np.full(loudness.shape[:-1], ear.quietest, loudness.dtype)
    for tick in range(loudness.shape[-1]):
        now = np.maximum(np.maximum(now - ear.decay, loudness[..., tick]), ear.quietest)
        out[..., tick] = now
    return out


def _emphasised(samples: npt.NDArray[Any]) -> Ints:
    """Pre-emphasis with a zero before, int32 ``[..., 512 - 320 + n]``, zeros in front."""
    x = samples.astype(np.int32)
    before = np.zeros_like(x)
    before[..., 1:] = x[..., :-1]
    y = np.clip(x - ((31 * before) >> 5), -32768, 32767)
    lead = np.zeros((*x.shape[:-1], WINDOW - HOP), np.int32)
    return np.concatenate((lead, y), axis=-1)


def _windows(samples: Ints) -> tuple[Ints, npt.NDArray[np.int64]]:
    """Windowed data ``[..., ticks, 512]`` and its block exponent ``[..., ticks]``."""
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW, axis=-1)[..., ::HOP, :]
    magnitude = np.bitwise_or.reduce(frames ^ (frames >> 31), axis=-1).astype(np.int64)
    length = np.ceil(np.log2(magnitude + 1)).astype(np.int64)  # exact: below 2^15
    shift = np.minimum(DATA_BITS - length, MAX_SHIFT)
    down = (15 - shift)[..., None].astype(np.int32)
    data = (frames * hann() + (1 << (down - 1))) >> down
    return np.asarray(data, np.int32), shift


def log2(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """256 log2 of integers from 1 to 2^32 - 1, by the leading bit and a table."""
    exponent = np.zeros_like(values)
    rest = values.copy()
    for bits in (16, 8, 4, 2, 1):
        big = rest >= (1 << bits)
        exponent += bits * big
        rest = np.where(big, rest >> bits, rest)
    shift = exponent - LOG_BITS
    mantissa = np.where(shift >= 0, values >> np.maximum(shift, 0), values << np.maximum(-shift, 0))
    out: npt.NDArray[np.int64] = (exponent << LOG_BITS) + log_table()[mantissa & 255]
    return out


@lru_cache(maxsize=1)
def log_table() -> npt.NDArray[np.int64]:
    """``[256]``: 256 log2(1 + (k + 1/2) / 256)."""
    middle = 1 + (np.arange(256) + 0.5) / 256
    table: npt.NDArray[np.int64] = np.rint(np.log2(middle) * (1 << LOG_BITS)).astype(np.int64)
    return table


@lru_cache(maxsize=1)
def hann() -> Ints:
    """Hann window of 512 samples in Q0.15 (the largest is 32767)."""
    phase = 2 * np.pi * np.arange(WINDOW) / WINDOW
    return np.minimum(np.rint(32768 * (0.5 - 0.5 * np.cos(phase))), 32767).astype(np.int32)


@lru_cache(maxsize=1)
def triangles() -> tuple[tuple[int, int, npt.NDArray[np.int64]], ...]:
    """Per band: first bin, one past the last bin, weights in Q0.7."""
    edges, mel = _mel_edges(), _mel_of_bins()[:, None]
    up = (mel - edges[:-2]) / (edges[1:-1] - edges[:-2])
    down = (edges[2:] - mel) / (edges[2:] - edges[1:-1])
    table = np.rint((1 << MEL_BITS) * np.maximum(0, np.minimum(up, down))).astype(np.int64)
    spans = (np.flatnonzero(column) for column in table.T)
    return tuple(
        (int(s[0]), int(s[-1]) + 1, table[s[0] : s[-1] + 1, b]) for b, s in enumerate(spans)
    )


def centres() -> npt.NDArray[np.int64]:
    """First bin behind the centre of each band, ``[32]``."""
    return np.searchsorted(_mel_of_bins(), _mel_edges()[1:-1]).astype(np.int64)


def _mel_edges() -> npt.NDArray[np.float64]:
    """Lower edge of the first band, the centres, upper edge of the last, in mel, ``[34]``."""
    low, high = (1127 * np.log1p(f / 700) for f in (_LOW_HZ, _HIGH_HZ))
    return np.linspace(low, high, BANDS + 2)


def _mel_of_bins() -> npt.NDArray[np.float64]:
    return np.asarray(1127 * np.log1p(np.arange(WINDOW // 2) * SAMPLE_RATE_HZ / WINDOW / 700))
