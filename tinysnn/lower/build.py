"""Puts folded weights, neuron updates and schedule together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.graph import Connection, Graph, Layer
from tinysnn.lower.fold import Expression, dense, fold
from tinysnn.lower.neurons import NeuronUpdate, discretise
from tinysnn.lower.order import reachable, schedule
from tinysnn.lower.profiles import named, with_profile
from tinysnn.lower.questions import require_options
from tinysnn.network import Input, Network, Neuron, Output
from tinysnn.options import LowerOptions

_INPUT_FIRST = -1


def lower(network: Network, options: LowerOptions) -> Graph:
    """The discretised graph of a network.

    Raises
    ------
    OptionError
        An option that makes a difference is missing (all missing ones are listed with their
        possible values), or contradicts the network.
    ModelError
        Decay outside [0, 1], a node without input, a loop without a neuron, a membrane that feeds
        another layer, no path from Input to Output.
    """
    require_options(network, options)
    options = with_profile(network, options)
    source, sink = _end(network, Input), _end(network, Output)
    entering, readout = _with_readout(network, fold(network), sink)
    live = _live(entering, source, readout, network)
    order = [name for name in schedule(_targets(entering, live), source) if name != source]
    position = {name: index for index, name in enumerate(order)} | {source: _INPUT_FIRST}
    notes = [*network.notes, *_assumed(options, network), *_dropped(network, live)]
    layers = []
    for name in order:
        update = _update(network, name, entering[name], options)
        layers.append(_layer(name, entering[name], update, position))
        notes += [*_folded(network, name, entering[name]), *update.notes]
        notes += _delayed(order, layers[-1])
    node = network.nodes[source]
    return Graph(
        name=network.name,
        n_in=int(np.prod(node.output_shape)),
        input_shape=node.output_shape,
        input_scale=options.input_scale,
        layers=tuple(layers),
        output=position[readout],
        dt_s=options.dt_s,
        notes=tuple(notes),
    )


def _end(network: Network, kind: type[Input | Output]) -> str:
    found = [name for name, node in network.nodes.items() if isinstance(node, kind)]
    if len(found) != 1:
        names = ", ".join(map(repr, found)) or "none"
        raise ModelError(
            f"one {kind.__name__} is due, found {names}",
            where=network.name,
            fix=f"Give the network exactly one {kind.__name__}.",
        )
    return found[0]


def _with_readout(
    network: Network, entering: dict[str, Expression], sink: str
) -> tuple[dict[str, Expression], str]:
    """The layers' expressions and the output layer's name.

    A sum or bare linear node before the Output becomes a layer, named after that node.
    """
    if sink not in entering:
        raise ModelError("nothing feeds the Output", where=network.name, fix="Connect it.")
    end = entering.pop(sink)
    (name, matrix), *more = end.terms.items()
    plain = matrix is None and not more and not end.bias.any()
    if plain and isinstance(network.nodes[name], Neuron):
        return entering, name
    graded = [
        s for s in end.terms
        if isinstance(node := network.nodes[s], Neuron) and not node.fires
    ]  # fmt: skip
    if graded:
        raise ModelError(
            "gives its membrane into a sum with other outputs, but layers pass on spikes only",
            where=f"{network.name}: node {graded[0]!r}",
            fix="Let it alone feed the Output.",
        )
    last = [s for s, t in network.edges if t == sink]
    readout = last[0] if len(last) == 1 and last[0] not in end.terms else sink
    return {**entering, readout: end}, readout


def _targets(entering: Mapping[str, Expression], live: set[str]) -> dict[str, list[str]]:
    """Which live layers each live layer (and the Input) feeds, in the order of the file."""
    targets: dict[str, list[str]] = {name: [] for name in live}
    for name, expression in entering.items():
        for source in expression.terms:
            if name in live and source in live:
                targets[source].append(name)
    return targets


def _live(
    entering: Mapping[str, Expression], source: str, readout: str, network: Network
) -> set[str]:
    """The Input and the layers that the output depends on; all must be fed by the Input."""
    back = {name: list(expression.terms) for name, expression in entering.items()} | {source: []}
    live = reachable(back, readout)
    fed = reachable(_targets(entering, live | {source}), source)
    lost = [name for name in entering if name in live - fed]
    if lost or source not in live:
        raise ModelError(
            "no path from the Input leads here",
            where=f"{network.name}: node {(lost or [readout])[0]!r}",
            fix="Connect it to the Input or remove it.",
        )
    return live


def _assumed(options: LowerOptions, network: Network) -> list[str]:
    profile = named(options.profile, network.name)
    return [] if profile is None else [f"assumed: {text}" for text in profile.assumed]


def _dropped(network: Network, live: set[str]) -> list[str]:
    dead = [
        name for name, node in network.nodes.items()
        if isinstance(node, Neuron) and name not in live
    ]  # fmt: skip
    return [f"{name}: left out, the output does not depend on it" for name in dead]


def _update(
    network: Network, name: str, entering: Expression, options: LowerOptions
) -> NeuronUpdate:
    node = network.nodes[name]
    if isinstance(node, Neuron):
        snap = options.snap is None or options.snap
        return discretise(name, node, options.of(name), snap=snap, where=network.name)
    zeros, ones = np.zeros(entering.n), np.ones(entering.n)
    return NeuronUpdate("li", zeros, None, ones, None, None, None, None, zeros, zeros, zeros, ())


def _layer(
    name: str, entering: Expression, update: NeuronUpdate, position: Mapping[str, int]
) -> Layer:
    connections = []
    for source in sorted(entering.terms, key=position.__getitem__):
        index = position[source]
        connections.append(
            Connection(
                source=None if index == _INPUT_FIRST else index,
                delay_ticks=int(index >= position[name]),
                weight=dense(entering, source) * update.gain,
            )
        )
    return Layer(
        name=name,
        op=update.op,
        n=entering.n,
        connections=tuple(connections),
        beta=update.beta,
        alpha=update.alpha,
        bias=entering.bias * update.gain,
        threshold=update.threshold,
        reset=update.reset,
        reset_timing=update.reset_timing,
        compare=update.compare,
        reset_to=update.reset_to,
        v_init=update.v_init,
        v_rest=update.v_rest,
        many_spikes=update.many_spikes,
        v_min=update.v_min,
        reset_drops_input=update.reset_drops_input,
    )


def _folded(network: Network, name: str, entering: Expression) -> list[str]:
    through = [node for node in entering.through if node != name]
    if name in entering.through or not isinstance(network.nodes[name], Neuron):
        tail = f", with {', '.join(through)}" if through else ""
        return [f"{name}: bare readout as a layer without memory{tail}"]
    return [f"{name}: takes in {', '.join(through)}"] if through else [f"{name}: fed directly"]


def _delayed(order: list[str], layer: Layer) -> list[str]:
    return [
        f"{order[c.source]} -> {layer.name}: arrives one tick later"
        for c in layer.connections
        if c.delay_ticks and c.source is not None
    ]
