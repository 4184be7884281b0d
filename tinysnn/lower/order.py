"""The order in which layers run in a tick, and which connections are therefore delayed.

Depth-first search from the Input (children in the order of the file), layers in reverse postorder.
A connection is delayed by one tick if and only if its source runs at or after its target. A graph
without loops has no delayed connection. In a loop with one entrance it is the connection that goes
back to the entrance, whatever the order of the file; in a loop entered at several places the search
enters it at the node that the file lists first.

Connections that take a tick or more anyway (Delay nodes) do not count: they order nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def schedule(targets: Mapping[str, Sequence[str]], roots: Sequence[str]) -> list[str]:
    """All nodes reachable from ``roots`` (searched in that order), in the order they run.

    Of two roots that cannot reach each other, the later one runs first.
    """
    order: list[str] = []
    seen: set[str] = set()
    for root in roots:
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(targets[root]))]
        while stack:
            name, children = stack[-1]
            child = next((c for c in children if c not in seen), None)
            if child is None:
                stack.pop()
                order.append(name)
                continue
            seen.add(child)
            stack.append((child, iter(targets[child])))
    return order[::-1]


def reachable(targets: Mapping[str, Sequence[str]], roots: Sequence[str]) -> set[str]:
    """All nodes reachable from ``roots``, themselves included."""
    return set(schedule(targets, roots))
