"""Counts of each part of a network's code beside the terms that it is fitted to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.cost_fit import fit
from benchmarks.cost_machine import GROUPS, PARTS, CostMachine, Step, build_bare
from benchmarks.cost_packs import CostCase
from tinysnn.boards import Core
from tinysnn.cost.activity import of_clips
from tinysnn.cost.bill import Bill
from tinysnn.cost.layers import bill_layer, bill_step
from tinysnn.toolchain import find_toolchain
from tinysnn.views.layer import view_layer

Floats = npt.NDArray[np.float64]
TERMS = {
    "rows": r"rows\.(?!kernel|call|begin|value)",
    "update": r"(lif|li)(16|32)?($|\.word|\.neuron)|neuron, |fired|maps\.neuron",
    "memset": r"memset|spike value",
    "scatter": r"maps\.(pairs|lanes|wide|event)",
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
        costs |= fit(bills, counts, [_whole(run, part) for run in runs])
    return costs


def _whole(run: Run, part: str) -> Floats:
    """What errors are relative to, [T]: silent ticks have little of the parts that have names."""
    total = run.total()
    return np.asarray(np.maximum(total, total.mean() / SILENT)) if part else total


def runs_of(cases: Sequence[CostCase], core: Core, folder: Path) -> tuple[CostMachine, list[Run]]:
    """Build, run and bill all networks on a core."""
    packs, options = [case.pack for case in cases], [case.options for case in cases]
    elf = build_bare(packs, core, find_toolchain("gcc"), folder, options)
    machine = CostMachine(elf, core)
    return machine, [_run(machine, case, core) for case in cases]


def _run(machine: CostMachine, case: CostCase, core: Core) -> Run:
    steps = machine.run(case.pack, case.clip.raster)
    activity = of_clips(case.pack, [case.clip])
    bills = [
        bill_layer(view_layer(case.pack, k, core, case.options), layer, core, activity.layers[k])
        for k, layer in enumerate(case.pack.layers)
    ]
    return Run(case, steps, [*bills, bill_step(case.pack, activity)])
