"""Spikes that are worth more or less than 1 to whom they reach (snnTorch's graded spikes)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tinysnn.errors import OptionError
from tinysnn.network import Network, Neuron, Output, Scale
from tinysnn.options import LowerOptions


def with_graded_spikes(network: Network, options: LowerOptions) -> Network:
    """The network with a Scale behind every neuron that has ``graded_spikes``.

    It ends up in the weights behind the neuron. An Output that follows at once still gets spikes.

    Raises
    ------
    OptionError
        The neuron does not fire, or the factor is 0.
    """
    nodes, edges = dict(network.nodes), list(network.edges)
    for name, node in network.nodes.items():
        if not isinstance(node, Neuron) or (factor := options.of(name).graded_spikes) is None:
            continue
        if not node.fires or factor == 0:
            what = "it does not fire" if factor else "its spikes would be worth nothing"
            raise OptionError(
                f"graded_spikes = {factor:g}, but {what}",
                where=f"{network.name}: node {name!r}",
                fix="Remove graded_spikes for this node.",
            )
        scale = f"{name} (graded)"
        nodes[scale] = Scale(np.full(node.output_shape, float(factor)))
        edges = [
            (scale, target) if source == name and not _is_output(network, target) else
            (source, target)
            for source, target in edges
        ]  # fmt: skip
        edges.append((name, scale))
    return replace(network, nodes=nodes, edges=tuple(edges))


def _is_output(network: Network, name: str) -> bool:
    return isinstance(network.nodes.get(name), Output)
