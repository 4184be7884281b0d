"""A real FFT in 16-bit integers, halved at every stage: what a small core can do in a tick."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

SIZE = 512
"""Real samples of a window."""
HALF = SIZE // 2
_STAGES = 8
_TWIDDLE_BITS = 15

Ints = npt.NDArray[np.int32]


def power(windows: Ints) -> Ints:
    """Power spectra of windowed samples (SPEC.md 5.3).

    Parameters
    ----------
    windows: int32 ``[..., 512]``, magnitudes up to 2^14, so that every value of the transform fits
        16 bits.

    Returns
    -------
    int32 ``[..., 256]``: squared magnitude of bins 0..255 of the transform divided by 256. Bin 0
    holds the sum of the powers of bin 0 and the Nyquist bin.
    """
    real, imag = _complex_fft(windows[..., 0::2], windows[..., 1::2])
    mirror = -np.arange(HALF) % HALF
    rm, im = real[..., mirror], imag[..., mirror]
    # Transforms of the even and of the odd samples: (Z + conj Zm) / 2 and -i (Z - conj Zm) / 2.
    er, ei, our, oui = (v >> 1 for v in (real + rm, imag - im, imag + im, rm - real))
    cos, sin = twiddles(SIZE)
    half_unit = 1 << (_TWIDDLE_BITS - 1)
    xr = er + ((our * cos + oui * sin + half_unit) >> _TWIDDLE_BITS)
    xi = ei + ((oui * cos - our * sin + half_unit) >> _TWIDDLE_BITS)
    return np.asarray(xr * xr + xi * xi, np.int32)


def _complex_fft(real: Ints, imag: Ints) -> tuple[Ints, Ints]:
    """Radix-2, decimation in time, 256 points; every stage halves, rounding down."""
    order = _bit_reversed()
    shape = real.shape[:-1]
    real, imag = real[..., order], imag[..., order]
    half_unit = 1 << (_TWIDDLE_BITS - 1)
    for stage in range(_STAGES):
        half = 1 << stage
        cos, sin = (table[:: HALF // (2 * half)] for table in twiddles(HALF))
        r = real.reshape(*shape, HALF // (2 * half), 2, half)
        i = imag.reshape(r.shape)
        ar, ai, br, bi = r[..., 0, :], i[..., 0, :], r[..., 1, :], i[..., 1, :]
        tr = (br * cos + bi * sin + half_unit) >> _TWIDDLE_BITS
        ti = (bi * cos - br * sin + half_unit) >> _TWIDDLE_BITS
        real = np.stack(((ar + tr) >> 1, (ar - tr) >> 1), axis=-2).reshape(*shape, HALF)
        imag = np.stack(((ai + ti) >> 1, (ai - ti) >> 1), axis=-2).reshape(*shape, HALF)
    return real, imag


@lru_cache(maxsize=2)
def twiddles(size: int) -> tuple[Ints, Ints]:
    """Cosine and sine of 2 pi k / size for k < size / 2, in Q0.15, int32 ``[size / 2]``.

    The sine of a quarter turn is 32767, so that it fits 16 bits; the cosine of 0 is exactly 1
    (32768): a device adds instead of multiplying.
    """
    angle = 2 * np.pi * np.arange(size // 2) / size
    one = 1 << _TWIDDLE_BITS
    cos, sin = (np.rint(one * f(angle)).astype(np.int32) for f in (np.cos, np.sin))
    return cos, np.minimum(sin, one - 1)


@lru_cache(maxsize=1)
def _bit_reversed() -> npt.NDArray[np.intp]:
    index = np.arange(HALF)
    order = np.zeros(HALF, np.intp)
    for bit in range(_STAGES):
        order |= ((index >> bit) & 1) << (_STAGES - 1 - bit)
    return order
