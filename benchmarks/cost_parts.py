"""Counts of each part of a network's code beside the terms that it is fitted to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchmarks.cost_fit import fit
from benchmarks.cost_machine import GROUPS, PARTS, Step
from benchmarks.cost_packs import CostCase
from tinysnn.cost.bill import Bill

Floats = npt.NDArray[np.float64]
TERMS = {
    "rows": r"rows\.(?!kernel)",
    "update": r"(lif|li)(16|32)?($|\.word|\.neuron)|neuron, |fired|maps\.neuron",
    "scatter": r"maps\.(pairs|lanes|wide)",
}
"""What terms of a part begin with; those of no part are of what surrounds them."""
SILENT = 4
"""Errors of a tick are relative to its instructions, but to a mean tick's by this at least."""


@dataclass(frozen=True)
class Run:
    """One network: what was counted, and the bills of its layers and its step."""

    case: CostCase
    steps: list[Step]
    bills: list[Bill]

    def total(self) -> Floats:
        """Instructions of each tick, [T]."""
        return np.array([step.total for step in self.steps], np.float64)

    def group(self, name: str) -> Floats:
        """Those in the functions of a group, or a part of compiled C, [T]."""
        return np.array([step.groups.get(name, 0) for step in self.steps], np.float64)

    def part(self, name: str) -> Floats:
        """Those of a part of compiled C, [T]; empty: in none of them."""
        if name:
            return self.group(name)
        return self.total() - sum((self.group(group) for group in (*GROUPS, *PARTS)), np.zeros(1))

    def terms(self, beginning: str) -> dict[str, Floats]:
        """Quantities of the terms that begin so, of assembly without the family; empty: of C."""
        found: dict[str, Floats] = {}
        for bill in self.bills:
            for term, quantity in (bill.assembly() if beginning else bill.compiled()).items():
                if term.startswith(beginning):
                    name = term.rpartition("/")[2]
                    found[name] = found.get(name, np.zeros_like(quantity)) + quantity
        return found


def part_of(term: str) -> str:
    """The part of compiled C that a term tells of."""
    return next((part for part, start in TERMS.items() if re.match(start, term)), "")


def fit_c(runs: Sequence[Run], known: Mapping[str, float] | None = None) -> dict[str, float]:
    """Costs of the terms of compiled C, part by part, without those that are known."""
    held = known or {}
    costs: dict[str, float] = {}
    for part in (*PARTS, ""):
        bills, counts = [], []
        for run in runs:
            terms = {t: q for t, q in run.terms("").items() if part_of(t) == part}
            rest = sum((q * held[t] for t, q in terms.items() if t in held), np.zeros(1))
            bills.append({t: q for t, q in terms.items() if t not in held})
            counts.append(run.part(part) - rest)
        costs |= fit(bills, counts, [_whole(run) for run in runs])
    return costs


def _whole(run: Run) -> Floats:
    """What errors are relative to, [T]: silent ticks of busy clips would count for too much."""
    total = run.total()
    return np.asarray(np.maximum(total, total.mean() / SILENT))
