"""A speaker never heard: ten digits on the frozen feature layers of the keyword network.

python examples/learning/speakers.py DATA [--head delta] (DATA: the folder kws/fsdd)

The readout of the keyword network, which was trained on other words of other people, is replaced
by one that learns. One of five speakers is left out in turn: the readout learns the training
recordings of the other four, then 1, 3, 5 and 10 recordings of each digit by the speaker. Tested:
the speaker's other recordings, and the testing recordings of the others, before and after.
Recordings at 8 kHz are brought to 16 kHz by linear interpolation.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import numpy.typing as npt
from classroom import Room, classroom

from tinysnn.encode.keyword import CLIP_SAMPLES, encode_clip
from tinysnn.learn.layout import learned_bytes, learning_bytes
from tinysnn.learn.mark import Wish, mark_plastic
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import load_options
from tinysnn.pack import Pack
from tinysnn.paths import models_dir
from tinysnn.quantise import PackOptions, quantise
from tinysnn.stimulus import Stimulus

SHOTS = (1, 3, 5, 10)
HEADS = {
    "delta": Wish("delta", {"fresh": 10, "buffer": 4, "score_shift": 3, "shift": 7}),
    "few-shot": Wish("few-shot", {"fresh": 10, "per_class": 4, "slowest": 6}),
}
Speakers = dict[str, dict[str, list[Stimulus]]]
"""Clips by speaker and split."""


def keyword_pack(wish: Wish) -> Pack:
    """The keyword network with a readout that learns."""
    folder = models_dir() / "keyword"
    graph = lower(load_network(folder / "keyword.nir"), load_options(folder / "keyword.toml"))
    return mark_plastic(quantise(graph, PackOptions(name="speakers")), {"readout": wish})


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


def shots(clips: list[Stimulus], count: int) -> list[Stimulus]:
    """The first `count` recordings of each digit, digit after digit as they were recorded."""
    found: list[Stimulus] = []
    for digit in range(10):
        found += [clip for clip in clips if clip.label == digit][:count]
    return found


def personalised(room: Room, speakers: Speakers, own: str) -> list[tuple[float, ...]]:
    """Accuracy of the speaker and of the others, before and after each number of shots."""
    others = [c for name, s in speakers.items() if name != own for c in s["training"]]
    known = [c for name, s in speakers.items() if name != own for c in s["testing"]]
    shown = {clip.name for clip in shots(speakers[own]["training"], max(SHOTS))}
    mine = [c for split in speakers[own].values() for c in split if c.name not in shown]
    order = np.random.default_rng(1).permutation(len(others))
    room.teach([others[k] for k in order], epochs=2)
    learned = room.pupil.learned()
    rows = [(room.accuracy(mine), room.accuracy(known))]
    for count in SHOTS:
        room.pupil.teach(learned)
        room.teach(shots(speakers[own]["training"], count))
        rows.append((room.accuracy(mine), room.accuracy(known)))
    return rows


def main() -> None:
    """Print a line for each speaker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--head", choices=sorted(HEADS), default="delta")
    args = parser.parse_args()
    speakers = recordings(args.folder)
    pack = keyword_pack(HEADS[args.head])
    print(f"{args.head}: {learned_bytes(pack)} + {learning_bytes(pack)} bytes")
    every = []
    with classroom(pack) as room:
        fresh = room.pupil.learned()
        for own in speakers:
            room.pupil.teach(fresh)
            every.append(personalised(room, speakers, own))
            print(own, _words(every[-1]), flush=True)
    print("mean", _words([tuple(row) for row in np.mean(every, axis=0)]))


def _words(rows: list[tuple[float, ...]]) -> str:
    counts = ("before", *(f"{k} shots" for k in SHOTS))
    pairs = zip(counts, rows, strict=True)
    return ", ".join(f"{name}: {own:.3f} (others {others:.3f})" for name, (own, others) in pairs)


if __name__ == "__main__":
    main()
