"""Input of a network over time, and reading it from files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinysnn.errors import StimulusError


@dataclass(frozen=True, eq=False)
class Stimulus:
    """One clip: what enters the network from a reset on."""

    raster: npt.NDArray[np.int8]
    """[T, N]: 0 no event, 1 a spike; with graded input any int8 value (0 = no event)."""
    name: str = ""
    label: int | None = None

    @property
    def n_ticks(self) -> int:
        """Number of ticks T."""
        return int(self.raster.shape[0])


def load_stimuli(
    path: str | Path,
    *,
    n_in: int,
    graded: bool,
    key: str | None = None,
    dt_s: float | None = None,
) -> list[Stimulus]:
    """The clips of an input file.

    Parameters
    ----------
    path
        ``.npz`` with a raster ([T, N] or [B, T, N]) or an event list (``t``, ``index``, optional
        ``value`` and ``clip``, and ``n_ticks``), both with optional ``labels`` and ``names``; or
        NIR's data container (``nir.write_data``, HDF5). ``FILE:KEY`` chooses a raster of the
        ``.npz``, or ``NODE`` or ``NODE/OBSERVABLE`` of the container.
    n_in
        Number of inputs of the network.
    graded
        Whether the network takes int8 values; else all values are 0 or 1.
    key
        As ``KEY`` in ``path``.
    dt_s
        Length of a tick in s: needed for a container of events in continuous time, compared with
        the file's own where it has one.

    Raises
    ------
    StimulusError
        The file is missing, damaged or too large, has no such raster, another width, values that
        the network does not take, or events out of order or range.

    """
    from tinysnn.load.clips import Wanted
    from tinysnn.load.hdf5 import is_hdf5
    from tinysnn.load.nir_data import read_nir_data
    from tinysnn.load.npz import read_npz

    file, suffix = _split(str(path))
    wanted = Wanted(str(file), n_in, graded=graded, key=key or suffix, dt_s=dt_s)
    return read_nir_data(file, wanted) if is_hdf5(file) else read_npz(file, wanted)


def _split(path: str) -> tuple[Path, str | None]:
    """``FILE:KEY`` in two, unless a file has that very name."""
    head, colon, key = path.rpartition(":")
    if colon and key and not Path(path).is_file() and Path(head).is_file():
        return Path(head), key
    if not Path(path).is_file():
        raise StimulusError("no such file", where=path, fix="Check the path.")
    return Path(path), None
