"""The child process that reads one HDF5 file from stdin and writes its content to stdout.

libhdf5 loops forever or crashes on some damaged files, which no Python code in the same process can
catch. It therefore runs in a child with limits on memory and time; see ``hdf5.read_tree``.

HDF5 can also point into other files, load filter plug-ins and declare data sets far larger than the
file. Nothing of that is followed: links other than hard links, external and virtual data sets and
unknown filters are refused, and sizes are checked before anything is read.
"""

from __future__ import annotations

import contextlib
import io
import math
import sys
from typing import Any, NoReturn

import numpy as np

MAX_DATA_BYTES = 256 << 20
MAX_MEMBERS = 50_000
MAX_DEPTH = 32
MAX_ATTRS = 64
MAX_ATTR_BYTES = 4096
_MEMORY_BYTES = 4 << 30
_CPU_S = 60
# gzip, shuffle, fletcher32, szip, nbit, scaleoffset, lzf: all built into h5py
_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})


class Refused(Exception):  # noqa: N818 - not an error of the program
    """Something in the file that is not read; ``args`` are its name in the file and why."""


def main() -> None:
    """Read the file on stdin; write ``{"tree": ..}``, ``{"refused": ..}`` or ``{"damaged": ..}``.

    The format is MessagePack; a group is ``{"members": .., "attrs": ..}``, an array
    ``{"dtype": .., "shape": .., "bytes": ..}``, an array of text ``{"shape": .., "text": [..]}``.
    """
    import msgspec

    _limit_resources()
    data = sys.stdin.buffer.read()
    try:
        answer: dict[str, Any] = {"tree": read(data)}
    except Refused as exc:
        answer = {"refused": list(exc.args)}
    except Exception as exc:  # noqa: BLE001 - h5py raises nearly anything on damaged files
        answer = {"damaged": str(exc) or type(exc).__name__}
    sys.stdout.buffer.write(msgspec.msgpack.encode(answer))


def read(data: bytes) -> dict[str, Any]:
    """Content of an HDF5 file as plain values, in the form ``main`` writes."""
    import h5py

    with h5py.File(io.BytesIO(data), "r") as file:
        return _Reader().group(file, "", 0)


def _limit_resources() -> None:
    """Bounds the child also where its parent is gone and no longer counts the time."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))


class _Reader:
    """Walks one file and keeps count of what it has read."""

    def __init__(self) -> None:
        self.members = 0
        self.data_bytes = 0

    def group(self, node: Any, name: str, depth: int) -> dict[str, Any]:
        if depth > MAX_DEPTH:
            _refuse(name, f"nested deeper than {MAX_DEPTH} levels")
        members = {}
        for key in node:
            path = f"{name}/{key}"
            self.members += 1
            if self.members > MAX_MEMBERS:
                _refuse(name, f"more than {MAX_MEMBERS} members")
            if not _is_text(key):
                _refuse(name, "a member's name is not UTF-8")
            members[key] = self._member(node, key, path, depth)
        return {"members": members, "attrs": _attrs(node, name)}

    def _member(self, node: Any, key: str, path: str, depth: int) -> Any:
        import h5py

        if not isinstance(node.get(key, getlink=True), h5py.HardLink):
            _refuse(path, "a link to elsewhere, which is not followed")
        item = node[key]
        if isinstance(item, h5py.Group):
            return self.group(item, path, depth + 1)
        if isinstance(item, h5py.Dataset):
            return self._value(item, path)
        return _refuse(path, "neither group nor data set")

    def _value(self, dataset: Any, name: str) -> Any:
        import h5py

        if dataset.is_virtual or dataset.external:
            _refuse(name, "data in another file, which is not followed")
        creation = dataset.id.get_create_plist()
        filters = {creation.get_filter(k)[0] for k in range(creation.get_nfilters())}
        if not filters <= _FILTERS:
            _refuse(name, f"compressed with a plug-in (filter {sorted(filters - _FILTERS)})")
        if dataset.shape is None:
            _refuse(name, "empty data set")
        # as float64, which is what the values become later
        self.data_bytes += math.prod(dataset.shape) * max(int(dataset.dtype.itemsize), 8)
        if self.data_bytes > MAX_DATA_BYTES:
            _refuse(name, f"more than {MAX_DATA_BYTES >> 20} MiB of data")
        if h5py.check_string_dtype(dataset.dtype) is not None:
            return _text(dataset[()])
        if dataset.dtype.kind not in "biuf":
            _refuse(name, f"data of type {dataset.dtype}, not numbers or text")
        array = np.asarray(dataset[()])
        array = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))
        shape = list(dataset.shape)
        return {"dtype": array.dtype.str, "shape": shape, "bytes": array.tobytes()}


def _refuse(name: str, what: str) -> NoReturn:
    raise Refused(name, what)


def _attrs(node: Any, name: str) -> dict[str, Any]:
    """Attributes that are one number or text; others have no meaning here."""
    keys = list(node.attrs)
    if len(keys) > MAX_ATTRS:
        _refuse(name, f"more than {MAX_ATTRS} attributes")
    result = {}
    for key in keys:
        if node.attrs.get_id(key).get_storage_size() > MAX_ATTR_BYTES:
            _refuse(name, f"an attribute larger than {MAX_ATTR_BYTES} bytes")
        value = node.attrs[key]
        value = value.item() if isinstance(value, np.generic) else value
        value = value.decode("utf8") if isinstance(value, bytes) else value
        if isinstance(value, (str, int, float)):
            result[key] = value
    return result


def _text(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {"shape": list(value.shape), "text": [_decode(item) for item in value.flat]}
    return _decode(value)


def _decode(value: Any) -> str:
    return bytes(value).decode("utf8") if isinstance(value, (bytes, np.bytes_)) else str(value)


def _is_text(name: object) -> bool:
    if not isinstance(name, str):
        return False
    try:
        name.encode("utf8")
    except UnicodeEncodeError:
        return False
    return True
