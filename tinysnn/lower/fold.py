"""What lies between populations (weights, convolutions, pooling, scales, delays) becomes sums.

What enters a population is a sum of terms, each the output of one population through one linear
map, some ticks later, and a constant.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.graph import Approximation, Floats, Ints
from tinysnn.lower import maps
from tinysnn.lower.delays import in_ticks, later, split
from tinysnn.lower.maps import LinearMap
from tinysnn.network import (
    Affine,
    AvgPool2d,
    Conv1d,
    Conv2d,
    Delay,
    Flatten,
    Input,
    Linear,
    Network,
    Neuron,
    Node,
    Output,
    Scale,
    SumPool2d,
)


@dataclass(frozen=True, eq=False)
class Term:
    """One population's output through a map, ``ticks`` later and by unit later still."""

    source: str
    """Input or neuron node."""
    map: LinearMap
    ticks: int = 0
    pre: Ints | None = None
    """[n of the source], further ticks before the map."""
    post: Ints | None = None
    """[n], further ticks behind the map."""

    @property
    def delayed(self) -> bool:
        """Whether every spike arrives at least one tick later."""
        least = [self.ticks, *(int(d.min()) for d in (self.pre, self.post) if d is not None)]
        return sum(least) > 0


@dataclass(frozen=True, eq=False)
class Expression:
    """A sum over populations: terms and a constant."""

    n: int
    terms: tuple[Term, ...]
    bias: Floats
    """[n]."""
    through: tuple[str, ...] = ()
    """The linear nodes folded in."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The populations that contribute, each once."""
        return tuple(dict.fromkeys(term.source for term in self.terms))


@dataclass(frozen=True, eq=False)
class Folded:
    """What enters each neuron node and Output."""

    entering: dict[str, Expression]
    approximations: tuple[Approximation, ...]


def fold(network: Network, dt_s: float | None) -> Folded:
    """What enters each neuron node and the Outputs, as sums over neurons and the Inputs.

    Parameters
    ----------
    dt_s
        Length of a tick in s, for Delay nodes; None if there is none.

    Raises
    ------
    ModelError
        A node nothing feeds, a loop of linear nodes without a neuron, a membrane (LI, I, CubaLI)
        that goes into weights or neurons, a delay that is too long, or a product too large to hold.
    """
    sources: dict[str, list[str]] = {name: [] for name in network.nodes}
    for source, target in network.edges:
        sources[target].append(source)
    known: dict[str, Expression] = {}
    entering: dict[str, Expression] = {}
    nearly: list[Approximation] = []
    for name in _linear_first(network, sources):
        node = network.nodes[name]
        if isinstance(node, Input):
            known[name] = _identity(name, node)
            continue
        if not sources[name]:
            raise _error(network, name, "gets no input", "Connect it or remove it.")
        _refuse_graded(network, name, sources[name])
        try:
            total = _sum([_give(network, known, source) for source in sources[name]])
            if not _is_linear(node):
                entering[name] = total
            elif isinstance(node, Delay):
                known[name] = _delayed(name, node, total, dt_s, nearly)
            else:
                known[name] = _through(name, node, total)
        except ModelError as exc:
            raise exc if exc.where else _error(network, name, exc.what, exc.fix) from exc
    return Folded(entering, tuple(nearly))


def _is_linear(node: Node) -> bool:
    return not isinstance(node, (Neuron, Input, Output))


def _identity(name: str, node: Node) -> Expression:
    n = int(np.prod(node.output_shape))
    return Expression(n, (Term(name, maps.identity(n)),), np.zeros(n))


def _give(network: Network, known: dict[str, Expression], source: str) -> Expression:
    """What a node gives on: a neuron its spikes, a linear node its expression."""
    node = network.nodes[source]
    return known[source] if source in known else _identity(source, node)


def _linear_first(network: Network, sources: dict[str, list[str]]) -> list[str]:
    """All nodes, each linear node after the linear nodes that feed it (Kahn)."""
    linear = {name for name, node in network.nodes.items() if _is_linear(node)}
    waiting = {name: sum(s in linear for s in sources[name]) for name in linear}
    targets: dict[str, list[str]] = {name: [] for name in linear}
    for source, target in network.edges:
        if source in linear and target in linear:
            targets[source].append(target)
    ready = [name for name in network.nodes if name in linear and waiting[name] == 0]
    order: list[str] = []
    while ready:
        name = ready.pop(0)
        order.append(name)
        for target in targets[name]:
            waiting[target] -= 1
            if waiting[target] == 0:
                ready.append(target)
    left = [name for name in network.nodes if name in linear and name not in set(order)]
    if left:
        raise _error(
            network, left[0], "is part of a loop without a neuron", "Put a neuron into the loop."
        )
    inputs = [name for name, node in network.nodes.items() if isinstance(node, Input)]
    return inputs + order + [n for n in network.nodes if n not in linear and n not in inputs]


def _refuse_graded(network: Network, name: str, sources: list[str]) -> None:
    """Membranes may only leave the network; layers pass on spikes."""
    node = network.nodes[name]
    for source in sources:
        giver = network.nodes[source]
        if not isinstance(giver, Neuron) or giver.fires or isinstance(node, (Output, Flatten)):
            continue
        raise _error(
            network,
            source,
            f"gives its membrane to {name!r} ({type(node).__name__}), but layers pass on spikes "
            "only",
            "Let it feed the Output alone, or use a firing neuron.",
        )


def _sum(parts: list[Expression]) -> Expression:
    if len(parts) == 1:
        return parts[0]
    bias: Floats = np.sum([part.bias for part in parts], axis=0)
    through = tuple(dict.fromkeys(name for part in parts for name in part.through))
    terms = merged(term for part in parts for term in part.terms)
    return Expression(parts[0].n, terms, bias, through)


def merged(terms: Iterable[Term]) -> tuple[Term, ...]:
    """The terms, with matrices of the same source and delay added into one."""
    result: list[Term] = []
    for term in terms:
        like = [k for k, other in enumerate(result) if _addable(other, term)]
        if like:
            other = result[like[0]]
            result[like[0]] = replace(other, map=maps.added(other.map, term.map))
        else:
            result.append(term)
    return tuple(result)


def _addable(first: Term, second: Term) -> bool:
    plain = all(
        term.pre is None and term.post is None and term.map.conv is None and term.map.pool is None
        for term in (first, second)
    )
    return plain and first.source == second.source and first.ticks == second.ticks


def _through(name: str, node: Node, entering: Expression) -> Expression:
    """The expression after a linear node."""
    through = (*entering.through, name)
    if isinstance(node, Flatten):  # row-major order stays
        return replace(entering, through=through)
    n = int(np.prod(node.output_shape))
    ready = entering.terms if isinstance(node, Scale) else _without_post(entering.terms)
    terms = merged(replace(term, map=behind(term.map, node)) for term in ready)
    bias = behind(maps.identity(entering.n), node).apply(entering.bias[None])[0]
    if isinstance(node, (Affine, Conv1d, Conv2d)):
        own = getattr(node, "bias", None)
        bias = bias if own is None else bias + np.repeat(own, n // own.size)
    return Expression(n, terms, bias, through)


def _without_post(terms: Iterable[Term]) -> list[Term]:
    """The terms without delays behind their maps, which what follows would mix."""
    parts = []
    for term in terms:
        if term.post is None:
            parts.append(term)
            continue
        parts += [
            replace(term, map=maps.masked(term.map, keep), ticks=term.ticks + ticks, post=None)
            for ticks, keep in split(term.post)
        ]
    return parts


def behind(linear: LinearMap, node: Node) -> LinearMap:
    """A map with a linear node behind it, the node's bias aside."""
    if isinstance(node, Scale):
        return maps.then_scale(linear, node.scale.reshape(-1))
    if isinstance(node, (Conv1d, Conv2d)):
        return maps.then_conv(linear, node.conv)
    if isinstance(node, (SumPool2d, AvgPool2d)):
        pooled = maps.then_pool(linear, node.pool)
        return maps.then_scale(pooled, np.full(pooled.n_out, node.factor))
    assert isinstance(node, (Linear, Affine))
    return maps.then_matrix(linear, np.ascontiguousarray(node.weight.T))


def _delayed(
    name: str,
    node: Delay,
    entering: Expression,
    dt_s: float | None,
    nearly: list[Approximation],
) -> Expression:
    ticks, error = in_ticks(node.delay.reshape(-1), dt_s)
    if error is not None:
        nearly.append(Approximation(name, "delays rounded to whole ticks, by at most s", error))
    if entering.bias.any() and ticks.any():
        what = "the bias before it acts from the first tick on: ticks too early"
        nearly.append(Approximation(name, what, float(ticks.max())))
    terms = []
    for term in entering.terms:
        if bool((ticks == ticks[0]).all()):
            terms.append(replace(term, ticks=term.ticks + int(ticks[0])))
        elif term.map.is_identity and term.post is None:
            terms.append(replace(term, pre=later(term.pre, ticks)))
        else:
            terms.append(replace(term, post=later(term.post, ticks)))
    return Expression(entering.n, tuple(terms), entering.bias, (*entering.through, name))


def _error(network: Network, name: str, what: str, fix: str) -> ModelError:
    kind = type(network.nodes[name]).__name__
    return ModelError(f"{kind} {what}", where=f"{network.name}: node {name!r}", fix=fix)
