"""Mends older files whose meaning is plain all the same; every mend leaves a note.

What is mended: edges that name a flattened subgraph by its old name, or a node that was renamed;
a subgraph's Input or Output whose shape contradicts all that it connects, where these agree; an
Input with a time or batch axis in front; a Flatten that counts a batch axis, or whose input shape
was never filled in. Anything that could be read in two ways is left, and refused later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tinysnn.load.values import Fields
from tinysnn.load.windows import followed
from tinysnn.network import Edge, Shape

Ends = dict[str, Shape]


def mended_edges(
    edges: list[Edge], kinds: Mapping[str, str]
) -> tuple[list[Edge], set[str], list[str]]:
    """The edges of one level with known names, the ports that were found, and notes.

    Parameters
    ----------
    kinds
        Type of each node of the level.
    """
    unknown = {name for edge in edges for name in edge if name not in kinds}
    sources, targets, ports = dict[str, str](), dict[str, str](), set[str]()
    notes = []
    for name in sorted(unknown):
        enter, leave = f"{name}.input", f"{name}.output"
        looped = (name, name) in edges
        if kinds.get(enter) == "Input" and kinds.get(leave) == "Output" and not looped:
            sources[name], targets[name] = leave, enter
            ports |= {enter, leave}
            notes.append(f"mended: edges to {name!r} are taken to mean {enter!r} and {leave!r}")
            continue
        idle = [key for key in kinds if not any(key in edge for edge in edges)]
        if len(unknown) == 1 and len(idle) == 1 and idle[0].startswith(name):
            sources[name] = targets[name] = idle[0]
            notes.append(
                f"mended: edges to {name!r} are taken to mean {idle[0]!r}, the one node without any"
            )
    known = [(sources.get(source, source), targets.get(target, target)) for source, target in edges]
    return known, ports, notes


def mend_shapes(
    kinds: Mapping[str, str],
    values: Mapping[str, Fields],
    ends: tuple[Ends, Ends],
    edges: Iterable[Edge],
    where: str,
) -> list[str]:
    """Corrects shapes (and a Flatten's axes) in place where all that follows agrees; notes."""
    takes, gives = ends
    wanted: dict[str, set[Shape]] = {}
    for source, target in edges:
        wanted.setdefault(source, set()).add(takes[target])
    notes = []
    for name, kind in kinds.items():
        if len(wanted.get(name, ())) != 1:
            continue
        (shape,) = wanted[name]
        if kind == "Input" and len(gives[name]) == len(shape) + 1 and gives[name][1:] == shape:
            notes.append(
                f"mended: {name}: the axis of {gives[name][0]} in front of {list(shape)} is taken "
                "for time or batch"
            )
            takes[name] = gives[name] = values[name]["shape"] = shape
        elif kind == "Flatten" and gives[name] != shape and values[name]["start_dim"] > 0:
            fields = {**values[name], "start_dim": values[name]["start_dim"] - 1}
            if followed(kind, fields, takes[name], where)[1] == shape:
                values[name]["start_dim"] -= 1
                gives[name] = shape
                notes.append(f"mended: {name}: its axes are taken to count a batch axis")
    return notes


def mend_ports(ports: Iterable[str], ends: tuple[Ends, Ends], edges: Iterable[Edge]) -> list[str]:
    """Gives a subgraph's Input or Output the one shape that enters and leaves it; notes.

    A port only passes values on: a shape of its own that fits neither side can mean nothing else.
    """
    takes, gives = ends
    pairs, notes = tuple(edges), []
    for port in sorted(ports):
        enters = {gives[source] for source, target in pairs if target == port}
        leaves = {takes[target] for source, target in pairs if source == port}
        if len(enters) != 1 or enters != leaves or takes[port] in enters:
            continue
        (shape,) = enters
        notes.append(
            f"mended: {port}: its shape {list(takes[port])} is taken to be {list(shape)}, "
            "which is what enters and leaves it"
        )
        takes[port] = gives[port] = shape
    return notes
