"""Subgraphs of a NIR file become nodes of one flat graph."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.load.hdf5 import Group, Member
from tinysnn.load.mend import mended_edges
from tinysnn.load.raw import RawNode
from tinysnn.network import NODE_TYPES, Edge

_SUBGRAPH = "NIRGraph"
_IGNORED = frozenset({"type", "metadata"})


@dataclass
class FlatGraph:
    """Nodes and edges of all levels; a subgraph's Input and Output are still there."""

    nodes: dict[str, RawNode] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    ports: set[str] = field(default_factory=set)
    """Inputs and Outputs of subgraphs: they only pass values on."""
    unsupported: dict[str, str] = field(default_factory=dict)
    """Name and type of each node that cannot be deployed."""
    notes: list[str] = field(default_factory=list)
    """What was mended."""


def flatten(root: Group, where: str) -> FlatGraph:
    """One flat graph out of the file's ``node`` group; names are joined with a dot."""
    if _kind(root, where) != _SUBGRAPH:
        raise ModelError(
            f"holds a single {_kind(root, where)} node, not a graph",
            where=where,
            fix="Wrap it in a NIRGraph with an Input and an Output.",
        )
    graph = FlatGraph()
    _add_level(graph, root, "", where)
    return graph


def _kind(node: Member, where: str) -> str:
    kind = node.members.get("type") if isinstance(node, Group) else None
    if not isinstance(kind, str):
        raise ModelError("has no node type", where=where, fix="Export the network again.")
    return kind


def _add_level(graph: FlatGraph, group: Group, prefix: str, where: str) -> None:
    """Adds nodes and edges of one (sub)graph; ``prefix`` ends in a dot below the top level."""
    here = f"{where}: subgraph {prefix[:-1]!r}" if prefix else where
    nodes = group.members.get("nodes")
    if not isinstance(nodes, Group) or not nodes.members:
        raise ModelError("graph without nodes", where=here, fix="Export the network again.")
    kinds = {name: _kind(node, f"{here}: node {name!r}") for name, node in nodes.members.items()}
    for name, member in nodes.members.items():
        # the cast holds: _kind has refused everything that is not a group
        _add_node(graph, cast("Group", member), prefix, name, where)
    edges, ports, notes = mended_edges(_edges(group, here), kinds)
    graph.ports |= {prefix + port for port in ports}
    graph.notes += [f"{prefix[:-1]}: {note}" if prefix else note for note in notes]
    for source, target in edges:
        tail = _end(source, nodes, "Output", here)
        head = _end(target, nodes, "Input", here)
        for name, end in ((source, tail), (target, head)):
            if end is None:
                raise _unknown_node(name, (source, target), kinds, here)
        graph.edges.append((f"{prefix}{tail}", f"{prefix}{head}"))


def _add_node(graph: FlatGraph, member: Group, prefix: str, key: str, where: str) -> None:
    kind, name = _kind(member, where), prefix + key
    if kind == _SUBGRAPH:
        _add_level(graph, member, f"{name}.", where)
        return
    if name in graph.nodes or name in graph.unsupported:
        raise ModelError(
            f"two nodes are named {name!r} once subgraphs are flattened",
            where=where,
            fix="Rename one of them.",
        )
    if kind not in NODE_TYPES:
        graph.unsupported[name] = kind
    if prefix and kind in ("Input", "Output"):
        graph.ports.add(name)
    values = {
        key: value
        for key, value in member.members.items()
        if key not in _IGNORED and not isinstance(value, Group)
    }
    graph.nodes[name] = RawNode(kind, values)


def _edges(group: Group, where: str) -> list[Edge]:
    """The edges of one level, without duplicates, in the order of the file."""
    edges = group.members.get("edges")
    if isinstance(edges, np.ndarray) and edges.size == 0:
        return []
    pairs = isinstance(edges, np.ndarray) and edges.dtype == object and edges.shape[1:] == (2,)
    if not pairs:
        raise ModelError(
            "edges are not pairs of node names", where=where, fix="Export the network again."
        )
    return list(dict.fromkeys((str(pair[0]), str(pair[1])) for pair in cast("Any", edges)))


def _end(name: str, nodes: Group, port_kind: str, where: str) -> str | None:
    """The flat name an edge's end means: a subgraph stands for its only Input or Output."""
    inner = nodes.members.get(name)
    if not isinstance(inner, Group) or inner.members.get("type") != _SUBGRAPH:
        return None if inner is None else name
    members = inner.members.get("nodes")
    if not isinstance(members, Group):
        return None
    ports = [
        key
        for key, node in members.members.items()
        if isinstance(node, Group) and node.members.get("type") == port_kind
    ]
    if len(ports) != 1:
        raise ModelError(
            f"subgraph {name!r} has {len(ports)} {port_kind} nodes, so an edge to it is not clear",
            where=where,
            fix=f"Give it exactly one {port_kind}.",
        )
    return f"{name}.{ports[0]}"


def _unknown_node(name: str, edge: Edge, kinds: dict[str, str], where: str) -> ModelError:
    near = sorted(key for key in kinds if key.startswith(name) or name.startswith(key))
    hint = f"There are {', '.join(map(repr, near))}: " if near else ""
    return ModelError(
        f"edge {edge[0]!r} -> {edge[1]!r} names node {name!r}, which does not exist",
        where=where,
        fix=f"{hint}export the network again with a current nir, or correct the edge.",
    )
