"""Discretisation of each neuron, and what it refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lower.networks import ALL, COMMON, neuron, row
from tinysnn.errors import ModelError, OptionError
from tinysnn.graph import Layer
from tinysnn.lower import lower
from tinysnn.lower.verdicts import verdicts
from tinysnn.network import Affine, Network, Output
from tinysnn.options import LowerOptions, NodeOptions


def layer(kind: str, options: dict[str, Any], **values: Any) -> Layer:
    graph = lower(row(("x", neuron(kind, **values))), LowerOptions(**{**COMMON, **options}))
    return graph.layers[0]


def weight(result: Layer) -> float:
    return float(result.connections[0].weight[0, 0])


@pytest.mark.parametrize(
    ("options", "beta", "gain"),
    [
        ({"gain": "dt"}, 0.875, 0.25),
        ({"gain": "tick"}, 0.875, 2.0),
        ({"gain": 3.5}, 0.875, 3.5),
        ({"gain": "dt", "decay": "exact"}, np.exp(-0.125), 2.0 * (1 - np.exp(-0.125))),
        ({"gain": "dt", "dt_s": 8e-4}, 0.0, 2.0),
    ],
)
@pytest.mark.parametrize("kind", ["LIF", "LI"])
def test_leaky(kind: str, options: dict[str, Any], beta: float, gain: float) -> None:
    result = layer(kind, options, r=2.0)
    assert result.beta[0] == pytest.approx(beta, abs=1e-12)
    assert weight(result) == pytest.approx(gain, abs=1e-12)
    assert result.op == kind.lower()


@pytest.mark.parametrize("kind", ["IF", "I"])
@pytest.mark.parametrize(("gain", "expected"), [("dt", 1.0), ("tick", 1e4), (2, 2.0)])
def test_integrator(kind: str, gain: Any, expected: float) -> None:
    result = layer(kind, {"gain": gain}, r=1e4)
    assert result.beta[0] == 1.0
    assert weight(result) == expected
    assert result.op == ("lif" if kind == "IF" else "li")


@pytest.mark.parametrize(
    ("options", "gain"),
    [
        ({"gain": "dt", "synapse_gain": "dt"}, 0.125 * 2.0 * 0.25 * 3.0),
        ({"gain": "dt", "synapse_gain": "tick"}, 0.125 * 2.0 * 3.0),
        ({"gain": "tick", "synapse_gain": "dt"}, 2.0 * 0.25 * 3.0),
        ({"gain": 1.0, "synapse_gain": 0.5}, 0.5),
    ],
)
@pytest.mark.parametrize("kind", ["CubaLIF", "CubaLI"])
def test_cuba(kind: str, options: dict[str, Any], gain: float) -> None:
    result = layer(kind, options, r=2.0, w_in=3.0)
    assert result.alpha is not None
    assert (result.alpha[0], result.beta[0]) == (0.75, 0.875)
    assert weight(result) == pytest.approx(gain, rel=1e-12)
    assert result.op == ("cuba_lif" if kind == "CubaLIF" else "cuba_li")


def test_threshold_has_no_memory() -> None:
    result = layer("Threshold", {}, threshold=0.5)
    assert (result.op, result.beta[0], result.reset) == ("lif", 0.0, "none")
    assert result.threshold is not None
    assert result.threshold[0] == 0.5


def test_everything_is_relative_to_rest() -> None:
    values = {"v_leak": -65.0, "v_threshold": -50.0, "v_reset": -70.0}
    result = layer("LIF", {"gain": 1.0, "reset": "zero", "v_init": "reset"}, **values)
    assert result.threshold is not None
    assert result.threshold[0] == 15.0
    assert result.reset_to[0] == -5.0
    assert result.v_init[0] == -5.0
    assert result.v_rest[0] == -65.0


@pytest.mark.parametrize(
    ("v_init", "start"), [("rest", 0.0), ("reset", -0.5), ("zero", -0.25), (1.0, 0.75), (0, -0.25)]
)
def test_v_init(v_init: Any, start: float) -> None:
    options = {"gain": 1.0, "reset": "zero", "v_init": v_init}
    assert layer("LIF", options, v_leak=0.25, v_reset=-0.25).v_init[0] == start


def test_bias_gets_the_gain() -> None:
    affine = Affine(np.ones((1, 1)), np.array([4.0]))
    network = row(("fc", affine), ("x", neuron("LIF")))
    result = lower(network, LowerOptions(**COMMON, gain="dt")).layers[0]
    assert result.bias[0] == 0.5


def test_layers_that_do_not_fire_have_nothing_of_firing() -> None:
    result = layer("LI", {"gain": 1.0})
    assert (result.threshold, result.reset, result.reset_timing, result.compare) == (None,) * 4


@pytest.mark.parametrize(
    ("kind", "options", "values", "words"),
    [
        ("LIF", {"dt_s": 1e-3}, {}, ("-0.25", "dt_s must not exceed tau")),
        ("LIF", {}, {"tau": -1e-3}, ("negative", "snnTorch")),
        ("LIF", {"decay": "exact"}, {"tau": -1e-3}, ("negative",)),
        ("LIF", {}, {"tau": 0.0}, ("above 0",)),
        ("LI", {"dt_s": 1e-3}, {}, ("-0.25",)),
        ("CubaLIF", {}, {"tau_syn": 1e-5}, ("tau_syn", "-9")),
        ("CubaLI", {}, {"tau_mem": 1e-5}, ("tau_mem", "-9")),
        ("LIF", {}, {"tau": 1e-320}, ("outside",)),
    ],
)
def test_decay_outside_0_to_1(
    kind: str, options: dict[str, Any], values: dict[str, Any], words: tuple[str, ...]
) -> None:
    with pytest.raises(ModelError) as caught:
        layer(kind, {"gain": 1.0, "synapse_gain": 1.0, **options}, **values)
    for word in ("net", "'x'", *words):
        assert word in str(caught.value)


def test_first_bad_neuron_is_named() -> None:
    with pytest.raises(ModelError, match="of neuron 2 "):
        layer("LIF", {"gain": 1.0}, n=4, tau=[1e-3, 1e-3, 1e-5, -1.0])


def test_infinite_tau_keeps_everything() -> None:
    result = layer("LIF", {"gain": 1.0}, n=2, tau=[np.inf, 8e-4])
    assert result.beta.tolist() == [1.0, 0.875]


def test_snntorch_beta_one_needs_a_number_as_gain() -> None:
    values = {"tau": np.inf, "r": np.inf}
    with pytest.raises(OptionError, match="Give gain as a number"):
        layer("LIF", {"gain": "dt"}, **values)
    assert weight(layer("LIF", {"gain": 1}, **values)) == 1.0


def test_soft_reset_with_a_resting_potential_is_refused() -> None:
    with pytest.raises(OptionError, match="v_leak is not 0"):
        layer("LIF", {"gain": 1.0, "reset": "subtract"}, v_leak=0.5)


def test_float32_time_constants_snap() -> None:
    tau = np.float64(np.float32(8e-4))
    r = np.float64(np.float32(8.0))
    network = row(("x", neuron("LIF", tau=tau, r=r)))
    snapped = lower(network, LowerOptions(**COMMON, gain="dt"))
    assert snapped.layers[0].beta[0] == 0.875
    assert weight(snapped.layers[0]) == 1.0
    assert sum("taken as" in note for note in snapped.notes) == 2
    kept = lower(network, LowerOptions(**COMMON, gain="dt", snap=False))
    assert kept.layers[0].beta[0] != 0.875
    assert kept.layers[0].beta[0] == pytest.approx(0.875, abs=1e-7)
    assert weight(kept.layers[0]) != 1.0


def test_beta_far_from_the_grid_does_not_snap() -> None:
    assert layer("LIF", {"gain": 1.0}, tau=1e-3).beta[0] == 0.9


def test_gain_zero_is_noted() -> None:
    graph = lower(row(("x", neuron("LIF", tau=np.inf))), LowerOptions(**COMMON, gain="dt"))
    assert any("input has no effect" in note for note in graph.notes)


def test_graph_carries_input_and_dt() -> None:
    graph = lower(row(("x", neuron("IF", 3))), LowerOptions(**COMMON, gain=1.0, input_scale=0.5))
    assert (graph.n_in, graph.input_shape, graph.input_scale) == (3, (3,), 0.5)
    assert graph.dt_s == 1e-4
    assert lower(row(("x", neuron("IF"))), ALL).input_scale is None


@pytest.mark.parametrize(("kind", "silent"), [("LIF", "LI"), ("CubaLIF", "CubaLI"), ("IF", "I")])
def test_readout_of_the_membrane(kind: str, silent: str) -> None:
    own = {"gain": 1.0, "synapse_gain": 0.5, "reset": None, "compare": None, "reset_timing": None}
    read = layer(kind, {**own, "readout": "membrane"})
    plain = layer(silent, own)
    assert read.op == plain.op
    assert not read.fires
    for name in ("beta", "alpha", "bias", "v_init"):
        first, second = getattr(read, name), getattr(plain, name)
        assert (first is None) == (second is None)
        assert first is None or first.tolist() == second.tolist()
    assert weight(read) == weight(plain)


@pytest.mark.parametrize(
    ("kind", "options", "says"),
    [("LIF", {"reset": "zero"}, "never resets"), ("Threshold", {"reset": None}, "no membrane")],
)
def test_readouts_that_cannot_be(kind: str, options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        layer(kind, {"gain": 1.0, "readout": "membrane", **options})


def test_a_readout_feeds_nothing_but_the_output() -> None:
    options = LowerOptions(
        **{**COMMON, "reset": "none"}, gain=1.0, node={"a": NodeOptions(readout="membrane")}
    )
    with pytest.raises(ModelError, match="node 'a': LI gives its membrane to 'b'"):
        lower(row(("a", neuron("LIF")), ("b", neuron("LIF"))), options)


@pytest.mark.parametrize(("kind", "op"), [("LI", "lif"), ("I", "lif"), ("CubaLI", "cuba_lif")])
def test_a_membrane_and_a_threshold_are_a_neuron_without_reset(kind: str, op: str) -> None:
    network = row(("m", neuron(kind)), ("t", neuron("Threshold", threshold=0.5)))
    options = LowerOptions(
        dt_s=1e-4, decay="euler", compare="gt", gain=1.0, synapse_gain=1.0,
        node={"m": NodeOptions(gain=0.25)},
    )  # fmt: skip
    graph = lower(network, options)
    (found,) = graph.layers
    assert (found.name, found.op, found.reset, found.compare) == ("t", op, "none", "gt")
    assert found.threshold is not None
    assert found.threshold[0] == 0.5
    assert weight(found) == 0.25
    words = {v.node: v.verdict for v in verdicts(network, graph, options)}
    assert words == dict.fromkeys(("in", "m", "t", "out"), "faithful")


def test_a_membrane_that_feeds_more_than_a_threshold_is_refused() -> None:
    base = row(("m", neuron("LI")), ("t", neuron("Threshold")))
    more = Network("net", {**base.nodes, "end": Output((1,))}, (*base.edges, ("m", "end")))
    with pytest.raises(ModelError, match="node 'm': LI gives its membrane to 't'"):
        lower(more, ALL)
