"""Folding of linear nodes, readouts, schedule and delays."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from tests.lower.networks import ALL, neuron, row
from tinysnn.errors import ModelError
from tinysnn.float_sim import simulate
from tinysnn.graph import Connection, Graph, SpatialConnection, unpackable
from tinysnn.lower import lower, maps
from tinysnn.network import Affine, Flatten, Input, Linear, Network, Node, Output, Scale
from tinysnn.outputs import with_one_output

RANDOM = np.random.default_rng(7)
W1, W2 = RANDOM.normal(size=(4, 3)), RANDOM.normal(size=(2, 4))
B1, S = RANDOM.normal(size=4), RANDOM.normal(size=4)


def links(graph: Graph) -> set[tuple[str, str, int]]:
    """(source, target, delay) by name."""
    return {
        ("in" if c.source is None else graph.layers[c.source].name, layer.name, c.delay_ticks)
        for layer in graph.layers
        for c in layer.connections
    }


def matrix(graph: Graph, layer: int = 0, connection: int = 0) -> np.ndarray:
    weight: np.ndarray = graph.layers[layer].connections[connection].weight
    return weight


def test_chain_is_one_matrix_and_bias() -> None:
    network = row(("a", Affine(W1, B1)), ("s", Scale(S)), ("b", Linear(W2)), ("x", neuron("IF", 2)))
    graph = lower(network, ALL)
    assert len(graph.layers) == 1
    np.testing.assert_allclose(matrix(graph), (W2 @ np.diag(S) @ W1).T)
    np.testing.assert_allclose(graph.layers[0].bias, W2 @ (S * B1))
    assert any("takes in a, s, b" in note for note in graph.notes)


def test_scale_and_flatten_right_after_the_input() -> None:
    scale = np.arange(1.0, 9.0).reshape(2, 2, 2)
    weight = RANDOM.normal(size=(3, 8))
    network = row(
        ("s", Scale(scale)), ("f", Flatten((2, 2, 2), 0, -1)), ("w", Linear(weight)),
        ("x", neuron("IF", 3)),
    )  # fmt: skip
    graph = lower(network, ALL)
    assert graph.input_shape == (2, 2, 2)
    assert graph.n_in == 8
    np.testing.assert_allclose(matrix(graph), (weight * np.arange(1.0, 9.0)).T)


def test_neuron_after_neuron_is_the_identity() -> None:
    graph = lower(row(("a", neuron("IF", 3)), ("b", neuron("IF", 3))), ALL)
    assert [layer.name for layer in graph.layers] == ["a", "b"]
    for index in (0, 1):
        np.testing.assert_array_equal(matrix(graph, index), np.eye(3))


def test_several_edges_into_a_node_add() -> None:
    nodes: dict[str, Node] = {
        "in": Input((3,)), "a": Affine(W1, B1), "b": Affine(2 * W1, B1), "c": Linear(W2),
        "x": neuron("IF", 2), "out": Output((2,)),
    }  # fmt: skip
    edges = (("in", "a"), ("in", "b"), ("a", "c"), ("b", "c"), ("c", "x"), ("x", "out"))
    graph = lower(Network("net", nodes, edges), ALL)
    np.testing.assert_allclose(matrix(graph), (W2 @ (3 * W1)).T)
    np.testing.assert_allclose(graph.layers[0].bias, W2 @ (2 * B1))


@pytest.mark.parametrize("node", [Linear(W1), Affine(W1, B1)])
def test_bare_readout_becomes_a_layer_without_memory(node: Node) -> None:
    graph = lower(row(("a", neuron("IF", 3)), ("read", node)), ALL)
    last = graph.layers[graph.output]
    assert (last.name, last.op, last.n) == ("read", "li", 4)
    assert not last.beta.any()
    np.testing.assert_array_equal(last.connections[0].weight, W1.T)


def test_scale_before_the_output_is_a_readout() -> None:
    graph = lower(row(("a", neuron("IF", 4)), ("s", Scale(S))), ALL)
    assert graph.layers[1].name == "s"
    np.testing.assert_array_equal(matrix(graph, 1), np.diag(S))


def test_network_without_neurons_is_a_readout() -> None:
    graph = lower(row(("fc", Linear(W1))), ALL)
    assert [layer.name for layer in graph.layers] == ["fc"]


def test_flatten_before_the_output_is_no_layer() -> None:
    graph = lower(row(("a", neuron("LI", 4)), ("f", Flatten((4,), 0, -1))), ALL)
    assert [layer.name for layer in graph.layers] == ["a"]


def test_two_populations_into_the_output_add_in_a_layer_named_after_it() -> None:
    nodes: dict[str, Node] = {
        "in": Input((2,)), "a": neuron("IF", 2), "b": neuron("IF", 2), "out": Output((2,)),
    }  # fmt: skip
    edges = (("in", "a"), ("in", "b"), ("a", "out"), ("b", "out"))
    graph = lower(Network("net", nodes, edges), ALL)
    last = graph.layers[graph.output]
    assert (last.name, len(last.connections)) == ("out", 2)


@pytest.mark.parametrize("kind", ["LI", "I", "CubaLI"])
def test_membranes_feed_nothing_but_the_output(kind: str) -> None:
    for after in (Linear(np.eye(2)), Scale(np.ones(2)), neuron("IF", 2)):
        with pytest.raises(ModelError, match=r"node 'm': .*'x'.*spikes only"):
            lower(row(("m", neuron(kind, 2)), ("x", after)), ALL)


def test_membrane_and_spikes_into_one_output() -> None:
    nodes: dict[str, Node] = {
        "in": Input((2,)), "a": neuron("IF", 2), "m": neuron("LI", 2), "out": Output((2,)),
    }  # fmt: skip
    edges = (("in", "a"), ("in", "m"), ("a", "out"), ("m", "out"))
    with pytest.raises(ModelError, match="node 'm'"):
        lower(Network("net", nodes, edges), ALL)


def recurrent(names: tuple[str, str, str] = ("a", "b", "c")) -> Network:
    """In -> a -> b -> c -> out with a skip a -> c, c fed back to a, and b onto itself."""
    a, b, c = names
    nodes: dict[str, Node] = {"in": Input((2,)), "out": Output((2,))}
    nodes |= {name: neuron("IF", 2) for name in sorted(names)}
    nodes |= {"wb": Affine(np.eye(2), np.ones(2)), "wf": Linear(np.eye(2))}
    edges = (
        (c, "wf"), ("wf", a), (b, "wb"), ("wb", b), (a, c), (b, c), (a, b), ("in", a), (c, "out"),
    )  # fmt: skip
    return Network("net", nodes, edges)


@pytest.mark.parametrize("names", list(permutations("abc")))
def test_only_the_connections_that_go_back_are_delayed(names: tuple[str, str, str]) -> None:
    a, b, c = names
    graph = lower(recurrent(names), ALL)
    assert [layer.name for layer in graph.layers] == [a, b, c]
    assert links(graph) == {
        ("in", a, 0), (a, b, 0), (a, c, 0), (b, c, 0), (b, b, 1), (c, a, 1),
    }  # fmt: skip


def test_bias_in_a_loop_applies_every_tick() -> None:
    graph = lower(recurrent(), ALL)
    assert graph.layers[1].bias.tolist() == [1.0, 1.0]
    assert any("b -> b: arrives one tick later" in note for note in graph.notes)


def test_loop_entered_at_two_places_starts_with_the_first_of_the_file() -> None:
    nodes: dict[str, Node] = {"in": Input((1,))}
    nodes |= {name: neuron("IF") for name in "ab"} | {"out": Output((1,))}
    edges = (("in", "a"), ("in", "b"), ("a", "b"), ("b", "a"), ("b", "out"))
    assert {("a", "b", 0), ("b", "a", 1)} <= links(lower(Network("net", nodes, edges), ALL))


def test_source_order_and_delay_agree() -> None:
    for index, layer in enumerate(lower(recurrent(), ALL).layers):
        for connection in layer.connections:
            assert connection.delay_ticks == (
                connection.source is not None and connection.source >= index
            )


def test_loop_of_linear_nodes_is_refused() -> None:
    nodes: dict[str, Node] = {
        "in": Input((1,)), "u": Linear(np.eye(1)), "v": Linear(np.eye(1)), "x": neuron("IF"),
        "out": Output((1,)),
    }  # fmt: skip
    edges = (("in", "u"), ("u", "v"), ("v", "u"), ("u", "x"), ("x", "out"))
    with pytest.raises(ModelError, match=r"node 'u': .*loop without a neuron"):
        lower(Network("net", nodes, edges), ALL)


def changed(**extra: tuple[Node, tuple[tuple[str, str], ...]]) -> Network:
    base = row(("x", neuron("IF", 2)))
    nodes = {**base.nodes, **{name: node for name, (node, _) in extra.items()}}
    return Network("net", nodes, base.edges + sum((e for _, e in extra.values()), ()))


def test_node_without_input_is_refused() -> None:
    with pytest.raises(ModelError, match=r"node 'lost': .*no input"):
        lower(changed(lost=(neuron("IF", 2), (("lost", "out"),))), ALL)


def test_loop_apart_from_the_input_is_refused() -> None:
    lost = (neuron("IF", 2), (("lost", "lost"), ("lost", "out")))
    with pytest.raises(ModelError, match="node 'lost': no path from the Input"):
        lower(changed(lost=lost), ALL)


def test_layer_that_feeds_nothing_is_left_out_with_a_note() -> None:
    graph = lower(changed(side=(neuron("IF", 2), (("x", "side"),))), ALL)
    assert [layer.name for layer in graph.layers] == ["x"]
    assert any("side: left out" in note for note in graph.notes)


def test_several_inputs_lie_one_after_the_other() -> None:
    base = row(("fc", Linear(np.eye(2))), ("x", neuron("IF", 2)))
    nodes = {**base.nodes, "more": Input((3,)), "fc2": Linear(np.arange(6.0).reshape(2, 3))}
    edges = (*base.edges, ("more", "fc2"), ("fc2", "x"))
    graph = lower(Network("net", nodes, edges), ALL)
    assert (graph.n_in, graph.input_shape) == (5, (5,))
    assert [(port.name, port.shape, port.first) for port in graph.inputs] == [
        ("in", (2,), 0), ("more", (3,), 2),
    ]  # fmt: skip
    total = np.sum([c.weight for c in graph.layers[0].connections], axis=0)
    assert total.tolist() == [[1, 0], [0, 1], [0, 3], [1, 4], [2, 5]]


def test_several_outputs_are_given_one_after_the_other() -> None:
    base = row(("x", neuron("IF", 2)), ("y", neuron("IF", 2)))
    nodes = {**base.nodes, "first": Output((2,))}
    graph = lower(Network("net", nodes, (*base.edges, ("x", "first"))), ALL)
    assert [graph.layers[k].name for k in graph.outputs] == ["y", "x"]
    assert graph.output == graph.outputs[0]
    assert unpackable(graph) == ()
    raster = np.random.default_rng(1).integers(0, 2, (30, 2))
    both, joined = simulate(graph, raster), simulate(with_one_output(graph), raster)
    assert both.output.shape == (30, 4)
    np.testing.assert_array_equal(joined.output, both.output)
    assert both.output.sum() > 0
    values = replace(graph.layers[graph.output], many_spikes=True)
    layers = tuple(values if k == graph.output else la for k, la in enumerate(graph.layers))
    assert [name for name, _ in unpackable(replace(graph, layers=layers))] == ["y"]


@pytest.mark.parametrize("kind", [Input, Output])
def test_no_input_or_no_output(kind: type[Input | Output]) -> None:
    base = row(("x", neuron("IF", 2)))
    nodes = {name: node for name, node in base.nodes.items() if not isinstance(node, kind)}
    edges = tuple(edge for edge in base.edges if set(edge) <= set(nodes))
    with pytest.raises(ModelError, match=f"no {kind.__name__}"):
        lower(Network("net", nodes, edges), ALL)


def test_output_that_nothing_feeds() -> None:
    nodes: dict[str, Node] = {"in": Input((1,)), "x": neuron("IF"), "out": Output((1,))}
    with pytest.raises(ModelError, match="node 'out'"):
        lower(Network("net", nodes, (("in", "x"),)), ALL)


def test_products_too_large_to_hold_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "MAX_WEIGHTS", 100)
    wide, tall = Linear(np.ones((1, 11))), Linear(np.ones((11, 1)))
    with pytest.raises(ModelError, match=r"node 'tall': .*11 x 11"):
        lower(row(("wide", wide), ("tall", tall), ("x", neuron("IF", 11))), ALL)


def test_wide_one_to_one_connections_are_no_matrices(monkeypatch: pytest.MonkeyPatch) -> None:
    network = row(("x", neuron("IF", 11)))
    small = lower(network, ALL).layers[0].connections[0]
    monkeypatch.setattr(maps, "SMALL", 100)
    wide = lower(network, ALL).layers[0].connections[0]
    assert isinstance(small, Connection)
    assert isinstance(wide, SpatialConnection)
    assert wide.weight.tolist() == small.weight.tolist() == np.eye(11).tolist()


def test_long_chains_do_not_recurse() -> None:
    chain: list[tuple[str, Node]] = [(f"s{k}", Scale(np.ones(1))) for k in range(3000)]
    lower(row(*chain, ("x", neuron("IF"))), ALL)
    lower(row(*[(f"n{k}", neuron("IF")) for k in range(3000)]), ALL)
