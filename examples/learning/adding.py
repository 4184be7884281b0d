"""Two classes more for a frozen network that knows eight: digits, or words.

python examples/learning/adding.py digits DATA   (DATA: the folder kws/fsdd)
python examples/learning/adding.py words DATA [--network PACK]   (DATA: the folder that holds kws/)

`digits`: each of five pairs is new in turn; a readout for the other eight is fitted to the training
recordings of all five speakers. The new ones are taught by turns, speaker after speaker in recorded
order; tested: all their recordings that were not shown, and the testing recordings of the eight.

`words`: stop and go are new, the other eight words known. Each example is by another speaker, of
the training split; tested: the testing split, by other speakers. PACK: a network to freeze in
place of the keyword network, `eight_words.tsnn` beside this file is one that never heard the two.

The readout learns by prototypes (`--rule few-shot`), blind to what differs most between examples of
one word, or by the delta rule with rehearsals (`--rule delta`).
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np
from classroom import classroom
from fitted import fitted, prototyped
from spoken import DIGITS, keyword_pack, recordings

from tinysnn.data.folder import CLIPS_DIR, load_clips, read_index
from tinysnn.encode.keyword import encode_clip
from tinysnn.learn.layout import learned_bytes, learning_bytes
from tinysnn.pack import Pack
from tinysnn.pack_file import load
from tinysnn.stimulus import Stimulus

SHOTS = (1, 5, 10, 20)
KNOWN, NEW = 8, 2
LEARN = {
    "delta": {"buffer": 3, "rehearsals": 512, "shift": 10},
    "few-shot": {"nuisance": 8, "fraction": 4},
}


@dataclass(frozen=True)
class Task:
    """What is known, shown and tested; known classes are 0 to 7, new ones 8 and 9."""

    name: str
    known: list[Stimulus]
    shown: tuple[list[Stimulus], list[Stimulus]]
    """Of each new class, in the order in which they are shown."""
    old: list[Stimulus]
    new: list[Stimulus]


def relabelled(clips: list[Stimulus], order: list[int]) -> list[Stimulus]:
    """Clips of the classes in `order`, labelled by their place in it."""
    place = {label: k for k, label in enumerate(order)}
    return [replace(c, label=place[c.label]) for c in clips if c.label in place]


def of(clips: list[Stimulus], *labels: int) -> list[Stimulus]:
    """Those of some classes."""
    return [clip for clip in clips if clip.label in labels]


def digit_tasks(folder: Path) -> Iterator[Task]:
    """Each pair of digits new in turn."""
    speakers = recordings(folder)
    for first in range(0, DIGITS, NEW):
        new = [first, first + 1]
        order = [d for d in range(DIGITS) if d not in new] + new
        train, test = (
            [relabelled(s[split], order) for s in speakers.values()]
            for split in ("training", "testing")
        )
        # one speaker after another, each as recorded
        by_class = [[of(clips, c) for clips in train] for c in (KNOWN, KNOWN + 1)]
        rounds = [list(chain(*zip(*lists, strict=True))) for lists in by_class]
        unseen = [c for clips in rounds for c in clips[max(SHOTS) :]]
        yield Task(
            f"digits {first} and {first + 1}",
            of(list(chain(*train)), *range(KNOWN)),
            (rounds[0], rounds[1]),
            of(list(chain(*test)), *range(KNOWN)),
            unseen + of(list(chain(*test)), KNOWN, KNOWN + 1),
        )


def word_tasks(folder: Path, split: str, draws: int) -> Iterator[Task]:
    """Stop and go are new; each of their examples is by another speaker, drawn several times."""
    where = folder / CLIPS_DIR
    entries = [e for e in read_index(where) if e.label < KNOWN + NEW]
    with (where / "index.csv").open() as index:
        speakers = {(r["flac"], int(r["clip"])): r["speaker"] for r in csv.DictReader(index)}
    clips: dict[str, list[Stimulus]] = {"training": [], split: []}
    first: dict[tuple[int, str], Stimulus] = {}
    entries = [e for e in entries if e.split in clips]
    for entry, sound in zip(entries, load_clips(where, entries), strict=True):
        clip = Stimulus(encode_clip(sound), f"{entry.flac} {entry.clip}", entry.label)
        clips[entry.split].append(clip)
        if entry.split == "training":
            first.setdefault((entry.label, speakers[entry.flac, entry.clip]), clip)
    voices = [[c for (label, _), c in first.items() if label == new] for new in (KNOWN, KNOWN + 1)]
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        stop, go = ([voice[i] for i in rng.permutation(len(voice))] for voice in voices)
        yield Task(
            f"stop and go, draw {draw}",
            of(clips["training"], *range(KNOWN)),
            (stop, go),
            of(clips[split], *range(KNOWN)),
            of(clips[split], KNOWN, KNOWN + 1),
        )


def added(frozen: Pack, task: Task, rule: str, learn: dict[str, int]) -> list[float]:
    """Accuracy on the eight before; on the new and the eight after each number of shots."""
    make = fitted if rule == "delta" else prototyped
    pack = make(frozen, task.known, learn, spare=NEW)
    with classroom(pack) as room:
        found, fresh = [room.accuracy(task.old)], room.pupil.learned()
        for count in SHOTS:
            room.pupil.teach(fresh)
            room.classes = KNOWN
            pairs = zip(task.shown[0][:count], task.shown[1][:count], strict=True)
            room.teach([clip for pair in pairs for clip in pair])
            found += [room.accuracy(task.new), room.accuracy(task.old)]
    sizes = f"{learned_bytes(pack)} bytes learned, {learning_bytes(pack)} for an example"
    print(f"{task.name}: {_words(found)}; {sizes}", flush=True)
    return found


def main() -> None:
    """Print a line for each task, and their mean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("digits", "words"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--network", type=Path)
    parser.add_argument("--pairs", type=int, default=DIGITS // NEW, help="only the first N pairs")
    parser.add_argument("--draws", type=int, default=8, help="of the words that are shown")
    parser.add_argument("--split", choices=("validation", "testing"), default="testing")
    parser.add_argument("--rule", choices=tuple(LEARN), default="few-shot")
    for name in (*LEARN["delta"], *LEARN["few-shot"], "scatter"):
        parser.add_argument(f"--{name}", type=int)
    args = parser.parse_args()
    frozen = load(args.network) if args.network else keyword_pack()
    given = {name: value for name, value in vars(args).items() if isinstance(value, int)}
    learn = {**LEARN[args.rule], **given}
    del learn["pairs"], learn["draws"]
    if args.what == "words":
        tasks = word_tasks(args.folder, args.split, args.draws)
    else:
        tasks = islice(digit_tasks(args.folder), args.pairs)
    rows = [added(frozen, task, args.rule, learn) for task in tasks]
    print("mean", _words(np.mean(rows, axis=0).tolist()))


def _words(found: list[float]) -> str:
    pairs = zip(SHOTS, found[1::2], found[2::2], strict=True)
    after = ", ".join(f"{k} shots: {new:.3f} (old {old:.3f})" for k, new, old in pairs)
    return f"old {found[0]:.3f} before; {after}"


if __name__ == "__main__":
    main()
