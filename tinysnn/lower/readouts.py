"""Neurons that are others than they seem, before anything is discretised.

A firing neuron with ``readout = "membrane"`` is one that does not fire. An LI, I or CubaLI that
feeds a Threshold and nothing else is, together with it, a LIF, IF or CubaLIF without reset. Where
an exporter leads what enters recurrent neurons through their recurrent weights (Spyx), it is led
around them.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from tinysnn.errors import OptionError
from tinysnn.lower.graded_spikes import with_graded_spikes
from tinysnn.lower.profiles import filled, named
from tinysnn.network import (
    IF,
    LI,
    LIF,
    Affine,
    CubaLI,
    CubaLIF,
    I,
    Linear,
    Network,
    Neuron,
    Node,
    Threshold,
)
from tinysnn.options import LowerOptions, NodeOptions


def as_lowered(network: Network, options: LowerOptions) -> tuple[Network, LowerOptions]:
    """The network and options with all replacements made.

    Raises
    ------
    OptionError
        As ``with_readouts`` says.
    """
    profile = named(options.profile, network.name)
    if profile is not None and profile.direct_loops:
        network = with_direct_loops(network)
    network, options = with_thresholds(with_readouts(network, options), options)
    return with_graded_spikes(network, options), options


def with_direct_loops(network: Network) -> Network:
    """The network with what enters recurrent weights from outside of their loop led around them.

    The weights of such a loop are one Linear or Affine that only its neuron follows and feeds.
    """
    targets: dict[str, list[str]] = {}
    for source, target in network.edges:
        targets.setdefault(source, []).append(target)
    around = {
        weights: after[0]
        for weights, after in targets.items()
        if isinstance(network.nodes[weights], (Linear, Affine))
        and len(after) == 1
        and isinstance(network.nodes[after[0]], Neuron)
        and weights in targets.get(after[0], ())
    }
    edges = tuple(
        (source, around[target] if target in around and source != around[target] else target)
        for source, target in network.edges
    )
    return replace(network, edges=tuple(dict.fromkeys(edges)))


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


def with_thresholds(network: Network, options: LowerOptions) -> tuple[Network, LowerOptions]:
    """Every membrane that feeds a Threshold alone becomes one firing neuron with it.

    It has the name of the Threshold, the options of both nodes, and no reset.
    """
    targets: dict[str, list[str]] = {}
    sources: dict[str, list[str]] = {}
    for source, target in network.edges:
        targets.setdefault(source, []).append(target)
        sources.setdefault(target, []).append(source)
    pairs = {
        before[0]: name
        for name, before in sources.items()
        if isinstance(network.nodes[name], Threshold)
        and len(before) == 1
        and isinstance(network.nodes[before[0]], (LI, I, CubaLI))
        and targets[before[0]] == [name]
    }
    nodes: dict[str, Node] = {k: v for k, v in network.nodes.items() if k not in pairs}
    own = dict(options.node)
    for membrane, name in pairs.items():
        nodes[name] = _fused(network.nodes[membrane], network.nodes[name])
        both = filled(options.node.get(name, NodeOptions()), options.of(membrane))
        own[name] = filled(NodeOptions(reset="none"), both)
    edges = tuple(
        (source, pairs.get(target, target))
        for source, target in network.edges
        if source not in pairs
    )
    notes = tuple(f"{a}: with {b} a neuron without reset" for a, b in pairs.items())
    fused = replace(network, nodes=nodes, edges=edges, notes=(*network.notes, *notes))
    return fused, msgspec.structs.replace(options, node=own)


def _fused(membrane: Node, threshold: Node) -> Neuron:
    assert isinstance(threshold, Threshold)
    level, zero = threshold.threshold, np.zeros_like(threshold.threshold)
    if isinstance(membrane, LI):
        return LIF(membrane.tau, membrane.r, membrane.v_leak, level, zero)
    if isinstance(membrane, CubaLI):
        return CubaLIF(
            membrane.tau_syn, membrane.tau_mem, membrane.r, membrane.v_leak, level, zero,
            membrane.w_in,
        )  # fmt: skip
    assert isinstance(membrane, I)
    return IF(membrane.r, level, zero)
