"""Which layers of a graph a pack stores as kernels of feature maps, and which as matrices.

A convolution may be either. A matrix adds a whole row for every event and is fast where a kernel
covers most of its map; a kernel adds a few runs of channels and takes little flash. Both give the
same sums.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import Literal, TypeAlias

import msgspec
import numpy as np

from tinysnn.graph import MAX_DENSE, Connection, Floats, Graph, Ints, Layer, SpatialConnection
from tinysnn.layout import channels_last, map_order
from tinysnn.source_map import MapShape, PoolWindow, SourceMap

Form: TypeAlias = Literal["auto", "kernel", "matrix"]

SMALL_MATRIX = 4096
"""Weights of a matrix that may stand for a kernel because it is faster."""
EVENT, ROW_OF_KERNEL, CHANNEL, NEURON = 30.0, 8.0, 1.0, 0.9
"""Instructions on an M4, 8 bit: to place an event, for each row of a kernel that it meets, for each
sum that a kernel adds to; and for each neuron of a matrix."""


@dataclass(frozen=True, eq=False)
class KernelForm:
    """A connection as a pack stores it: its map, and its weights as an event meets them."""

    map: SourceMap
    weight: Floats
    """`SourceMap.tensor_shape`."""


def for_device(graph: Graph, form: Form = "auto") -> Graph:
    """The same network as packs hold it.

    Every connection of a layer with kernels has a `kernel_form`, and all maps are channels last;
    all other layers have matrices. Without kernels the neurons keep their order.
    """
    graph = replace(graph, layers=tuple(_with_shape(layer) for layer in graph.layers))
    chosen = [_wants_kernels(graph, layer, form) for layer in graph.layers]
    if not any(chosen):
        return replace(graph, layers=tuple(_with_matrices(layer) for layer in graph.layers))
    ordered = channels_last(graph).graph
    layers = tuple(
        layer if kernels else _with_matrices(layer)
        for layer, kernels in zip(ordered.layers, chosen, strict=True)
    )
    return replace(ordered, layers=layers, channels_last=True)


def has_kernels(layer: Layer) -> bool:
    """Whether a layer of a graph `for_device` is stored as kernels."""
    return any(isinstance(c, SpatialConnection) for c in layer.connections)


def map_shape(layer: Layer) -> MapShape | None:
    """The layer's neurons as [channels, height, width]; None: they are no map."""
    axes = layer.shape or ()
    while len(axes) > 3 and axes[0] == 1:
        axes = axes[1:]
    if len(axes) == 2:
        return (axes[0], 1, axes[1])
    return (axes[0], axes[1], axes[2]) if len(axes) == 3 else None


def kernel_form(layer: Layer, connection: Connection | SpatialConnection) -> KernelForm | None:
    """A connection with a map; None where only a matrix does.

    The layer's neurons are channels last already, or their order makes no difference.
    """
    if isinstance(connection, Connection):
        shape = (connection.n_source, 1, 1)
        rows = connection.weight[:, None, None, :]
        return KernelForm(SourceMap(shape, (1, 1), layer.n), rows)
    pool = connection.pool
    if pool is not None and not pool.disjoint and not _only_pools(connection):
        return None
    if connection.matrix is not None:
        return _whole_map(connection, connection.matrix)
    return _convolution(layer, connection)


def _only_pools(connection: SpatialConnection) -> bool:
    return connection.conv is None and connection.matrix is None


def _whole_map(connection: SpatialConnection, matrix: Floats) -> KernelForm:
    """A matrix behind a pool: a kernel as large as what the pool leaves."""
    pool, order = connection.pool, connection.source_order
    pooled = (connection.n_map, 1, 1) if pool is None else pool.out_shape
    if pool is None and order is not None:
        matrix = matrix[order]
    source = SourceMap(
        shape=pooled if pool is None else pool.in_shape,
        kernel=(pooled[1], pooled[2]),
        out_channels=matrix.shape[1],
        first=connection.first,
        channels_last=pool is not None and _is_last(order, pool.in_shape),
        pool=None if pool is None else PoolWindow(pool.kernel, pool.stride, pool.padding),
    )
    return KernelForm(source, matrix.reshape(*pooled, -1))


def _convolution(layer: Layer, connection: SpatialConnection) -> KernelForm | None:
    pool, conv = connection.pool, connection.conv
    if conv is not None:
        source = SourceMap(
            shape=conv.in_shape if pool is None else pool.in_shape,
            kernel=(conv.kernel.shape[2], conv.kernel.shape[3]),
            out_channels=conv.kernel.shape[0],
            first=connection.first,
            pool=None if pool is None else PoolWindow(pool.kernel, pool.stride, pool.padding),
            stride=conv.stride,
            padding=conv.padding,
            dilation=conv.dilation,
            groups=conv.groups,
        )
        weight = conv.scatter_rows
    else:  # one-to-one, or sums over windows: each channel by itself
        shape = map_shape(layer) or (layer.n, 1, 1)
        shape = shape if pool is None else pool.in_shape
        source = SourceMap(
            shape=shape,
            kernel=(1, 1) if pool is None else pool.kernel,
            out_channels=shape[0],
            first=connection.first,
            stride=(1, 1) if pool is None else pool.stride,
            padding=((0, 0), (0, 0)) if pool is None else pool.padding,
            groups=shape[0],
        )
        weight = np.ones(source.tensor_shape)
    last = _is_last(connection.source_order, source.shape)
    return KernelForm(msgspec.structs.replace(source, channels_last=last), weight)


def _is_last(order: Ints | None, shape: MapShape) -> bool:
    return order is not None and bool(np.array_equal(order, map_order(shape)))


def _orders_fit(
    graph: Graph, layer: Layer, connection: SpatialConnection, source: SourceMap
) -> bool:
    """Whether the map's source and the layer will lie as maps of its shapes do."""
    if connection.source is not None:
        before = map_shape(graph.layers[connection.source])
        if before not in (None, source.shape) and source.shape[1:] != (1, 1):
            return False
    return connection.matrix is not None or source.out_shape in (map_shape(layer), (layer.n, 1, 1))


def _wants_kernels(graph: Graph, layer: Layer, form: Form) -> bool:
    spatial = [c for c in layer.connections if isinstance(c, SpatialConnection)]
    delayed = any(c.target_delays is not None for c in layer.connections)
    found = [(c, kernel_form(layer, c)) for c in spatial]
    if delayed or not all(f and _orders_fit(graph, layer, c, f.map) for c, f in found):
        return False
    if form == "matrix" and all(_matrix_size(c) <= MAX_DENSE for c in spatial):
        return False
    return any(form == "kernel" or not _matrix_is_better(c, f.map) for c, f in found if f)


def _matrix_size(connection: SpatialConnection) -> int:
    return connection.n_source * int(connection.apply(np.zeros((1, connection.n_source))).size)


def _matrix_is_better(connection: SpatialConnection, source: SourceMap) -> bool:
    """Whether a matrix is small and takes fewer instructions for each event."""
    n = prod(source.out_shape)
    if connection.n_source * n > SMALL_MATRIX:
        return False
    down, right = (
        min(size / stride, places)
        for size, stride, places in zip(
            source.kernel, source.stride, source.out_shape[1:], strict=True
        )
    )
    channels = source.out_channels / source.groups
    return n * NEURON < EVENT + down * (ROW_OF_KERNEL + right * channels * CHANNEL)


def _with_shape(layer: Layer) -> Layer:
    """A layer fed by a convolution has the convolution's axes, whatever the file flattened."""
    for connection in layer.connections:
        if isinstance(connection, SpatialConnection) and connection.matrix is None:
            last = connection.conv or connection.pool
            if last is not None and map_shape(layer) is None and prod(last.out_shape) == layer.n:
                return replace(layer, shape=last.out_shape)
    return layer


def _with_matrices(layer: Layer) -> Layer:
    connections = tuple(
        Connection(c.source, c.delay_ticks, c.weight, c.source_delays, c.target_delays)
        if isinstance(c, SpatialConnection)
        else c
        for c in layer.connections
    )
    return replace(layer, connections=connections)
