"""Recordings of the Free Spoken Digit Dataset, and the keyword network that hears them.

Recordings at 8 kHz are brought to 16 kHz by linear interpolation.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinysnn.encode.keyword import CLIP_SAMPLES, encode_clip
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import load_options
from tinysnn.pack import Pack
from tinysnn.paths import models_dir
from tinysnn.quantise import PackOptions, quantise
from tinysnn.stimulus import Stimulus

DIGITS = 10
Speakers = dict[str, dict[str, list[Stimulus]]]
"""Clips by speaker and split (`training`, `testing`), in recorded order."""


def keyword_pack() -> Pack:
    """The keyword network with 8-bit weights."""
    folder = models_dir() / "keyword"
    graph = lower(load_network(folder / "keyword.nir"), load_options(folder / "keyword.toml"))
    return quantise(graph, PackOptions(name="spoken"))


def doubled(samples: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """One second at twice the rate; silence or a cut at the end."""
    at = np.arange(2 * samples.size) / 2
    fine = np.rint(np.interp(at, np.arange(samples.size), samples)).astype(np.int16)
    out = np.zeros(CLIP_SAMPLES, np.int16)
    out[: fine.size] = fine[:CLIP_SAMPLES]
    return out


def recordings(folder: Path) -> Speakers:
    """All clips of the set, as the network takes them."""
    import soundfile

    speakers: Speakers = {}
    with (folder / "index.csv").open() as index:
        rows = list(csv.DictReader(index))
    sound = {n: soundfile.read(folder / n, dtype="int16")[0] for n in {r["flac"] for r in rows}}
    for row in rows:
        first = int(row["offset"])
        samples = sound[row["flac"]][first : first + int(row["n_samples"])]
        clip = Stimulus(encode_clip(doubled(samples)), row["origin_file"], int(row["digit"]))
        splits = speakers.setdefault(row["speaker"], {"training": [], "testing": []})
        splits[row["split"]].append(clip)
    return speakers
