"""Fixed-point FFT of two real windows at a time, in numpy integers."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

SIZE = 512
_STAGES = 9
_TWIDDLE_BITS = 15

Ints = npt.NDArray[np.int64]


def pair_power(first: Ints, second: Ints) -> Ints:
    """Power spectra of pairs of real windows by one complex FFT each.

    Parameters
    ----------
    first, second: int64 ``[n, w]``, w <= 512, zero-padded to 512; below 2^20 in magnitude, so
        every value stays below 2^31 and a device can hold it in 32 bits.

    Returns
    -------
    int64 ``[n, 2, 256]``: squared magnitude of bins 0..255 of the first and second window.
    """
    real = np.zeros((len(first), SIZE), np.int64)
    imag = np.zeros_like(real)
    real[:, : first.shape[1]] = first
    imag[:, : second.shape[1]] = second
    real, imag = _fft(real, imag)
    mirror = (-np.arange(SIZE // 2)) % SIZE
    r, i = real[:, : SIZE // 2], imag[:, : SIZE // 2]
    rm, im = real[:, mirror], imag[:, mirror]
    spectra = ((r + rm, i - im), (i + im, rm - r))
    return np.stack([((a >> 1) ** 2 + (b >> 1) ** 2) for a, b in spectra], axis=1)


def _fft(real: Ints, imag: Ints) -> tuple[Ints, Ints]:
    """Radix-2, decimation in time, no scaling; products rounded to nearest, ties upwards."""
    order = _bit_reversed()
    real, imag = real[:, order], imag[:, order]
    half_unit = 1 << (_TWIDDLE_BITS - 1)
    for stage in range(_STAGES):
        half = 1 << stage
        cos, sin = (table[:: SIZE // (2 * half)] for table in _twiddles())
        r = real.reshape(-1, SIZE // (2 * half), 2, half)
        i = imag.reshape(r.shape)
        ar, ai, br, bi = r[:, :, 0], i[:, :, 0], r[:, :, 1], i[:, :, 1]
        tr = (br * cos + bi * sin + half_unit) >> _TWIDDLE_BITS
        ti = (bi * cos - br * sin + half_unit) >> _TWIDDLE_BITS
        real = np.stack((ar + tr, ar - tr), axis=2).reshape(-1, SIZE)
        imag = np.stack((ai + ti, ai - ti), axis=2).reshape(-1, SIZE)
    return real, imag


@lru_cache(maxsize=1)
def _twiddles() -> tuple[Ints, Ints]:
    """Cosine and sine of 2 pi k / 512 for k < 256, in Q1.15 (1 is 32768)."""
    angle = 2 * np.pi * np.arange(SIZE // 2) / SIZE
    one = 1 << _TWIDDLE_BITS
    return np.rint(one * np.cos(angle)).astype(np.int64), np.rint(one * np.sin(angle)).astype(
        np.int64
    )


@lru_cache(maxsize=1)
def _bit_reversed() -> Ints:
    index = np.arange(SIZE)
    order = np.zeros(SIZE, np.int64)
    for bit in range(_STAGES):
        order |= ((index >> bit) & 1) << (_STAGES - 1 - bit)
    return order
