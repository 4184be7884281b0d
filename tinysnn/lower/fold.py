"""Linear, Affine, Scale and Flatten between populations become one matrix and bias per source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.graph import Floats
from tinysnn.network import Affine, Flatten, Input, Linear, Network, Neuron, Node, Output, Scale

MAX_WEIGHTS = 1 << 25


@dataclass(frozen=True, eq=False)
class Expression:
    """A sum over populations: ``sum of outputs @ matrix + bias``."""

    n: int
    terms: Mapping[str, Floats | None]
    """Per source (Input or neuron node) the matrix [n_source, n]; None is the identity."""
    bias: Floats
    """[n]."""
    through: tuple[str, ...] = ()
    """The linear nodes folded in."""


def fold(network: Network) -> dict[str, Expression]:
    """What enters each neuron node and the Output, as sums over neurons and the Input.

    Raises
    ------
    ModelError
        A node nothing feeds, a loop of linear nodes without a neuron, a membrane (LI, I, CubaLI)
        that goes into weights or neurons, or a product too large to hold.
    """
    sources: dict[str, list[str]] = {name: [] for name in network.nodes}
    for source, target in network.edges:
        sources[target].append(source)
    known: dict[str, Expression] = {}
    entering: dict[str, Expression] = {}
    for name in _linear_first(network, sources):
        node = network.nodes[name]
        if isinstance(node, Input):
            known[name] = _identity(name, node)
            continue
        if not sources[name]:
            raise _error(network, name, "gets no input", "Connect it or remove it.")
        _refuse_graded(network, name, sources[name])
        total = _sum([_give(network, known, source) for source in sources[name]])
        if _is_linear(node):
            known[name] = _through(network, name, node, total)
        else:
            entering[name] = total
    return entering


def _is_linear(node: Node) -> bool:
    return isinstance(node, (Linear, Affine, Scale, Flatten))


def _identity(name: str, node: Node) -> Expression:
    n = int(np.prod(node.output_shape))
    return Expression(n, {name: None}, np.zeros(n))


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
    terms: dict[str, Floats | None] = {}
    for part in parts:
        for source, matrix in part.terms.items():
            terms[source] = (
                _dense(terms[source], part.n) + _dense(matrix, part.n)
                if source in terms
                else matrix
            )
    bias: Floats = np.sum([part.bias for part in parts], axis=0)
    through = tuple(dict.fromkeys(name for part in parts for name in part.through))
    return Expression(parts[0].n, terms, bias, through)


def _dense(matrix: Floats | None, n: int) -> Floats:
    return np.eye(n) if matrix is None else matrix


def dense(expression: Expression, source: str) -> Floats:
    """The matrix [n_source, n] of one term."""
    matrix = expression.terms[source]
    if matrix is None and expression.n**2 > MAX_WEIGHTS:
        raise ModelError(
            f"the direct connection from {source!r} has {expression.n} neurons, too many",
            fix=f"At most {MAX_WEIGHTS} weights are taken per connection.",
        )
    return _dense(matrix, expression.n)


def _through(network: Network, name: str, node: Node, entering: Expression) -> Expression:
    """The expression after a linear node."""
    through = (*entering.through, name)
    if isinstance(node, Scale):
        scale = node.scale.reshape(-1)
        terms = {s: _scaled(network, name, m, scale) for s, m in entering.terms.items()}
        return Expression(entering.n, terms, entering.bias * scale, through)
    if not isinstance(node, (Linear, Affine)):  # Flatten: row-major order stays
        return Expression(entering.n, entering.terms, entering.bias, through)
    weight = np.ascontiguousarray(node.weight.T)
    products: dict[str, Floats | None] = {}
    for source, matrix in entering.terms.items():
        rows = entering.n if matrix is None else matrix.shape[0]
        _check_size(network, name, rows, weight.shape[1])
        products[source] = weight if matrix is None else matrix @ weight
    bias = entering.bias @ weight + (node.bias if isinstance(node, Affine) else 0.0)
    return Expression(weight.shape[1], products, bias, through)


def _scaled(network: Network, name: str, matrix: Floats | None, scale: Floats) -> Floats:
    if matrix is not None:
        return matrix * scale
    _check_size(network, name, scale.size, scale.size)
    return np.diag(scale)


def _check_size(network: Network, name: str, rows: int, columns: int) -> None:
    if rows * columns > MAX_WEIGHTS:
        raise _error(
            network,
            name,
            f"folded with what comes before it is a {rows} x {columns} matrix",
            f"At most {MAX_WEIGHTS} weights are taken per connection; put a neuron between.",
        )


def _error(network: Network, name: str, what: str, fix: str) -> ModelError:
    kind = type(network.nodes[name]).__name__
    return ModelError(f"{kind} {what}", where=f"{network.name}: node {name!r}", fix=fix)
