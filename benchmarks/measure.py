"""One measurement: a network at one weight width, built by one compiler for one core."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.cases import BOARDS, Case, load_case
from benchmarks.model_core import ModelCore
from tinysnn import batch
from tinysnn.boards import Board, list_boards, load_board
from tinysnn.build import build
from tinysnn.errors import MismatchError, TinysnnError, ToolMissing
from tinysnn.image import Image
from tinysnn.pack import Bits, Pack, PackedLayer
from tinysnn.run import open_runner
from tinysnn.run.base import Runner
from tinysnn.run.qemu import QemuRunner
from tinysnn.stimulus import Stimulus
from tinysnn.toolchain import find_toolchain
from tinysnn.verify import Report, verify
from tinysnn.views.axis import spread


@dataclass(frozen=True)
class Row:
    """What one network at one density costs; verified against the reference, bit for bit."""

    model: str
    bits: int
    core: str
    compiler: str
    density: str
    """Spikes per 100 inputs and tick; ``clips``: recorded speech."""
    instructions_per_tick: float
    """From the call of the generated step to its return, event list in, output events out; the
    mean over all ticks."""
    synaptic_operations_per_tick: float
    """Weights added, by the reference."""
    flash_bytes: int
    """The whole image: model, protocol and drivers."""
    ram_bytes: int
    """Its variables, buffers of the protocol included, stack not."""
    stack_bytes: int | None
    ticks: int
    toolchain: str
    """Version of the compiler."""
    counted_by: str
    """Runner."""
    profile: dict[str, float] | None = None
    """Instructions per tick by function; only with --profile."""


@dataclass(frozen=True)
class Job:
    """What to build and run."""

    model: str
    bits: Bits
    core: str
    compiler: str
    profile: bool = False

    def __str__(self) -> str:
        """For people."""
        return f"{self.model}, {self.bits} bit, {self.core}, {self.compiler}"


@dataclass(frozen=True)
class Outcome:
    """Rows, or why there are none."""

    rows: tuple[Any, ...] = ()
    not_here: str = ""
    """A tool or board that this machine lacks."""
    failure: str = ""


def find_board(core: str) -> Board:
    """The board that stands for a core; ToolMissing if this version has none."""
    wanted = BOARDS[core]
    if wanted not in [board.id for board in list_boards()]:
        raise ToolMissing(f"{core} needs the board {wanted}, which is not here")
    return load_board(wanted)


def measure(job: Job) -> Outcome:
    """Build, verify and count; never raises for what a user can meet."""
    try:
        return Outcome(tuple(_rows(job)))
    except ToolMissing as error:
        return Outcome(not_here=f"{job.core}, {job.compiler}: {error}")
    except TinysnnError as error:
        return Outcome(failure=f"{job}: {error}")


def _rows(job: Job) -> list[Row]:
    board, chain = find_board(job.core), find_toolchain(job.compiler)
    case = load_case(job.model, job.bits)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        image = build([case.pack], board, Path(folder), toolchain=chain)
        runner_name = "unicorn" if board.unicorn else "qemu"
        with open_runner(runner_name, packs=[case.pack], image=image) as runner:
            for density, clips in case.clips.items():
                before = _steps_profile(runner)
                row = _row(job, image, case, density, verify(case.pack, runner, clips))
                if job.profile:
                    spent = _profile(image, clips) or _less(_steps_profile(runner), before)
                    row = replace(row, profile=_per_tick(spent, row.ticks))
                rows.append(row)
    return rows


def _row(job: Job, image: Image, case: Case, density: str, report: Report) -> Row:
    if report.mismatches:
        raise MismatchError(f"{density}: {report.first_divergence}")
    if report.instructions_per_tick is None or report.info.count_resolution != 1:
        raise ToolMissing(f"{report.info.runner} does not count instructions exactly here")
    operations = synaptic_operations(case.pack, case.clips[density])
    return Row(
        model=job.model,
        bits=job.bits,
        core=job.core,
        compiler=job.compiler,
        density=density,
        instructions_per_tick=round(report.instructions_per_tick, 2),
        synaptic_operations_per_tick=round(operations, 2),
        flash_bytes=image.flash_bytes,
        ram_bytes=image.ram_bytes,
        stack_bytes=image.stack_bytes,
        ticks=report.ticks,
        toolchain=image.compiler,
        counted_by=report.info.runner,
    )


def synaptic_operations(pack: Pack, clips: list[Stimulus]) -> float:
    """Mean number of weights added per tick; those of kernels as by events all over their maps."""
    total = 0.0
    for rasters in batch.batches(clips):
        events = batch.simulate(pack, rasters).events
        each = zip(events, pack.layers, strict=True)
        total += sum(float(count) * _weights_of_event(layer) for count, layer in each)
    return total / sum(clip.n_ticks for clip in clips)


def _weights_of_event(layer: PackedLayer) -> float:
    if not layer.spec.has_kernels:
        return layer.n
    sources = [(source.n, source.map) for source in layer.spec.sources]
    met = sum(n * spread(found) for n, found in sources if found is not None)
    return met / layer.spec.n_rows


def _profile(image: Image, clips: list[Stimulus]) -> dict[str, int]:
    """Instructions of all steps by function; empty for a core that unicorn does not have."""
    if not image.board.unicorn:
        return {}
    core, totals = ModelCore(image), dict[str, int]()
    for clip in clips:
        core.reset()
        for inputs in clip.raster:
            for name, count in core.step(inputs).by_function.items():
                totals[name] = totals.get(name, 0) + count
    return totals


def _steps_profile(runner: Runner) -> dict[str, int]:
    """Instructions of all steps so far by function, of a runner that counts within steps only."""
    return runner.profile() if isinstance(runner, QemuRunner) else {}


def _less(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items()}


def _per_tick(spent: dict[str, int], ticks: int) -> dict[str, float]:
    ordered = sorted(spent.items(), key=lambda item: -item[1])
    return {name: round(count / ticks, 2) for name, count in ordered if count}
