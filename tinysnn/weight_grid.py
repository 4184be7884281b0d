"""The weights of a layer on a grid of steps, before fraction bits and state width are chosen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn import forms, ranges, scales
from tinysnn.errors import ModelError, OptionError
from tinysnn.graph import Graph, Layer
from tinysnn.layer_weights import by_channel, columns_of
from tinysnn.pack import Bits
from tinysnn.source_map import MapShape

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Units:
    """Real weights of a layer per unit of event value, and how spikes are valued."""

    weight: Floats
    """[R, n]; of a layer with kernels [rows, channels], see `kernel_columns`."""
    spike_value: int
    graded: bool
    most: tuple[int, ...] = ()
    """Spikes of a unit in a tick at most, for each connection."""

    @property
    def event_value(self) -> int:
        """What an event may be worth: a spike, or with graded input alone the largest value."""
        return ranges.GRADED_HIGH if self.graded and self.spike_value == 1 else self.spike_value


@dataclass(frozen=True, eq=False)
class Grid:
    """A layer on its weight grid, before fraction bits and state width are chosen."""

    layer: Layer
    units: Units
    bits: Bits
    step: Floats
    """[n]; of a layer with kernels [channels]."""
    rows: npt.NDArray[np.int8]
    """As `Units.weight`."""
    shape: MapShape | None = None
    """Of the layer's neurons, where these are channels last."""


def nearest_grid(graph: Graph, layer: Layer, bits: Bits) -> Grid:
    """The layer's weights, each rounded to the nearest step of the best grid.

    Raises
    ------
    ModelError: if values of the layer are no network's.
    OptionError: if the input scale does not suit a layer with graded input and spikes.

    """
    units = units_of(graph, layer)
    values = (units.weight, layer.threshold, layer.bias, layer.reset_to, layer.v_init)
    if not all(scales.is_moderate(value) for value in values if value is not None):
        raise ModelError(
            f"it holds values outside of {scales.SMALLEST:g} to {scales.LARGEST:g}",
            where=f"layer {layer.name!r}",
            fix="Check the units of weights, threshold, bias and initial values",
        )
    threshold = by_channel(layer, units.weight.shape[1])
    step = scales.channel_scales(units.weight, threshold, bits, event_value=units.event_value)
    if not layer.fires:  # outputs are compared with each other: one unit for all
        step = np.full_like(step, step.max())
    shape = forms.map_shape(layer) if graph.channels_last else None
    return Grid(layer, units, bits, step, scales.to_steps(units.weight, step, bits), shape)


def units_of(graph: Graph, layer: Layer) -> Units:
    """The layer's weights per unit of event value, with spikes valued beside graded input."""
    graded = graph.input_scale is not None and any(c.source is None for c in layer.connections)
    sources = [c.source for c in layer.connections]
    most = tuple(1 if source is None else most_spikes(graph.layers[source]) for source in sources)
    blocks = [columns_of(layer, c) for c in layer.connections]
    if not graded:
        return Units(np.vstack(blocks), 1, graded=False, most=most)
    input_scale = graph.input_scale or 1.0
    spike_value = 1
    if any(c.source is not None for c in layer.connections):
        spike_value = round(1.0 / input_scale)
        if not 1 <= spike_value <= 127 or abs(spike_value * input_scale - 1.0) > 1e-9:
            raise OptionError(
                f"the layer takes graded input and spikes, so the input scale must be 1/k with "
                f"k = 1..127, not {input_scale:g}",
                where=f"layer {layer.name!r}",
                fix="Choose another input scale",
            )
    blocks = [
        block * input_scale if c.source is None else block / spike_value
        for c, block in zip(layer.connections, blocks, strict=True)
    ]
    if spike_value > 1 and max(most) > 1:
        raise OptionError(
            f"the layer takes graded input in steps of {input_scale:g} and spikes that are counted",
            where=f"layer {layer.name!r}",
            fix="Use an input scale of 1, or max_spikes = 1 for the layers before it",
        )
    return Units(np.vstack(blocks), spike_value, graded=True, most=most)


def most_spikes(layer: Layer) -> int:
    """Spikes of a neuron in one tick at most."""
    return layer.max_spikes if layer.many_spikes else 1
