"""The order of neurons on a device: feature maps with their channels last.

A convolution scatters one event onto all output channels of a few places. With channels last these
lie next to each other, so that the row-add kernels of dense layers serve convolutions too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinysnn.graph import Connection, Floats, Graph, Ints, Layer, SpatialConnection


@dataclass(frozen=True, eq=False)
class ChannelsLast:
    """A graph whose feature maps are [height, width, channels], and how to find back."""

    graph: Graph
    order: tuple[Ints, ...]
    """Per layer [n]: which neuron of the file (channels first) is at each place."""


def channels_last(graph: Graph) -> ChannelsLast:
    """The same network with the neurons of every feature map reordered; its input is not.

    Layers that are no maps (less than two axes) keep their order.
    """
    order = tuple(_order(layer) for layer in graph.layers)
    layers = tuple(_reordered(layer, index, order) for index, layer in enumerate(graph.layers))
    return ChannelsLast(replace(graph, layers=layers), order)


def _order(layer: Layer) -> Ints:
    return map_order(_core(layer))


def map_order(shape: Sequence[int]) -> Ints:
    """Which unit of a map (channels first) is at each place when its channels are last."""
    units = np.arange(np.prod(shape))
    return units if len(shape) < 2 else np.moveaxis(units.reshape(shape), 0, -1).reshape(-1)


def _core(layer: Layer) -> tuple[int, ...]:
    """The layer's axes without batch axes of size 1 in front."""
    shape = layer.shape or (layer.n,)
    while len(shape) > 3 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _reordered(layer: Layer, index: int, order: Sequence[Ints]) -> Layer:
    own = order[index]

    def at(values: Floats | None) -> Floats | None:
        return None if values is None else values[own]

    connections = tuple(
        _moved(c, None if c.source is None else order[c.source], own) for c in layer.connections
    )
    return replace(
        layer,
        connections=connections,
        beta=layer.beta[own],
        alpha=at(layer.alpha),
        bias=layer.bias[own],
        threshold=at(layer.threshold),
        reset_to=layer.reset_to[own],
        v_init=layer.v_init[own],
        v_rest=layer.v_rest[own],
        v_min=at(layer.v_min),
        leak_step=at(layer.leak_step),
        adapt_decay=at(layer.adapt_decay),
        adapt_step=at(layer.adapt_step),
        refractory=None if layer.refractory is None else layer.refractory[own],
    )


def _moved(
    connection: Connection | SpatialConnection, before: Ints | None, after: Ints
) -> Connection | SpatialConnection:
    """The connection with its source units in the order ``before`` and its targets in ``after``."""
    early, late = connection.source_delays, connection.target_delays
    early = early if early is None or before is None else early[before]
    late = late if late is None else late[after]
    if isinstance(connection, Connection):
        rows = connection.weight if before is None else connection.weight[before]
        return replace(connection, weight=rows[:, after], source_delays=early, target_delays=late)
    matrix = connection.matrix
    return replace(
        connection,
        matrix=None if matrix is None else matrix[:, after],
        source_order=before,
        target_order=after if matrix is None else None,
        source_delays=early,
        target_delays=late,
    )
