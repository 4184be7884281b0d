"""Puts folded weights, neuron updates and schedule together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.graph import Graph, InputPort, Layer
from tinysnn.lower.connect import Places, connections
from tinysnn.lower.fold import Expression, Term, fold
from tinysnn.lower.neurons import NeuronUpdate, discretise
from tinysnn.lower.order import reachable, schedule
from tinysnn.lower.plausible import check_profile
from tinysnn.lower.profiles import assumptions, of_file, with_profile
from tinysnn.lower.questions import require_options
from tinysnn.lower.readouts import as_lowered
from tinysnn.network import Input, Network, Neuron, Output
from tinysnn.options import LowerOptions


def lower(network: Network, options: LowerOptions) -> Graph:
    """The discretised graph of a network.

    Raises
    ------
    OptionError
        An option that makes a difference is missing (all missing ones are listed with their
        possible values), or contradicts the network.
    ModelError
        Decay outside [0, 1], a node without input, a loop without a neuron, a membrane that feeds
        another layer, no path from Input to Output, a map too large to hold.
    """
    options = of_file(network, options)
    require_options(network, options)
    assumed = [f"assumed: {text}" for text in assumptions(options, network.name)]
    given, options = options, with_profile(network, options)
    check_profile(network, given, options)
    network, options = as_lowered(network, options)
    inputs, sinks = _ends(network, Input), _ends(network, Output)
    folded = fold(network, options.dt_s)
    entering, readouts = _with_readouts(network, folded.entering, sinks)
    live = _live(entering, inputs, readouts, network)
    order = _order(entering, live, inputs)
    places = _places(network, inputs, order)
    notes = [*network.notes, *assumed, *_dropped(network, live)]
    layers = []
    for name in order:
        update = _update(network, name, entering[name], options)
        layers.append(_layer(network, name, entering[name], update, places))
        notes += [*_folded(network, name, entering[name]), *update.notes]
        notes += _delayed(order, layers[-1])
    outputs = tuple(places.layers[name] for name in readouts)
    notes += _output_ranges(sinks, [layers[k].n for k in outputs])
    shape = network.nodes[inputs[0]].output_shape
    return Graph(
        name=network.name,
        n_in=places.n_in,
        input_shape=shape if len(inputs) == 1 else (places.n_in,),
        input_scale=options.input_scale,
        front_end=options.front_end,
        decision=options.decision,
        layers=tuple(layers),
        output=outputs[0],
        dt_s=options.dt_s,
        notes=tuple(notes),
        approximations=folded.approximations,
        outputs=outputs if len(outputs) > 1 else (),
        inputs=_ports(network, places) if len(inputs) > 1 else (),
    )


def _ends(network: Network, kind: type[Input | Output]) -> list[str]:
    found = [name for name, node in network.nodes.items() if isinstance(node, kind)]
    if not found:
        raise ModelError(
            f"no {kind.__name__} node",
            where=network.name,
            fix=f"Give the network an {kind.__name__}.",
        )
    return found


def _places(network: Network, inputs: list[str], order: list[str]) -> Places:
    first: dict[str, int] = {}
    n_in = 0
    for name in inputs:
        first[name] = n_in
        n_in += int(np.prod(network.nodes[name].output_shape))
    return Places({name: index for index, name in enumerate(order)}, first, n_in)


def _output_ranges(sinks: list[str], sizes: list[int]) -> list[str]:
    """Which outputs belong to which Output, where there are several."""
    if len(sinks) < 2:
        return []
    ends = [sum(sizes[: k + 1]) for k in range(len(sizes))]
    return [
        f"Output {sink!r}: outputs {end - n} to {end - 1}"
        for sink, n, end in zip(sinks, sizes, ends, strict=True)
    ]


def _ports(network: Network, places: Places) -> tuple[InputPort, ...]:
    return tuple(
        InputPort(name, network.nodes[name].output_shape, first)
        for name, first in places.inputs.items()
    )


def _with_readouts(
    network: Network, entering: dict[str, Expression], sinks: list[str]
) -> tuple[dict[str, Expression], list[str]]:
    """The layers' expressions and the name of the layer of each Output."""
    layers = {name: expression for name, expression in entering.items() if name not in sinks}
    readouts = []
    for sink in sinks:
        name = _readout(network, entering, sink)
        if name not in layers:
            layers[name] = entering[sink]
        readouts.append(name)
    return layers, readouts


def _readout(network: Network, entering: dict[str, Expression], sink: str) -> str:
    """The layer that an Output shows.

    A sum or bare linear node before the Output becomes a layer, named after that node.
    """
    if sink not in entering:
        raise ModelError("nothing feeds the Output", where=network.name, fix="Connect it.")
    end = entering[sink]
    first, *more = end.terms
    plain = first.map.is_identity and not (more or end.bias.any() or _has_delay(first))
    if plain and isinstance(network.nodes[first.source], Neuron):
        return first.source
    graded = [
        s for s in end.sources
        if isinstance(node := network.nodes[s], Neuron) and not node.fires
    ]  # fmt: skip
    if graded:
        raise ModelError(
            "gives its membrane into a sum with other outputs, but layers pass on spikes only",
            where=f"{network.name}: node {graded[0]!r}",
            fix="Let it alone feed the Output.",
        )
    last = [s for s, t in network.edges if t == sink]
    alone = len(last) == 1 and last[0] not in end.sources
    return last[0] if alone and last[0] not in entering else sink


def _has_delay(term: Term) -> bool:
    return term.ticks > 0 or term.pre is not None or term.post is not None


def _targets(
    entering: Mapping[str, Expression], live: set[str], *, delayed: bool = True
) -> dict[str, list[str]]:
    """Which live layers each live layer (and Input) feeds, in the order of the file.

    Without ``delayed``, connections that all take a tick or more are left out.
    """
    targets: dict[str, list[str]] = {name: [] for name in live}
    for name, expression in entering.items():
        now = [term.source for term in expression.terms if delayed or not term.delayed]
        for source in dict.fromkeys(now):
            if name in live and source in live:
                targets[source].append(name)
    return targets


def _order(entering: Mapping[str, Expression], live: set[str], inputs: list[str]) -> list[str]:
    """The layers in the order they run."""
    reached = schedule(_targets(entering, live), inputs)
    roots = [*inputs, *(name for name in reached if name not in inputs)]
    order = schedule(_targets(entering, live, delayed=False), roots)
    return [name for name in order if name not in inputs]


def _live(
    entering: Mapping[str, Expression], inputs: list[str], readouts: list[str], network: Network
) -> set[str]:
    """The Inputs and the layers that an output depends on; all must be fed by an Input."""
    back = {name: list(expression.sources) for name, expression in entering.items()}
    back |= {name: [] for name in inputs}
    live = reachable(back, readouts)
    fed = reachable(_targets(entering, live | set(inputs)), inputs)
    lost = [name for name in entering if name in live - fed]
    if lost or not live & set(inputs):
        raise ModelError(
            "no path from the Input leads here",
            where=f"{network.name}: node {(lost or readouts)[0]!r}",
            fix="Connect it to the Input or remove it.",
        )
    return live | set(inputs)


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
    network: Network, name: str, entering: Expression, update: NeuronUpdate, places: Places
) -> Layer:
    return Layer(
        name=name,
        op=update.op,
        n=entering.n,
        connections=connections(name, entering, update.gain, places),
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
        leak_step=update.leak_step,
        max_spikes=update.max_spikes,
        adapt_decay=update.adapt_decay,
        adapt_step=update.adapt_step,
        reset_raised=update.reset_raised,
        refractory=update.refractory,
        shape=network.nodes[name].output_shape,
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
        if c.delay_ticks == 1 and c.source is not None
    ]
