"""Re-tuning thresholds: neurons fire as often as in the float network, where that helps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn import batch
from tinysnn.ops.fixed import STATE_RANGE
from tinysnn.pack import PACK_FORMAT, Pack, PackedLayer, PackMeta
from tinysnn.tabulate import described
from tinysnn.teacher import Teacher, loss
from tinysnn.weight_grid import Units

Floats = npt.NDArray[np.float64]

STEPS = 6
"""Simulations in which the thresholds approach the wanted rates."""

GAIN = 0.35
"""How strongly a threshold follows the ratio of the rates: a rate falls about with the third power
of the threshold."""

LIMIT = 2.0
"""A threshold changes by at most this factor."""

ENOUGH_TICKS = 8192
"""Rates are measured on about this many ticks."""


def tuned(teacher: Teacher, layers: Sequence[PackedLayer], k: int, units: Units) -> PackedLayer:
    """Layer k with the thresholds that bring the pack nearest to the float network.

    Three settings are compared by their loss on the held-out clips: thresholds as they are, all
    raised by one factor so that the layer fires as often as in float, and each by its own.

    Parameters
    ----------
    teacher: the float network on the calibration clips.
    layers: the network's layers as they are packed so far.
    k: the layer to tune; it fires.
    units: its units.

    """
    layer = layers[k]
    theta = layer.wide("theta")
    if not (theta > 0).all():
        return layer
    best, least = layer, loss(teacher, working_pack(teacher, layers))
    for each in (False, True):
        factors = match_rates(teacher, layers, k, each=each)
        candidate = _with_factors(layer, factors, units)
        changed = [candidate if j == k else other for j, other in enumerate(layers)]
        found = loss(teacher, working_pack(teacher, changed))
        if found < least:
            best, least = candidate, found
    return best


def working_pack(teacher: Teacher, layers: Sequence[PackedLayer]) -> Pack:
    """Layers as a pack that can be simulated; it is neither checked nor sealed."""
    graph = teacher.graph
    meta = PackMeta(
        format=PACK_FORMAT,
        name="working",
        digest="",
        n_in=graph.n_in,
        input_shape=graph.input_shape,
        input_scale=graph.input_scale,
        output=graph.output,
        dt_s=graph.dt_s,
        layers=tuple(layer.spec for layer in layers),
        calibration="",
    )
    return Pack(meta, tuple(layers))


def match_rates(teacher: Teacher, layers: Sequence[PackedLayer], k: int, *, each: bool) -> Floats:
    """Factors [n] on the thresholds of layer k that bring its firing rates nearest to float.

    Parameters
    ----------
    teacher, layers, k: as in `tuned`.
    each: a factor for each neuron; else one for the layer.

    """
    part = _enough(teacher)
    wanted = _counts([spikes[k] for spikes in teacher.fit_spikes[:part]], each=each)
    factors = best = np.ones(layers[k].n)
    least = np.inf
    for _ in range(STEPS):
        changed = list(layers)
        changed[k] = replace(layers[k], theta=_theta(layers[k], factors))
        pack = working_pack(teacher, changed)
        records = [batch.simulate(pack, rasters).spikes[k] for rasters in teacher.fit[:part]]
        counts = _counts(records, each=each)
        distance = float(np.abs(counts - wanted).sum())
        if distance < least:
            best, least = factors, distance
        ratio = (counts + 1.0) / (wanted + 1.0)
        factors = np.clip(factors * ratio**GAIN, 1 / LIMIT, LIMIT)
    return best


def _enough(teacher: Teacher) -> int:
    """How many batches hold enough ticks."""
    ticks = np.cumsum([rasters.shape[0] * rasters.shape[1] for rasters in teacher.fit])
    return int(np.searchsorted(ticks, ENOUGH_TICKS)) + 1


def _counts(records: Sequence[npt.NDArray[np.uint8] | None], *, each: bool) -> Floats:
    """Spikes of each neuron over all clips, or their mean for all neurons; [n]."""
    found = [record.sum(axis=(0, 1)) for record in records if record is not None]
    counts = np.sum(found, axis=0).astype(np.float64)
    return counts if each else np.full_like(counts, counts.mean())


def _theta(layer: PackedLayer, factors: Floats) -> npt.NDArray[np.int32]:
    high = STATE_RANGE[layer.spec.state_bits][1]
    theta = np.clip(np.rint(layer.wide("theta") * factors), 1, high).astype(np.int32)
    return theta[:1] if bool((theta == theta[0]).all()) else theta


def _with_factors(layer: PackedLayer, factors: Floats, units: Units) -> PackedLayer:
    changed = described(replace(layer, theta=_theta(layer, factors)), units)
    report = msgspec.structs.replace(
        changed.spec.report,
        rounding=layer.spec.report.rounding,
        threshold_change=float(factors.mean()),
    )
    return replace(changed, spec=msgspec.structs.replace(changed.spec, report=report))
