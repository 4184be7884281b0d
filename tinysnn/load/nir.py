"""NIR files (.nir, HDF5) -> Network.

Read through h5py rather than ``nir.read``, whose type check refuses scalar parameters and other
files that have a plain meaning, and which follows every link of the file.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tinysnn.errors import ModelError
from tinysnn.load.detect import detected
from tinysnn.load.flatten import FlatGraph, flatten
from tinysnn.load.hdf5 import Group
from tinysnn.load.mend import mend_ports, mend_shapes
from tinysnn.load.shapes import broadcast, check_edges, resolve_shapes
from tinysnn.load.values import Fields, parse_fields
from tinysnn.load.windows import FOLLOWING, with_shape
from tinysnn.network import NODE_TYPES, Edge, Input, Network, Node, Output


class UnsupportedNodesError(ModelError):
    """A file with nodes that cannot be deployed; ``nodes`` has (name, type, supported) of all."""

    def __init__(self, what: str, *, nodes: tuple[tuple[str, str, bool], ...], **more: str) -> None:
        self.nodes = nodes
        super().__init__(what, **more)


def read_nir(tree: Group, path: Path) -> Network:
    """The network of a NIR file. Raises ModelError as ``load_network`` says."""
    root = tree.members.get("node")
    if not isinstance(root, Group):
        raise ModelError(
            "HDF5, but not a NIR graph (no group 'node')",
            where=str(path),
            fix="Write it with nir.write.",
        )
    network = _network(flatten(root, str(path)), path)
    source, found = detected(tree, root, network.nodes)
    return replace(network, source=source, notes=(*found, *network.notes))


def _network(flat: FlatGraph, path: Path) -> Network:
    where = str(path)
    _refuse_unsupported(flat, where)
    kinds = {name: raw.kind for name, raw in flat.nodes.items()}
    values: dict[str, Fields] = {}
    notes = list(flat.notes)
    for name, raw in flat.nodes.items():
        values[name], more = parse_fields(raw, f"{where}: node {name!r}")
        notes += [note.replace(f"{where}: ", "", 1) for note in more]
    takes, gives = resolve_shapes(kinds, values, flat.edges, where)
    notes += mend_ports(flat.ports, (takes, gives), flat.edges)
    notes += mend_shapes(kinds, values, (takes, gives), flat.edges, where)
    notes += check_edges(takes, gives, flat.edges, where)
    nodes: dict[str, Node] = {}
    for name, kind in kinds.items():
        full = broadcast(kind, values[name], takes[name])
        following = kind in FOLLOWING
        nodes[name] = with_shape(kind, full, takes[name]) if following else NODE_TYPES[kind](**full)
    edges = _without_ports(flat, where)
    nodes = {name: node for name, node in nodes.items() if name not in flat.ports}
    _check_ends(nodes, edges, where)
    return Network(path.stem, nodes, edges, tuple(notes))


def _refuse_unsupported(flat: FlatGraph, where: str) -> None:
    if not flat.unsupported:
        return
    found = ", ".join(f"{name!r} ({kind})" for name, kind in list(flat.unsupported.items())[:8])
    raise UnsupportedNodesError(
        f"nodes that this version cannot deploy: {found}",
        nodes=tuple((n, raw.kind, n not in flat.unsupported) for n, raw in flat.nodes.items()),
        where=where,
        fix=f"Replace them by nodes out of {', '.join(NODE_TYPES)}.",
    )


def _without_ports(flat: FlatGraph, where: str) -> tuple[Edge, ...]:
    """The edges with subgraphs' Inputs and Outputs bridged over."""
    successors: dict[str, list[str]] = {port: [] for port in flat.ports}
    for source, target in flat.edges:
        if source in flat.ports:
            successors[source].append(target)
    edges: dict[Edge, None] = {}
    for source, target in flat.edges:
        if source in flat.ports:
            continue
        pending, seen = [target], set()
        while pending:
            head = pending.pop()
            if head in seen:
                raise ModelError(
                    f"subgraph port {head!r} is reached twice from {source!r}",
                    where=where,
                    fix="Connect the subgraphs through a node, and each only once.",
                )
            if head not in flat.ports:
                edges[source, head] = None
                continue
            seen.add(head)
            pending += reversed(successors[head])
    return tuple(edges)


def _check_ends(nodes: dict[str, Node], edges: tuple[Edge, ...], where: str) -> None:
    """At least one Input and one Output; nothing feeds the former, the latter feeds nothing."""
    for node_type in (Input, Output):
        if not any(isinstance(node, node_type) for node in nodes.values()):
            raise ModelError(
                f"no {node_type.__name__} node",
                where=where,
                fix=f"Give the graph an {node_type.__name__}.",
            )
    for source, target in edges:
        if isinstance(nodes[source], Output) or isinstance(nodes[target], Input):
            raise ModelError(
                f"edge {source!r} -> {target!r} leaves an Output or enters an Input",
                where=where,
                fix="Remove the edge.",
            )
