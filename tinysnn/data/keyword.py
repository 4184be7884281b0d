"""Keyword clips for the demo and the examples, from the best source that is here.

In this order: the folder the user names (an argument, else ``TINYSNN_DATA``), the official
archive if it was fetched before, the clips that come with the package. Nothing is downloaded.
"""

from __future__ import annotations

import os
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from tinysnn.data import folder, speech_commands
from tinysnn.data.audio import Samples
from tinysnn.data.labels import SPLITS
from tinysnn.errors import StimulusError

BUNDLED = Path(__file__).parent / "bundled"


class KeywordClips(NamedTuple):
    """Clips with their classes."""

    clips: Samples
    """int16 ``[n, 16000]``, 16 kHz mono."""
    labels: npt.NDArray[np.int64]
    """``[n]``, index into `tinysnn.data.labels.KEYWORDS`."""
    source: str
    """Where they come from, for a person to read."""


def keyword_clips(
    split: str = "testing", data_dir: str | Path | None = None, limit: int | None = None
) -> KeywordClips:
    """Clips of one split.

    Parameters
    ----------
    split: training, validation or testing (the bundled clips are all testing).
    data_dir: folder that holds ``kws/speech_commands/index.csv``; None: ``TINYSNN_DATA``.
    limit: at most so many clips, taken from the classes in turn; None: all.

    Raises
    ------
    StimulusError: an unknown split, a bad limit, or data that cannot be read. A folder that the
        user names is never silently replaced by another source.
    """
    if split not in SPLITS:
        raise StimulusError(f"unknown split {split!r}", fix=f"One of {', '.join(SPLITS)}.")
    if limit is not None and limit < 1:
        raise StimulusError(f"a limit of {limit} clips", fix="Ask for at least 1.")
    named = data_dir or os.environ.get("TINYSNN_DATA")
    if named:
        where = Path(named) / folder.CLIPS_DIR
        return _from_folder(where, f"Speech Commands in {named}", split, limit)
    archive = speech_commands.archive_path()
    if archive.is_file():
        return _from_archive(archive, split, limit)
    return _from_folder(BUNDLED, "bundled espeak-ng clips (synthetic voices)", split, limit)


def _from_folder(where: Path, source: str, split: str, limit: int | None) -> KeywordClips:
    entries = [e for e in folder.read_index(where) if e.split == split]
    chosen = [entries[i] for i in in_turn([e.label for e in entries], limit)]
    if not chosen:
        raise StimulusError(f"holds no clips of the split {split}", where=str(where))
    labels = np.array([e.label for e in chosen], np.int64)
    return KeywordClips(folder.load_clips(where, chosen), labels, f"{source}, {split} split")


def _from_archive(path: Path, split: str, limit: int | None) -> KeywordClips:
    clips, labels = speech_commands.read_archive(path, split)
    chosen = in_turn(labels, limit)
    if not chosen:
        raise StimulusError(f"holds no clips of the split {split}", where=str(path))
    source = f"official Speech Commands v0.02 test archive, {split} split by speaker"
    return KeywordClips(clips[chosen], np.array(labels, np.int64)[chosen], source)


def in_turn(labels: list[int], limit: int | None) -> list[int]:
    """Positions of at most `limit` clips, one of each class, then a second of each, and so on."""
    if limit is None or limit >= len(labels):
        return list(range(len(labels)))
    classes = [[i for i, v in enumerate(labels) if v == label] for label in sorted(set(labels))]
    rounds = zip_longest(*classes)
    return [i for members in rounds for i in members if i is not None][:limit]
