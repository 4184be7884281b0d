"""Events in NumPy files: structured arrays as Tonic makes them, or one array per column."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import StimulusError, TinysnnError
from tinysnn.events.options import EventOptions
from tinysnn.events.stream import EventStream
from tinysnn.load.event_fields import NAMES, Columns, stream_of, whole
from tinysnn.load.hdf5 import read_bytes

NPY_MAGIC = b"\x93NUMPY"
MAX_FILE_BYTES = 256 << 20
MAX_ARRAY_BYTES = 512 << 20
_OFFSET, _LABELS, _NAMES = ("offset", "offsets"), ("label", "labels"), ("names",)


def read_npy(path: Path, options: EventOptions) -> EventStream:
    """The events of a ``.npy`` file: a structured array, or a table with ``options.columns``."""
    data = read_bytes(path, StimulusError, limit=MAX_FILE_BYTES)
    array = _guarded(lambda: load_array(data, str(path)), str(path))
    stream = stream_of(_columns(array, options, str(path)), options, str(path))
    return replace(stream, form="NumPy events")


def read_event_npz(path: Path, options: EventOptions) -> EventStream:
    """The events of a ``.npz`` file: one structured array, or one array per column.

    ``offset`` ([clips + 1]), ``label`` or ``labels`` and ``names`` (one per clip) may stand beside.
    """
    data = read_bytes(path, StimulusError, limit=MAX_FILE_BYTES)
    arrays = _guarded(lambda: _members(data, str(path)), str(path))
    tables = [array for array in arrays.values() if array.dtype.names]
    columns: Columns = arrays
    if len(tables) == 1:
        columns = _columns(tables[0], options, str(path))
    elif tables:
        raise StimulusError(
            f"{len(tables)} structured arrays", where=str(path), fix="Keep one event array a file."
        )
    offset = _first(arrays, _OFFSET)
    bounds = None if offset is None else whole("offset", offset, str(path))
    stream = stream_of(columns, options, str(path), offset=bounds)
    return replace(stream, **_beside(arrays, stream.n_clips, str(path)), form="NumPy events")


def holds_events(path: Path) -> bool:
    """Whether a ``.npz`` holds events with places and times rather than rasters or event lists."""
    try:
        with zipfile.ZipFile(path) as archive:
            infos = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            if {"t", "index"} <= set(infos) or "raster" in infos:
                return False
            meanings = {NAMES.get(name.lower()) for name in infos}
            if {"x", "t"} <= meanings or "address" in meanings:
                return True
            return any(_is_structured(archive, info) for info in infos.values())
    except Exception:  # noqa: BLE001 - zipfile and numpy raise nearly anything on damaged files
        return False


def _is_structured(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    with archive.open(info) as member:
        return _header(io.BytesIO(member.read(1 << 16)))[1].names is not None


def _header(file: io.BytesIO) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0
    if version != (1, 0):
        read = np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    return shape, dtype


def load_array(data: bytes, where: str) -> npt.NDArray[Any]:
    """The array of a ``.npy`` file, once its header agrees with its size; nothing is unpickled."""
    file = io.BytesIO(data)
    shape, dtype = _header(file)
    need = int(dtype.itemsize)
    for side in shape:
        need *= side
    if dtype.hasobject or need > MAX_ARRAY_BYTES or need > len(data) - file.tell():
        raise StimulusError(
            f"an array of {dtype} and shape {list(shape)} that the file does not hold",
            where=where,
            fix=f"Write plain numbers of at most {MAX_ARRAY_BYTES >> 20} MiB with numpy.save.",
        )
    array: npt.NDArray[Any] = np.load(io.BytesIO(data), allow_pickle=False)
    return array


def _members(data: bytes, where: str) -> dict[str, npt.NDArray[Any]]:
    arrays = {}
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            name = info.filename.removesuffix(".npy")
            if info.file_size > MAX_ARRAY_BYTES:
                raise StimulusError(
                    f"array {name!r} is larger than {MAX_ARRAY_BYTES >> 20} MiB",
                    where=where,
                    fix="Give fewer clips.",
                )
            with archive.open(info) as member:
                arrays[name] = load_array(member.read(MAX_ARRAY_BYTES), where)
    return arrays


def _columns(array: npt.NDArray[Any], options: EventOptions, where: str) -> Columns:
    """Columns by name of a structured array, or of a table with ``options.columns``."""
    if array.dtype.names:
        return {name: array[name] for name in array.dtype.names}
    return table_columns(array, options, where)


def table_columns(table: npt.NDArray[Any], options: EventOptions, where: str) -> Columns:
    """Columns [E] of a plain table [E, columns] by the names of ``options.columns``."""
    if table.ndim != 2 or options.columns is None:
        raise StimulusError(
            f"an array of shape {list(table.shape)} whose columns have no names",
            where=where,
            fix="For events say --events columns=t,x,y,p; a raster goes into a .npz.",
        )
    names = [name.strip() for name in options.columns.split(",")]
    if len(names) != table.shape[1]:
        raise StimulusError(
            f"{table.shape[1]} columns, but 'columns' names {len(names)}",
            where=where,
            fix="Name each in order, with - for those that are not used.",
        )
    unknown = [name for name in names if name != "-" and name.lower() not in NAMES]
    if unknown:
        raise StimulusError(
            f"no column can be called {unknown[0]!r}",
            where=where,
            fix=f"Columns are {', '.join(NAMES)}, or - for one that is not used.",
        )
    used = [name for name in names if name != "-"]
    if len(set(used)) < len(used):
        raise StimulusError("a column named twice", where=where, fix="Leave one out, as -.")
    return {name: table[:, k] for k, name in enumerate(names) if name != "-"}


def _beside(arrays: dict[str, npt.NDArray[Any]], n_clips: int, where: str) -> dict[str, Any]:
    """Names and labels of the clips, if the file has them."""
    found: dict[str, Any] = {}
    labels, names = _first(arrays, _LABELS), _first(arrays, _NAMES)
    for what, values in (("labels", labels), ("names", names)):
        if values is not None and values.shape != (n_clips,):
            raise StimulusError(
                f"{what} of shape {list(values.shape)} for {n_clips} clips",
                where=where,
                fix=f"Give one of {what} per clip, and where clips begin (offset).",
            )
    if labels is not None:
        found["labels"] = tuple(whole("labels", labels, where).tolist())
    if names is not None:
        found["names"] = tuple(str(name) for name in names)
    return found


def _first(arrays: dict[str, npt.NDArray[Any]], names: tuple[str, ...]) -> npt.NDArray[Any] | None:
    return next((arrays[name] for name in names if name in arrays), None)


def _guarded(read: Any, where: str) -> Any:
    """What ``read`` returns; whatever it raises on a damaged file becomes one error."""
    try:
        return read()
    except TinysnnError:
        raise
    except Exception as exc:
        reason = " ".join(str(exc).split())[:160] or type(exc).__name__
        raise StimulusError(
            f"not NumPy arrays of plain numbers ({reason})",
            where=where,
            fix="Write them with numpy.save or numpy.savez, without objects.",
        ) from exc
