"""N-MNIST: digits before an event camera, 34 x 34 pixels, in `events/nmnist/nmnist_small.npz`.

Events become spikes of 2312 inputs, channels first (`x + 34 y + 1156 polarity`), in ticks of 1 ms;
several events of a pixel in one tick are one spike.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.data.index import rows, whole
from tinysnn.data.keyword import in_turn
from tinysnn.data.labelled import LabelledClips, Progress
from tinysnn.data.labels import SPLITS
from tinysnn.data.where import recordings
from tinysnn.errors import StimulusError
from tinysnn.stimulus import Stimulus

FOLDER = Path("events") / "nmnist"
FILE_NAME = "nmnist_small.npz"
INPUTS = 2 * 34 * 34
TICKS = 300
TICK_US = 1000
MAX_ARRAY_BYTES = 512 << 20
_DTYPES = {"addr": "u", "dt_us": "u", "offset": "iu", "label": "u", "sample_id": "iu"}
Arrays = dict[str, npt.NDArray[Any]]


def read(
    split: str, data_dir: Path | None, limit: int | None, progress: Progress | None
) -> LabelledClips:
    """Clips of 0 and 1, ``[300, 2312]``; see `tinysnn.data.labelled.read_labelled`."""
    if split not in SPLITS:
        raise StimulusError(f"unknown split {split!r}", fix=f"One of {', '.join(SPLITS)}.")
    folder = recordings(data_dir, FOLDER, "nmnist")
    arrays = _arrays(folder / FILE_NAME)
    wanted = _of_split(folder / "index.csv", split)
    chosen = [i for i, n in enumerate(arrays["sample_id"].tolist()) if n in wanted]
    if not chosen:
        raise StimulusError(f"holds no samples of the split {split}", where=str(folder))
    labels = arrays["label"].astype(np.int64)
    chosen = [chosen[i] for i in in_turn(labels[chosen].tolist(), limit)]
    stimuli = []
    for i in chosen:
        name = f"sample {arrays['sample_id'][i]}"
        stimuli.append(Stimulus(_raster(arrays, i), name, int(labels[i])))
        if progress is not None:
            progress(len(stimuli), len(chosen))
    source = f"N-MNIST in {folder}, {split} split"
    return LabelledClips(tuple(stimuli), tuple(map(str, range(10))), source)


def _raster(arrays: Arrays, i: int) -> npt.NDArray[np.int8]:
    first, last = arrays["offset"][i : i + 2].astype(np.int64)
    address = arrays["addr"][first:last].astype(np.int64)
    ticks = np.cumsum(arrays["dt_us"][first:last].astype(np.int64)) // TICK_US
    kept = ticks < TICKS
    raster = np.zeros((TICKS, INPUTS), np.int8)
    raster[ticks[kept], address[kept]] = 1
    return raster


def _of_split(path: Path, split: str) -> set[int]:
    return {
        whole(row["sample_id"], 1 << 31, where, "sample_id")
        for where, row in rows(path, ("sample_id", "split"))
        if row["split"] == split
    }


def _arrays(path: Path) -> Arrays:
    """The arrays of the file, checked."""
    try:
        with zipfile.ZipFile(path) as archive:
            if any(info.file_size > MAX_ARRAY_BYTES for info in archive.infolist()):
                raise StimulusError("holds an array that is too large", where=str(path))
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: np.asarray(file[name]) for name in _DTYPES}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise StimulusError(f"cannot be read ({error})", where=str(path)) from error
    _check(arrays, str(path))
    return arrays


def _check(arrays: Arrays, where: str) -> None:
    for name, kinds in _DTYPES.items():
        if arrays[name].ndim != 1 or arrays[name].dtype.kind not in kinds:
            raise StimulusError(f"{name} is no list of whole numbers", where=where)
    offset = arrays["offset"].astype(np.int64)
    n = arrays["label"].size
    fits = offset.size == n + 1 and arrays["sample_id"].size == n
    fits = fits and arrays["addr"].size == arrays["dt_us"].size
    if not fits or offset[0] < 0 or offset[-1] > arrays["addr"].size or (np.diff(offset) < 0).any():
        raise StimulusError("its arrays do not belong together", where=where)
    if arrays["label"].max(initial=0) > 9 or arrays["addr"].max(initial=0) >= INPUTS:
        raise StimulusError("a label or address is out of range", where=where)
