"""Measure what generated code costs and write the cost model's coefficients.

    python benchmarks/fit_cost.py                     # all cores, some minutes
    python benchmarks/fit_cost.py --core cortex-m4    # one core, the others stay as they are
    python benchmarks/fit_cost.py --maps              # feature maps only, all else stays as it is
    python benchmarks/fit_cost.py --errors            # how far off the file is on other networks

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

from benchmarks.cost_fit import fit
from benchmarks.cost_machine import CostMachine, build_bare
from benchmarks.cost_maps import MAPS, designed_maps
from benchmarks.cost_packs import CostCase, designed
from benchmarks.cost_parts import Run, fit_c
from benchmarks.cost_rows import lists_case, rows_costs
from tinysnn.boards import Core
from tinysnn.cost import coefficients as store
from tinysnn.cost.activity import of_clips
from tinysnn.cost.coefficients import Coefficients, Provenance, RowsCost
from tinysnn.cost.layers import bill_layer, bill_step
from tinysnn.toolchain import find_toolchain
from tinysnn.views.kernels import family_of
from tinysnn.views.layer import view_layer

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
TEST_SEED = 1


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


def errors(core: Core, cases: Sequence[CostCase]) -> list[tuple[float, str]]:
    """Predicted less measured instructions of whole clips, relative; by network, sorted."""
    prices = store.coefficients()
    with tempfile.TemporaryDirectory() as folder:
        _, runs = runs_of(cases, core, Path(folder))
    found = []
    for run in runs:
        said = sum(float(bill.total(prices, core).sum()) for bill in run.bills)
        found.append((said / float(run.total().sum()) - 1, run.case.pack.name))
    return sorted(found)


def report_errors(cores: Sequence[Core]) -> None:
    """Print the distribution of errors on networks that the fit has not seen."""
    sets = {
        "rows": designed(ANY // 2, KERNEL // 2, TEST_SEED),
        "maps": designed_maps(MAPS // 2, TEST_SEED),
    }
    for core in cores:
        for kind, cases in sets.items():
            found = errors(core, cases)
            values = np.array([error for error, _ in found])
            within = 100 * float((np.abs(values) <= 0.1).mean())
            shown = " ".join(
                f"{100 * v:+.1f}" for v in np.percentile(values, [0, 5, 25, 50, 75, 95, 100])
            )
            print(f"{core}, {kind}: within 10 %: {within:.0f} %; 0/5/25/50/75/95/100th: {shown}")
            print(f"  furthest: {found[0]}, {found[-1]}", flush=True)


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
    parser.add_argument("--show", action="store_true", help="fit nothing, show rows of the file")
    given = parser.parse_args()
    cores: Sequence[Core] = given.core or CORES
    if given.show:
        show_rows()
        return
    if given.errors:
        report_errors(cores)
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
