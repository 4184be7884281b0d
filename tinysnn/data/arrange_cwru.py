"""CWRU's MATLAB files into one `.npz` of int16 counts, and an index.

Only faults are fetched: the recordings of a healthy bearing are of one bearing, at another rate and
from another recorder, so whatever tells them apart says nothing about faults (docs/data.md).
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.data.index import rows, whole
from tinysnn.data.new_folder import new_folder
from tinysnn.errors import StimulusError, ToolMissing

FILE_NAME = "cwru_12k_de.npz"
RATE_HZ = 12_000
MAX_SAMPLES = 10_000_000
_LIST = Path(__file__).parent / "cwru_files.csv"
_COLUMNS = ("number", "key", "fault", "or_position_oclock", "diameter_mil", "load_hp",
            "nominal_rpm", "bytes", "sha256")  # fmt: skip
_INDEX = ("key", "state", "fault", "or_position_oclock", "diameter_mil", "load_hp", "nominal_rpm",
          "cwru_mat_number", "fs_hz", "n_samples", "scale_g_per_count")  # fmt: skip


@dataclass(frozen=True)
class Recording:
    """One file of the list."""

    number: int
    """CWRU's number of it."""
    size: int
    sha256: str
    fields: dict[str, str]
    """Columns of the list that go into the index."""


def recordings() -> list[Recording]:
    """The list of files, in the order of the index."""
    return [
        Recording(
            whole(row["number"], 9999, where, "number"),
            whole(row["bytes"], 1 << 30, where, "bytes"),
            row["sha256"],
            row,
        )
        for where, row in rows(_LIST, _COLUMNS)
    ]


def arrange(paths: Sequence[Path], target: Path) -> None:
    """Write counts and ``index.csv`` into the new folder `target`.

    Raises
    ------
    ToolMissing: scipy, which reads MATLAB's format, is not installed.
    StimulusError: a file holds no such recording, or no recording in equal steps.

    """
    signals, lines = {}, []
    for path, entry in zip(paths, recordings(), strict=True):
        counts, step = as_counts(_drive_end(path, entry.number), str(path))
        fields = entry.fields
        signals[fields["key"]] = counts
        lines.append(
            (fields["key"], "fault", fields["fault"], fields["or_position_oclock"],
             fields["diameter_mil"], fields["load_hp"], fields["nominal_rpm"], entry.number,
             RATE_HZ, counts.size, repr(step))
        )  # fmt: skip
    with new_folder(target) as folder:
        np.savez_compressed(folder / FILE_NAME, **signals)  # type: ignore[arg-type]
        with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([_INDEX, *lines])


def as_counts(signal: npt.NDArray[np.float64], where: str) -> tuple[npt.NDArray[np.int16], float]:
    """The recorder's own steps, int16, and what one is worth in g.

    The step is the smallest difference between two values that occur; then it is made exact by a
    fit through all values.
    """
    values = np.unique(signal)
    gaps = np.diff(values)
    gaps = gaps[gaps > 1e-9]
    if not gaps.size:
        raise StimulusError("holds no signal", where=where)
    counts = np.rint(signal / gaps.min())
    step = float((signal @ counts) / (counts @ counts))
    counts = np.rint(signal / step)
    if np.abs(counts).max() > 32767 or np.abs(signal - counts * step).max() > 0.1 * step:
        raise StimulusError("is not recorded in equal steps of 16 bits", where=where)
    return counts.astype(np.int16), step


def _drive_end(path: Path, number: int) -> npt.NDArray[np.float64]:
    try:
        from scipy.io import loadmat
        from scipy.io.matlab import MatReadError
    except ImportError:
        raise ToolMissing(
            "reading MATLAB files needs scipy", fix="pip install 'tinysnn[data]' (or scipy)"
        ) from None
    try:
        content: dict[str, Any] = loadmat(path)
    except (MatReadError, OSError, ValueError, TypeError, NotImplementedError) as error:
        raise StimulusError(f"is no MATLAB file ({error})", where=str(path)) from error
    names = [name for name in content if name.endswith("DE_time")]
    own = [name for name in names if str(number) in name] or names
    signal = np.asarray(content[own[0]]).reshape(-1) if own else np.zeros(0)
    if signal.dtype != np.float64 or not 0 < signal.size <= MAX_SAMPLES:
        raise StimulusError("holds no signal of the drive end", where=str(path))
    if not np.isfinite(signal).all():
        raise StimulusError("holds values that are no numbers", where=str(path))
    return signal
