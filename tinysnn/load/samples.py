"""Raw samples out of a .npz file, for packs with a front end: `samples`, `labels`, `names`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinysnn.encode import log_mel, vibration
from tinysnn.front_end import FrontEnd, LogMel
from tinysnn.load.clips import MAX_VALUES, Wanted, stimuli
from tinysnn.load.npz import Arrays, holds, read_arrays
from tinysnn.stimulus import Stimulus

KEY = "samples"


def is_samples(path: Path, wanted: Wanted) -> bool:
    """Whether a file is meant to be given to the front end."""
    return path.suffix == ".npz" and wanted.key in (None, KEY) and holds(path, KEY)


def read_samples(path: Path, wanted: Wanted, ear: FrontEnd) -> list[Stimulus]:
    """The clips of a file as raw samples, with the events that a device is to make of them.

    `samples` is int16 [n] or [B, n], the axes of a sample side by side, or [B, n, axes] where there
    are several.

    Raises
    ------
    StimulusError: the file is damaged, or `samples` is of another type or shape.

    """
    arrays = read_arrays(path, wanted, [KEY, "labels", "names"])
    samples = _flat(arrays, wanted, ear)
    rasters = list(_events(samples, ear) if wanted.graded else _events(samples, ear) != 0)
    named = stimuli(
        [raster.astype(np.int8) for raster in rasters],
        path.stem,
        wanted,
        names=arrays.get("names"),
        labels=arrays.get("labels"),
    )
    return [
        Stimulus(clip.raster, clip.name, clip.label, given)
        for clip, given in zip(named, samples, strict=True)
    ]


def _flat(arrays: Arrays, wanted: Wanted, ear: FrontEnd) -> npt.NDArray[np.int16]:
    """[B, n] whole ticks."""
    samples, tick = arrays[KEY], ear.samples_per_tick
    axes = 1 if isinstance(ear, LogMel) else ear.axes
    if samples.ndim == 3 and samples.shape[2] == axes:
        samples = samples.reshape(len(samples), -1)
    samples = np.atleast_2d(samples)
    if samples.dtype != np.int16 or samples.ndim != 2 or 0 in samples.shape:
        raise wanted.refuse(
            f"samples of {samples.dtype} {list(arrays[KEY].shape)}",
            f"Give int16 [B, n]{f' or [B, n, {axes}]' if axes > 1 else ''}.",
        )
    waits = ear.lookahead_ticks if isinstance(ear, LogMel) else 0
    if samples.shape[1] % tick or samples.shape[1] <= waits * tick or samples.size > MAX_VALUES:
        raise wanted.refuse(
            f"clips of {samples.shape[1]} numbers",
            f"Give whole ticks: multiples of {tick} numbers, more than {waits * tick}; at most "
            f"{MAX_VALUES:,} in all.",
        )
    return np.ascontiguousarray(samples)


def _events(samples: npt.NDArray[np.int16], ear: FrontEnd) -> npt.NDArray[np.int8]:
    if isinstance(ear, LogMel):
        return log_mel.events(log_mel.levels(samples), ear)
    return vibration.encode(samples, ear)
