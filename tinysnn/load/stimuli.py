"""The input of a network from files: which reader, and what it needs to know of the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn.errors import OptionError, StimulusError
from tinysnn.stimulus import Stimulus

if TYPE_CHECKING:
    from tinysnn.events.options import EventOptions
    from tinysnn.pack import Pack


def load_stimuli(
    path: str | Path,
    *,
    n_in: int,
    graded: bool,
    key: str | None = None,
    dt_s: float | None = None,
    shape: tuple[int, ...] | None = None,
    events: EventOptions | None = None,
) -> list[Stimulus]:
    """The clips of an input file.

    Parameters
    ----------
    path
        ``.npz`` with a raster ([T, N] or [B, T, N]) or an event list (``t``, ``index``, optional
        ``value`` and ``clip``, and ``n_ticks``), both with optional ``labels`` and ``names``;
        NIR's data container (``nir.write_data``, HDF5); or recorded events with places and times
        (docs/events.md), a file or a folder of them. ``FILE:KEY`` chooses a raster of the
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
    shape
        Shape of the network's input, for events with places.
    events
        How recorded events become ticks and inputs; None: as ``EventOptions()`` says.

    Raises
    ------
    StimulusError
        The file is missing, damaged or too large, has no such raster, another width, values that
        the network does not take, or events out of order or range.
    OptionError
        ``events`` lacks something that makes a difference, or is given for another kind of file.

    """
    return read_input(
        path, n_in=n_in, graded=graded, key=key, dt_s=dt_s, shape=shape, events=events
    ).stimuli


@dataclass(frozen=True)
class InputClips:
    """What a file of input holds."""

    stimuli: list[Stimulus]
    remarks: tuple[str, ...] = ()
    """What was left out or merged, in words."""


def read_input(
    path: str | Path,
    *,
    n_in: int,
    graded: bool,
    key: str | None = None,
    dt_s: float | None = None,
    shape: tuple[int, ...] | None = None,
    events: EventOptions | None = None,
) -> InputClips:
    """As ``load_stimuli``, with remarks."""
    from tinysnn.load.clips import Wanted
    from tinysnn.load.event_files import is_event_input
    from tinysnn.load.hdf5 import is_hdf5
    from tinysnn.load.nir_data import read_nir_data
    from tinysnn.load.npz import read_npz

    file, suffix = _split(str(path))
    key = key or suffix
    wanted = Wanted(str(file), n_in, graded=graded, key=key, dt_s=dt_s, shape=shape)
    if key is None and is_event_input(file):
        from tinysnn.events.options import EventOptions
        from tinysnn.load.events import read_event_clips

        return InputClips(*read_event_clips(file, wanted, events or EventOptions()))
    if events is not None:
        raise OptionError(
            "--events is given, but this is no file of events with places and times",
            where=str(file),
            fix="Leave --events out, or give .npy, .npz, .csv or N-MNIST's .bin with x and t.",
        )
    return InputClips(read_nir_data(file, wanted) if is_hdf5(file) else read_npz(file, wanted))


def input_of(pack: Pack, path: str | Path, events: EventOptions | None = None) -> InputClips:
    """The clips of an input file for a pack; raises as ``load_stimuli``.

    For a pack with a front end a ``.npz`` may have raw ``samples`` in place of a raster.
    """
    from tinysnn.load.clips import Wanted

    meta, ear = pack.meta, pack.front_end
    file, key = _split(str(path))
    wanted = Wanted(str(file), meta.n_in, graded=pack.graded_input, key=key, dt_s=meta.dt_s)
    if ear is not None and events is None and file.suffix == ".npz":
        from tinysnn.load.samples import is_samples, read_samples

        if is_samples(file, wanted):
            return InputClips(read_samples(file, wanted, ear))
    return read_input(
        path,
        n_in=meta.n_in,
        graded=pack.graded_input,
        dt_s=meta.dt_s,
        shape=meta.input_shape,
        events=events,
    )


def _split(path: str) -> tuple[Path, str | None]:
    """``FILE:KEY`` in two, unless a file has that very name."""
    head, colon, key = path.rpartition(":")
    if colon and key and not Path(path).is_file() and Path(head).is_file():
        return Path(head), key
    if not (Path(path).is_file() or Path(path).is_dir()):
        raise StimulusError("no such file", where=path, fix="Check the path.")
    return Path(path), None
