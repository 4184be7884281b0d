"""Measure what generated code costs and write the cost model's coefficients.

    python benchmarks/fit_cost.py                     # all cores, some minutes
    python benchmarks/fit_cost.py --core cortex-m4    # one core, the others stay as they are
    python benchmarks/fit_cost.py --maps              # feature maps only, all else stays as it is
    python benchmarks/fit_cost.py --errors            # how far off the file is on other networks
    python benchmarks/fit_cost.py --benchmarks        # and on those of the benchmarks

Networks from a seed are compiled by arm-none-eabi-gcc -O2 and run on a bare core under unicorn.
Row-adds in assembly are called one by one: their table is exact. Other assembly, and compiled C,
is fitted by least squares to the instructions of each tick (docs/cost-model.md).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.cost_errors import SEEDS, report_benchmarks, report_errors
from benchmarks.cost_fit import fit
from benchmarks.cost_maps import MAPS, designed_maps
from benchmarks.cost_packs import CostCase, designed
from benchmarks.cost_parts import Run, fit_c, runs_of
from benchmarks.cost_rows import lists_case, rows_costs
from tinysnn.boards import Core
from tinysnn.cost import coefficients as store
from tinysnn.cost.coefficients import Coefficients, Provenance, RowsCost
from tinysnn.toolchain import find_toolchain
from tinysnn.views.family import family_of

CORES: tuple[Core, ...] = ("cortex-m0plus", "cortex-m3", "cortex-m4", "cortex-m7", "cortex-m33")
ALIKE = {"cortex-m0plus": "cortex-m0"}
"""Cores for which gcc makes the same code, instruction by instruction."""
ANY, KERNEL, PLAIN = 130, 120, 60
"""Networks of a fit: of any kind, of the kind that assembly runs, and plain ones."""
FITTED = {
    "dsp": {"lif": "tsnn_lif", "sparse": "tsnn_add_sparse", "graded": "tsnn_graded"},
    "v6m": {"packed": "tsnn_lif", "single": "tsnn_lif", "sparse": "tsnn_add_sparse"},
}
"""What terms of assembly begin with, by family, and the functions that they tell of."""
MAPS_FITTED = {
    "dsp": {"settle": "tsnn_settle", "dots": "tsnn_dots"},
    "v6m": {"settle": "tsnn_settle"},
}
MAPS_TERMS = ("maps", "windows", "past")
"""The same for layers with kernels, and what their terms of C begin with."""


def fit_core(
    core: Core, cases: Sequence[CostCase]
) -> tuple[dict[str, RowsCost], dict[str, float], dict[str, float]]:
    """Row-adds, other assembly and compiled C of one core."""
    with tempfile.TemporaryDirectory() as folder:
        machine, runs = runs_of(cases, core, Path(folder))
        family = family_of(core)
        kernels: dict[str, float] = {}
        if family is not None:
            quantities, counts = lists_case(machine, f"tsnn_list_{family}")
            kernels |= fit([quantities], [counts])
            for name, group in FITTED[family].items():
                kernels |= _fit_group(runs, f"{family}/{name}", group)
        return rows_costs(machine), kernels, fit_c(runs)


def _fit_group(runs: Sequence[Run], prefix: str, group: str) -> dict[str, float]:
    """Terms of assembly that begin with a prefix; networks of one layer tell them."""
    chosen = [run for run in runs if len(run.bills) == 2 and run.terms(prefix)]
    if not chosen:
        return {}
    bills, counts = [run.terms(prefix) for run in chosen], [run.group(group) for run in chosen]
    costs = fit(bills, counts)
    said = [sum(q * costs[term] for term, q in bill.items()) for bill in bills]
    off = max(float(np.abs(a - b).max()) for a, b in zip(said, counts, strict=True))
    print(f"  {prefix}: {len(costs)} terms, {len(chosen)} networks, off by {off:.0f} at most")
    return costs


def fit_maps(
    core: Core, cases: Sequence[CostCase], prices: Coefficients
) -> tuple[dict[str, float], dict[str, float]]:
    """Assembly and compiled C of layers with kernels, beside what all layers have in common."""
    with tempfile.TemporaryDirectory() as folder:
        _, runs = runs_of(cases, core, Path(folder))
    kernels: dict[str, float] = {}
    family, known = family_of(core), prices.c[core]
    for name, group in MAPS_FITTED.get(family or "", {}).items():
        kernels |= _fit_group(runs, f"{family}/{name}", group)
    costs = fit_c(runs, {t: cost for t, cost in known.items() if not t.startswith(MAPS_TERMS)})
    return kernels, {t: cost for t, cost in costs.items() if t.startswith(MAPS_TERMS)}


def save(
    rows: dict[str, RowsCost], kernels: dict[str, dict[str, float]], c: dict[str, dict[str, float]]
) -> None:
    """Write the file, one number or list of numbers a line."""
    provenance = Provenance(
        command="python benchmarks/fit_cost.py",
        compiler=f"{find_toolchain('gcc').version} -O2",
        counted_by="blocks under unicorn, from the call of the step to its return",
        networks=ANY + KERNEL + PLAIN,
    )
    content = msgspec.to_builtins(Coefficients(provenance, rows, kernels, c))
    text = json.dumps(content, indent=1, sort_keys=False)
    partial = store.FILE.with_suffix(".part")
    partial.write_text(text + "\n")
    partial.replace(store.FILE)


def show_rows() -> None:
    """Print what a block of rows takes, as the table of docs/cost-model.md."""
    print("| row-add | neurons of a block | call | first event | each further one |")
    print("|---|---|---|---|---|")
    for variant, cost in sorted(store.coefficients().rows.items()):
        one = cost.block.at(np.array([1]))[0], cost.call.at(np.array([1]))[0]
        each = cost.block.rise / cost.block.period
        print(f"| `{variant}` | {cost.neurons} | {one[1]:.0f} | {one[0]:.0f} | {each:.2f} |")


def main() -> None:
    """Fit, or report errors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--core", action="append", choices=CORES, help="may be given again")
    parser.add_argument("--maps", action="store_true", help="fit feature maps only")
    parser.add_argument("--errors", action="store_true", help="fit nothing, show errors")
    parser.add_argument("--seed", action="append", type=int, help="of the networks of --errors")
    parser.add_argument("--benchmarks", action="store_true", help="the same for the benchmarks")
    parser.add_argument("--show", action="store_true", help="fit nothing, show rows of the file")
    given = parser.parse_args()
    cores: Sequence[Core] = given.core or CORES
    if given.show:
        show_rows()
        return
    if given.errors:
        report_errors(cores, given.seed or SEEDS)
        return
    if given.benchmarks:
        report_benchmarks(cores)
        return
    before = store.coefficients()
    rows, kernels, c = dict(before.rows), dict(before.kernels), dict(before.c)
    cases = designed(ANY, KERNEL, n_plain=PLAIN)
    of_maps = designed_maps(MAPS)
    for core in cores:
        print(core, flush=True)
        family = family_of(core) or ""
        if not given.maps:
            new_rows, new_kernels, c[core] = fit_core(core, cases)
            rows |= new_rows if family else {}
            kernels[family] = new_kernels
        prices = Coefficients(before.provenance, rows, kernels, c)
        more, more_c = fit_maps(core, of_maps, prices)
        c[core] = {**c[core], **more_c}
        kernels[family] = {**kernels.get(family, {}), **more}
        kernels = {name: table for name, table in kernels.items() if name}
        if core in ALIKE:
            c[ALIKE[core]] = c[core]
        save(rows, kernels, c)


if __name__ == "__main__":
    main()
