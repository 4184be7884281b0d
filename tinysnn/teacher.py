"""The float network on the calibration clips: what packs are fitted to and judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn import batch
from tinysnn.errors import StimulusError
from tinysnn.float_sim import simulate
from tinysnn.graph import Graph
from tinysnn.pack import Pack
from tinysnn.stimulus import Stimulus

Floats = npt.NDArray[np.float64]
Rasters = npt.NDArray[np.int8]
Spikes = list[npt.NDArray[np.uint8] | None]

HELD_OUT = 4
"""Every so many-th clip is kept from fitting and decides what helps."""

BATCH_TICKS = 4096
"""Ticks of all clips that are simulated side by side."""


@dataclass(frozen=True, eq=False)
class Teacher:
    """The float network's behaviour."""

    graph: Graph
    fit: tuple[Rasters, ...]
    """Clips to fit to, in batches [B, T, n_in]."""
    fit_spikes: tuple[Spikes, ...]
    """Per batch and layer [B, T, n]; None for layers that do not fire."""
    held_out: tuple[Rasters, ...]
    held_out_sums: tuple[Floats, ...]
    """Per batch [B, T, n_out]: the output added up over the clip so far."""


def check_clips(graph: Graph, stimuli: Sequence[Stimulus]) -> None:
    """Refuse clips that are not for this network, before anything is done with them.

    Raises
    ------
    StimulusError: a raster is not [T, n_in], or not binary for a network that takes spikes.

    """
    for number, stimulus in enumerate(stimuli):
        where = stimulus.name or f"calibration clip {number}"
        shape = stimulus.raster.shape
        if len(shape) != 2 or shape[1] != graph.n_in:
            raise StimulusError(
                f"the raster is {shape}, the network takes [ticks, {graph.n_in}]",
                where=where,
                fix="Check that input and network belong together",
            )
        binary = bool(((stimulus.raster == 0) | (stimulus.raster == 1)).all())
        if graph.input_scale is None and not binary:
            raise StimulusError(
                "values other than 0 and 1, but the network takes spikes",
                where=where,
                fix="Give an input scale if the input is graded",
            )


def teach(graph: Graph, stimuli: Sequence[Stimulus]) -> Teacher:
    """Run the float network.

    Every fourth clip is held out; fewer than four are used for both. The caller has checked them.
    """
    few = len(stimuli) < HELD_OUT
    fit = [s for i, s in enumerate(stimuli) if few or i % HELD_OUT != HELD_OUT - 1]
    held_out = list(stimuli) if few else list(stimuli[HELD_OUT - 1 :: HELD_OUT])
    fit_batches, held_batches = tuple(_batches(fit)), tuple(_batches(held_out))
    return Teacher(
        graph=graph,
        fit=fit_batches,
        fit_spikes=tuple(simulate(graph, rasters).spikes for rasters in fit_batches),
        held_out=held_batches,
        held_out_sums=tuple(
            simulate(graph, rasters).output.cumsum(axis=1) for rasters in held_batches
        ),
    )


def _batches(stimuli: Sequence[Stimulus]) -> list[Rasters]:
    longest = max(stimulus.n_ticks for stimulus in stimuli)
    return list(batch.batches(stimuli, max(1, BATCH_TICKS // max(longest, 1))))


def loss(teacher: Teacher, pack: Pack) -> float:
    """Distance of a pack from the float network on the held-out clips.

    The squared difference between the outputs (spike counts, or membranes in real units), added up
    over the clip so far, in parts of the float network's own square: 0 is the same behaviour, 1 as
    far off as silence. All ticks count, so both the answer at a clip's end and the way there do.
    """
    layer = pack.output_layer
    unit = np.ones(1) if layer.spec.fires else layer.scale * 2.0**-layer.spec.frac_bits
    wrong = power = 0.0
    for rasters, wanted in zip(teacher.held_out, teacher.held_out_sums, strict=True):
        got = batch.simulate(pack, rasters).output.cumsum(axis=1) * unit
        wrong += float(((got - wanted) ** 2).sum())
        power += float((wanted**2).sum())
    return wrong / power if power > 0 else wrong
