"""Reads an HDF5 file into plain values, refusing whatever a small network does not need.

HDF5 can point into other files, load filter plug-ins and declare data sets far larger than the
file. Nothing of that is followed: links other than hard links, external and virtual data sets and
unknown filters are refused, and sizes are checked before anything is read.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

import numpy as np
import numpy.typing as npt

from tinysnn.errors import TinysnnError

MAGIC = b"\x89HDF\r\n\x1a\n"
MAX_FILE_BYTES = 64 << 20
MAX_DATA_BYTES = 256 << 20
MAX_MEMBERS = 50_000
MAX_DEPTH = 32
MAX_ATTR_BYTES = 4096
# gzip, shuffle, fletcher32, szip, nbit, scaleoffset, lzf: all built into h5py
_FILTERS = frozenset({1, 2, 3, 4, 5, 6, 32000})

Value: TypeAlias = "npt.NDArray[Any] | str"
Member: TypeAlias = "Group | Value"


@dataclass
class Group:
    """A group of the file: its members and attributes by name."""

    members: dict[str, Member] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)


def is_hdf5(path: Path) -> bool:
    """Whether the file begins with HDF5's signature."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def read_bytes(path: Path, error: type[TinysnnError], *, limit: int = MAX_FILE_BYTES) -> bytes:
    """The content of a file of at most ``limit`` bytes; raises ``error`` otherwise."""
    try:
        if not path.is_file():
            raise error("no such file", where=str(path), fix="Check the path.")
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as exc:
        raise error(f"cannot be read: {exc}", where=str(path), fix="Check the path.") from exc
    if len(data) > limit:
        raise error(f"larger than {limit >> 20} MiB", where=str(path), fix="Give a smaller file.")
    return data


def read_tree(path: Path, error: type[TinysnnError]) -> Group:
    """All groups, data sets and attributes of an HDF5 file.

    Arrays keep their dtype; strings become ``str``, string arrays object arrays of ``str``.

    Raises
    ------
    error
        The file is not HDF5, is damaged, too large, or uses a refused feature.
    """
    data = read_bytes(path, error)
    if not data.startswith(MAGIC):
        raise error(
            "not an HDF5 file", where=str(path), fix="Export the network again (nir.write)."
        )
    import h5py

    reader = _Reader(str(path), error)
    try:
        with h5py.File(io.BytesIO(data), "r") as file:
            return reader.group(file, "", 0)
    except TinysnnError:
        raise
    except Exception as exc:  # h5py raises nearly anything on damaged files
        reason = " ".join(str(exc).split())[:160] or type(exc).__name__
        raise error(
            f"damaged HDF5 file ({reason})", where=str(path), fix="Copy or export it again."
        ) from exc


class _Reader:
    """Walks one file and keeps count of what it has read."""

    def __init__(self, where: str, error: type[TinysnnError]) -> None:
        self.where, self.error = where, error
        self.members = 0
        self.data_bytes = 0

    def refuse(self, name: str, what: str) -> NoReturn:
        raise self.error(
            what, where=f"{self.where}: {name!r}", fix="Export the file again as plain HDF5."
        )

    def group(self, node: Any, name: str, depth: int) -> Group:
        import h5py

        if depth > MAX_DEPTH:
            self.refuse(name, f"nested deeper than {MAX_DEPTH} levels")
        result = Group(attrs=self._attrs(node, name))
        for key in node:
            path = f"{name}/{key}"
            self.members += 1
            if self.members > MAX_MEMBERS:
                self.refuse(path, f"more than {MAX_MEMBERS} members")
            if not _is_text(key):
                self.refuse(path, "name is not UTF-8")
            if not isinstance(node.get(key, getlink=True), h5py.HardLink):
                self.refuse(path, "a link to elsewhere, which is not followed")
            item = node[key]
            if isinstance(item, h5py.Group):
                result.members[key] = self.group(item, path, depth + 1)
            elif isinstance(item, h5py.Dataset):
                result.members[key] = self._value(item, path)
            else:
                self.refuse(path, "neither group nor data set")
        return result

    def _attrs(self, node: Any, name: str) -> dict[str, Any]:
        result = {}
        for key in list(node.attrs)[:64]:
            if node.attrs.get_id(key).get_storage_size() > MAX_ATTR_BYTES:
                self.refuse(f"{name}@{key}", f"attribute larger than {MAX_ATTR_BYTES} bytes")
            value = node.attrs[key]
            result[key] = value.decode("utf8") if isinstance(value, bytes) else value
        return result

    def _value(self, dataset: Any, name: str) -> Value:
        import h5py

        if dataset.is_virtual or dataset.external:
            self.refuse(name, "data in another file, which is not followed")
        creation = dataset.id.get_create_plist()
        filters = {creation.get_filter(k)[0] for k in range(creation.get_nfilters())}
        if not filters <= _FILTERS:
            self.refuse(name, f"compressed with a plug-in (filter {sorted(filters - _FILTERS)})")
        if dataset.shape is None:
            self.refuse(name, "empty data set")
        size = int(np.prod([int(d) for d in dataset.shape], dtype=object))
        self.data_bytes += size * max(int(dataset.dtype.itemsize), 8)  # float64 later
        if self.data_bytes > MAX_DATA_BYTES:
            self.refuse(name, f"more than {MAX_DATA_BYTES >> 20} MiB of data")
        if h5py.check_string_dtype(dataset.dtype) is not None:
            return _text(dataset[()])
        if dataset.dtype.kind not in "biuf":
            self.refuse(name, f"data of type {dataset.dtype}, not numbers or text")
        return np.asarray(dataset[()])


def _text(value: Any) -> Value:
    if isinstance(value, (bytes, np.bytes_)):
        return bytes(value).decode("utf8")
    if isinstance(value, str):
        return value
    flat = [item.decode("utf8") if isinstance(item, bytes) else str(item) for item in value.flat]
    result = np.empty(value.shape, dtype=object)
    result.reshape(-1)[:] = flat
    return result


def _is_text(name: object) -> bool:
    if not isinstance(name, str):
        return False
    try:
        name.encode("utf8")
    except UnicodeEncodeError:
        return False
    return True
