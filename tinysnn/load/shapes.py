"""Shapes of all nodes: scalars take theirs from their neighbours, edges must fit."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.load.values import Fields
from tinysnn.load.windows import FOLLOWING, followed, own_shapes
from tinysnn.network import NODE_TYPES, Affine, Edge, Linear, Shape, fields_with_role

Ends = dict[str, Shape]
MAX_ELEMENTS = 1 << 22


def resolve_shapes(
    kinds: dict[str, str], values: dict[str, Fields], edges: Iterable[Edge], where: str
) -> tuple[Ends, Ends]:
    """Input and output shape of every node.

    Raises
    ------
    ModelError
        Fields of one node differ in shape, or the size of a scalar node cannot be known.
    """
    flow = _Flow(kinds, values, where)
    for name, kind in kinds.items():
        ends = _own_shapes(kind, values[name], f"{where}: node {name!r}")
        if ends is not None:
            flow.takes[name], flow.gives[name] = ends
    forward: dict[str, list[str]] = {name: [] for name in kinds}
    backward: dict[str, list[str]] = {name: [] for name in kinds}
    for source, target in edges:
        forward[source].append(target)
        backward[target].append(source)
    flow.spread(forward)
    flow.spread_back(backward)
    flow.spread(forward)
    flow.check()
    return flow.takes, flow.gives


@dataclass
class _Flow:
    """Shapes known so far, and how they pass along edges to nodes that have none of their own."""

    kinds: dict[str, str]
    values: dict[str, Fields]
    where: str
    takes: Ends = field(default_factory=dict)
    gives: Ends = field(default_factory=dict)

    def spread(self, forward: dict[str, list[str]]) -> None:
        """A node of unknown shape takes that of the first node known to feed it."""
        queue = deque(self.gives)
        while queue:
            source = queue.popleft()
            for target in forward[source]:
                if target in self.takes:
                    continue
                shape = self.gives[source]
                self.takes[target] = self.gives[target] = shape
                if self.kinds[target] in FOLLOWING:
                    ends = self._followed(target, shape)
                    self.takes[target], self.gives[target] = ends
                queue.append(target)

    def _followed(self, name: str, shape: Shape) -> tuple[Shape, Shape]:
        return followed(self.kinds[name], self.values[name], shape, f"{self.where}: node {name!r}")

    def spread_back(self, backward: dict[str, list[str]]) -> None:
        """A node still unknown takes the shape of the node it feeds (not through ``FOLLOWING``)."""
        queue = deque(self.takes)
        while queue:
            target = queue.popleft()
            for source in backward[target]:
                if source not in self.takes and self.kinds[source] not in FOLLOWING:
                    self.takes[source] = self.gives[source] = self.takes[target]
                    queue.append(source)

    def check(self) -> None:
        """Every shape is known, and all together are not too large."""
        missing = [name for name in self.kinds if name not in self.takes]
        if missing:
            raise ModelError(
                "scalar parameters, and no neighbour tells how many neurons there are",
                where=f"{self.where}: node {missing[0]!r}",
                fix="Write the parameters per neuron.",
            )
        shapes = (*self.takes.values(), *self.gives.values())
        total = sum(int(np.prod(shape, dtype=object)) for shape in shapes)
        if total > MAX_ELEMENTS:
            raise ModelError(
                f"{total} values per tick in all nodes together",
                where=self.where,
                fix=f"At most {MAX_ELEMENTS} are taken: reduce the network.",
            )


def check_edges(takes: Ends, gives: Ends, edges: Iterable[Edge], where: str) -> list[str]:
    """Refuses edges between different shapes; returns notes on those that differ in 1-axes only."""
    notes = []
    for source, target in edges:
        out, into = gives[source], takes[target]
        if _core(out) != _core(into):
            raise ModelError(
                f"node {source!r} gives shape {list(out)}, but node {target!r} takes {list(into)}",
                where=where,
                fix="Correct the weights or the edge, or put a Flatten between them.",
            )
        if out != into:
            notes.append(
                f"{source} -> {target}: shapes {list(out)} and {list(into)} differ only in "
                "leading axes of size 1 and are taken as equal"
            )
    return notes


def _core(shape: Shape) -> Shape:
    """The shape without leading axes of size 1 (batch axes some exporters leave in)."""
    first = next((k for k, size in enumerate(shape) if size != 1), len(shape))
    return shape[first:]


def _own_shapes(kind: str, values: Fields, where: str) -> tuple[Shape, Shape] | None:
    """What the node's own fields say: (input, output) shape, or None if they are scalars."""
    node_type = NODE_TYPES[kind]
    if node_type in (Linear, Affine):
        rows, columns = values["weight"].shape
        if "bias" in values and values["bias"].shape not in ((rows,), (), (1,)):
            raise ModelError(
                f"bias has shape {list(values['bias'].shape)}, weight gives [{rows}]",
                where=where,
                fix="Export the network again.",
            )
        return (columns,), (rows,)
    if kind in FOLLOWING:
        return own_shapes(kind, values, where)
    if "shape" in values:
        return values["shape"], values["shape"]
    found = _parameter_shape(kind, values, where)
    return None if found is None else (found, found)


def _parameter_shape(kind: str, values: Fields, where: str) -> Shape | None:
    """The shape shared by all per-neuron fields; None if all are scalars."""
    shape: Shape = ()
    owner = ""
    for name in fields_with_role(kind, "neuron"):
        new: Shape = tuple(np.shape(values[name]))
        if int(np.prod(new)) > 1 or not shape:
            if int(np.prod(shape)) > 1 and shape != new:
                raise ModelError(
                    f"field {owner!r} has shape {list(shape)}, {name!r} has {list(new)}",
                    where=where,
                    fix="Give every parameter one value, or one per neuron.",
                )
            shape, owner = new, name
    return shape or None


def broadcast(kind: str, values: Fields, shape: Shape) -> Fields:
    """The fields with every per-neuron value in the node's shape (and a bias in its length)."""
    result = dict(values)
    for name in fields_with_role(kind, "neuron"):
        value = np.asarray(values[name])
        full = value if value.shape == shape else np.full(shape, value.reshape(-1)[0])
        result[name] = np.ascontiguousarray(full, dtype=np.float64)
    for name in fields_with_role(kind, "bias"):
        result[name] = np.broadcast_to(values[name], (values["weight"].shape[0],)).copy()
    return result
