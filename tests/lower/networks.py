"""Small networks for the tests of lower and float_sim, built without files."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from tinysnn.network import NODE_TYPES, Input, Linear, Network, Node, Output, fields_with_role
from tinysnn.options import LowerOptions

# Everything but gains: for tests about something else.
COMMON: dict[str, Any] = {
    "dt_s": 1e-4,
    "decay": "euler",
    "reset": "subtract",
    "reset_timing": "same-tick",
    "compare": "ge",
    "v_init": "rest",
}
ALL = LowerOptions(**COMMON, gain=1.0, synapse_gain=1.0)


def neuron(kind: str, n: int = 1, **values: Any) -> Any:
    """A neuron node with plain numbers repeated n times; the rest as a LIF of tau 8e-4 has it."""
    usual = {"tau": 8e-4, "tau_mem": 8e-4, "tau_syn": 4e-4, "v_leak": 0.0, "v_reset": 0.0}
    fields = {
        name: np.broadcast_to(np.asarray(values.get(name, usual.get(name, 1.0)), float), (n,))
        for name in fields_with_role(kind, "neuron")
    }
    return NODE_TYPES[kind](**fields)


def row(*nodes: tuple[str, Node], name: str = "net") -> Network:
    """Input -> nodes in a row -> Output."""
    first, last = nodes[0][1], nodes[-1][1]
    chain = [("in", Input(first.input_shape)), *nodes, ("out", Output(last.output_shape))]
    return Network(name, dict(chain), tuple(pairwise(node for node, _ in chain)))


def fc_lif(weight: Any = ((1.0,),), **values: Any) -> Network:
    """Input -> Linear -> LIF -> Output."""
    matrix = np.asarray(weight, float)
    return row(("fc", Linear(matrix)), ("lif", neuron("LIF", matrix.shape[0], **values)))
