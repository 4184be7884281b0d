"""What a framework's profile answers, and that everything else goes over it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.lower.networks import neuron, row
from tinysnn.errors import OptionError
from tinysnn.lower import lower, missing_options
from tinysnn.lower.profiles import PROFILES, recurrent_nodes, with_profile
from tinysnn.lower.verdicts import verdicts
from tinysnn.network import Input, Linear, Network, Node, Output
from tinysnn.options import CHOICES, LowerOptions, NodeOptions, merge, options_from

STAYS_OPEN = {
    "snntorch": {"reset"},
    "norse": set[str](),
    "spikingjelly": set[str](),
    "sinabs": set[str](),
    "rockpool": set[str](),
    "lava": {"dt_s"},
    "lava-dl": set[str](),
    "nengo": {"dt_s"},
    "spyx": set[str](),
    "nir": {"dt_s", "decay"},
}


R = {"norse": 1.0, "lava-dl": 1.0, "sinabs": 1.0, "spyx": 0.875, "rockpool": 0.8 * np.exp(-1.25)}
"""What each exporter writes for r where tau is 8e-4 (Spyx: 8); 8 where it is not here."""


def loop(profile: str = "snntorch") -> Network:
    """A recurrent and a plain LIF, as the profile's exporter writes them."""
    values = {"r": R.get(profile, 8.0), "tau": 8.0 if profile in ("spyx", "lava-dl") else 8e-4}
    nodes: dict[str, Node] = {
        "in": Input((2,)), "a": neuron("LIF", 2, **values), "rec": Linear(np.eye(2)),
        "b": neuron("LIF", 2, **values), "out": Output((2,)),
    }  # fmt: skip
    edges = (("in", "a"), ("a", "rec"), ("rec", "a"), ("a", "b"), ("b", "out"))
    return Network("net", nodes, edges)


def options(profile: str, **values: Any) -> LowerOptions:
    return LowerOptions(profile=profile, **values)


def test_profiles_and_this_table_agree() -> None:
    assert set(STAYS_OPEN) == set(PROFILES)


@pytest.mark.parametrize("name", list(PROFILES))
def test_what_stays_open(name: str) -> None:
    asked = {question.option for question in missing_options(loop(), options(name))}
    assert asked == STAYS_OPEN[name]
    assert set(PROFILES[name].hints) <= asked


@pytest.mark.parametrize("name", list(PROFILES))
def test_with_the_open_options_it_lowers_and_says_what_was_assumed(name: str) -> None:
    rest: dict[str, Any] = {"reset": "subtract", "dt_s": 1e-4, "decay": "euler"}
    given = options(name, **{key: rest[key] for key in STAYS_OPEN[name]})
    graph = lower(loop(name), given)
    for text in PROFILES[name].assumed.values():
        assert f"assumed: {text}" in graph.notes


def test_what_an_option_settles_is_not_assumed() -> None:
    notes = lower(loop("sinabs"), options("sinabs", spikes="one")).notes
    assert not any("MultiSpike" in note for note in notes)
    assert any("MembraneSubtract" in note for note in notes)


def test_assumptions_name_the_option_that_changes_them() -> None:
    known = {*LowerOptions.__struct_fields__}
    for profile in PROFILES.values():
        assert {key for key in profile.assumed if not key.startswith("(")} <= known


def test_every_value_of_a_profile_is_a_possible_one() -> None:
    for profile in PROFILES.values():
        parts = (profile.every, *profile.kinds.values(), profile.recurrent, profile.endless)
        for part in parts:
            for name in part.__struct_fields__:
                value = getattr(part, name)
                if isinstance(value, str):
                    assert value in CHOICES[name]


def test_unknown_profile() -> None:
    with pytest.raises(OptionError, match=r"no profile 'tensorflow'.*snntorch"):
        lower(loop(), options("tensorflow"))


def test_model_and_node_options_go_over_the_profile() -> None:
    given = options("norse", compare="ge", node={"b": NodeOptions(reset="none", gain=3.0)})
    full = with_profile(loop(), given)
    assert (full.of("a").compare, full.of("a").reset, full.of("a").gain) == ("ge", "zero", "dt")
    assert (full.of("b").compare, full.of("b").reset, full.of("b").gain) == ("ge", "none", 3.0)


def test_profile_by_kind_and_loop() -> None:
    assert recurrent_nodes(loop()) == {"a"}
    full = with_profile(loop(), options("snntorch", reset="zero"))
    assert full.of("a").reset_input == "lost"
    assert full.of("b").reset_input is None
    integrator = row(("x", neuron("IF")))
    assert with_profile(integrator, options("norse")).of("x").gain == "tick"


def test_beta_one_of_snntorch_has_gain_one() -> None:
    network = row(("x", neuron("LIF", tau=np.inf, r=np.inf)))
    layer = lower(network, options("snntorch", reset="subtract")).layers[0]
    assert (layer.beta[0], layer.connections[0].weight[0, 0]) == (1.0, 1.0)


def test_rockpools_input_decays_in_its_tick() -> None:
    network = row(("x", neuron("CubaLIF", tau_syn=2e-3, tau_mem=4e-3, r=4 * np.exp(-0.25))))
    layer = lower(network, options("rockpool")).layers[0]
    assert layer.connections[0].weight[0, 0] == pytest.approx(np.exp(-0.5))
    assert layer.many_spikes


def test_from_in_a_file_and_merged() -> None:
    base = options_from({"from": "sinabs", "spikes": "one"})
    assert (base.profile, base.spikes) == ("sinabs", "one")
    assert merge(base, options_from({"from": "norse"})).profile == "norse"
    with pytest.raises(OptionError, match=r"unknown option.*from"):
        options_from({"profile": "norse"})


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"compare": "gt"}, "compare = 'ge'"),
        ({"reset_timing": "next-tick"}, "same-tick"),
    ],
)
def test_many_spikes_need_their_conditions(values: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        lower(row(("x", neuron("LIF"))), options("sinabs", **values))


def test_verdicts() -> None:
    given = options("sinabs", spikes="one", node={"b": NodeOptions(v_min=-1.0)})
    network = loop("sinabs")
    found = {v.node: v for v in verdicts(network, lower(network, given), given)}
    assert {name: v.verdict for name, v in found.items()} == {
        "in": "faithful", "a": "faithful", "rec": "faithful", "b": "faithful", "out": "faithful",
    }  # fmt: skip
    assert "(decay=exact)" in found["a"].why
    assert "spikes=one" in found["a"].why
    assert "(spikes=one)" not in found["a"].why
    assert "v_min=-1" in found["b"].why


def test_euler_is_an_approximation_of_nirs_own_equation() -> None:
    given = options("nir", dt_s=1e-4, decay="euler")
    found = {v.node: v for v in verdicts(loop(), lower(loop(), given), given)}
    assert found["a"].verdict == "approximated"
    assert found["a"].error == pytest.approx(np.exp(-0.125) - 0.875)
    assert found["rec"].verdict == "faithful"
    exact = options("nir", dt_s=1e-4, decay="exact")
    words = {v.verdict for v in verdicts(loop(), lower(loop(), exact), exact)}
    assert words == {"faithful"}


def test_a_membrane_is_not_read_where_the_profile_resets_it() -> None:
    network = loop("norse")
    with pytest.raises(OptionError, match=r"'b': readout .* reset = 'zero'"):
        lower(network, options("norse", node={"b": NodeOptions(readout="membrane")}))
    own = NodeOptions(readout="membrane", reset="none")
    given = options("norse", node={"b": own})
    graph = lower(network, given)
    assert graph.layers[1].op == "li"
    found = {v.node: v for v in verdicts(network, graph, given)}
    assert (found["b"].kind, "readout=membrane" in found["b"].why) == ("LIF", True)


def test_spyx_leads_the_input_of_recurrent_neurons_through_their_weights() -> None:
    """Its files say in -> rec -> a <-> rec; what it runs is in -> a <-> rec."""
    nodes: dict[str, Node] = {
        "in": Input((2,)), "fc": Linear(np.eye(2)), "a": neuron("LIF", 2, tau=8.0, r=0.875),
        "rec": Linear(np.full((2, 2), 0.25)), "out": Output((2,)),
    }  # fmt: skip
    edges = (("in", "fc"), ("fc", "rec"), ("rec", "a"), ("a", "rec"), ("a", "out"))
    network = Network("net", nodes, edges)
    given, loop_back = lower(network, options("spyx")).layers[0].connections
    assert given.weight.tolist() == np.eye(2).tolist()
    assert (loop_back.delay_ticks, loop_back.weight[0, 1]) == (1, 0.25)
    as_written = lower(network, options("norse", dt_s=1.0, gain=1.0)).layers[0].connections
    assert as_written[0].weight.tolist() == np.full((2, 2), 0.25).tolist()


SAME_R = [{"snntorch", "spikingjelly"}, {"norse", "sinabs"}, {"norse", "spikingjelly"}]
OTHERS = [
    (right, wrong)
    for right in ("snntorch", "norse", "rockpool", "spyx")
    for wrong in ("snntorch", "norse", "spikingjelly", "sinabs", "rockpool", "spyx")
    if right != wrong and {right, wrong} not in SAME_R
]


@pytest.mark.parametrize(("right", "wrong"), OTHERS)
def test_a_file_of_another_framework_is_noticed(right: str, wrong: str) -> None:
    given = options(wrong, decay="euler", reset="zero", compare="ge")
    with pytest.raises(OptionError, match=f"does not look like a file of {wrong}"):
        lower(loop(right), given)


def test_nodes_that_an_exporter_never_writes_are_noticed() -> None:
    network = row(("x", neuron("IF")))
    with pytest.raises(OptionError, match="writes no IF"):
        lower(network, options("snntorch", reset="zero"))
    lower(network, options("snntorch", reset="zero", gain=1.0))
