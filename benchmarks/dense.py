"""Ticks in which most rows are active: add the active rows, the silent ones, or all under a mask.

`python benchmarks/dense.py` writes `benchmarks/out/dense.json` and prints it as tables; what
`tinysnn/views/row_cost.py` says of silent rows comes from the second one.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import click
import numpy as np
import numpy.typing as npt

from benchmarks.bare import SCRATCH, BareCore
from benchmarks.cases import BOARDS, OUT
from benchmarks.model_core import ModelCore
from tinysnn.boards import load_board
from tinysnn.build import build
from tinysnn.cli.screen import table, write_json
from tinysnn.graph import Connection, Graph, Layer
from tinysnn.pack import Bits, Pack
from tinysnn.paths import firmware_dir
from tinysnn.quantise import PackOptions, quantise
from tinysnn.toolchain import find_toolchain, run_compiler
from tinysnn.views.row_options import Fallback, RowOptions

Fed = Literal["input", "spikes"]
FEDS: tuple[Fed, ...] = ("input", "spikes")
Core = Literal["cortex-m4", "cortex-m0plus", "cortex-m3"]
CORES: tuple[Core, ...] = ("cortex-m4", "cortex-m0plus", "cortex-m3")
WALKED: tuple[Core, ...] = ("cortex-m4", "cortex-m0plus")
BITS: tuple[Bits, ...] = (8, 4, 2, 1)
N_IN = 128
WIDTHS = (128, 32)
EVENTS = (80, 96, 112, 128)
SEED = 6
WAYS: tuple[Fallback, ...] = ("never", "always")


@dataclass(frozen=True)
class Row:
    """Instructions of a layer's tick with so many of its 128 rows active."""

    core: str
    bits: int
    fed_by: str
    neurons: int
    events: int
    active_rows: int
    """Adding those that are active."""
    silent_rows: int
    """Adding those that are not, and subtracting."""


def full_pack(bits: Bits, fed: Fed, neurons: int, name: str = "full") -> Pack:
    """A layer in which nothing fires, of the input or of a layer that passes the input on."""
    rng = np.random.default_rng([SEED, bits])
    top = max(1, (1 << (bits - 1)) - 1)
    weights = rng.integers(1, top, (N_IN, neurons), endpoint=True) * rng.choice(
        [-1, 1], (N_IN, neurons)
    )
    passes = _layer("passes", None, np.eye(N_IN), 0.5)
    adds = _layer("adds", None if fed == "input" else 0, weights / 64, 240.0 * top / 127)
    layers = (adds,) if fed == "input" else (passes, adds)
    graph = Graph("full", N_IN, (N_IN,), None, layers, len(layers) - 1, dt_s=1e-3)
    wider: dict[str, Bits] = {} if fed == "input" else {"passes": 8}
    return quantise(graph, PackOptions(name=f"{name}_{fed}_{neurons}", bits=bits, layer_bits=wider))


def _layer(name: str, source: int | None, weights: npt.NDArray[np.float64], theta: float) -> Layer:
    n = weights.shape[1]
    flat = np.zeros(n)
    return Layer(
        name=name,
        op="lif",
        n=n,
        connections=(Connection(source, 0, weights),),
        beta=np.full(n, 0.875),
        alpha=None,
        bias=flat,
        threshold=np.full(n, theta),
        reset="zero",
        reset_timing="same-tick",
        compare="ge",
        reset_to=flat,
        v_init=flat,
        v_rest=flat,
    )


def tick(events: int) -> npt.NDArray[np.int8]:
    """Inputs of one tick with so many events."""
    raster = np.zeros(N_IN, np.int8)
    raster[np.random.default_rng(SEED).permutation(N_IN)[:events]] = 1
    return raster


def measure(core: Core, bits: Bits) -> list[Row]:
    """All feeds, widths and numbers of events for one width of weights on one core."""
    cases = [(fed, n) for fed in FEDS for n in WIDTHS]
    packs = [full_pack(bits, fed, n) for fed, n in cases]
    packs.append(full_pack(8, "input", N_IN, "first"))
    counts: dict[Fallback, list[list[int]]] = {}
    for way in WAYS:
        with tempfile.TemporaryDirectory() as folder:
            image = build(
                packs, load_board(BOARDS[core]), Path(folder), toolchain=find_toolchain("gcc"),
                options=RowOptions(rows="dense", dense_fallback=way),
            )  # fmt: skip
            counts[way] = [steps(ModelCore(image, slot)) for slot in range(len(packs))]
    active, silent = np.array(counts["never"]), np.array(counts["always"])
    for k, (fed, _) in enumerate(cases):  # the layer that passes the input on is not meant
        if fed == "spikes":
            active[k] -= active[-1]
            silent[k] -= silent[-1]
    return [
        Row(core, bits, *case, events, int(active[k, e]), int(silent[k, e]))
        for k, case in enumerate(cases)
        for e, events in enumerate(EVENTS)
    ]


def steps(core: ModelCore) -> list[int]:
    """Instructions of a step with each number of events, the first after a reset."""
    found = []
    for events in EVENTS:
        core.reset()
        found.append(core.step(tick(events)).instructions)
    return found


def walk(core: Core) -> dict[str, int]:
    """Instructions of the classic dense walk over 128 x 128 weights, by function."""
    chain = find_toolchain("gcc")
    with tempfile.TemporaryDirectory() as folder:
        elf = Path(folder) / "walk.elf"
        source = Path(__file__).with_name("dense_walk.c")
        command = [
            *chain.command, *chain.target_flags(core), "-std=c11", "-O2", "-nostdlib",
            "-fno-tree-loop-distribute-patterns",  # no call of memset
            f"-I{firmware_dir() / 'include'}", "-Wl,-e,dense_walk8", "-Wl,-Ttext=0x8000000",
            "-Wl,--undefined=dense_walk4", str(source), "-o", str(elf),
        ]  # fmt: skip
        run_compiler(command, Path(folder), where=str(elf), compiler="gcc")
        bare = BareCore(elf, core)
        masks, sums = SCRATCH + 0x8000, SCRATCH + 0x9000
        names = ("dense_walk8", "dense_walk4")
        return {name: bare.call(name, SCRATCH, masks, sums).instructions for name in names}


@dataclass(frozen=True)
class Even:
    """Where both ways take the same, and what the silent rows cost beside being added."""

    core: str
    bits: int
    fed_by: str
    neurons: int
    events: float
    """Active rows of 128 at which a step takes the same number of instructions."""
    per_event: float
    """Adding one more row, found from all active rows."""
    per_silent_row: float
    """Listing it; from how fast the difference grows."""
    fixed: float
    """The rest: looking at all rows, subtracting."""


def even(rows: Sequence[Row], same_input: Sequence[Row]) -> Even:
    """A straight line through the differences of one case.

    What a row costs is taken from `same_input`, where no other instructions go by the event.
    """
    events = np.array([r.events for r in rows], float)
    ahead = np.array([r.active_rows - r.silent_rows for r in rows], float)
    slope, start = np.polyfit(events, ahead, 1)
    each = float(np.polyfit(events, [r.active_rows for r in same_input], 1)[0])
    silent = slope - 2 * each
    return Even(
        core=rows[0].core,
        bits=rows[0].bits,
        fed_by=rows[0].fed_by,
        neurons=rows[0].neurons,
        events=round(float(-start / slope), 1),
        per_event=round(each, 2),
        per_silent_row=round(float(silent), 2),
        fixed=round(float(N_IN * each - (start + N_IN * slope)), 1),
    )


@click.command()
@click.option("--json", "json_file", default=str(OUT / "dense.json"), help="Where rows go.")
def main(json_file: str) -> None:
    """Measure ticks in which most rows are active."""
    rows = [row for core in CORES for bits in BITS for row in measure(core, bits)]
    cases: dict[tuple[str, int, str, int], list[Row]] = {
        (r.core, r.bits, r.fed_by, r.neurons): [] for r in rows
    }
    for row in rows:
        cases[row.core, row.bits, row.fed_by, row.neurons].append(row)
    evens = [even(case, cases[c, bits, "input", n]) for (c, bits, _, n), case in cases.items()]
    walks = {core: walk(core) for core in WALKED}
    result = {"rows": [vars(r) for r in rows], "even": [vars(e) for e in evens], "walk": walks}
    Path(json_file).parent.mkdir(parents=True, exist_ok=True)
    write_json(result, json_file)
    for title, values in (("steps", rows), ("break-even", evens)):
        cells = [[str(v) for v in vars(value).values()] for value in cast("Sequence[Row]", values)]
        table(title, [name.replace("_", " ") for name in vars(values[0])], cells)
    cells = [[core, name, str(n)] for core, found in walks.items() for name, n in found.items()]
    table("all rows under a mask", ["core", "function", "instructions"], cells)


if __name__ == "__main__":
    main()
