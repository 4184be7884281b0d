"""Reads networks from files: the only place that knows foreign formats."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinysnn.network import Network

__all__ = ["load_network"]


def load_network(path: str | Path) -> Network:
    """The network of a NIR file (.nir) or of lava-dl's (.net), both HDF5, checked.

    Subgraphs are flattened.

    Raises
    ------
    ModelError
        The file is missing, damaged, or holds a network that cannot be deployed; the message
        names file, node, reason and what to do.
    """
    from tinysnn.errors import ModelError
    from tinysnn.load.hdf5 import read_tree
    from tinysnn.load.lava import holds_lava, read_lava
    from tinysnn.load.nir import read_nir

    file = Path(path)
    root = read_tree(file, ModelError)
    return read_lava(root, file) if holds_lava(root) else read_nir(root, file)
