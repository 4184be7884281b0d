"""The published test archive of N-MNIST into `nmnist_small.npz` and an index.

The archive is read in memory and never unpacked, so no name in it can lead anywhere.
"""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tinysnn.data.new_folder import new_folder
from tinysnn.data.nmnist import FILE_NAME
from tinysnn.errors import StimulusError
from tinysnn.events.stream import EventStream
from tinysnn.load.nmnist import parse_nmnist

MAX_MEMBERS = 20_000
MAX_MEMBER_BYTES = 1 << 20
MAX_BYTES = 1 << 30
"""Of all members that are read."""
_NAME = re.compile(r"(?:^|/)Test/(\d)/(\d{1,6})\.bin$")


def arrange(paths: Sequence[Path], target: Path) -> None:
    """Write the events and ``index.csv`` into the new folder `target`.

    Raises
    ------
    StimulusError: the archive is damaged, too large, or holds no samples.

    """
    found = sorted(_samples(paths[0]), key=lambda entry: entry[0])
    if not found:
        raise StimulusError("holds no samples", where=str(paths[0]), fix="Fetch it again.")
    streams = [stream for *_, stream in found]
    sizes = [stream.t.size for stream in streams]
    steps = [np.diff(stream.t, prepend=0) for stream in streams]
    arrays = {
        "addr": np.concatenate([_address(stream) for stream in streams]).astype(np.uint16),
        "dt_us": np.clip(np.concatenate(steps), 0, 65535).astype(np.uint16),
        "offset": np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64),
        "label": np.array([label for _, label, _ in found], np.uint8),
        "sample_id": np.array([number for number, *_ in found], np.int32),
    }
    with new_folder(target) as folder:
        np.savez_compressed(folder / FILE_NAME, **arrays)
        with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
            rows = [(number, label, "testing") for number, label, _ in found]
            columns = ("sample_id", "label", "split")
            csv.writer(file, lineterminator="\n").writerows([columns, *rows])


def _address(stream: EventStream) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    assert stream.p is not None
    return stream.x + 34 * stream.y + 1156 * stream.p


def _samples(path: Path) -> Iterator[tuple[int, int, EventStream]]:
    """Number, digit and events of each sample."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            wanted = [(m, name) for m in members if (name := _NAME.search(m.filename))]
            sizes = [member.file_size for member, _ in wanted]
            if len(members) > MAX_MEMBERS or sum(sizes) > MAX_BYTES:
                raise StimulusError("holds more than a test set", where=str(path))
            if sizes and max(sizes) > MAX_MEMBER_BYTES:
                raise StimulusError("holds a sample that is too large", where=str(path))
            for member, name in wanted:
                with archive.open(member) as file:
                    data = file.read(MAX_MEMBER_BYTES)
                yield int(name[2]), int(name[1]), parse_nmnist(data, f"{path}: {member.filename}")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError) as error:
        raise StimulusError(
            f"is no readable archive ({error})", where=str(path), fix="Fetch it again."
        ) from error
