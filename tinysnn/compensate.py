"""Layer by layer to integers, each layer fitted to what its quantised predecessors send it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import msgspec
import numpy as np

from tinysnn import moments, rounding, scales, thresholds
from tinysnn.float_sim import simulate
from tinysnn.forms import has_kernels
from tinysnn.graph import Connection, Graph, Layer
from tinysnn.pack import Bits, PackedLayer
from tinysnn.pack_options import PackOptions
from tinysnn.tabulate import tabulated
from tinysnn.teacher import Teacher
from tinysnn.weight_grid import Floats, Grid, nearest_grid

MAX_ROWS = 4096
"""Layers with more rows are rounded to nearest: their moment would take over 128 MB."""

Tell = Callable[[], None]


def nearest_layers(
    graph: Graph, widths: Sequence[Bits], options: PackOptions
) -> tuple[PackedLayer, ...]:
    """All layers, rounded to nearest."""
    return tuple(
        tabulated(nearest_grid(graph, layer, bits), options.state_bits)
        for layer, bits in zip(graph.layers, widths, strict=True)
    )


def fitted_layers(
    teacher: Teacher,
    widths: Sequence[Bits],
    options: PackOptions,
    *,
    memory: moments.Memory = "leaky",
    done: Tell = lambda: None,
) -> tuple[PackedLayer, ...]:
    """All layers, with compensated rounding and thresholds re-tuned where the options say so.

    Parameters
    ----------
    teacher: the float network on the calibration clips.
    widths: weight width of each layer.
    options: the packer's choices.
    memory: how input is weighed, see `moments.Memory`.
    done: called after each layer.

    """
    graph = working = teacher.graph
    packed = list(nearest_layers(graph, [8] * len(widths), options))  # until their turn comes
    for k, (layer, bits) in enumerate(zip(graph.layers, widths, strict=True)):
        grid = nearest_grid(graph, layer, bits)
        exact = scales.snr_db(grid.units.weight, grid.rows, grid.step) is None
        small = grid.rows.shape[0] <= MAX_ROWS and not has_kernels(layer)
        fits = not exact and small and options.compensates(bits)
        if fits:
            grid = _compensated(teacher, working, k, grid, memory)
        packed[k] = tabulated(grid, options.state_bits)
        if fits:
            packed[k] = _marked(packed[k])
            if options.tune_thresholds and layer.fires:
                packed[k] = thresholds.tuned(teacher, packed, k, grid.units)
        working = _with_layer(working, k, _restored(layer, packed[k], grid))
        done()
    return tuple(packed)


def _compensated(
    teacher: Teacher, working: Graph, k: int, grid: Grid, memory: moments.Memory
) -> Grid:
    """The grid of layer k for the spikes that the working network sends it."""
    layer, bits = grid.layer, grid.bits
    groups = moments.groups(layer, memory)
    sums = [np.zeros((len(grid.rows),) * 2) for _ in groups]
    for rasters, wanted in zip(teacher.fit, teacher.fit_spikes, strict=True):
        spikes = simulate(working, rasters).spikes[:k] + wanted[k:] if k else wanted
        values = moments.entering(teacher.graph, k, rasters, spikes, grid.units.spike_value)
        for g, group in enumerate(groups):
            sums[g] += moments.moment(values, group)
    floor = scales.smallest_scales(grid.step, layer.threshold, event_value=grid.units.event_value)
    step, rows = grid.step.copy(), grid.rows.copy()
    for total, group in zip(sums, groups, strict=True):
        problem = rounding.Problem(grid.units.weight, rounding.damped(total), bits, floor)
        found, scale = rounding.compensated(
            problem.of(group.columns), grid.step[group.columns], common=not layer.fires
        )
        rows[:, group.columns], step[group.columns] = found.astype(np.int8), scale
    return replace(grid, step=step, rows=rows)


def _marked(layer: PackedLayer) -> PackedLayer:
    report = msgspec.structs.replace(layer.spec.report, rounding="compensated")
    return replace(layer, spec=msgspec.structs.replace(layer.spec, report=report))


def _restored(layer: Layer, packed: PackedLayer, grid: Grid) -> Layer:
    """The layer in float with the weights and thresholds that its tables hold."""
    if packed.spec.has_kernels:
        return layer  # not compensated: what follows is fitted to the float kernels
    real: Floats = packed.rows * packed.scale
    per_event = grid.units.weight  # what one unit of an event is worth, beside the layer's own
    connections, first = [], 0
    for connection in layer.connections:
        wanted = connection.weight
        block = slice(first, first + len(wanted))
        first += len(wanted)
        ratio = _ratio(wanted, per_event[block])
        weight = real[block] * ratio
        connections.append(
            Connection(connection.source, connection.delay_ticks, weight, connection.source_delays)
        )
    unit = packed.scale * 2.0**-packed.spec.frac_bits
    threshold = packed.wide("theta") * unit if layer.fires else None
    return replace(layer, connections=tuple(connections), threshold=threshold)


def _ratio(weight: Floats, per_event: Floats) -> float:
    """Weight per spike or real input over weight per unit of event value."""
    at = np.unravel_index(np.abs(per_event).argmax(), per_event.shape)
    return float(weight[at] / per_event[at]) if per_event[at] else 1.0


def _with_layer(graph: Graph, k: int, layer: Layer) -> Graph:
    layers = list(graph.layers)
    layers[k] = layer
    return replace(graph, layers=tuple(layers))
