"""Firing neurons that are read by their membrane: what the option ``readout`` makes of them."""

from __future__ import annotations

from dataclasses import replace

from tinysnn.errors import OptionError
from tinysnn.network import IF, LI, LIF, CubaLI, CubaLIF, I, Network, Neuron
from tinysnn.options import LowerOptions, NodeOptions


def with_readouts(network: Network, options: LowerOptions) -> Network:
    """The network with every neuron that is read by its membrane as one that does not fire.

    Raises
    ------
    OptionError
        The neuron has no membrane to read, or resets it when it fires.
    """
    nodes = dict(network.nodes)
    for name, node in network.nodes.items():
        own = options.of(name)
        if own.readout == "membrane" and isinstance(node, Neuron) and node.fires:
            nodes[name] = _silent(node, own, f"{network.name}: node {name!r}")
    return replace(network, nodes=nodes)


def _silent(node: Neuron, own: NodeOptions, where: str) -> Neuron:
    if own.reset not in (None, "none"):
        raise OptionError(
            f"readout = 'membrane' with reset = {own.reset!r}: the membrane would be that of a "
            "neuron that never resets",
            where=where,
            fix="Train it without a reset (snnTorch: reset_mechanism='none') and say reset = none.",
        )
    if isinstance(node, LIF):
        return LI(node.tau, node.r, node.v_leak)
    if isinstance(node, CubaLIF):
        return CubaLI(node.tau_syn, node.tau_mem, node.r, node.v_leak, node.w_in)
    if isinstance(node, IF):
        return I(node.r)
    raise OptionError(
        f"{type(node).__name__} has no membrane to read", where=where, fix="Remove readout."
    )
