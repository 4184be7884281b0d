"""What a NIR file says about where it comes from.

Only metadata that name a framework are taken at their word: they become the profile unless the user
names one. Names of nodes that one exporter alone writes are shown, but decide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from tinysnn.load.hdf5 import Group

_KEYS = ("framework", "exporter", "generator", "source")
_FRAMEWORKS = {
    "snntorch": "snntorch", "norse": "norse", "spikingjelly": "spikingjelly", "sinabs": "sinabs",
    "rockpool": "rockpool", "nengo": "nengo", "spyx": "spyx", "lava": "lava",
}  # fmt: skip
_HABITS: Mapping[str, re.Pattern[str]] = {
    "rockpool": re.compile(r"\d+_(Linear|LIF|LIFNeuron|ExpSyn)(Torch|Jax)?$"),
}
"""Names of nodes that one framework's exporter alone writes."""


def detected(file: Group, graph: Group, nodes: Iterable[str]) -> tuple[str | None, tuple[str, ...]]:
    """The framework that the metadata name (None: none), and what was found, in words."""
    notes = []
    version = file.members.get("version")
    if isinstance(version, str):
        notes.append(f"detected: written by nir {version[:20]}")
    source = _named(graph)
    if source is not None:
        notes.append(f"detected: from {source}, as the file's metadata say (--from changes it)")
    names = tuple(nodes)
    for framework, habit in _HABITS.items():
        if source is None and any(habit.match(name) for name in names):
            notes.append(f"detected: nodes are named as {framework} does; see --from {framework}")
    return source, tuple(notes)


def _named(graph: Group) -> str | None:
    metadata = graph.members.get("metadata")
    if not isinstance(metadata, Group):
        return None
    values = {**metadata.attrs, **metadata.members}
    for key in _KEYS:
        words = re.findall(r"[a-z]+", str(values.get(key, "")).lower())
        found = {_FRAMEWORKS[word] for word in words if word in _FRAMEWORKS}
        if len(found) == 1:
            return found.pop()
    return None
