"""Finds the reader of a file of events, and reads folders of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tinysnn.errors import StimulusError
from tinysnn.events.options import EventOptions, whole_numbers
from tinysnn.events.stream import EventStream, joined
from tinysnn.load.event_arrays import NPY_MAGIC, holds_events, read_event_npz, read_npy
from tinysnn.load.event_text import read_csv
from tinysnn.load.nmnist import read_nmnist

MAX_FILES = 4096
_TEXT = frozenset({".csv", ".txt", ".tsv"})
_SUFFIXES = frozenset({".npy", ".bin", *_TEXT})
Reader = Callable[[Path, EventOptions], EventStream]


def is_event_input(path: Path) -> bool:
    """Whether a file or folder holds events with places and times (so far as can be told)."""
    return path.is_dir() or _reader(path) is not None


def read_events(path: Path, options: EventOptions) -> EventStream:
    """The events of a file, or of all event files of a folder, in the order of their paths.

    A file in a folder named by a whole number has that as its label, as in N-MNIST.

    Raises
    ------
    StimulusError
        No such file, unknown format, damaged, or too large.
    """
    stream = _folder(path, options) if path.is_dir() else _file(path, options)
    return _chosen(stream, options, str(path))


def _file(path: Path, options: EventOptions) -> EventStream:
    if not path.is_file():
        raise StimulusError("no such file", where=str(path), fix="Check the path.")
    reader = _reader(path)
    if reader is None:
        raise StimulusError(
            "is no file of events",
            where=str(path),
            fix="Events come as .npy, .npz, .csv or N-MNIST's .bin; see docs/events.md.",
        )
    stream = reader(path, options)
    if stream.names:
        return stream
    n = stream.n_clips
    names = (path.stem,) if n == 1 else tuple(f"{path.stem}[{k}]" for k in range(n))
    return replace(stream, names=names)


def _reader(path: Path) -> Reader | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        start = file.read(len(NPY_MAGIC))
    if start == NPY_MAGIC:
        return read_npy
    if start[:2] == b"PK":
        return read_event_npz if holds_events(path) else None
    if path.suffix.lower() in _TEXT:
        return read_csv
    return (lambda given, _: read_nmnist(given)) if path.suffix.lower() == ".bin" else None


def _folder(path: Path, options: EventOptions) -> EventStream:
    """All event files below a folder; links are not followed out of it."""
    inside = path.resolve()
    files = sorted(
        found
        for found in path.rglob("*")
        if found.suffix.lower() in _SUFFIXES
        and found.is_file()
        and found.resolve().is_relative_to(inside)
    )
    if not files or len(files) > MAX_FILES:
        raise StimulusError(
            f"a folder of {len(files)} event files (.npy, .bin, .csv)",
            where=str(path),
            fix=f"Give a folder of 1 to {MAX_FILES} of them.",
        )
    return joined([_labelled(_file(found, options), found.parent.name) for found in files])


def _labelled(stream: EventStream, folder: str) -> EventStream:
    is_label = folder.isascii() and folder.isdigit() and len(folder) < 6
    return replace(stream, labels=(int(folder),) * stream.n_clips) if is_label else stream


def _chosen(stream: EventStream, options: EventOptions, where: str) -> EventStream:
    if options.clips is None:
        return stream
    first, end = whole_numbers("clips", options.clips, ":", (2,))
    if not first < end <= stream.n_clips:
        raise StimulusError(
            f"no clips {first}:{end} among {stream.n_clips}",
            where=where,
            fix=f"Choose from 0:{stream.n_clips}.",
        )
    return stream.part(first, end)
