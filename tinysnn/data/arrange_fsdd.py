"""The published archive of FSDD into a folder: one FLAC per speaker, and an index.

The archive is read in memory and never unpacked, so no name in it can lead anywhere.
"""

from __future__ import annotations

import csv
import io
import re
import tarfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from tinysnn.data.audio import Samples, read_wav
from tinysnn.data.fsdd import MAX_SAMPLES, RATE_HZ
from tinysnn.data.new_folder import new_folder
from tinysnn.errors import StimulusError

MAX_MEMBERS = 20_000
MAX_MEMBER_BYTES = 2 * MAX_SAMPLES + 4096
TESTING = 5
"""Recordings 0 to 4 of each digit and speaker are testing, by the set's own rule."""
_NAME = re.compile(r"(?:^|/)recordings/(\d)_([a-z]{1,32})_(\d{1,3})\.wav$")
_COLUMNS = ("digit", "flac", "offset", "n_samples", "speaker", "split", "origin_file")


def arrange(paths: Sequence[Path], target: Path) -> None:
    """Write ``index.csv`` and the FLAC files into the new folder `target`.

    Raises
    ------
    StimulusError: the archive is damaged, or holds no recordings.

    """
    import soundfile

    found = sorted(_recordings(paths[0]), key=lambda entry: entry[:3])
    if not found:
        raise StimulusError("holds no recordings", where=str(paths[0]), fix="Fetch it again.")
    rows = []
    with new_folder(target) as folder:
        for speaker in sorted({entry[0] for entry in found}):
            own = [entry for entry in found if entry[0] == speaker]
            sound = np.concatenate([samples for *_, samples in own])
            soundfile.write(folder / f"{speaker}.flac", sound, RATE_HZ, subtype="PCM_16")
            offset = 0
            for _, digit, number, samples in own:
                split = "testing" if number < TESTING else "training"
                origin = f"{digit}_{speaker}_{number}.wav"
                rows.append(
                    (digit, f"{speaker}.flac", offset, len(samples), speaker, split, origin)
                )
                offset += len(samples)
        with (folder / "index.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([_COLUMNS, *rows])


def _recordings(path: Path) -> Iterator[tuple[str, int, int, Samples]]:
    """Speaker, digit, number and samples of each recording."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            for count, member in enumerate(archive):
                if count >= MAX_MEMBERS:
                    raise StimulusError(f"holds more than {MAX_MEMBERS} files", where=str(path))
                name = _NAME.search(member.name)
                if name is None or not member.isfile() or member.size > MAX_MEMBER_BYTES:
                    continue
                data = archive.extractfile(member)
                content = io.BytesIO(data.read(MAX_MEMBER_BYTES) if data else b"")
                samples = read_wav(content, f"{path}: {member.name}", RATE_HZ)
                yield name[2], int(name[1]), int(name[3]), samples
    except (tarfile.TarError, OSError, EOFError) as error:
        raise StimulusError(
            f"is no readable archive ({error})", where=str(path), fix="Fetch it again."
        ) from error
