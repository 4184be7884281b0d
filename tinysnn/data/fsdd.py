"""The Free Spoken Digit Dataset: digits 0 to 9, 8 kHz, in a folder `kws/fsdd`.

`index.csv` names for each recording the FLAC file of its speaker and where in it the recording
lies. The recordings are brought to 16 kHz (each second sample is the mean of its neighbours) and
cut or padded to one second, so that the keyword front end takes them.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinysnn.data.audio import Samples, one_second, read_flac
from tinysnn.data.index import inside, rows, whole
from tinysnn.data.keyword import in_turn
from tinysnn.data.labelled import LabelledClips, Progress
from tinysnn.data.labels import SPLITS
from tinysnn.data.where import recordings
from tinysnn.encode.keyword import encode_clip
from tinysnn.errors import StimulusError
from tinysnn.stimulus import Stimulus

FOLDER = Path("kws") / "fsdd"
RATE_HZ = 8_000
MAX_SAMPLES = 60 * RATE_HZ
"""A recording that claims to be longer is refused."""
_COLUMNS = ("digit", "flac", "offset", "n_samples", "split")
_MOST = 1 << 31


def read(
    split: str, data_dir: Path | None, limit: int | None, progress: Progress | None
) -> LabelledClips:
    """Clips of int8 ``[50, 32]``; see `tinysnn.data.labelled.read_labelled`."""
    if split not in ("training", "testing"):
        raise StimulusError(f"FSDD has no split {split!r}", fix="training or testing.")
    folder = recordings(data_dir, FOLDER, "fsdd")
    entries = [entry for entry in _entries(folder) if entry[4] == split]
    if not entries:
        raise StimulusError(f"holds no recordings of the split {split}", where=str(folder))
    chosen = [entries[i] for i in in_turn([entry[0] for entry in entries], limit)]
    files = {name: read_flac(inside(folder, name), RATE_HZ) for name in {e[1] for e in chosen}}
    stimuli = []
    for digit, name, offset, length, _ in chosen:
        samples = files[name][offset : offset + length]
        if len(samples) != length:
            raise StimulusError("ends before what the index asks for", where=str(folder / name))
        clip = one_second(doubled(samples))
        stimuli.append(Stimulus(encode_clip(clip), str(digit), digit))
        if progress is not None:
            progress(len(stimuli), len(chosen))
    source = f"Free Spoken Digit Dataset in {folder}, {split} split (by recording, not by speaker)"
    return LabelledClips(tuple(stimuli), tuple(map(str, range(10))), source)


def doubled(samples: Samples) -> Samples:
    """The same sound at twice the rate, int16 ``[2 n]``: means of neighbours in between."""
    wide = samples.astype(np.int32)
    after = np.append(wide[1:], wide[-1:])
    both: Samples = np.stack([wide, (wide + after) >> 1], axis=1).reshape(-1).astype(np.int16)
    return both


def _entries(folder: Path) -> list[tuple[int, str, int, int, str]]:
    found = []
    for where, row in rows(folder / "index.csv", _COLUMNS):
        if row["split"] not in SPLITS:
            raise StimulusError(f"unknown split {row['split'][:40]!r}", where=where)
        digit = whole(row["digit"], 9, where, "digit")
        offset = whole(row["offset"], _MOST, where, "offset")
        length = whole(row["n_samples"], MAX_SAMPLES, where, "n_samples")
        found.append((digit, row["flac"], offset, length, row["split"]))
    return found
