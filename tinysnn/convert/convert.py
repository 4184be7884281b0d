"""The entrance: a .tflite file and some inputs to a spiking network, with its error by ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from tinysnn.convert.ann import Ann
from tinysnn.convert.balance import thresholds
from tinysnn.convert.drive import input_step
from tinysnn.convert.inputs import Inputs
from tinysnn.convert.ticks import TickError, tick_errors
from tinysnn.convert.to_nir import Converted, to_nir, write_nir
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.graph import Graph

MAX_TICKS = 4096


@dataclass(frozen=True)
class ConvertOptions:
    """Choices."""

    percentile: float = 99.9
    """Of the activations of a stage: its threshold."""
    by_channel: bool = False
    """One threshold for each channel."""
    ticks: tuple[int, ...] = (4, 8, 16, 32, 64)
    """Numbers of ticks to look at."""
    dt_s: float = 0.001
    errors_on: int = 1024
    """At most so many inputs for the error by ticks."""


@dataclass(frozen=True, eq=False)
class Conversion:
    """What came of it."""

    converted: Converted
    graph: Graph
    """The same, lowered."""
    step: float
    """Real value of one step of an input event."""
    errors: tuple[TickError, ...]
    ann_accuracy: float | None
    """Of the network without spikes in float64, on all test inputs; None: no labels."""


def convert(
    ann: Ann,
    inputs: Inputs,
    options: ConvertOptions,
    *,
    test: Inputs | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Conversion:
    """Balance thresholds on the inputs, build the spiking network, and look at its error.

    The error and the accuracy are those on `test`, by default on the same inputs.

    Raises
    ------
    OptionError: a percentile or numbers of ticks out of range.
    StimulusError: inputs that do not fit, or leave a stage silent.

    """
    _check(options.ticks)
    levels = thresholds(ann, inputs.x, percentile=options.percentile, by_channel=options.by_channel)
    step = input_step(inputs.x)
    converted = to_nir(ann, levels, step=step, dt_s=options.dt_s)
    graph = lowered(converted, ann.name)
    few = slice(0, options.errors_on)
    test = test or inputs
    labels = test.labels
    errors = tick_errors(
        ann,
        graph,
        test.x[few],
        None if labels is None else labels[few],
        step=step,
        unit=levels[-1] if ann.stages[-1].relu else np.ones(ann.n_out),
        ticks=sorted(set(options.ticks)),
        progress=progress,
    )
    accuracy = None
    if labels is not None:
        classes = ann.activations(test.x)[-1].argmax(axis=1)
        accuracy = float((classes == labels).mean())
    return Conversion(converted, graph, step, tuple(errors), accuracy)


def lowered(converted: Converted, name: str) -> Graph:
    """The graph that `tinysnn pack` would make of the files."""
    from tinysnn.load import load_network
    from tinysnn.lower import lower
    from tinysnn.options import load_options

    with TemporaryDirectory(prefix="tinysnn-") as folder:
        path = Path(folder) / f"{name}.nir"
        write_nir(converted, path)
        return lower(load_network(path), load_options(path.with_suffix(".toml")))


def _check(ticks: Sequence[int]) -> None:
    if not ticks or min(ticks) < 1 or max(ticks) > MAX_TICKS:
        raise OptionError(f"ticks {list(ticks)}", fix=f"Give numbers from 1 to {MAX_TICKS}.")
