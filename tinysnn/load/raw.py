"""A node as a file holds it."""

from __future__ import annotations

from dataclasses import dataclass

from tinysnn.load.hdf5 import Value


@dataclass(frozen=True)
class RawNode:
    """A node as the file holds it."""

    kind: str
    """NIR's name of the node type."""
    fields: dict[str, Value]
