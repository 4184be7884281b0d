"""A speaker never heard: ten digits on the frozen feature layers of the keyword network.

python examples/learning/speakers.py DATA   (DATA: the folder kws/fsdd, see docs/data.md)

The keyword network was trained on other words of other people. Its readout is replaced by one
fitted to the training recordings of four of the five speakers, of which 8 for each digit come with
the pack. The fifth then teaches it 1, 3, 5 and 10 recordings of each digit, digit after digit as
they were recorded. Tested: the speaker's other recordings, and the testing recordings of the four,
before and after. `--nested SPEAKER` does the same without any clip of SPEAKER, on the other four:
so parameters can be chosen without the one they are tested on.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from classroom import Room, classroom
from fitted import fitted
from spoken import DIGITS, Speakers, keyword_pack, recordings

from tinysnn.learn.layout import learned_bytes, learning_bytes
from tinysnn.pack import Pack
from tinysnn.stimulus import Stimulus

SHOTS = (1, 3, 5, 10)
LEARN = {"buffer": 3, "rehearsals": 64, "shift": 9}
Row = tuple[float, float]
"""Accuracy of the speaker and of the others."""


def shots(clips: list[Stimulus], count: int) -> list[Stimulus]:
    """The first `count` recordings of each digit, digit after digit as they were recorded."""
    found: list[Stimulus] = []
    for digit in range(DIGITS):
        found += [clip for clip in clips if clip.label == digit][:count]
    return found


def of_others(speakers: Speakers, own: str, split: str) -> list[Stimulus]:
    """All clips of a split but those of one speaker."""
    return [clip for name, s in speakers.items() if name != own for clip in s[split]]


def personalised(room: Room, speakers: Speakers, own: str) -> list[Row]:
    """Accuracy before and after each number of shots."""
    known = of_others(speakers, own, "testing")
    shown = {clip.name for clip in shots(speakers[own]["training"], max(SHOTS))}
    mine = [c for split in speakers[own].values() for c in split if c.name not in shown]
    fresh = room.pupil.learned()
    rows = [(room.accuracy(mine), room.accuracy(known))]
    for count in SHOTS:
        room.pupil.teach(fresh)
        room.teach(shots(speakers[own]["training"], count))
        rows.append((room.accuracy(mine), room.accuracy(known)))
    return rows


def left_out(
    frozen: Pack, speakers: Speakers, learn: dict[str, int], only: str | None
) -> list[list[Row]]:
    """The same for every speaker in turn, or for one only."""
    found = []
    for own in [only] if only else speakers:
        pack = fitted(frozen, of_others(speakers, own, "training"), learn)
        with classroom(pack) as room:
            found.append(personalised(room, speakers, own))
        print(f"  {own}: {_words(found[-1])}", flush=True)
    print(f"  {learned_bytes(pack)} bytes learned, {learning_bytes(pack)} for an example")
    return found


def main() -> None:
    """Print a line for each speaker, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--nested", metavar="SPEAKER", help="leave this speaker out altogether")
    parser.add_argument("--only", metavar="SPEAKER", help="only this one is left out")
    parser.add_argument("--old", type=int, default=85)
    parser.add_argument("--anchor", type=int, default=5)
    parser.add_argument("--shift", type=int, default=LEARN["shift"])
    args = parser.parse_args()
    speakers = recordings(args.folder)
    if args.nested:
        del speakers[args.nested]
    learn = {**LEARN, "old": args.old, "anchor": args.anchor, "shift": args.shift}
    rows = left_out(keyword_pack(), speakers, learn, args.only)
    print("mean", _words([(float(a), float(b)) for a, b in np.mean(rows, axis=0)]))


def _words(rows: list[Row]) -> str:
    counts = ("before", *(f"{k} shots" for k in SHOTS))
    pairs = zip(counts, rows, strict=True)
    return ", ".join(f"{name}: {own:.3f} (others {others:.3f})" for name, (own, others) in pairs)


if __name__ == "__main__":
    main()
