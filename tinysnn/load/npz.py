"""Input clips out of NumPy's .npz, never unpickling anything."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import StimulusError, TinysnnError
from tinysnn.load.clips import Events, Wanted, clips_from_events, clips_from_raster, stimuli
from tinysnn.load.hdf5 import read_bytes
from tinysnn.stimulus import Stimulus

MAX_FILE_BYTES = 256 << 20
MAX_ARRAY_BYTES = 512 << 20
Arrays = dict[str, npt.NDArray[Any]]


def read_npz(path: Path, wanted: Wanted) -> list[Stimulus]:
    """The clips of a .npz file, a raster or an event list; see ``load_stimuli``."""
    with _plain(path, wanted) as archive:
        return _read(archive, path.stem, wanted)


def holds(path: Path, name: str) -> bool:
    """Whether a .npz file has an array of this name; False for what is no such file."""
    try:
        with zipfile.ZipFile(path) as archive:
            return f"{name}.npy" in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def read_arrays(path: Path, wanted: Wanted, names: list[str]) -> Arrays:
    """Those of the named arrays that a .npz file has.

    Raises
    ------
    StimulusError: the file is missing, damaged or too large.

    """
    with _plain(path, wanted) as archive:
        return {name: _array(archive, info, wanted) for name, info in _members(archive, names)}


def _members(
    archive: zipfile.ZipFile, names: list[str] | None = None
) -> list[tuple[str, zipfile.ZipInfo]]:
    """Arrays of an archive, all or some, by name."""
    found = [(i.filename[:-4], i) for i in archive.infolist() if i.filename[-4:] == ".npy"]
    return [(name, info) for name, info in found if names is None or name in names]


@contextmanager
def _plain(path: Path, wanted: Wanted) -> Iterator[zipfile.ZipFile]:
    """A .npz file, with whatever goes wrong in it in words."""
    data = read_bytes(path, StimulusError, limit=MAX_FILE_BYTES)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield archive
    except TinysnnError:
        raise
    except Exception as exc:
        # zipfile and numpy raise nearly anything on damaged files
        reason = " ".join(str(exc).split())[:160] or type(exc).__name__
        raise wanted.refuse(
            f"not a .npz of plain arrays ({reason})",
            "Write it with numpy.savez_compressed, without objects.",
        ) from exc


def _read(archive: zipfile.ZipFile, stem: str, wanted: Wanted) -> list[Stimulus]:
    members = dict(_members(archive))
    key = _choose(list(members), wanted)
    needed = ["labels", "names"]
    needed += [key] if key else ["t", "index", "value", "clip", "n_ticks"]
    arrays = {name: _array(archive, members[name], wanted) for name in needed if name in members}
    if key:
        clips = clips_from_raster(arrays[key], wanted)
        stem = stem if key == "raster" else f"{stem}:{key}"
    else:
        clips = clips_from_events(_events(arrays, wanted), wanted)
    return stimuli(clips, stem, wanted, names=arrays.get("names"), labels=arrays.get("labels"))


def _choose(names: list[str], wanted: Wanted) -> str | None:
    """Name of the raster to read; None for the event list."""
    if wanted.key is not None:
        if wanted.key in names:
            return wanted.key
        raise wanted.refuse(f"no array {wanted.key!r}", f"There are {', '.join(names) or 'none'}.")
    if "raster" in names:
        return "raster"
    if "t" in names and "index" in names:
        return None
    rasters = [name for name in names if name not in ("labels", "names")]
    if len(rasters) == 1:
        return rasters[0]
    raise wanted.refuse(
        f"neither 'raster' nor events 't' and 'index' among {', '.join(names) or 'no arrays'}",
        "Choose an array with FILE:NAME.",
    )


def _array(archive: zipfile.ZipFile, info: zipfile.ZipInfo, wanted: Wanted) -> npt.NDArray[Any]:
    if info.file_size > MAX_ARRAY_BYTES:
        raise wanted.refuse(
            f"array {info.filename[:-4]!r} is larger than {MAX_ARRAY_BYTES >> 20} MiB",
            "Give fewer clips.",
        )
    with archive.open(info) as member:
        content = io.BytesIO(member.read(MAX_ARRAY_BYTES))
    array: npt.NDArray[Any] = np.load(content, allow_pickle=False)
    return array


def _events(arrays: Arrays, wanted: Wanted) -> Events:
    tick, index = _whole("t", arrays, wanted), _whole("index", arrays, wanted)
    if "n_ticks" not in arrays:
        raise wanted.refuse("an event list without n_ticks", "Give the length of each clip.")
    n_ticks = np.atleast_1d(_whole("n_ticks", arrays, wanted))
    clip = _whole("clip", arrays, wanted) if "clip" in arrays else np.zeros_like(tick)
    value = _whole("value", arrays, wanted) if "value" in arrays else np.ones_like(tick)
    if not tick.shape == index.shape == clip.shape == value.shape == (tick.size,):
        raise wanted.refuse(
            f"t, index, value and clip of shapes {tick.shape}, {index.shape}, {value.shape}, "
            f"{clip.shape}",
            "Give one of each per event.",
        )
    order = np.lexsort((tick, clip))
    if (order != np.arange(order.size)).any():
        raise wanted.refuse(
            "events that are not in the order of clip and tick", "Sort them before saving."
        )
    return Events(clip, tick, index, value, tuple(int(n) for n in n_ticks.reshape(-1)))


def _whole(name: str, arrays: Arrays, wanted: Wanted) -> npt.NDArray[np.int64]:
    array = arrays[name]
    if array.dtype.kind not in "biu":
        raise wanted.refuse(f"{name} of type {array.dtype}", "Give whole numbers.")
    if array.size and (array.max() > 2**31 or array.min() < -(2**31)):
        raise wanted.refuse(f"{name} up to {array.max()}", "Use numbers of at most 32 bits.")
    return array.astype(np.int64)
