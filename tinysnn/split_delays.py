"""Delays by neuron of the target become several connections, each with its own delay.

A pack reads a source late by whole ticks or by source unit (SPEC.md 1.1). A connection whose
neurons are reached after different times is split: for each of these times its weights onto the
neurons that have it, 0 onto the others. This is exact; sparse rows do not store what is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.graph import Connection, Graph, SpatialConnection
from tinysnn.pack import Bits


def with_source_delays(graph: Graph) -> Graph:
    """The same network with no ``target_delays``; itself if it has none.

    Raises
    ------
    ModelError: a convolution among them is too large to be written out as a matrix.

    """
    if not split_layers(graph):
        return graph
    layers = tuple(
        replace(layer, connections=tuple(part for c in layer.connections for part in _split(c)))
        for layer in graph.layers
    )
    return replace(graph, layers=layers)


def split_layers(graph: Graph) -> frozenset[str]:
    """Names of the layers with a connection that is to be split."""
    return frozenset(
        layer.name
        for layer in graph.layers
        if any(c.target_delays is not None for c in layer.connections)
    )


def _split(
    connection: Connection | SpatialConnection,
) -> Iterator[Connection | SpatialConnection]:
    delays = connection.target_delays
    if delays is None:
        yield connection
        return
    weight = connection.weight
    for ticks in np.unique(delays):
        yield Connection(
            connection.source,
            connection.delay_ticks + int(ticks),
            np.where(delays == ticks, weight, 0.0),
            connection.source_delays,
        )


def refuse_one_bit(graph: Graph, widths: Sequence[Bits]) -> None:
    """Refuse weights of one bit, which are never 0, for layers that are to be split.

    Raises
    ------
    ModelError: one of these has 1 as its width.

    """
    split = split_layers(graph)
    for layer, bits in zip(graph.layers, widths, strict=True):
        if bits == 1 and layer.name in split:
            raise ModelError(
                "its neurons are reached after different delays, which needs weights of 0, and "
                "weights of one bit are never 0",
                where=f"layer {layer.name!r}",
                fix=f"Give it more bits: --layer-bits {layer.name}=2",
            )
