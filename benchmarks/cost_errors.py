"""How far predictions are off: on networks that the fit has not seen, and on the benchmarks'."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.cases import load_case
from benchmarks.cost_machine import CostMachine, build_bare
from benchmarks.cost_maps import designed_maps
from benchmarks.cost_packs import CostCase, designed
from benchmarks.cost_parts import runs_of
from tinysnn.boards import Core
from tinysnn.cost.activity import of_clips
from tinysnn.cost.coefficients import coefficients
from tinysnn.cost.predict import predict
from tinysnn.pack import Pack
from tinysnn.pack_file import load
from tinysnn.paths import models_dir
from tinysnn.stimulus import Stimulus
from tinysnn.toolchain import find_toolchain

SEEDS = (1, 2)
NETWORKS = 60
"""Of each kind (any, run by assembly, feature maps) by seed."""
BENCHMARKS = ("seed64_5", "seed64_20", "rec256_5", "rec256_20")
BITS = (8, 4, 2, 1)


def errors(core: Core, cases: Sequence[CostCase]) -> list[tuple[float, str]]:
    """Predicted less measured instructions of whole clips, relative; by network, sorted."""
    prices = coefficients()
    with tempfile.TemporaryDirectory() as folder:
        _, runs = runs_of(cases, core, Path(folder))
    found = []
    for run in runs:
        said = sum(float(bill.total(prices, core).sum()) for bill in run.bills)
        found.append((said / float(run.total().sum()) - 1, run.case.pack.name))
    return sorted(found)


def report_errors(cores: Sequence[Core], seeds: Sequence[int] = SEEDS) -> None:
    """Print the distribution of errors on networks that the fit has not seen."""
    sets = {
        "rows": [case for seed in seeds for case in designed(NETWORKS, NETWORKS, seed)],
        "maps": [case for seed in seeds for case in designed_maps(NETWORKS, seed)],
    }
    for core in cores:
        for kind, cases in sets.items():
            found = errors(core, cases)
            values = np.array([error for error, _ in found])
            near, half = (100 * float((np.abs(values) <= limit).mean()) for limit in (0.1, 0.05))
            shown = " ".join(
                f"{100 * v:+.1f}" for v in np.percentile(values, [0, 5, 25, 50, 75, 95, 100])
            )
            print(
                f"{core}, {kind}, {values.size}: {near:.1f} % within 10 %, {half:.1f} % within 5 %"
            )
            print(f"  mean {100 * np.abs(values).mean():.1f} %; 0/5/25/50/75/95/100th: {shown}")
            print(f"  furthest: {found[0]}, {found[-1]}", flush=True)


def report_benchmarks(cores: Sequence[Core]) -> None:
    """Print errors on the benchmarks' networks, from the lowest to the highest of all widths."""
    cases = [(name, load_case(name, bits)) for name in BENCHMARKS for bits in BITS]
    keyword = load_case("keyword", 4)
    packed = replace(keyword, pack=load(models_dir() / "keyword" / "keyword.tsnn"))
    cases.append(("keyword", packed))
    for core in cores:
        found: dict[str, list[float]] = {}
        with tempfile.TemporaryDirectory() as folder:
            packs = [case.pack for _, case in cases]
            machine = CostMachine(
                build_bare(packs, core, find_toolchain("gcc"), Path(folder)), core
            )
            for name, case in cases:
                for density, clips in case.clips.items():
                    error = 100 * _error(machine, core, case.pack, clips)
                    found.setdefault(f"{name}, {density}", []).append(error)
        for row, values in found.items():
            print(f"{core} | {row} | {min(values):+.1f} .. {max(values):+.1f} %", flush=True)


def _error(machine: CostMachine, core: Core, pack: Pack, clips: Sequence[Stimulus]) -> float:
    counts = [step.total for clip in clips for step in machine.run(pack, clip.raster)]
    said = predict(pack, core, of_clips(pack, clips)).instructions_per_tick
    return float("nan") if said is None else said / float(np.mean(counts)) - 1
