"""Nothing is guessed: what is asked for, and what is not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lower.networks import ALL, COMMON, fc_lif, neuron, row
from tinysnn.errors import OptionError
from tinysnn.lower import lower, missing_options
from tinysnn.network import NODE_TYPES, Linear, Neuron
from tinysnn.options import CHOICES, LowerOptions, NodeOptions

FIRING = {"compare", "reset", "reset_timing"}
NEEDS = {
    "IF": FIRING | {"gain"},
    "LIF": FIRING | {"dt_s", "decay", "gain"},
    "LI": {"dt_s", "decay", "gain"},
    "I": {"gain"},
    "CubaLIF": FIRING | {"dt_s", "decay", "gain", "synapse_gain"},
    "CubaLI": {"dt_s", "decay", "gain", "synapse_gain"},
    "Threshold": {"compare"},
}


def asked(kind: str, options: LowerOptions | None = None, **values: Any) -> set[str]:
    questions = missing_options(row(("x", neuron(kind, **values))), options or LowerOptions())
    return {question.option for question in questions}


def test_every_neuron_type_is_covered() -> None:
    assert set(NEEDS) == {name for name, cls in NODE_TYPES.items() if issubclass(cls, Neuron)}


@pytest.mark.parametrize("kind", list(NEEDS))
def test_only_what_matters_is_asked(kind: str) -> None:
    assert asked(kind) == NEEDS[kind]


@pytest.mark.parametrize("kind", list(NEEDS))
def test_with_all_options_nothing_is_asked(kind: str) -> None:
    assert asked(kind, ALL) == set()
    lower(row(("x", neuron(kind))), ALL)


@pytest.mark.parametrize("kind", list(NEEDS))
def test_each_needed_option_is_missed_when_taken_away(kind: str) -> None:
    network = row(("x", neuron(kind)))
    for option in NEEDS[kind]:
        values = {**COMMON, "gain": 1.0, "synapse_gain": 1.0} | {option: None}
        with pytest.raises(OptionError) as caught:
            lower(network, LowerOptions(**values))
        text = str(caught.value)
        assert option in text
        assert "'x'" in text
        for value in CHOICES[option]:
            assert f"    {value}: " in text


def test_if_needs_dt_only_for_gain_dt() -> None:
    assert "dt_s" in asked("IF", LowerOptions(gain="dt"))
    assert "dt_s" not in asked("IF", LowerOptions(gain="tick"))
    assert "gain" not in asked("IF", LowerOptions(dt_s=1.0))


def test_gain_is_not_asked_where_both_readings_agree() -> None:
    options = LowerOptions(dt_s=8e-4, decay="euler")
    assert "gain" not in asked("LIF", options)
    assert "gain" in asked("LIF", LowerOptions(dt_s=8e-4, decay="exact"))


def test_reset_none_needs_no_timing() -> None:
    assert "reset_timing" not in asked("LIF", LowerOptions(reset="none"))


def test_infinite_tau_needs_neither_dt_nor_decay() -> None:
    assert not {"dt_s", "decay"} & asked("LIF", tau=np.inf)


@pytest.mark.parametrize("field", ["v_leak", "v_reset"])
def test_v_init_is_asked_where_frameworks_differ(field: str) -> None:
    assert "v_init" in asked("LIF", None, **{field: 0.25})
    assert "v_init" not in asked("LIF")


def test_question_shows_what_each_gain_comes_to() -> None:
    network = row(("lif", neuron("LIF")))
    (question,) = missing_options(network, LowerOptions(**COMMON))
    text = question.text()
    assert "'lif': 0.125" in text
    assert "'lif': 1" in text


def test_per_node_options_answer_for_their_node_only() -> None:
    network = row(("a", neuron("IF")), ("b", neuron("IF")))
    own = {"a": NodeOptions(gain="tick")}
    values = {**COMMON, "node": own}
    (question,) = missing_options(network, LowerOptions(**values))
    assert question.option == "gain"
    assert question.nodes == ("b",)


@pytest.mark.parametrize(("name", "why"), [("ghost", "does not exist"), ("fc", "no neuron node")])
def test_options_for_a_node_that_has_none(name: str, why: str) -> None:
    options = LowerOptions(**COMMON, gain=1.0, node={name: NodeOptions(gain=1.0)})
    with pytest.raises(OptionError, match=why):
        lower(fc_lif(), options)


def test_many_nodes_are_shortened() -> None:
    nodes = [(f"l{k}", neuron("IF")) for k in range(9)]
    question = missing_options(row(*nodes), LowerOptions())[0]
    assert "and 3 more" in question.text()


def test_linear_readout_needs_no_option() -> None:
    assert missing_options(row(("fc", Linear(np.eye(2)))), LowerOptions()) == ()
