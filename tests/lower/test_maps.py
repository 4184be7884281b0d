"""Convolutions, pooling, scales and delays between populations: exact, and in a small form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.lower.networks import ALL, COMMON, neuron, row
from tinysnn.errors import ModelError, OptionError
from tinysnn.float_sim import simulate
from tinysnn.graph import Connection, Graph, Layer, SpatialConnection, unpackable
from tinysnn.lower import lower, maps
from tinysnn.lower.fold import behind
from tinysnn.network import (
    Affine,
    AvgPool2d,
    Conv1d,
    Conv2d,
    Delay,
    Flatten,
    Input,
    Linear,
    Network,
    Node,
    Output,
    Scale,
    SumPool2d,
)
from tinysnn.options import LowerOptions
from tinysnn.spatial import Pads

RANDOM = np.random.default_rng(11)
NONE: Pads = ((0, 0), (0, 0))


def conv(size: tuple[int, int], c_in: int, c_out: int, k: int = 3, **changes: Any) -> Conv2d:
    values: dict[str, Any] = {
        "stride": (1, 1), "padding": NONE, "dilation": (1, 1), "groups": 1,
        "bias": RANDOM.normal(size=c_out),
    }  # fmt: skip
    values |= changes
    kernel = RANDOM.normal(size=(c_out, c_in // values["groups"], k, k))
    return Conv2d(size=size, weight=kernel, **values)


def chain_by_hand(nodes: list[Node], x: np.ndarray) -> np.ndarray:
    """What a row of linear nodes gives for [B, n], node by node."""
    for node in nodes:
        n = int(np.prod(node.output_shape))
        x = x if isinstance(node, Flatten) else behind(maps.identity(x.shape[1]), node).apply(x)
        if isinstance(node, (Affine, Conv1d, Conv2d)):
            x = x + np.repeat(node.bias, n // node.bias.size)
    return x


def entering(nodes: list[Node]) -> tuple[Layer, Any]:
    """The layer behind a row of linear nodes, and its one connection."""
    shape = nodes[-1].output_shape
    flat = neuron("IF", int(np.prod(shape)))
    target = replace(flat, **{name: getattr(flat, name).reshape(shape) for name in vars(flat)})
    steps: list[tuple[str, Node]] = [(f"n{k}", node) for k, node in enumerate(nodes)]
    layer = lower(row(*steps, ("x", target)), ALL).layers[0]
    (connection,) = layer.connections
    return layer, connection


def pool(kind: type, shape: tuple[int, ...], k: int, s: int, pads: Pads = NONE) -> Any:
    return kind(shape, (k, k), (s, s), pads)


C1 = conv((6, 7), 2, 4, padding=((1, 1), (0, 0)), stride=(1, 2))  # [4, 6, 3]
CHAINS: dict[str, tuple[list[Node], str]] = {
    # what is between the Input and the layer, and the form it must have
    "conv": ([C1], "conv"),
    "pool": ([pool(SumPool2d, (2, 6, 7), 2, 2)], "pool"),
    "pool, conv": ([pool(SumPool2d, (2, 6, 7), 2, 2), conv((3, 3), 2, 4)], "pool conv"),
    "average, conv": ([pool(AvgPool2d, (2, 6, 7), 2, 2), conv((3, 3), 2, 4)], "matrix"),
    "conv, pool": ([C1, pool(SumPool2d, (4, 6, 3), 2, 1)], "conv"),
    "conv, average": ([C1, pool(AvgPool2d, (4, 6, 3), 3, 3)], "conv"),
    "conv, padded pool": ([C1, pool(SumPool2d, (4, 6, 3), 2, 2, ((1, 1), (1, 0)))], "matrix"),
    "pool, pool": (
        [pool(SumPool2d, (2, 6, 7), 2, 1), pool(SumPool2d, (2, 5, 6), 2, 2)], "pool conv",
    ),
    "average, flatten, linear": (
        [pool(AvgPool2d, (2, 6, 7), 3, 3), Flatten((2, 2, 2), 0, -1),
         Affine(RANDOM.normal(size=(5, 8)), RANDOM.normal(size=5))],
        "matrix",
    ),
    "pool, flatten, linear": (
        [pool(SumPool2d, (2, 6, 7), 3, 3), Flatten((2, 2, 2), 0, -1),
         Affine(RANDOM.normal(size=(5, 8)), RANDOM.normal(size=5))],
        "pool matrix",
    ),
    "conv, scale by channel": (
        [C1, Scale(np.repeat(RANDOM.normal(size=4), 18).reshape(4, 6, 3))], "conv",
    ),
    "conv, scale by place": ([C1, Scale(RANDOM.normal(size=(4, 6, 3)))], "matrix"),
    "pool, scale by channel": (
        [pool(SumPool2d, (2, 6, 7), 2, 2), Scale(np.repeat([2.0, -3.0], 9).reshape(2, 3, 3))],
        "pool conv",
    ),
    "conv, conv": ([C1, conv((6, 3), 4, 2, groups=2)], "matrix"),
    "scale, conv": ([Scale(RANDOM.normal(size=(2, 6, 7))), C1], "matrix"),
    "conv, flatten, linear": (
        [C1, Flatten((4, 6, 3), 0, -1), Linear(RANDOM.normal(size=(3, 72)))], "matrix",
    ),
    "depthwise": ([conv((6, 7), 2, 4, groups=2)], "conv"),
    "conv1d": (
        [Conv1d((9,), RANDOM.normal(size=(4, 1, 3)), (2,), ((1, 0),), (2,), 2, np.arange(4.0))],
        "conv",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CHAINS))
def test_a_chain_is_one_connection_and_bias(name: str) -> None:
    nodes, form = CHAINS[name]
    layer, connection = entering(nodes)
    x = RANDOM.integers(0, 2, size=(3, int(np.prod(nodes[0].input_shape)))).astype(float)
    expected = chain_by_hand(nodes, x)
    np.testing.assert_allclose(connection.apply(x) + layer.bias, expected, atol=1e-11)
    np.testing.assert_allclose(x @ connection.weight + layer.bias, expected, atol=1e-11)
    assert layer.shape == nodes[-1].output_shape
    if isinstance(connection, Connection):
        assert form == "matrix"
    else:
        parts = [key for key in ("pool", "conv", "matrix") if getattr(connection, key) is not None]
        assert " ".join(parts) == form


def test_gain_per_channel_goes_into_the_kernel_and_by_place_into_a_matrix() -> None:
    shape = (4, 6, 3)
    by_channel = np.repeat(np.arange(1.0, 5.0), 18).reshape(shape)
    for r, kind in (
        (by_channel, SpatialConnection),
        (np.arange(1.0, 73).reshape(shape), Connection),
    ):
        target = replace(neuron("IF", 72), r=r, v_threshold=np.ones(shape), v_reset=np.zeros(shape))
        options = LowerOptions(**COMMON, gain="tick")
        layer = lower(row(("c", C1), ("x", target)), options).layers[0]
        assert isinstance(layer.connections[0], kind)
        expected = C1.conv.apply(np.ones((1, 84))) * r.reshape(-1)
        np.testing.assert_allclose(layer.connections[0].apply(np.ones((1, 84))), expected)


def test_a_convolution_in_a_loop() -> None:
    same = conv((3, 3), 2, 2, padding=((1, 1), (1, 1)))
    target = replace(
        neuron("IF"), r=np.ones((2, 3, 3)), v_threshold=np.ones((2, 3, 3)),
        v_reset=np.zeros((2, 3, 3)),
    )  # fmt: skip
    base = row(("x", target))
    network = Network("net", {**base.nodes, "rec": same}, (*base.edges, ("x", "rec"), ("rec", "x")))
    graph = lower(network, ALL)
    loop = graph.layers[0].connections[1]
    assert isinstance(loop, SpatialConnection)
    assert (loop.source, loop.delay_ticks) == (0, 1)
    raster = RANDOM.integers(0, 2, size=(30, 18))
    dense = replace(
        graph.layers[0],
        connections=(graph.layers[0].connections[0], Connection(0, 1, loop.weight)),
    )
    written_out = simulate(replace(graph, layers=(dense,)), raster)
    np.testing.assert_array_equal(simulate(graph, raster).output, written_out.output)


def test_a_sum_of_a_convolution_and_a_direct_connection_keeps_both() -> None:
    same = conv((3, 3), 2, 2, padding=((1, 1), (1, 1)))
    base = row(("c", same), ("x", replace(
        neuron("IF"), r=np.ones((2, 3, 3)), v_threshold=np.ones((2, 3, 3)),
        v_reset=np.zeros((2, 3, 3)),
    )))  # fmt: skip
    graph = lower(Network("net", base.nodes, (*base.edges, ("in", "x"))), ALL)
    assert {type(c) for c in graph.layers[0].connections} == {Connection, SpatialConnection}


def test_a_matrix_too_large_to_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "MAX_WEIGHTS", 1000)
    with pytest.raises(ModelError, match=r"node 'n1': Conv2d folded .* 84 x 72 "):
        entering([C1, conv((6, 3), 4, 2, stride=(2, 2))])


def test_a_convolution_too_large_to_be_stored_as_a_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinysnn.graph.MAX_DENSE", 1000)
    _, connection = entering([C1])
    with pytest.raises(ModelError, match="convolution of 84 onto 72 units"):
        _ = connection.weight


# Delays


def delayed(*nodes: tuple[str, Node], n: int) -> Graph:
    return lower(row(*nodes, ("x", neuron("IF", n))), ALL)


def fired(graph: Graph, raster: Any) -> list[list[int]]:
    return np.argwhere(simulate(graph, np.asarray(raster)).output).tolist()


DT = COMMON["dt_s"]


def test_delay_of_the_same_length_for_all() -> None:
    graph = delayed(("d", Delay(np.full(2, 3 * DT))), n=2)
    (connection,) = graph.layers[0].connections
    assert (connection.delay_ticks, connection.source_delays) == (3, None)
    raster = np.zeros((8, 2), int)
    raster[1] = [1, 0]
    raster[2] = [0, 1]
    assert fired(graph, raster) == [[4, 0], [5, 1]]
    assert not unpackable(graph)


def test_delay_per_source_and_per_neuron() -> None:
    before = delayed(("d", Delay(np.array([0, 2 * DT]))), ("w", Linear(np.ones((1, 2)))), n=1)
    behind_ = delayed(("w", Linear(np.ones((2, 1)))), ("d", Delay(np.array([DT, 4 * DT]))), n=2)
    source_delays = before.layers[0].connections[0].source_delays
    target_delays = behind_.layers[0].connections[0].target_delays
    assert source_delays is not None
    assert target_delays is not None
    assert source_delays.tolist() == [0, 2]
    assert target_delays.tolist() == [1, 4]
    assert fired(before, [[1, 1], [0, 0], [0, 0], [0, 0]]) == [[0, 0], [2, 0]]
    assert fired(behind_, [[1], [0], [0], [0], [0], [0]]) == [[1, 0], [4, 1]]


def test_delays_between_two_matrices_are_split_by_length() -> None:
    graph = delayed(
        ("a", Linear(np.eye(3))), ("d", Delay(np.array([0, DT, DT]))),
        ("b", Linear(np.ones((1, 3)))), n=1,
    )  # fmt: skip
    assert sorted(c.delay_ticks for c in graph.layers[0].connections) == [0, 1]
    assert fired(graph, [[1, 0, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]]) == [[0, 0], [3, 0]]


def test_delays_add_up() -> None:
    graph = delayed(
        ("d", Delay(np.array([0, DT]))), ("e", Delay(np.full(2, 2 * DT))),
        ("f", Delay(np.array([DT, 0]))), n=2,
    )  # fmt: skip
    assert fired(graph, [[1, 1], *[[0, 0]] * 5]) == [[3, 0], [3, 1]]


def test_a_delay_in_a_loop_is_the_loops_delay() -> None:
    nodes: dict[str, Node] = {
        "in": Input((1,)), "x": neuron("IF", 1, v_threshold=1.0), "d": Delay(np.full(1, 3 * DT)),
        "out": Output((1,)),
    }  # fmt: skip
    edges = (("in", "x"), ("x", "d"), ("d", "x"), ("x", "out"))
    graph = lower(Network("net", nodes, edges), ALL)
    assert [c.delay_ticks for c in graph.layers[0].connections] == [0, 3]
    assert fired(graph, [[1], *[[0]] * 7]) == [[0, 0], [3, 0], [6, 0]]


def test_a_delayed_connection_does_not_hold_up_the_order() -> None:
    """in -> b; b -> delay -> a; a -> b: with a before b nothing but the Delay is late."""
    nodes: dict[str, Node] = {
        "in": Input((1,)), "b": neuron("IF"), "d": Delay(np.full(1, 2 * DT)), "a": neuron("IF"),
        "out": Output((1,)),
    }  # fmt: skip
    edges = (("in", "b"), ("b", "d"), ("d", "a"), ("a", "b"), ("b", "out"))
    graph = lower(Network("net", nodes, edges), ALL)
    assert [layer.name for layer in graph.layers] == ["a", "b"]
    assert fired(graph, [[1], *[[0]] * 5]) == [[0, 0], [2, 0], [4, 0]]


def test_delays_that_are_no_whole_ticks_are_rounded_and_measured() -> None:
    graph = delayed(("d", Delay(np.array([1.3 * DT, 2 * DT]))), n=2)
    (found,) = graph.approximations
    assert found.node == "d"
    assert found.error == pytest.approx(0.3 * DT)
    bias = delayed(("w", Affine(np.eye(2), np.ones(2))), ("d", Delay(np.full(2, 2 * DT))), n=2)
    assert [(a.node, a.error) for a in bias.approximations] == [("d", 2.0)]


@pytest.mark.parametrize("delay", [-DT, 5000 * DT])
def test_delays_out_of_range(delay: float) -> None:
    with pytest.raises(ModelError, match="node 'd': Delay has a delay"):
        delayed(("d", Delay(np.array([delay]))), n=1)


def test_a_delay_needs_a_tick() -> None:
    network = row(("d", Delay(np.full(1, 0.001))), ("x", neuron("IF")))
    options = LowerOptions(**(COMMON | {"dt_s": None}), gain=1.0)
    with pytest.raises(OptionError, match=r"dt_s \(needed by 'd'"):
        lower(network, options)
    lower(row(("d", Delay(np.zeros(1))), ("x", neuron("IF"))), options)
