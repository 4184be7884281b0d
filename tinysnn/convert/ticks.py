"""How far a converted network is from its origin after so many ticks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.convert.ann import Ann, Floats
from tinysnn.convert.drive import rasters
from tinysnn.float_sim import simulate
from tinysnn.graph import Graph

_RECORDED = 1 << 23
"""Membranes that one batch may record at most."""


@dataclass(frozen=True)
class TickError:
    """After a number of ticks."""

    ticks: int
    error: float
    """Mean difference of an output from the origin's, as a part of the outputs' spread."""
    agreement: float
    """Part of the inputs that get the same class, 0..1."""
    accuracy: float | None
    """Part of the inputs that get the right class; None: no labels."""


def tick_errors(
    ann: Ann,
    graph: Graph,
    x: Floats,
    labels: npt.NDArray[np.int64] | None,
    *,
    step: float,
    unit: Floats,
    ticks: Sequence[int],
    progress: Callable[[int, int], None] | None = None,
) -> list[TickError]:
    """Run the float spiking network once and look at it after several numbers of ticks.

    Parameters
    ----------
    ann: the origin.
    graph: the converted network, lowered.
    x: ``[B, n_in]`` in real units.
    labels: ``[B]`` or None.
    step: of an input event.
    unit: ``[n_out]``, what one unit of an output is worth (thresholds, where outputs fire).
    ticks: ascending numbers of ticks.
    progress: called with inputs done and inputs in all.

    """
    wanted = ann.activations(x)[-1]
    width = sum(layer.n for layer in graph.layers) + ann.n_in
    size = max(1, min(64, _RECORDED // (width * ticks[-1])))
    found = np.zeros((len(ticks), *wanted.shape))
    for first in range(0, len(x), size):
        part = x[first : first + size]
        output = simulate(graph, rasters(part, step, ticks[-1])).output
        sums = np.cumsum(output, axis=1)
        for k, t in enumerate(ticks):
            found[k, first : first + len(part)] = sums[:, t - 1] / t * unit
        if progress is not None:
            progress(min(first + size, len(x)), len(x))
    return [_after(t, found[k], wanted, labels) for k, t in enumerate(ticks)]


def _after(
    ticks: int, found: Floats, wanted: Floats, labels: npt.NDArray[np.int64] | None
) -> TickError:
    spread = float(wanted.std()) or 1.0
    classes = found.argmax(axis=1)
    return TickError(
        ticks,
        float(np.abs(found - wanted).mean()) / spread,
        float((classes == wanted.argmax(axis=1)).mean()),
        None if labels is None else float((classes == labels).mean()),
    )
