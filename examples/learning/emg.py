"""A user never seen: gestures from muscle signals, learned on the device in the order recorded.

python examples/learning/emg.py DATA   (DATA: the folder events/emg_myo, see docs/data.md)

One of the four users is left out in turn. The readout first learns the others (zero-shot), then the
first 35 % of each of the user's recordings, in their order, one window after another; the rest is
tested. Features: 8 logarithms of the mean size of 50 samples, as values of one tick. Beside it,
float linear discriminant analysis on the same features.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from classroom import Room, classroom
from networks import network, readout

from tinysnn.learn.layout import learned_bytes, learning_bytes
from tinysnn.learn.spec import Wish
from tinysnn.stimulus import Stimulus

WINDOW, HOP = 50, 25
CALIBRATED = 0.35
CHANNELS, GESTURES = 8, 8
LEARN = {"fresh": GESTURES, "buffer": 40, "rehearsals": 128, "score_shift": 7, "shift": 12}
OTHERS = 6000
"""Windows of the other users, drawn at random, that the readout learns first."""

Window = tuple[float, Stimulus]
"""Where in its recording it lies, 0 to 1, and the clip."""


def features(samples: np.ndarray) -> np.ndarray:
    """[9] int8: 24 log2 of 1 + mean size of each channel, centred; and a constant."""
    size = np.abs(samples.astype(np.int64)).mean(axis=0)
    steps = 2 * (np.rint(12 * np.log2(1 + size)) - 30)
    return np.append(np.clip(steps, -127, 127), 64).astype(np.int8)


def windows(emg: np.ndarray, labels: np.ndarray) -> list[Window]:
    """Windows of one recording in their order; those across a change of label are left out."""
    found = []
    for first in range(0, len(emg) - WINDOW + 1, HOP):
        said = labels[first : first + WINDOW]
        if (said == said[0]).all():
            x = features(emg[first : first + WINDOW])[None]
            found.append((first / len(emg), Stimulus(x, "window", int(said[0]))))
    return found


def recordings(folder: Path) -> dict[str, list[list[Window]]]:
    """Windows of every recording of every user, in the order of the index."""
    users: dict[str, list[list[Window]]] = {}
    with np.load(folder / "emg_myo.npz") as data, (folder / "index.csv").open() as index:
        for row in csv.DictReader(index):
            emg, labels = data[f"{row['key']}_emg"], data[f"{row['key']}_label"]
            users.setdefault(row["participant"], []).append(windows(emg, labels))
    return users


def balanced(said: list[int], clips: list[Stimulus]) -> float:
    """Mean over the gestures of the part that was recognised."""
    right: dict[int, list[bool]] = {}
    for answer, clip in zip(said, clips, strict=True):
        right.setdefault(clip.label or 0, []).append(answer == clip.label)
    return float(np.mean([np.mean(part) for part in right.values()]))


def linear(calibration: list[Stimulus], test: list[Stimulus]) -> float:
    """Float linear discriminant analysis on the same features."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    def x(clips: list[Stimulus]) -> np.ndarray:
        return np.stack([clip.raster[0, :CHANNELS] for clip in clips]).astype(float)

    model = LinearDiscriminantAnalysis().fit(x(calibration), [c.label for c in calibration])
    return balanced(model.predict(x(test)).tolist(), test)


def calibrated(room: Room, users: dict[str, list[list[Window]]], user: str) -> tuple[float, ...]:
    """Balanced accuracy before and after calibration, and that of the float model."""
    others = [c for u, recs in users.items() if u != user for rec in recs for _, c in rec]
    order = np.random.default_rng(1).permutation(len(others))[:OTHERS]
    room.teach([others[k] for k in order])
    calibration = [c for rec in users[user] for at, c in rec if at < CALIBRATED]
    test = [c for rec in users[user] for at, c in rec if at >= CALIBRATED]
    before = balanced(room.answers(test), test)
    room.teach(calibration)
    return before, balanced(room.answers(test), test), linear(calibration, test)


def main() -> None:
    """Print a line for each user."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", metavar="USER", help="only this one is left out")
    args = parser.parse_args()
    users = recordings(args.folder)
    pack = network(
        "emg",
        [readout("readout", CHANNELS + 1, GESTURES, None)],
        {"readout": Wish("delta", LEARN)},
        graded=True,
    )
    total = learned_bytes(pack) + learning_bytes(pack)
    rows = []
    for user in [args.only] if args.only else users:
        with classroom(pack) as room:
            rows.append(calibrated(room, users, user))
        print(f"user {user}: {_line(rows[-1])}", flush=True)
    means = tuple(float(np.mean(column)) for column in zip(*rows, strict=True))
    print(f"{total} bytes; mean: {_line(means)}")


def _line(row: tuple[float, ...]) -> str:
    return f"zero-shot {row[0]:.3f}, calibrated {row[1]:.3f}, float LDA {row[2]:.3f}"


if __name__ == "__main__":
    main()
