"""Adding rows alone: one layer of 256 inputs and 256 neurons, and longer and longer event lists.

No neuron fires, and each list is run in the first tick after a reset, so that all ticks differ in
nothing but the events.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.measure import Job, Outcome, find_board
from tinysnn.build import build
from tinysnn.errors import MismatchError, TinysnnError, ToolMissing
from tinysnn.graph import Connection, Graph, Layer
from tinysnn.pack import Bits, Pack
from tinysnn.quantise import PackOptions, quantise
from tinysnn.run import open_runner
from tinysnn.run.base import Runner
from tinysnn.stimulus import Stimulus
from tinysnn.toolchain import find_toolchain
from tinysnn.verify import verify

MODEL = "single256"
WIDTH = 256
EVENTS = (8, 16, 32, 64, 128, 256)
ROW_FUNCTIONS = re.compile(r"^tsnn_rows|_(add_rows|first_rows|more_rows|add_chunk)\b")
"""Functions that do nothing but add rows."""
SEED = 11


@dataclass(frozen=True)
class RowsRow:
    """What adding the rows of one event list costs."""

    model: str
    bits: int
    core: str
    compiler: str
    events: int
    neurons: int
    step_instructions: int
    """The whole step."""
    row_instructions: int | None
    """In the functions that add rows; None where the compiler inlined them."""
    row_functions: tuple[str, ...]
    per_synaptic_operation: float | None
    """row_instructions by events x neurons."""
    marginal_per_synaptic_operation: float | None
    """What the events beyond the next shorter list cost, by events x neurons; of the whole step."""
    toolchain: str
    counted_by: str


def measure_rows(job: Job) -> Outcome:
    """Build the layer at the given width and count; `job.model` is not used."""
    try:
        return Outcome(tuple(_rows(job)))
    except ToolMissing as error:
        return Outcome(not_here=f"{job.core}, {job.compiler}: {error}")
    except TinysnnError as error:
        return Outcome(failure=f"{job}: {error}")


@lru_cache
def rows_pack(bits: Bits) -> Pack:
    """The layer; weights of all sizes, more below 0 than above, so that nothing fires."""
    rng = np.random.default_rng(SEED)
    weights = rng.integers(-95, 64, (WIDTH, WIDTH)) / 64
    zeros = np.zeros(WIDTH)
    layer = Layer(
        name="layer",
        op="lif",
        n=WIDTH,
        connections=(Connection(None, 0, weights),),
        beta=np.full(WIDTH, 0.875),
        alpha=None,
        bias=zeros,
        threshold=np.full(WIDTH, 20.0),
        reset="zero",
        reset_timing="same-tick",
        compare="ge",
        reset_to=zeros,
        v_init=zeros,
        v_rest=zeros,
    )
    graph = Graph(MODEL, WIDTH, (WIDTH,), None, (layer,), 0, dt_s=1e-3)
    return quantise(graph, PackOptions(name=f"{MODEL}_{bits}", bits=bits))


def event_list(events: int) -> Stimulus:
    """One tick with so many events, spread over the inputs."""
    order = np.random.default_rng(SEED).permutation(WIDTH)
    raster = np.zeros((1, WIDTH), np.int8)
    raster[0, order[:events]] = 1
    return Stimulus(raster, f"{events} events")


def _rows(job: Job) -> list[RowsRow]:
    board, chain = find_board(job.core), find_toolchain(job.compiler)
    pack = rows_pack(job.bits)
    runner_name = "unicorn" if board.unicorn else "qemu"
    steps, inside = [], []
    with tempfile.TemporaryDirectory() as folder:
        image = build([pack], board, Path(folder), toolchain=chain)
        with open_runner(runner_name, packs=[pack], image=image) as runner:
            before: dict[str, int] = {}
            for events in EVENTS:
                steps.append(_count(pack, runner, events))
                after = _row_functions(runner)
                inside.append({name: n - before.get(name, 0) for name, n in after.items()})
                before = after
    return [
        _row(job, image.compiler, runner_name, steps[: k + 1], inside[k])
        for k in range(len(EVENTS))
    ]


def _count(pack: Pack, runner: Runner, events: int) -> int:
    """Instructions of one step, verified."""
    report = verify(pack, runner, [event_list(events)])
    if report.mismatches:
        raise MismatchError(f"{events} events: {report.first_divergence}")
    if report.instructions_per_tick is None or report.info.count_resolution != 1:
        raise ToolMissing(f"{report.info.runner} does not count instructions exactly here")
    if report.output_spikes and any(report.output_spikes):
        raise MismatchError(f"{events} events: a neuron of {MODEL} fired")
    return int(report.instructions_per_tick)


def _row_functions(runner: Runner) -> dict[str, int]:
    """Instructions so far in functions that add rows; these run in no other place than a step."""
    profile: Callable[[], dict[str, int]] = getattr(runner, "profile", dict)
    return {name: count for name, count in profile().items() if ROW_FUNCTIONS.search(name)}


def _row(
    job: Job, toolchain: str, runner: str, steps: Sequence[int], found: dict[str, int]
) -> RowsRow:
    k = len(steps) - 1
    operations = EVENTS[k] * WIDTH
    more = (EVENTS[k] - EVENTS[k - 1]) * WIDTH if k else 0
    inside = sum(found.values()) if found else None
    return RowsRow(
        model=MODEL,
        bits=job.bits,
        core=job.core,
        compiler=job.compiler,
        events=EVENTS[k],
        neurons=WIDTH,
        step_instructions=steps[k],
        row_instructions=inside,
        row_functions=tuple(found),
        per_synaptic_operation=None if inside is None else round(inside / operations, 4),
        marginal_per_synaptic_operation=round((steps[k] - steps[k - 1]) / more, 4) if k else None,
        toolchain=toolchain,
        counted_by=runner,
    )
