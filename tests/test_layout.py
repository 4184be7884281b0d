"""Reordering the neurons of feature maps changes no spike."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from tests.lower.networks import ALL, neuron, row
from tests.lower.test_maps import conv, pool
from tinysnn.float_sim import simulate
from tinysnn.graph import SpatialConnection
from tinysnn.layout import channels_last
from tinysnn.lower import lower
from tinysnn.network import Delay, Flatten, Linear, SumPool2d

RANDOM = np.random.default_rng(5)
DT = np.float64(1e-4)


def cells(*shape: int) -> Any:
    node = neuron("LIF", int(np.prod(shape)), v_threshold=RANDOM.uniform(0.5, 2, np.prod(shape)))
    return replace(node, **{name: getattr(node, name).reshape(shape) for name in vars(node)})


def test_channels_last_fires_the_same_spikes_in_another_order() -> None:
    network = row(
        ("c1", conv((8, 8), 2, 4, padding=((1, 1), (1, 1)))), ("a", cells(4, 8, 8)),
        ("p", pool(SumPool2d, (4, 8, 8), 2, 2)), ("c2", conv((4, 4), 4, 6, groups=2)),
        ("d", Delay(DT * RANDOM.integers(0, 4, (6, 2, 2)).astype(float))), ("b", cells(6, 2, 2)),
        ("d2", Delay(DT * RANDOM.integers(0, 3, (6, 2, 2)).astype(float))),
        ("f", Flatten((6, 2, 2), 0, -1)), ("w", Linear(RANDOM.normal(size=(5, 24)))),
        ("e", cells(5)),
    )  # fmt: skip
    graph = lower(network, ALL)
    found = channels_last(graph)
    raster = RANDOM.integers(0, 2, size=(3, 40, 128))
    first, last = simulate(graph, raster), simulate(found.graph, raster)
    for before, after, order in zip(first.spikes, last.spikes, found.order, strict=True):
        assert before is not None
        assert before.any()
        np.testing.assert_array_equal(before[..., order], after)
    np.testing.assert_array_equal(first.output, last.output)
    assert found.order[0][:4].tolist() == [0, 64, 128, 192]
    assert found.order[2].tolist() == [0, 1, 2, 3, 4]


def test_one_event_scatters_runs_of_output_channels() -> None:
    network = row(("c", conv((5, 5), 2, 4)), ("x", cells(4, 3, 3)))
    (connection,) = channels_last(lower(network, ALL)).graph.layers[0].connections
    assert isinstance(connection, SpatialConnection)
    assert connection.conv is not None
    event = np.zeros((1, 50))
    event[0, 25 + 2 * 5 + 2] = 1.0  # channel 1, the middle
    places = connection.apply(event).reshape(9, 4)
    rows = connection.conv.scatter_rows[1].reshape(9, 4)
    np.testing.assert_array_equal(places, rows[::-1])
