"""What is said of each node of a file: does the graph do what it means, nearly, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tinysnn.graph import Floats, Graph, unpackable
from tinysnn.lower.profiles import PROFILES, of_file, with_profile
from tinysnn.lower.readouts import with_readouts
from tinysnn.network import IF, I, Network, Neuron, Node, Threshold
from tinysnn.options import LowerOptions, NodeOptions

Word = Literal["faithful", "approximated", "unsupported"]


@dataclass(frozen=True)
class Verdict:
    """One node and how well it is served."""

    node: str
    kind: str
    """NIR's name of the node type."""
    verdict: Word
    why: str
    """The options in force, what is approximated, or what is missing."""
    error: float | None = None
    """Measured size of the approximation, in the unit that ``why`` names."""


def verdicts(network: Network, graph: Graph, options: LowerOptions) -> tuple[Verdict, ...]:
    """A verdict for every node of the network, in its order.

    ``unsupported`` is what the float simulation runs but a pack cannot hold yet; what cannot even
    be lowered has raised a ModelError before.
    """
    options = of_file(network, options)
    refused = dict(unpackable(graph))
    nearly = {found.node: found for found in graph.approximations}
    full = with_profile(network, options)
    result = []
    read = with_readouts(network, full).nodes
    for name, node in read.items():
        kind = type(network.nodes[name]).__name__
        if name in refused:
            result.append(Verdict(name, kind, "unsupported", f"{refused[name]}: cannot be packed"))
        elif name in nearly:
            found = nearly[name]
            result.append(Verdict(name, kind, "approximated", found.what, found.error))
        elif full.of(name).leak_step is not None and isinstance(node, Neuron):
            rounding = "packs round decays to nearest: off per tick by at most"
            why = f"{in_force(node, name, options, full)}; {rounding}"
            result.append(Verdict(name, kind, "approximated", why, full.of(name).leak_step))
        elif (error := _euler_error(node, full.of(name), options.profile)) is not None:
            why = f"{in_force(node, name, options, full)}; decay per tick off NIR's equation by"
            result.append(Verdict(name, kind, "approximated", why, error))
        else:
            why = in_force(node, name, options, full)
            result.append(Verdict(name, kind, "faithful", why))
    return tuple(result)


def _euler_error(node: Node, own: NodeOptions, profile: str | None) -> float | None:
    """How far Euler's decay is from the equation's, where the file is taken at its word.

    The other profiles stand for frameworks whose own decay this is.
    """
    if profile != "nir" or own.decay != "euler" or own.dt_s is None:
        return None
    ratios = [own.dt_s / tau for tau in _taus(node)]
    errors = [float(np.abs(np.exp(-ratio) - (1.0 - ratio)).max()) for ratio in ratios]
    return max(errors, default=None)


def _taus(node: Node) -> list[Floats]:
    return [getattr(node, key) for key in ("tau", "tau_mem", "tau_syn") if hasattr(node, key)]


def in_force(node: Node, name: str, given: LowerOptions, full: LowerOptions) -> str:
    """The options of one neuron that make a difference, those of the profile in brackets."""
    if not isinstance(node, Neuron):
        return ""
    own, asked = full.of(name), given.of(name)
    words = []
    for option in _used(node, own):
        value = getattr(own, option)
        if value is not None:
            text = f"{option}={value:g}" if isinstance(value, float) else f"{option}={value}"
            words.append(f"({text})" if getattr(asked, option) is None else text)
    profile = PROFILES.get(given.profile or "")
    tail = f"; (..) from {given.profile}" if profile and any("(" in word for word in words) else ""
    return " ".join(words) + tail


def _used(node: Neuron, own: NodeOptions) -> Iterator[str]:
    leaky = not isinstance(node, (IF, I, Threshold))
    if leaky:
        taus = [getattr(node, key) for key in ("tau", "tau_mem", "tau_syn") if hasattr(node, key)]
        if any(bool(np.isfinite(tau).any()) for tau in taus):
            yield from ("dt_s", "decay")
    if not isinstance(node, Threshold):
        yield "gain"
    if hasattr(node, "tau_syn"):
        yield "synapse_gain"
    if node.fires:
        yield "compare"
        if not isinstance(node, Threshold):
            yield from ("reset", "reset_timing", "spikes")
            if own.spikes == "many":
                yield "max_spikes"
            yield from ("refractory", "adapt_decay", "adapt_step", "adapt_reset", "graded_spikes")
            if own.reset == "zero" and own.reset_timing == "next-tick":
                yield "reset_input"
    if not isinstance(node, Threshold):
        yield from ("v_init", "v_min", "leak_step", "readout")
