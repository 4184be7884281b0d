"""Reads networks from files: the only place that knows foreign formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinysnn.network import Network

__all__ = ["load_network"]


def load_network(path: str | Path) -> Network:
    """The network of a NIR file (.nir, HDF5), checked, with subgraphs flattened.

    Raises
    ------
    ModelError
        The file is missing, damaged, or holds a network that cannot be deployed; the message
        names file, node, reason and what to do.
    """
    from tinysnn.load.nir import read_nir

    return read_nir(Path(path))
