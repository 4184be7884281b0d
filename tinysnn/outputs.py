"""Several Outputs as one: a last layer without memory that repeats the spikes of all of them.

A pack has one output layer. What the layers of several Outputs fire enters neurons of their own,
one after the other in the order of the file, each with weight and threshold 1 and no memory, so
that they fire exactly when their source does, in the same tick.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinysnn.graph import Connection, Graph, Layer

NAME = "outputs"


def with_one_output(graph: Graph) -> Graph:
    """The graph with a layer that repeats its Outputs, if it has several; else as it is.

    The layers of all Outputs must fire at most once a tick (``graph.unpackable`` names others).
    """
    if not graph.outputs:
        return graph
    layers = [graph.layers[k] for k in graph.outputs]
    ends = np.cumsum([layer.n for layer in layers])
    blocks: dict[int, np.ndarray] = {}
    for index, layer, end in zip(graph.outputs, layers, ends, strict=True):
        weight = blocks.setdefault(index, np.zeros((layer.n, int(ends[-1]))))
        weight[:, end - layer.n : end] = np.eye(layer.n)
    connections = tuple(Connection(index, 0, weight) for index, weight in sorted(blocks.items()))
    return replace(
        graph,
        layers=(*graph.layers, _repeater(graph, int(ends[-1]), connections)),
        output=len(graph.layers),
        outputs=(),
    )


def _repeater(graph: Graph, n: int, connections: tuple[Connection, ...]) -> Layer:
    name, taken = NAME, {layer.name for layer in graph.layers}
    while name in taken:
        name += "_"
    zeros = np.zeros(n)
    return Layer(
        name=name,
        op="lif",
        n=n,
        connections=connections,
        beta=zeros,
        alpha=None,
        bias=zeros,
        threshold=np.ones(n),
        reset="none",
        reset_timing="same-tick",
        compare="ge",
        reset_to=zeros,
        v_init=zeros,
        v_rest=zeros,
    )
