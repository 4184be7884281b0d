"""Terms of what enters a layer become its connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.graph import Connection, Floats, Ints, SpatialConnection
from tinysnn.lower import maps
from tinysnn.lower.fold import Expression, Term
from tinysnn.lower.maps import LinearMap

_Array = TypeVar("_Array", Floats, Ints)


@dataclass(frozen=True)
class Places:
    """Where populations are: layers by schedule, Inputs by their first unit."""

    layers: Mapping[str, int]
    """Position of each layer."""
    inputs: Mapping[str, int]
    """First unit of each Input among the network's inputs."""
    n_in: int
    """Number of input units of the network."""


def connections(
    name: str, entering: Expression, gain: Floats, places: Places
) -> tuple[Connection | SpatialConnection, ...]:
    """The connections of one layer: inputs first, then layers in schedule order.

    A connection from a layer that runs at or after this one takes at least one tick.

    Raises
    ------
    ModelError
        A map that the gain makes too large to be stored.
    """
    order = {**dict.fromkeys(places.inputs, -1), **places.layers}
    terms = sorted(entering.terms, key=lambda term: order[term.source])
    try:
        return tuple(_connection(term, gain, places, places.layers[name]) for term in terms)
    except ModelError as exc:
        raise ModelError(exc.what, where=f"node {name!r}", fix=exc.fix) from exc


def _connection(
    term: Term, gain: Floats, places: Places, here: int
) -> Connection | SpatialConnection:
    index = places.layers.get(term.source)
    least = int(index is not None and index >= here)
    ticks, pre, post = _at_least(term, least)
    linear = _written_out(maps.then_scale(term.map, gain))
    n_source = places.n_in if index is None else linear.n_in
    first = places.inputs.get(term.source, 0)
    pre = None if pre is None else _widened(pre, first, n_source)
    if linear.matrix is not None and linear.pool is None:
        weight = _widened(linear.matrix, first, n_source)
        return Connection(index, ticks, weight, pre, post)
    return SpatialConnection(
        index, ticks, n_source, linear.pool, linear.conv, linear.matrix, first, pre, post
    )


def _at_least(term: Term, least: int) -> tuple[int, Ints | None, Ints | None]:
    """The delays of a term, none of them shorter than ``least`` ticks."""
    ticks, pre, post = term.ticks, term.pre, term.post
    if ticks >= least:
        return ticks, pre, post
    if pre is not None and post is None:
        return least, np.maximum(pre + ticks - least, 0), None
    if post is not None and pre is None:
        return least, None, np.maximum(post + ticks - least, 0)
    return least, pre, post


def _written_out(linear: LinearMap) -> LinearMap:
    """One-to-one connections as a matrix where it is small, else as single points."""
    if not linear.is_identity:
        return linear
    n = linear.n_in
    if n * n <= maps.SMALL:
        return LinearMap(n, n, matrix=np.eye(n))
    return LinearMap(n, n, conv=maps.one_to_one(np.ones(n)))


def _widened(values: _Array, first: int, n_source: int) -> _Array:
    """Rows of one Input among those of all, the others 0."""
    if values.shape[0] == n_source:
        return values
    wide: _Array = np.zeros((n_source, *values.shape[1:]), values.dtype)
    wide[first : first + values.shape[0]] = values
    return wide
