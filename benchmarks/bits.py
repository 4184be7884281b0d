"""Accuracy and size of the keyword network by weight bits, rounding and flash budget.

    python -m benchmarks.bits

It needs the recordings (`TINYSNN_DATA`, default `../shared/data`). Weights, scales, thresholds and
widths are fitted to clips of the training split alone; the accuracy is that of the integer
reference's arithmetic on all clips of the testing split, which chose nothing. The reference itself
is run on the first clips of it as a check.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from examples.keyword.evaluate import float_classes, integer_classes
from tinysnn import batch
from tinysnn.data import keyword_clips
from tinysnn.encode.keyword import encode_clip
from tinysnn.footprint import flash_bytes, table_bytes
from tinysnn.graph import Graph
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import load_options
from tinysnn.pack import Pack
from tinysnn.pack_options import WIDTHS, PackOptions, Rounding
from tinysnn.paths import models_dir
from tinysnn.quantise import quantise
from tinysnn.stimulus import Stimulus
from tinysnn.teacher import Teacher, loss, teach

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "out" / "bits.json"
CALIBRATION_CLIPS = 512
"""Of the training split, from all classes in turn; a quarter of them is held out."""
CHECKED = 12
"""Clips of the testing split on which the reference is run too."""
BUDGETS = (72 << 10,)
FIRST = {"hidden1": 8}
"""The convolution is rounded to nearest, whatever is asked for: it keeps its width."""

ROUNDINGS: tuple[Rounding, ...] = ("nearest", "compensated")

Rasters = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Row:
    """One way to pack the network, and what comes of it."""

    name: str
    widths: tuple[int, ...]
    rounding: str
    weight_bits: int
    """All weights, in bits."""
    table_bytes: int
    """Flash of all tables, as the generator lays them out."""
    flash_estimate_bytes: int
    calibration_loss: float
    """Distance to the float network on held-out calibration clips, see `tinysnn.teacher.loss`."""
    accuracy: float
    """Percent of the testing split."""
    agreement: float
    """Percent of the testing split in which the float network gives the same class."""
    seconds: float
    """To pack it."""


@dataclass(frozen=True, eq=False)
class Task:
    """The network and the clips."""

    graph: Graph
    calibration: list[Stimulus]
    teacher: Teacher
    rasters: Rasters
    labels: npt.NDArray[np.int64]
    float_found: npt.NDArray[np.intp]


def main() -> int:
    """Measure everything, print a table and write the JSON file."""
    data = Path(os.environ.get("TINYSNN_DATA", ROOT.parent / "shared" / "data"))
    if not (data / "kws" / "speech_commands" / "index.csv").is_file():
        print(f"no recordings in {data}: set TINYSNN_DATA", file=sys.stderr)
        return 3
    task = _task(data)
    accuracy = 100 * float((task.float_found == task.labels).mean())
    print(f"float64  {accuracy:.2f} % of {len(task.labels)} clips of the testing split\n")
    rows = []
    for row in _rows(task):
        rows.append(row)
        print(_line(row), flush=True)
    result = {"float": accuracy, "clips": len(task.labels), "rows": [asdict(row) for row in rows]}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    partial = OUT.with_suffix(".part")
    partial.write_text(json.dumps(result, indent=1) + "\n")
    partial.replace(OUT)
    print(f"\nwritten to {OUT.relative_to(ROOT)}")
    return 0


def _task(data: Path) -> Task:
    folder = models_dir() / "keyword"
    graph = lower(load_network(folder / "keyword.nir"), load_options(folder / "keyword.toml"))
    training = keyword_clips("training", data, CALIBRATION_CLIPS)
    testing = keyword_clips("testing", data)
    calibration = [Stimulus(encode_clip(clip)) for clip in training.clips]
    rasters = np.stack([encode_clip(clip) for clip in testing.clips])
    found = float_classes(graph, rasters)
    return Task(graph, calibration, teach(graph, calibration), rasters, testing.labels, found)


def _rows(task: Task) -> Iterator[Row]:
    for bits in WIDTHS:
        for rounding in ROUNDINGS:
            if bits == 8 and rounding == "compensated":
                continue  # nothing is left to gain
            options = PackOptions(bits=bits, layer_bits=FIRST, rounding=rounding)
            yield _row(task, f"{bits} bit", options)
    for budget in BUDGETS:
        options = PackOptions(bits="auto", layer_bits=FIRST, budget_flash=budget)
        yield _row(task, f"auto, {budget >> 10} kB", options)


def _row(task: Task, name: str, options: PackOptions) -> Row:
    start = time.perf_counter()
    pack = quantise(task.graph, options, task.calibration)
    seconds = time.perf_counter() - start
    found = _classes(pack, task.rasters)
    widths = tuple(layer.spec.bits for layer in pack.layers)
    return Row(
        name=name,
        widths=widths,
        rounding=options.rounding or "compensated",
        weight_bits=sum(layer.n_weights * layer.spec.bits for layer in pack.layers),
        table_bytes=sum(table_bytes(layer) for layer in pack.layers),
        flash_estimate_bytes=flash_bytes(
            pack.layers, front_end=pack.front_end, graded_input=pack.graded_input
        ),
        calibration_loss=loss(task.teacher, pack),
        accuracy=100 * float((found == task.labels).mean()),
        agreement=100 * float((found == task.float_found).mean()),
        seconds=seconds,
    )


def _classes(pack: Pack, rasters: Rasters) -> npt.NDArray[np.intp]:
    """Class of each clip; the same integers as the reference's, which is run on some of them."""
    parts = np.array_split(rasters, max(1, len(rasters) // batch.BATCH))
    sums = np.concatenate([batch.simulate(pack, part).output.sum(axis=1) for part in parts])
    found = np.asarray(sums.argmax(axis=1))
    if not np.array_equal(found[:CHECKED], integer_classes(pack, rasters[:CHECKED])):
        raise RuntimeError("the batched simulation differs from the reference")
    return found


def _line(row: Row) -> str:
    return (
        f"{row.name:12} {' '.join(map(str, row.widths)):7} {row.rounding:12}"
        f" weights {row.weight_bits / 8:7,.0f} B  tables {row.table_bytes:7,} B"
        f"  image about {row.flash_estimate_bytes:7,} B  loss {row.calibration_loss:6.3f}"
        f"  accuracy {row.accuracy:5.2f} %  as float {row.agreement:5.2f} %  {row.seconds:4.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
