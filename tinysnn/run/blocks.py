"""Counts executed instructions from the basic blocks that an emulator reports."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from operator import mul

import numpy as np
import numpy.typing as npt

from tinysnn.errors import DeviceError
from tinysnn.image import Symbol

_SIZE_BITS = 16


def block_length(code: bytes) -> int:
    """Number of Thumb instructions in a block of machine code."""
    count = at = 0
    while at < len(code):
        at += 4 if code[at + 1] >> 3 in (0b11101, 0b11110, 0b11111) else 2
        count += 1
    return count


class BlockCounter:
    """Counts blocks, and the instructions of one function from its call to its return.

    Instructions that an IT block skips count like any other (docs/counting.md).
    """

    def __init__(
        self,
        read_code: Callable[[int, int], bytes],
        read_lr: Callable[[], int],
        *,
        step: int,
        init: int,
    ) -> None:
        self.step_counts: list[int] = []
        """Instructions of each call of the model's step since its last init."""
        self._read_code = read_code
        self._read_lr = read_lr
        self._step, self._init = step, init
        self._hits: dict[int, int] = {}
        self._lengths: dict[int, int] = {}
        self.on_block = self._make_hook()

    def _make_hook(self) -> Callable[[object, int, int, object], None]:
        """The callback, as a closure: it runs for every block, attribute look-ups would show."""
        hits, step, init = self._hits, self._step, self._init
        back, before = -1, 0

        def on_block(_uc: object, address: int, size: int, _data: object) -> None:
            nonlocal back, before
            if address == step:
                back, before = self._read_lr() & ~1, self.total()
            elif address == back:
                self.step_counts.append(self.total() - before)
                back = -1
            elif address == init:
                self.step_counts.clear()
                back = -1
            key = address << _SIZE_BITS | size
            try:
                hits[key] += 1
            except KeyError:
                self._lengths[key] = block_length(self._read_code(address, size))
                hits[key] = 1

        return on_block

    def total(self) -> int:
        """Instructions of all blocks so far; the two tables have the same order."""
        return sum(map(mul, self._hits.values(), self._lengths.values()))

    def take(self) -> list[tuple[int, int]]:
        """Address and instructions of all blocks so far, which are then forgotten."""
        taken = [(key >> _SIZE_BITS, n * self._lengths[key]) for key, n in self._hits.items()]
        self._hits.clear()
        self._lengths.clear()
        return taken

    def profile(self, symbols: Mapping[str, Symbol]) -> dict[str, int]:
        """Instructions by function, most first."""
        blocks = ((key >> _SIZE_BITS, n * self._lengths[key]) for key, n in self._hits.items())
        return by_function(blocks, symbols)


def by_function(blocks: Iterable[tuple[int, int]], symbols: Mapping[str, Symbol]) -> dict[str, int]:
    """Instructions by function, most first, from pairs of a block's address and instructions."""
    functions = sorted((s.address, name) for name, s in symbols.items() if s.is_function)
    starts = [address for address, _ in functions]
    totals: dict[str, int] = {}
    for address, instructions in blocks:
        at = bisect_right(starts, address) - 1
        name = functions[at][1] if at >= 0 else "?"
        totals[name] = totals.get(name, 0) + instructions
    return dict(sorted(totals.items(), key=lambda item: -item[1]))


def one_each(counts: npt.ArrayLike, n_ticks: int, where: str) -> npt.NDArray[np.uint32]:
    """Counts of the step's calls, uint32 [n_ticks], if there is one for each tick.

    Raises
    ------
    DeviceError: the step ran more or less often.

    """
    found = np.asarray(counts, np.uint32)
    if found.shape != (n_ticks,):
        raise DeviceError(
            f"the model's step ran {found.size} times for {n_ticks} ticks",
            where=where,
            fix="Build the image again.",
        )
    return found
