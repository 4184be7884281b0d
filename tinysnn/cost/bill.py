"""Quantities that a part of the code is charged for, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tinysnn.cost.coefficients import Coefficients

Floats = npt.NDArray[np.float64]


@dataclass
class Bill:
    """Instructions known exactly, and quantities that coefficients turn into instructions.

    Terms of assembly are named `<family>/<term>`, others are those of compiled C.
    """

    exact: Floats
    """[T] instructions."""
    terms: dict[str, Floats] = field(default_factory=dict)
    """[T] each."""
    unknown: str = ""
    """A function that was never measured."""

    def charge(self, term: str, quantity: Floats | float) -> None:
        """Add a quantity of a term, [T] or the same in every tick."""
        now = self.terms.get(term, np.zeros_like(self.exact))
        self.terms[term] = now + quantity

    def charge_memset(self, n_words: int, times: Floats) -> None:
        """Words of 32 bits that a call of memset clears, four at once and bytes of the rest."""
        fours, rest = divmod(n_words, 4)
        self.charge("memset", times)
        self.charge("memset.four words", times * fours)
        self.charge("memset.word", times * rest)

    def assembly(self) -> dict[str, Floats]:
        """Its terms of assembly."""
        return {term: quantity for term, quantity in self.terms.items() if "/" in term}

    def compiled(self) -> dict[str, Floats]:
        """Its terms of C."""
        return {term: quantity for term, quantity in self.terms.items() if "/" not in term}

    def total(self, prices: Coefficients, core: str) -> Floats:
        """Instructions, [T]; a term that was never measured costs nothing."""
        cost = self.exact.copy()
        for term, quantity in self.terms.items():
            family, _, name = term.rpartition("/")
            table = prices.kernels.get(family, {}) if family else prices.c.get(core, {})
            alike = table.get(name.replace(" of input", ""), 0.0)  # where the fit met no such layer
            cost += quantity * table.get(name, alike)
        return cost
