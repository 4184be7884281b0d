"""The file of a pack (SPEC.md section 2): written whole, read as one that nobody trusts."""

from __future__ import annotations

import json
import os
import struct
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn.errors import PackError
from tinysnn.pack import MAX_PACK_BYTES, PACK_FORMAT, Pack, PackedLayer, PackMeta
from tinysnn.seal import sealed, tensors

_DTYPES = {"scale": np.float64, "learned": np.uint8, "replay": np.int8, "nuisance": np.int8}
_OPTIONAL = (
    *("alpha", "theta", "bias", "reset_to", "v_init", "v_min", "rho", "jump", "refractory"),
    *("delays", "learned", "replay", "nuisance"),
)
_REPACK = "Pack the model again with 'tinysnn pack'"


def load(path: Path) -> Pack:
    """Read and check a pack.

    Raises
    ------
    PackError: if the file is no pack, has another format, is damaged, or breaks SPEC.md.

    """
    found, text = _open(path)
    meta = _meta(text, path)
    layers = tuple(_layer(k, meta, found, path) for k in range(len(meta.layers)))
    if found:
        raise PackError(f"unknown tensor {min(found)!r}", where=str(path), fix=_REPACK)
    try:
        pack = sealed(meta, layers)
    except PackError as error:
        raise PackError(error.what, where=str(path), fix=error.fix or _REPACK) from error
    if pack.digest != meta.digest:
        raise PackError(
            f"wrong digest: the file says {meta.digest[:16]}, its content is {pack.digest[:16]}",
            where=str(path),
            fix="The file is damaged or was edited. " + _REPACK,
        )
    return pack


def _open(path: Path) -> tuple[dict[str, npt.NDArray[Any]], str]:
    from safetensors import SafetensorError
    from safetensors.numpy import load as from_safetensors

    try:
        if path.exists() and not path.is_file():
            raise PackError("cannot read the file (not an ordinary file)", where=str(path))
        with path.open("rb") as file:
            data = file.read(MAX_PACK_BYTES + 1)
        if len(data) > MAX_PACK_BYTES:
            raise PackError(
                f"more than {MAX_PACK_BYTES} bytes is too large for a pack", where=str(path)
            )
        (header_bytes,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + header_bytes])
        text = header["__metadata__"]["tinysnn"]
        return from_safetensors(data), str(text)
    except OSError as error:
        raise PackError(f"cannot read the file ({error.strerror})", where=str(path)) from error
    except (
        SafetensorError,
        struct.error,
        ValueError,
        KeyError,
        TypeError,
        RecursionError,
    ) as error:
        raise PackError(
            "not a tinysnn pack (a safetensors file with a 'tinysnn' entry), or cut short",
            where=str(path),
            fix=_REPACK,
        ) from error


def _meta(text: str, path: Path) -> PackMeta:
    try:
        found = msgspec.json.decode(text, type=dict[str, Any]).get("format")
        if found != PACK_FORMAT:
            raise PackError(
                f"pack format {found!r}, this tinysnn reads format {PACK_FORMAT}",
                where=str(path),
                fix="Update tinysnn, or pack the model again with this version",
            )
        return msgspec.json.decode(text, type=PackMeta)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PackError(f"bad description: {error}", where=str(path), fix=_REPACK) from error


def _layer(k: int, meta: PackMeta, found: dict[str, Any], path: Path) -> PackedLayer:
    spec = meta.layers[k]
    weights = [f"kernel{s}" for s in range(len(spec.sources))] if spec.has_kernels else ["rows"]
    required = {name: found.pop(f"l{k}.{name}", None) for name in (*weights, "beta", "scale")}
    optional = {name: found.pop(f"l{k}.{name}", None) for name in _OPTIONAL}
    where = f"{path}: layer {spec.name!r}"
    for name, table in {**required, **optional}.items():
        if table is None and name in required:
            raise PackError(f"table {name!r} is missing", where=where, fix=_REPACK)
        wanted = np.int8 if name in weights else _DTYPES.get(name, np.int32)
        if table is not None and table.dtype != wanted:
            raise PackError(f"table {name!r} is {table.dtype}, not {wanted.__name__}", where=where)
    if spec.has_kernels:
        required["kernels"] = tuple(required.pop(name) for name in weights)
        required["rows"] = np.zeros((0, spec.n), np.int8)
    return PackedLayer(spec, **required, **optional)


def to_bytes(pack: Pack) -> bytes:
    """The pack as the bytes of its file."""
    from safetensors.numpy import save as to_safetensors

    text = msgspec.json.encode(pack.meta, order="sorted").decode()
    return bytes(to_safetensors(tensors(pack.layers), metadata={"tinysnn": text}))


def save(pack: Pack, path: Path) -> None:
    """Write a pack; the file appears whole or not at all.

    Raises
    ------
    PackError: if the file cannot be written.

    """
    data = to_bytes(pack)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise PackError(
            f"cannot write the pack ({error.strerror})", where=str(path), fix="Choose another -o"
        ) from error
