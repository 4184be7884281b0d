"""Weight widths by layer so that the loss is least within a flash budget.

Every layer is narrowed alone and the loss that this adds is taken as its price; prices add up, more
or less, so that the cheapest combinations within the budget can be found exactly (a knapsack). The
best few of them, and every uniform width that fits, are then packed for real and measured.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tinysnn.errors import OptionError
from tinysnn.pack import Bits, PackedLayer

Widths = tuple[Bits, ...]
Layers = tuple[PackedLayer, ...]

FINALISTS = 4
"""Combinations that are packed for real, beside the uniform ones."""


@dataclass(frozen=True)
class Trial:
    """One combination of widths that was packed and measured."""

    widths: Widths
    flash_bytes: int
    expected_loss: float | None
    """By the prices of single layers; None: it was not among the cheapest."""
    loss: float
    """On the held-out calibration clips."""
    fits: bool


@dataclass(frozen=True, eq=False)
class Choice:
    """What came of the search."""

    layers: Layers
    best: Trial
    trials: tuple[Trial, ...]
    """Everything that was packed with all layers at their width, the best first."""
    prices: dict[tuple[int, Bits], float]
    """Loss of the network with one layer at a width and all others at their widest."""


@dataclass(frozen=True, eq=False)
class Search:
    """The means of a search: what may be chosen, and how to make and judge it."""

    allowed: tuple[tuple[Bits, ...], ...]
    """Widths that each layer may have, widest first."""
    budget: int
    """Bytes of flash."""
    make: Callable[[Widths], Layers]
    """Packs the network, with every means of fitting."""
    sketch: Callable[[Widths], Layers]
    """The same, quickly, to compare layers."""
    weigh: Callable[[Layers], int]
    """Bytes of flash of a packed network."""
    judge: Callable[[Layers], float]
    """Its loss."""
    done: Callable[[], None]
    """Called after each packed network."""

    @property
    def n_sketches(self) -> int:
        """How many networks are sketched."""
        return 1 + sum(len(widths) - 1 for widths in self.allowed)

    @property
    def uniform(self) -> list[Widths]:
        """One width for all layers that may choose, widest first."""
        every = sorted({bits for widths in self.allowed for bits in widths}, reverse=True)
        found = [
            tuple(bits if bits in widths else widths[0] for widths in self.allowed)
            for bits in every
        ]
        return list(dict.fromkeys(found))

    @property
    def n_steps(self) -> int:
        """At most so many times `done` is called."""
        return self.n_sketches + FINALISTS + len(self.uniform)


def search(wanted: Search) -> Choice:
    """The combination of widths with the least loss within the budget.

    Raises
    ------
    OptionError: no combination fits; it says how many bytes the smallest takes.

    """
    prices, sizes = _prices(wanted)
    _check_possible(wanted, sizes)
    expected = _cheapest(wanted, prices, sizes)
    trials: dict[Widths, tuple[Trial, Layers]] = {}
    for widths in dict.fromkeys([*expected, *wanted.uniform]):
        layers = wanted.make(widths)
        size = wanted.weigh(layers)
        fits = size <= wanted.budget
        trial = Trial(widths, size, expected.get(widths), wanted.judge(layers), fits)
        trials[widths] = (trial, layers)
        wanted.done()
    ranked = sorted(trials.values(), key=lambda t: (not t[0].fits, t[0].loss, t[0].flash_bytes))
    best, layers = ranked[0]
    if not best.fits:
        raise _impossible(wanted.budget, min(trial.flash_bytes for trial, _ in ranked))
    return Choice(layers, best, tuple(trial for trial, _ in ranked), prices)


def _prices(
    wanted: Search,
) -> tuple[dict[tuple[int, Bits], float], dict[tuple[int, Bits], int]]:
    """Loss and flash of the network with one layer narrowed, for every layer and width."""
    widest: Widths = tuple(widths[0] for widths in wanted.allowed)
    prices: dict[tuple[int, Bits], float] = {}
    sizes: dict[tuple[int, Bits], int] = {}
    for k, allowed in enumerate(wanted.allowed):
        for bits in allowed:
            if bits == allowed[0] and k > 0:  # the same network as for layer 0
                prices[k, bits], sizes[k, bits] = prices[0, widest[0]], sizes[0, widest[0]]
                continue
            layers = wanted.sketch((*widest[:k], bits, *widest[k + 1 :]))
            prices[k, bits], sizes[k, bits] = wanted.judge(layers), wanted.weigh(layers)
            wanted.done()
    return prices, sizes


def _check_possible(wanted: Search, sizes: dict[tuple[int, Bits], int]) -> None:
    whole = sizes[0, wanted.allowed[0][0]]
    least = whole + sum(
        min(sizes[k, bits] for bits in widths) - whole for k, widths in enumerate(wanted.allowed)
    )
    if least > wanted.budget:
        raise _impossible(wanted.budget, least)


def _impossible(budget: int, least: int) -> OptionError:
    return OptionError(
        f"no widths fit {budget:,} bytes of flash: the least possible is {least:,}",
        where="--budget-flash",
        fix="Give a larger budget, or train a smaller network",
    )


def _cheapest(
    wanted: Search, prices: dict[tuple[int, Bits], float], sizes: dict[tuple[int, Bits], int]
) -> dict[Widths, float]:
    """The combinations of least expected loss within the budget, by a knapsack over the layers.

    After each layer only combinations are kept to which no other is better in size and loss both.
    """
    whole, base = sizes[0, wanted.allowed[0][0]], prices[0, wanted.allowed[0][0]]
    front: list[tuple[int, float, Widths]] = [(whole, base, ())]
    for k, allowed in enumerate(wanted.allowed):
        grown = [
            (
                size + sizes[k, bits] - whole,
                price + max(prices[k, bits] - base, 0.0),
                (*widths, bits),
            )
            for size, price, widths in front
            for bits in allowed
        ]
        front = _undominated(grown)
    fitting = [entry for entry in front if entry[0] <= wanted.budget]
    best = sorted(fitting, key=lambda entry: entry[1])[:FINALISTS]
    return {widths: price for _, price, widths in best}


def _undominated(entries: Sequence[tuple[int, float, Widths]]) -> list[tuple[int, float, Widths]]:
    """Entries to which no other is both smaller and cheaper, by growing size."""
    kept: list[tuple[int, float, Widths]] = []
    least = np.inf
    for entry in sorted(entries, key=lambda e: (e[0], e[1], [-bits for bits in e[2]])):
        if entry[1] < least:
            kept.append(entry)
            least = entry[1]
    return kept
