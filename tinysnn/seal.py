"""Seals a pack: its rules are checked and its digest is computed (SPEC.md section 2)."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn.pack import Pack, PackedLayer, PackMeta
from tinysnn.pack_rules import check


def sealed(meta: PackMeta, layers: tuple[PackedLayer, ...]) -> Pack:
    """A pack with its digest computed and its rules checked."""
    digest = _digest(meta, layers)
    pack = Pack(msgspec.structs.replace(meta, digest=digest), layers)
    check(pack)
    return pack


def tensors(layers: tuple[PackedLayer, ...]) -> dict[str, npt.NDArray[Any]]:
    """All tables of all layers, by the names they have in a pack's file."""
    return {
        f"l{k}.{name}": np.ascontiguousarray(table)
        for k, layer in enumerate(layers)
        for name, table in layer.tables().items()
    }


def _digest(meta: PackMeta, layers: tuple[PackedLayer, ...]) -> str:
    content = msgspec.to_builtins(meta)
    del content["digest"]
    sha = hashlib.sha256(msgspec.json.encode(content, order="sorted"))
    for name, table in sorted(tensors(layers).items()):
        sha.update(f"{name} {table.dtype.str} {table.shape}".encode())
        sha.update(table.tobytes())
    return sha.hexdigest()
