from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import nir
import numpy as np
import pytest

from tests.load.files import (
    affine,
    chain,
    cuba,
    fc,
    graph,
    lif,
    linear,
    neuron,
    port,
    write,
)
from tinysnn.errors import ModelError
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.network import LIF, NODE_TYPES, Affine, Flatten, Input, Linear, Output
from tinysnn.options import LowerOptions


def load(tmp_path: Path, root: dict[str, Any]):
    return load_network(write(tmp_path / "net.nir", root))


def refused(tmp_path: Path, root: dict[str, Any]) -> str:
    with pytest.raises(ModelError) as caught:
        load(tmp_path, root)
    text = str(caught.value)
    assert "net.nir" in text
    assert caught.value.fix
    return text


def test_nodes_edges_and_name(tmp_path: Path) -> None:
    network = load(tmp_path, fc())
    assert network.name == "net"
    assert network.edges == (("in", "fc"), ("fc", "lif"), ("lif", "out"))
    assert {name: type(node) for name, node in network.nodes.items()} == {
        "in": Input,
        "fc": Linear,
        "lif": LIF,
        "out": Output,
    }


def test_every_registered_node_loads(tmp_path: Path) -> None:
    """One file per node type, written by nir itself."""
    ones = np.ones(4)
    cases: dict[str, nir.NIRNode] = {
        "Linear": nir.Linear(np.eye(4)),
        "Affine": nir.Affine(np.eye(4), ones),
        "Scale": nir.Scale(ones),
        "Flatten": nir.Flatten({"input": np.array([4])}, 0, -1),
        "IF": nir.IF(ones, ones),
        "LIF": nir.LIF(ones, ones, ones, ones),
        "LI": nir.LI(ones, ones, ones),
        "I": nir.I(ones),
        "CubaLIF": nir.CubaLIF(ones, ones, ones, ones, ones),
        "CubaLI": nir.CubaLI(ones, ones, ones, ones),
        "Threshold": nir.Threshold(ones),
        "Delay": nir.Delay(ones),
    }
    assert set(cases) | set(MAPS) | {"Input", "Output"} == set(NODE_TYPES)
    for kind, node in cases.items():
        nodes = {"a": nir.Input(np.array([4])), "x": node, "b": nir.Output(np.array([4]))}
        path = tmp_path / f"{kind}.nir"
        nir.write(path, nir.NIRGraph(nodes, [("a", "x"), ("x", "b")], type_check=False))
        network = load_network(path)
        assert type(network.nodes["x"]) is NODE_TYPES[kind]
        assert network.nodes["x"].input_shape == (4,)
        assert network.nodes["x"].output_shape == (4,)


MAPS: dict[str, tuple[nir.NIRNode, tuple[int, ...], tuple[int, ...]]] = {
    "Conv1d": (nir.Conv1d(9, np.ones((4, 1, 3)), 2, 1, 1, 2, np.ones(4)), (2, 9), (4, 5)),
    "Conv2d": (
        nir.Conv2d((9, 8), np.ones((4, 2, 3, 2)), (2, 1), (1, 0), (1, 2), 1, np.ones(4)),
        (2, 9, 8),
        (4, 5, 6),
    ),
    "SumPool2d": (nir.SumPool2d(np.array([2, 3]), np.array([2, 2]), np.array([0, 1])), (2, 9, 8),
                  (2, 4, 4)),
    "AvgPool2d": (nir.AvgPool2d(2, 2, 0), (2, 9, 8), (2, 4, 4)),
}  # fmt: skip
"""Nodes on feature maps: the node, what enters, what leaves."""


@pytest.mark.parametrize("kind", list(MAPS))
def test_feature_map_nodes_load(tmp_path: Path, kind: str) -> None:
    node, enters, leaves = MAPS[kind]
    nodes = {"a": nir.Input(np.array(enters)), "x": node, "b": nir.Output(np.array(leaves))}
    nir.write(tmp_path / "x.nir", nir.NIRGraph(nodes, [("a", "x"), ("x", "b")], type_check=False))
    loaded = load_network(tmp_path / "x.nir").nodes["x"]
    assert type(loaded) is NODE_TYPES[kind]
    assert (loaded.input_shape, loaded.output_shape) == (enters, leaves)


def conv(**changes: Any) -> dict[str, Any]:
    """Input [2, 6, 5] -> Conv2d 2 -> 4, 3 x 3 -> Output."""
    fields: dict[str, Any] = {
        "type": "Conv2d", "input_shape": np.array([6, 5]), "weight": np.ones((4, 2, 3, 3)),
        "stride": np.array([1, 1]), "padding": np.array([0, 0]), "dilation": np.array([1, 1]),
        "groups": np.int64(1), "bias": np.zeros(4),
    }  # fmt: skip
    fields = {key: value for key, value in (fields | changes).items() if value is not None}
    root = chain(("c", fields))
    root["nodes"]["in"], root["nodes"]["out"] = port("Input", 2, 6, 5), port("Output", 4, 4, 3)
    return root


def test_conv_without_input_shape_takes_it_from_before(tmp_path: Path) -> None:
    assert load(tmp_path, conv(input_shape=None)).nodes["c"].input_shape == (2, 6, 5)


def test_one_number_stands_for_both_axes(tmp_path: Path) -> None:
    node = load(tmp_path, conv(stride=np.int64(1), padding=np.int64(0))).nodes["c"]
    assert (node.stride, node.padding) == ((1, 1), ((0, 0), (0, 0)))


@pytest.mark.parametrize(
    ("kernel", "dilation", "padding"),
    [((3, 3), 1, ((1, 1), (1, 1))), ((4, 2), 1, ((1, 2), (0, 1))), ((3, 2), 2, ((2, 2), (1, 1)))],
)
def test_same_padding_as_torch(tmp_path: Path, kernel: Any, dilation: int, padding: Any) -> None:
    root = conv(weight=np.ones((4, 2, *kernel)), padding="same", dilation=np.int64(dilation))
    root["nodes"]["out"] = port("Output", 4, 6, 5)
    node = load(tmp_path, root).nodes["c"]
    assert node.padding == padding
    assert node.output_shape == (4, 6, 5)


@pytest.mark.parametrize(("word", "size"), [("valid", (2, 5, 4)), ("same", (2, 6, 5))])
def test_padding_of_pools_by_name(tmp_path: Path, word: str, size: tuple[int, ...]) -> None:
    pool = {
        "type": "SumPool2d", "kernel_size": np.array([2, 2]), "stride": np.int64(1), "padding": word
    }  # fmt: skip
    root = chain(("p", pool))
    root["nodes"]["in"], root["nodes"]["out"] = port("Input", 2, 6, 5), port("Output", *size)
    assert load(tmp_path, root).nodes["p"].output_shape == size


def test_valid_padding(tmp_path: Path) -> None:
    assert load(tmp_path, conv(padding="valid")).nodes["c"].padding == ((0, 0), (0, 0))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"padding": "same", "stride": np.int64(2)}, ("'same'", "stride")),
        ({"padding": "full"}, ("padding", "text")),
        ({"stride": np.int64(0)}, ("stride", "0")),
        ({"stride": np.array([1.5, 1.0])}, ("stride", "integers")),
        ({"stride": np.array([1, 1, 1])}, ("stride", "2 integers")),
        ({"stride": np.array([np.nan, 1.0])}, ("stride", "integers")),
        ({"groups": np.array([np.inf])}, ("groups", "inf")),
        ({"padding": np.array([-1, 0])}, ("padding", "-1")),
        ({"dilation": np.array([9, 1])}, ("does not fit",)),
        ({"groups": np.int64(3)}, ("3 groups",)),
        ({"groups": np.int64(2)}, ("'in'", "[2, 6, 5]", "[4, 6, 5]")),
        ({"weight": np.ones((4, 2, 3))}, ("kernel height",)),
        ({"weight": np.full((4, 2, 3, 3), np.nan)}, ("nan", "weight")),
        ({"bias": np.zeros(3)}, ("bias", "[4]")),
        ({"input_shape": np.array([7, 5])}, ("[2, 7, 5]",)),
        ({"input_shape": None, "weight": np.ones((4, 3, 3, 3))}, ("3 channels", "[2, 6, 5]")),
        ({"bias": None}, ("bias",)),
        ({"padding": np.int64(60_000), "stride": np.int64(60_000)}, ("padding", "values")),
        ({"padding": np.int64(600)}, ("values per tick",)),
    ],
)
def test_wrong_convolutions(
    tmp_path: Path, changes: dict[str, Any], words: tuple[str, ...]
) -> None:
    text = refused(tmp_path, conv(**changes))
    for word in words:
        assert word in text


def test_registry_is_not_empty() -> None:
    assert len(NODE_TYPES) == 18


def test_scalar_parameters_take_the_neighbours_shape(tmp_path: Path) -> None:
    root = chain(("fc", linear(np.ones((3, 2)))), ("lif", lif(None)))
    node = load(tmp_path, root).nodes["lif"]
    assert isinstance(node, LIF)
    assert node.tau.tolist() == [8e-4] * 3
    assert node.tau.dtype == np.float64


def test_scalar_shape_spreads_backwards_and_through_chains(tmp_path: Path) -> None:
    root = graph(
        {"in": port("Input", 3), "a": lif(None), "b": lif(None), "loop": linear(np.eye(3)),
         "out": port("Output", 3)},
        [("in", "a"), ("a", "b"), ("b", "loop"), ("loop", "b"), ("b", "out")],
    )  # fmt: skip
    network = load(tmp_path, root)
    assert network.nodes["a"].output_shape == network.nodes["b"].output_shape == (3,)


def test_one_scalar_among_per_neuron_parameters(tmp_path: Path) -> None:
    root = fc()
    root["nodes"]["lif"]["v_threshold"] = np.float32(0.5)
    node = load(tmp_path, root).nodes["lif"]
    assert isinstance(node, LIF)
    assert node.v_threshold.tolist() == [0.5] * 3


def test_missing_v_reset_and_w_in_are_nirs_defaults_with_a_note(tmp_path: Path) -> None:
    root = chain(("fc", linear(np.ones((3, 2)))), ("c", cuba(3)))
    del root["nodes"]["c"]["v_reset"]
    del root["nodes"]["c"]["w_in"]
    network = load(tmp_path, root)
    assert network.nodes["c"].w_in.tolist() == [1.0] * 3
    assert any("v_reset" in note for note in network.notes)
    assert any("w_in" in note for note in network.notes)


def test_float32_and_integers_become_float64(tmp_path: Path) -> None:
    root = chain(("fc", affine(np.ones((3, 2), np.float32), np.arange(3))), ("lif", lif(3)))
    node = load(tmp_path, root).nodes["fc"]
    assert isinstance(node, Affine)
    assert node.weight.dtype == node.bias.dtype == np.float64


def test_flatten_without_input_type_takes_it_from_before(tmp_path: Path) -> None:
    flat = {"type": "Flatten", "start_dim": 0, "end_dim": -1}
    root = chain(("f", flat), ("fc", linear(np.ones((3, 8)))), ("lif", lif(3)))
    root["nodes"]["in"] = port("Input", 2, 2, 2)
    node = load(tmp_path, root).nodes["f"]
    assert isinstance(node, Flatten)
    assert node.input_shape == (2, 2, 2)
    assert node.output_shape == (8,)


def test_batch_axis_of_size_one_is_tolerated_with_a_note(tmp_path: Path) -> None:
    root = fc()
    root["nodes"]["out"] = port("Output", 1, 1, 3)
    assert any("size 1" in note for note in load(tmp_path, root).notes)


@pytest.mark.parametrize("name", ["0", "1.lif", "über", "a b", "while", "x" * 300, "-"])
def test_any_node_name(tmp_path: Path, name: str) -> None:
    root = chain(("fc", linear(np.ones((3, 2)))), (name, lif(3)))
    assert name in load(tmp_path, root).nodes


def subgraph() -> dict[str, Any]:
    inner = graph(
        {"input": port("Input", 3), "lif": lif(3), "w_rec": linear(np.eye(3)),
         "output": port("Output", 3)},
        [("input", "lif"), ("lif", "w_rec"), ("w_rec", "lif"), ("lif", "output")],
    )  # fmt: skip
    return chain(("fc", linear(np.ones((3, 2)))), ("rnn", inner))


def test_subgraph_is_flattened(tmp_path: Path) -> None:
    network = load(tmp_path, subgraph())
    assert set(network.nodes) == {"in", "fc", "rnn.lif", "rnn.w_rec", "out"}
    assert set(network.edges) == {
        ("in", "fc"),
        ("fc", "rnn.lif"),
        ("rnn.lif", "rnn.w_rec"),
        ("rnn.w_rec", "rnn.lif"),
        ("rnn.lif", "out"),
    }


def test_subgraph_in_subgraph(tmp_path: Path) -> None:
    inner = subgraph()["nodes"]["rnn"]
    outer = graph(
        {"input": port("Input", 3), "deep": inner, "output": port("Output", 3)},
        [("input", "deep"), ("deep", "output")],
    )
    network = load(tmp_path, chain(("fc", linear(np.ones((3, 2)))), ("top", outer)))
    assert ("fc", "top.deep.lif") in network.edges
    assert ("top.deep.lif", "out") in network.edges


def test_name_clash_after_flattening(tmp_path: Path) -> None:
    root = subgraph()
    root["nodes"]["rnn.lif"] = lif(3)
    assert "rnn.lif" in refused(tmp_path, root)


def test_duplicate_edges_count_once(tmp_path: Path) -> None:
    root = fc()
    root["edges"] = [*root["edges"], root["edges"][0]]
    assert load(tmp_path, root).edges.count(("in", "fc")) == 1


UNSUPPORTED = ["Conv3d", "ALIF", "Frobnicate"]


@pytest.mark.parametrize("kind", UNSUPPORTED)
def test_unsupported_node_is_refused_by_name_and_type(tmp_path: Path, kind: str) -> None:
    root = fc()
    root["nodes"]["my node"] = {"type": kind, "delay": np.ones(3)}
    root["edges"].append(("in", "my node"))
    text = refused(tmp_path, root)
    assert f"'my node' ({kind})" in text
    assert "CubaLIF" in text


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize(
    ("node", "field"),
    [("fc", "weight"), ("lif", "tau"), ("lif", "r"), ("lif", "v_threshold"), ("lif", "v_leak")],
)
def test_not_finite_is_refused_with_the_first_index(
    tmp_path: Path, node: str, field: str, value: float
) -> None:
    if field == "tau" and value == np.inf:
        field = "r"  # tau = inf means no leak and is tested below
    root = fc()
    array = root["nodes"][node][field]
    array[(2,) + (1,) * (array.ndim - 1)] = value
    text = refused(tmp_path, root)
    assert repr(node) in text
    assert repr(field) in text
    assert ("[2, 1]" if array.ndim == 2 else "[2]") in text


def test_infinite_tau_and_r_of_snntorch_beta_one(tmp_path: Path) -> None:
    root = fc()
    root["nodes"]["lif"]["tau"][1] = np.inf
    root["nodes"]["lif"]["r"][1] = np.inf
    assert np.isinf(load(tmp_path, root).nodes["lif"].r[1])


def set_edges(root: dict[str, Any], *edges: tuple[str, str]) -> None:
    root["edges"] += edges


def add_node(root: dict[str, Any], name: str, node: dict[str, Any], *edge: str) -> None:
    root["nodes"][name] = node
    root["edges"].append((edge[0], edge[1]))


def no_output(root: dict[str, Any]) -> None:
    del root["nodes"]["out"]
    root["edges"].pop()


def all_scalar(root: dict[str, Any]) -> None:
    root["nodes"]["a"] = lif(None)


# What is wrong: (how to make fc() wrong, words the message must hold)
WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], tuple[str, ...]]] = {
    "width": (
        lambda r: r["nodes"].update(fc=linear(np.ones((4, 2)))),
        ("fc", "lif", "[4]", "[3]"),
    ),
    "input width": (
        lambda r: r["nodes"].update({"in": port("Input", 7)}),
        ("in", "fc", "[7]", "[2]"),
    ),
    "output width": (
        lambda r: r["nodes"].update(out=port("Output", 7)),
        ("lif", "out", "[7]", "[3]"),
    ),
    "parameter widths": (
        lambda r: r["nodes"]["lif"].update(tau=np.ones(4)),
        ("lif", "tau", "[4]", "[3]"),
    ),
    "bias": (
        lambda r: r["nodes"].update(fc=affine(np.ones((3, 2)), np.ones(4))),
        ("fc", "[4]", "[3]"),
    ),
    "weight rank": (
        lambda r: r["nodes"].update(fc=linear(np.ones((1, 3, 2)))),
        ("fc", "(1, 3, 2)"),
    ),
    "no values": (lambda r: r["nodes"].update(fc=linear(np.ones((0, 2)))), ("fc", "weight")),
    "missing field": (lambda r: r["nodes"]["lif"].pop("tau"), ("lif", "tau")),
    "unknown field": (
        lambda r: r["nodes"]["lif"].update(refractory=np.ones(3)),
        ("lif", "refractory"),
    ),
    "text field": (lambda r: r["nodes"]["lif"].update(tau="fast"), ("lif", "tau")),
    "no type": (lambda r: r["nodes"]["lif"].pop("type"), ("lif", "type")),
    "numeric type": (lambda r: r["nodes"]["lif"].update(type=np.ones(3)), ("lif", "type")),
    "edge to nowhere": (lambda r: set_edges(r, ("lif", "ghost")), ("lif", "ghost")),
    "no nodes": (lambda r: r.update(nodes={}), ("nodes",)),
    "no edges": (lambda r: r.pop("edges"), ("edges",)),
    "edges not pairs": (
        lambda r: r.update(edges=[("in", "fc", "lif"), ("lif", "out", "fc")]),
        ("pairs",),
    ),
    "no output": (no_output, ("no Output",)),
    "edge into input": (lambda r: set_edges(r, ("in", "in")), ("'in' -> 'in'",)),
    "zero width": (lambda r: r["nodes"].update({"in": port("Input", 0)}), ("(0,)",)),
    "huge": (lambda r: r["nodes"].update({"in": port("Input", 1 << 40)}), ("1099511627776",)),
    "fractional shape": (
        lambda r: r["nodes"].update({"in": {"type": "Input", "shape": np.array([2.5])}}),
        ("'in'", "integers"),
    ),
    "unknown size": (all_scalar, ("'a'", "scalar")),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_wrong_graph_is_refused(tmp_path: Path, name: str) -> None:
    change, words = WRONG[name]
    root = fc()
    change(root)
    text = refused(tmp_path, root)
    for word in words:
        assert word in text


def test_single_node_is_refused(tmp_path: Path) -> None:
    assert "single LIF" in refused(tmp_path, lif(3))


def test_flatten_axes_out_of_range(tmp_path: Path) -> None:
    flat = {"type": "Flatten", "start_dim": 3, "end_dim": -1}
    root = chain(("f", flat), ("fc", linear(np.ones((3, 2)))), ("lif", lif(3)))
    assert "'f'" in refused(tmp_path, root)


def test_rank_of_scalar_threshold_node(tmp_path: Path) -> None:
    root = chain(("fc", linear(np.ones((3, 2)))), ("t", neuron("Threshold", None, threshold=1.0)))
    assert load(tmp_path, root).nodes["t"].input_shape == (3,)


def test_several_inputs_and_outputs_load(tmp_path: Path) -> None:
    root = fc()
    add_node(root, "in2", port("Input", 2), "in2", "fc")
    add_node(root, "out2", port("Output", 3), "lif", "out2")
    network = load(tmp_path, root)
    assert [name for name, node in network.nodes.items() if isinstance(node, (Input, Output))] == [
        "in", "in2", "out", "out2",
    ]  # fmt: skip


def flat_rnn() -> dict[str, Any]:
    """A subgraph flattened by an old exporter, with edges to its old name."""
    return graph(
        {"in": port("Input", 2), "fc": linear(np.ones((3, 2))), "rnn.input": port("Input", 3),
         "rnn.lif": lif(3), "rnn.w_rec": linear(np.eye(3)), "rnn.output": port("Output", 3),
         "out": port("Output", 3)},
        [("in", "fc"), ("fc", "rnn"), ("rnn.input", "rnn.lif"), ("rnn.lif", "rnn.w_rec"),
         ("rnn.w_rec", "rnn.lif"), ("rnn.lif", "rnn.output"), ("rnn", "out")],
    )  # fmt: skip


def mended(tmp_path: Path, root: dict[str, Any], words: str):
    network = load(tmp_path, root)
    assert any(note.startswith("mended") or ": mended" in note for note in network.notes)
    assert any(words in note for note in network.notes)
    return network


def test_old_names_of_subgraphs_are_mended(tmp_path: Path) -> None:
    network = mended(tmp_path, flat_rnn(), "'rnn'")
    assert set(network.edges) == {
        ("in", "fc"), ("fc", "rnn.lif"), ("rnn.lif", "rnn.w_rec"), ("rnn.w_rec", "rnn.lif"),
        ("rnn.lif", "out"),
    }  # fmt: skip


def test_an_old_name_with_a_loop_on_itself_is_ambiguous(tmp_path: Path) -> None:
    root = flat_rnn()
    root["edges"].append(("rnn", "rnn"))
    assert "'rnn', which does not exist" in refused(tmp_path, root)


def test_a_renamed_node_is_found_if_it_is_the_only_one_without_edges(tmp_path: Path) -> None:
    root = fc()
    root["nodes"]["lif1"] = root["nodes"].pop("lif")
    assert ("fc", "lif1") in mended(tmp_path, root, "'lif1'").edges
    root["nodes"]["lif2"] = lif(3)
    assert "'lif', which does not exist" in refused(tmp_path, root)


def test_time_axis_of_the_input_is_mended(tmp_path: Path) -> None:
    root = fc()
    root["nodes"]["in"] = port("Input", 256, 2)
    assert mended(tmp_path, root, "256").nodes["in"].output_shape == (2,)


def test_flatten_that_counts_a_batch_axis_is_mended(tmp_path: Path) -> None:
    flat = {
        "type": "Flatten", "start_dim": np.int64(1), "end_dim": np.int64(-1),
        "input_type": np.zeros(4, np.int64),
    }  # fmt: skip
    root = chain(("f", flat), ("fc", linear(np.ones((3, 8)))), ("lif", lif(3)))
    root["nodes"]["in"] = port("Input", 2, 2, 2)
    assert mended(tmp_path, root, "batch axis").nodes["f"].output_shape == (8,)


@pytest.mark.parametrize("key", ["framework", "exporter"])
def test_metadata_that_name_a_framework_choose_the_profile(tmp_path: Path, key: str) -> None:
    """It goes below what the user says; without it nothing is taken."""
    import h5py

    path = write(tmp_path / "net.nir", fc())
    assert load_network(path).source is None
    with h5py.File(path, "r+") as file:
        file.create_group("node/metadata")[key] = "Norse 1.1.0"
    network = load_network(path)
    assert network.source == "norse"
    assert any("detected: from norse" in note for note in network.notes)
    asked = LowerOptions(dt_s=1e-4, gain=1.0)
    assert lower(network, asked).layers[0].compare == "gt"
    over = msgspec.structs.replace(asked, profile="spikingjelly")
    assert lower(network, over).layers[0].compare == "ge"


@pytest.mark.parametrize("text", ["my own tool", "norse and sinabs", ""])
def test_metadata_that_name_none_or_two_decide_nothing(tmp_path: Path, text: str) -> None:
    import h5py

    path = write(tmp_path / "net.nir", fc())
    with h5py.File(path, "r+") as file:
        file.create_group("node/metadata")["framework"] = text
    assert load_network(path).source is None


def test_shape_of_a_port_that_fits_neither_side_is_mended(tmp_path: Path) -> None:
    inner = graph(
        {"input": port("Input", 5), "lif": lif(3), "output": port("Output", 3)},
        [("input", "lif"), ("lif", "output")],
    )
    nodes = {
        "in": port("Input", 2), "fc": linear(np.ones((3, 2))), "hidden": inner,
        "out": port("Output", 3),
    }  # fmt: skip
    edges = [("in", "fc"), ("fc", "hidden"), ("hidden", "out")]
    network = load_network(write(tmp_path / "net.nir", graph(nodes, edges)))
    assert any("hidden.input: its shape [5] is taken to be [3]" in n for n in network.notes)
    nodes["fc"] = linear(np.ones((4, 2)))  # now both sides differ: nothing can be meant
    with pytest.raises(ModelError, match=r"'hidden.lif' takes \[3\]"):
        load_network(write(tmp_path / "bad.nir", graph(nodes, edges)))
