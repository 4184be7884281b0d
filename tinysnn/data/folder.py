"""Speech Commands in a folder: `kws/speech_commands/index.csv` and one FLAC per class.

Each row of the index names a class, a file, the position of the clip in it (clips of exactly
16000 samples, one after another) and its split. The folder is the user's and may hold anything:
every field is checked before it is used.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tinysnn.data.audio import CLIP_SAMPLES, Samples, read_flac
from tinysnn.data.index import inside
from tinysnn.data.labels import KEYWORDS, SPLITS
from tinysnn.errors import StimulusError

CLIPS_DIR = Path("kws") / "speech_commands"
NOISE_DIR = Path("kws") / "background_noise"
_COLUMNS = ("label", "flac", "clip", "split")
MAX_ROWS = 1_000_000


@dataclass(frozen=True)
class Entry:
    """One clip of the index."""

    label: int
    """Index into KEYWORDS."""
    flac: str
    """File name inside the folder."""
    clip: int
    """Position in the file, in clips."""
    split: str


def read_index(folder: Path) -> list[Entry]:
    """All rows of ``folder/index.csv``, checked.

    Raises
    ------
    StimulusError: no such file, a column is missing, or a field is not what it should be.
    """
    path = folder / "index.csv"
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = [c for c in _COLUMNS if c not in (reader.fieldnames or ())]
            if missing:
                raise StimulusError(f"has no column {', '.join(missing)}", where=str(path))
            entries = []
            for number, row in enumerate(reader, start=2):
                if number > MAX_ROWS:
                    raise StimulusError(f"has more than {MAX_ROWS} rows", where=str(path))
                entries.append(_entry(row, f"{path} line {number}"))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise StimulusError(
            f"cannot be read ({error})",
            where=str(path),
            fix="The data folder must hold kws/speech_commands/index.csv.",
        ) from error
    return entries


def load_clips(folder: Path, entries: list[Entry]) -> Samples:
    """The clips of `entries`, int16 ``[n, 16000]``, in their order."""
    clips = np.zeros((len(entries), CLIP_SAMPLES), np.int16)
    for name in sorted({e.flac for e in entries}):
        path = inside(folder, name)
        samples = read_flac(path)
        if len(samples) % CLIP_SAMPLES:
            raise StimulusError(
                f"holds {len(samples)} samples, not a multiple of {CLIP_SAMPLES}", where=str(path)
            )
        every = samples.reshape(-1, CLIP_SAMPLES)
        rows = [i for i, e in enumerate(entries) if e.flac == name]
        wanted = np.array([entries[i].clip for i in rows])
        if wanted.max() >= len(every):
            raise StimulusError(
                f"the index asks for clip {wanted.max()}, the file has {len(every)}",
                where=str(path),
            )
        clips[rows] = every[wanted]
    return clips


def load_noise(data_dir: Path) -> Samples:
    """All recordings of ``kws/background_noise`` cut into clips, int16 ``[n, 16000]``."""
    paths = sorted((data_dir / NOISE_DIR).glob("*.flac"))
    if not paths:
        raise StimulusError("holds no .flac files", where=str(data_dir / NOISE_DIR))
    recordings = [read_flac(path) for path in paths]
    return np.concatenate(
        [r[: len(r) // CLIP_SAMPLES * CLIP_SAMPLES].reshape(-1, CLIP_SAMPLES) for r in recordings]
    )


def _entry(row: dict[str, str | None], where: str) -> Entry:
    label, flac, clip, split = (row[c] or "" for c in _COLUMNS)
    if label not in KEYWORDS:
        raise StimulusError(f"unknown label {label!r}", where=where)
    if split not in SPLITS:
        raise StimulusError(f"unknown split {split!r}", where=where)
    if not (clip.isascii() and clip.isdigit() and len(clip) <= 7):
        raise StimulusError(f"clip {clip!r} is not a number from 0", where=where)
    return Entry(KEYWORDS.index(label), flac, int(clip), split)
