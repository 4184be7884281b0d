"""Options for what NIR has no field for: refractory time, adaptation, counts, graded spikes."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest

from tests.lower.networks import ALL, neuron, row
from tinysnn.errors import OptionError
from tinysnn.graph import Layer
from tinysnn.lower import lower
from tinysnn.network import Linear, Network

EYE = ("w", Linear(np.eye(2)))
MANY: dict[str, Any] = {"spikes": "many"}
ADAPTIVE: dict[str, Any] = {"adapt_decay": 0.5, "adapt_step": 2.0}


def layer(kind: str = "LIF", **options: Any) -> Layer:
    """A node of that kind with options."""
    given = msgspec.structs.replace(ALL, **options)
    return lower(row(("x", neuron(kind, 2))), given).layers[0]


def test_options_become_tables_by_neuron() -> None:
    found = layer(refractory=3, **ADAPTIVE, adapt_reset="raised")
    assert found.refractory is not None
    assert found.refractory.tolist() == [3, 3]
    assert found.adapt_decay is not None
    assert found.adapt_decay.tolist() == [0.5, 0.5]
    assert found.reset_raised
    assert (layer(**MANY).max_spikes, layer(**MANY, max_spikes=9).max_spikes) == (127, 9)
    assert layer(refractory=0).refractory is None


def test_one_spike_of_many_is_an_ordinary_layer() -> None:
    assert not layer(**MANY, max_spikes=1).many_spikes


def test_the_bound_of_counts_is_said() -> None:
    graph = lower(row(("x", neuron("LIF"))), msgspec.structs.replace(ALL, spikes="many"))
    assert any("127 spikes" in note for note in graph.notes)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"max_spikes": 128}, "max_spikes is 128"),
        ({"refractory": -1}, "refractory is -1"),
        ({"refractory": 40000}, "32767"),
        ({"adapt_decay": 1.5, "adapt_step": 1.0}, "adapt_decay is 1.5"),
        ({"adapt_decay": 0.5, "adapt_step": -1.0}, "adapt_step is -1"),
        ({"adapt_decay": 0.5}, "without the other"),
        ({"adapt_reset": "rest"}, "without adaptation"),
        ({**ADAPTIVE, "adapt_reset": "raised", "reset": "zero"}, "another reset"),
        ({"refractory": 2, "reset_timing": "next-tick"}, "reset in the next tick"),
        ({**MANY, "refractory": 2}, "several spikes"),
        ({**MANY, **ADAPTIVE}, "several spikes"),
        ({"kind": "Threshold", "refractory": 2}, "Threshold, which has no reset"),
        ({"kind": "LI", **ADAPTIVE}, "LI, which has no reset"),
        ({"kind": "LI", "graded_spikes": 2.0}, "does not fire"),
        ({"graded_spikes": 0.0}, "worth nothing"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        layer(**options)


def test_graded_spikes_end_in_the_weights_behind() -> None:
    network = row(("x", neuron("LIF", 2)), EYE, ("y", neuron("LIF", 2)))
    edges = (*network.edges, ("x", "loop"), ("loop", "x"))
    network = Network("net", {**network.nodes, "loop": Linear(-np.eye(2))}, edges)
    plain, graded = (
        lower(network, msgspec.structs.replace(ALL, node={"x": options}))
        for options in (
            msgspec.structs.replace(ALL.of("x")),
            msgspec.structs.replace(ALL.of("x"), graded_spikes=2.5),
        )
    )
    assert [layer.name for layer in graded.layers] == ["x", "y"]
    for was, now in zip(plain.layers, graded.layers, strict=True):
        for before, after in zip(was.connections, now.connections, strict=True):
            factor = 1.0 if before.source is None else 2.5
            np.testing.assert_array_equal(after.weight, before.weight * factor)
