"""The generator of SPEC.md 4.2, in blocks: xorshift32, as fast as numpy allows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]


def _step(x: Words) -> Words:
    x = x ^ (x << np.uint32(13))
    x = x ^ (x >> np.uint32(17))
    return np.asarray(x ^ (x << np.uint32(5)))


@lru_cache
def _jump(log2: int) -> Words:
    """Tables [4, 256] of 2^log2 steps: the step is linear, so a word's bytes can be looked up."""
    units = np.uint32(1) << np.arange(32, dtype=np.uint32)
    after = _step(units) if log2 == 0 else _leap(_leap(units, log2 - 1), log2 - 1)
    bits = (np.arange(256)[:, None] >> np.arange(8)) & 1
    table = np.zeros((4, 256), np.uint32)
    for byte in range(4):
        chosen = np.where(bits, after[8 * byte : 8 * byte + 8], 0)
        table[byte] = np.bitwise_xor.reduce(chosen.astype(np.uint32), axis=1)
    return table


def _leap(x: Words, log2: int) -> Words:
    table = _jump(log2)
    low = table[0][x & 255] ^ table[1][(x >> 8) & 255]
    return np.asarray(low ^ table[2][(x >> 16) & 255] ^ table[3][x >> 24])


class Random:
    """The generator; `state` is its last number, never 0."""

    def __init__(self, seed: int) -> None:
        self.state = seed

    def draws(self, count: int) -> Words:
        """The next numbers, uint32 [count]."""
        if count == 0:
            return np.zeros(0, np.uint32)
        out = _step(np.array([self.state], np.uint32))
        while out.size < count:
            out = np.concatenate([out, _leap(out, out.size.bit_length() - 1)])
        out = out[:count]
        self.state = int(out[-1])
        return out

    def below(self, bound: int) -> int:
        """A number from 0 to before bound, which is at most 65536."""
        return (int(self.draws(1)[0]) >> 16) * bound >> 16
