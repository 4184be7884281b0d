"""Sparse and dense rows of one layer side by side: instructions, flash, and where they break even.

`python benchmarks/sparse.py` writes `benchmarks/out/sparse.json` and prints it as tables; the last
one has the numbers of `tinysnn/views/row_cost.py`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import click
import numpy as np
import numpy.typing as npt

from benchmarks.cases import BOARDS, OUT
from benchmarks.model_core import ModelCore
from tinysnn.boards import load_board
from tinysnn.build import build
from tinysnn.cli.screen import table, write_json
from tinysnn.graph import Connection, Graph, Layer
from tinysnn.image import Image
from tinysnn.pack import Bits, Pack
from tinysnn.quantise import PackOptions, quantise
from tinysnn.toolchain import find_toolchain
from tinysnn.views.row_options import RowOptions, RowsForm

CORES = ("cortex-m4", "cortex-m0plus", "cortex-m3")
BITS: tuple[Bits, ...] = (8, 4, 2)
WIDTH = 128
ZEROS = (0, 50, 75, 80, 85, 90, 95, 99)
"""Weights that are 0, in percent."""
EVENTS = (13, 64)
"""10 and 50 % of the inputs."""
SEED = 5
FORMS: tuple[RowsForm, ...] = ("dense", "sparse")


@dataclass(frozen=True)
class Row:
    """One layer of 128 x 128 in both forms, without its neurons' table."""

    core: str
    bits: int
    pruned_percent: int
    zeros_percent: float
    """The same after quantisation, which makes some more weights 0."""
    dense_instructions: int
    """One step with 13 events."""
    sparse_instructions: int
    dense_per_event: float
    """What an event more costs."""
    sparse_per_event: float
    words_per_row: float
    """Words of two weights that the sparse row of an event more has on average."""
    words_before: int
    """Words of the rows of the first 13 events."""
    dense_bytes: int
    """Flash of the tables of the rows."""
    sparse_bytes: int


def pruned_pack(bits: Bits, zeros: int) -> Pack:
    """A layer in which nothing fires, with that part of its weights 0."""
    rng = np.random.default_rng([SEED, zeros])
    top = (1 << (bits - 1)) - 1
    weights = rng.integers(1, top, (WIDTH, WIDTH), endpoint=True) * rng.choice(
        [-1, 1], (WIDTH, WIDTH)
    )
    weights[rng.random((WIDTH, WIDTH)) * 100 < zeros] = 0
    flat = np.zeros(WIDTH)
    layer = Layer(
        name="layer",
        op="lif",
        n=WIDTH,
        connections=(Connection(None, 0, weights / 64),),
        beta=np.full(WIDTH, 0.875),
        alpha=None,
        bias=flat,
        threshold=np.full(WIDTH, 240.0 * top / 127),
        reset="zero",
        reset_timing="same-tick",
        compare="ge",
        reset_to=flat,
        v_init=flat,
        v_rest=flat,
    )
    graph = Graph("pruned", WIDTH, (WIDTH,), None, (layer,), 0, dt_s=1e-3)
    return quantise(graph, PackOptions(name=f"pruned_{bits}_{zeros}", bits=bits))


def tick(events: int) -> npt.NDArray[np.int8]:
    """Inputs of one tick with so many events."""
    raster = np.zeros(WIDTH, np.int8)
    raster[np.random.default_rng(SEED).permutation(WIDTH)[:events]] = 1
    return raster


def measure(core: str, bits: Bits, zeros: Sequence[int] = ZEROS) -> list[Row]:
    """One width on one core, with these percentages of zeros."""
    packs = [pruned_pack(bits, percent) for percent in zeros]
    counts, sizes = {}, {}
    for form in FORMS:
        with tempfile.TemporaryDirectory() as folder:
            image = build(
                packs, load_board(BOARDS[core]), Path(folder),
                toolchain=find_toolchain("gcc"), options=RowOptions(rows=form),
            )  # fmt: skip
            counts[form] = [steps(image, slot) for slot in range(len(packs))]
            sizes[form] = [row_bytes(image, pack) for pack in packs]
    return [
        _row(core, zeros[k], pack, [counts[f][k] for f in FORMS], [sizes[f][k] for f in FORMS])
        for k, pack in enumerate(packs)
    ]


def steps(image: Image, slot: int) -> list[int]:
    """Instructions of a step with each number of events, the first after a reset."""
    core, found = ModelCore(image, slot), []
    for events in EVENTS:
        core.reset()
        found.append(core.step(tick(events)).instructions)
    return found


def row_bytes(image: Image, pack: Pack) -> int:
    """Flash of a model's rows."""
    names = [f"tsnn_{pack.name}_l0_{part}" for part in ("rows", "starts", "synapses")]
    return sum(image.symbols[name].size for name in names if name in image.symbols)


def _row(
    core: str, pruned: int, pack: Pack, counts: Sequence[Sequence[int]], sizes: Sequence[int]
) -> Row:
    (dense, sparse), (dense_bytes, sparse_bytes) = counts, sizes
    layer = pack.layers[0]
    words = (np.count_nonzero(layer.rows, axis=1) + 1) // 2
    before, after = (int(words[np.flatnonzero(tick(events))].sum()) for events in EVENTS)
    more = EVENTS[1] - EVENTS[0]
    return Row(
        core=core,
        bits=layer.spec.bits,
        pruned_percent=pruned,
        zeros_percent=round(100 * float((layer.rows == 0).mean()), 1),
        dense_instructions=dense[0],
        sparse_instructions=sparse[0],
        dense_per_event=round((dense[1] - dense[0]) / more, 2),
        sparse_per_event=round((sparse[1] - sparse[0]) / more, 2),
        words_per_row=round((after - before) / more, 3),
        words_before=before,
        dense_bytes=dense_bytes,
        sparse_bytes=sparse_bytes,
    )


@dataclass(frozen=True)
class Fit:
    """The costs of a core and width, and where sparse rows begin to pay at 10 % activity."""

    core: str
    bits: int
    dense_per_event_and_neuron: float
    sparse_per_row: float
    sparse_per_word: float
    sparse_more_per_neuron: float
    """What sparse rows cost beyond dense ones without any event, by neurons."""
    even_zeros_percent: float
    """Share of zeros at which a step takes the same number of instructions."""


def fit(rows: Sequence[Row]) -> Fit:
    """Straight lines through the rows of one core and width."""
    slope, start = np.polyfit(
        [r.words_per_row for r in rows], [r.sparse_per_event for r in rows], 1
    )
    zeros = np.array([r.zeros_percent for r in rows])
    ahead = np.array([r.dense_instructions - r.sparse_instructions for r in rows])
    fixed = [
        r.sparse_instructions
        - (EVENTS[0] * start + slope * r.words_before)
        - (r.dense_instructions - EVENTS[0] * r.dense_per_event)
        for r in rows
    ]
    return Fit(
        core=rows[0].core,
        bits=rows[0].bits,
        dense_per_event_and_neuron=round(
            float(np.mean([r.dense_per_event for r in rows])) / WIDTH, 3
        ),
        sparse_per_row=round(float(start), 2),
        sparse_per_word=round(float(slope), 2),
        sparse_more_per_neuron=round(float(np.mean(fixed)) / WIDTH, 2),
        even_zeros_percent=round(float(np.interp(0, ahead, zeros)), 1),
    )


@click.command()
@click.option("--json", "json_file", default=str(OUT / "sparse.json"), help="Where rows go.")
def main(json_file: str) -> None:
    """Measure sparse and dense rows of 128 x 128 weights."""
    measured = [measure(core, bits) for core in CORES for bits in BITS]
    fits = [fit(rows) for rows in measured]
    rows = [row for group in measured for row in group]
    Path(json_file).parent.mkdir(parents=True, exist_ok=True)
    write_json({"rows": [vars(r) for r in rows], "fits": [vars(f) for f in fits]}, json_file)
    for title, values in (("rows", rows), ("fits", fits)):
        cells = [[str(v) for v in vars(value).values()] for value in cast("Sequence[Row]", values)]
        table(title, [name.replace("_", " ") for name in vars(values[0])], cells)


if __name__ == "__main__":
    main()
