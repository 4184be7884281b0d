"""Second moments of what enters a layer: the input as its membranes remember it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tinysnn.graph import Connection, Graph, Layer, SpatialConnection
from tinysnn.teacher import Rasters, Spikes

Floats = npt.NDArray[np.float64]
Memory = Literal["leaky", "tick"]
"""leaky: input as the membrane adds it up, with its decay; tick: each tick's input by itself."""

GROUPS = 4
"""Neurons of a layer are grouped by their decay; each group shares one moment."""


@dataclass(frozen=True, eq=False)
class Group:
    """Neurons whose membranes forget alike."""

    columns: npt.NDArray[np.intp]
    beta: float
    alpha: float


def groups(layer: Layer, memory: Memory) -> list[Group]:
    """The layer's neurons by decay.

    Outputs that do not fire are added up over the clip by whoever reads them, so that their input
    is remembered for ever, whatever their decay.
    """
    every = np.arange(layer.n)
    if memory == "tick":
        return [Group(every, 0.0, 0.0)]
    if not layer.fires:
        return [Group(every, 1.0, 0.0)]
    centres = np.quantile(layer.beta, (np.arange(GROUPS) + 0.5) / GROUPS)
    closest = np.abs(layer.beta[:, None] - centres).argmin(axis=1)
    found = []
    for g, beta in enumerate(centres):
        columns = every[closest == g]
        if columns.size:
            alpha = 0.0 if layer.alpha is None else float(np.median(layer.alpha[columns]))
            found.append(Group(columns, float(beta), alpha))
    return found


def entering(
    graph: Graph, k: int, rasters: Rasters, spikes: Spikes, spike_value: int
) -> npt.NDArray[np.float64]:
    """Event values of all rows of layer k in every tick.

    Parameters
    ----------
    graph, k: the network and the layer.
    rasters: [B, T, n_in] input.
    spikes: per layer [B, T, n].
    spike_value: what a spike is worth in this layer.

    Returns
    -------
    [B, T, R] float64, sources in order.

    """
    blocks = []
    for connection in graph.layers[k].connections:
        given = rasters if connection.source is None else spikes[connection.source]
        assert given is not None  # lowering connects only layers that fire
        values = given.astype(np.float64)
        if connection.source is not None:
            values *= spike_value
        blocks.append(_late(values, connection))
    return np.concatenate(blocks, axis=2)


def _late(values: Floats, connection: Connection | SpatialConnection) -> Floats:
    """Values [B, T, n] as the connection reads them, each unit after its delay."""
    ticks = np.full(connection.n_source, connection.delay_ticks)
    if connection.source_delays is not None:
        ticks = ticks + connection.source_delays
    late = np.zeros_like(values)
    for delay in np.unique(ticks):
        units = ticks == delay
        late[:, delay:, units] = values[:, : max(values.shape[1] - delay, 0), units]
    return late


def moment(values: Floats, group: Group) -> Floats:
    """Second moment [R, R] of the input [B, T, R] as the group's membranes remember it."""
    remembered = np.empty_like(values)
    current = np.zeros(values.shape[::2])
    trace = np.zeros_like(current)
    for t in range(values.shape[1]):
        current = group.alpha * current + values[:, t]
        trace = group.beta * trace + current
        remembered[:, t] = trace
    flat = remembered.reshape(-1, values.shape[2])
    return np.asarray(flat.T @ flat)
