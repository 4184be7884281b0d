"""A fan that gets a weight on one blade: "normal" is learned on the device, in ten seconds.

    python examples/vibration/fan.py DATA [--split testing] [--out models/fan]

DATA: the folder vibration/fan (docs/data.md). All decisions are about one second of raw samples of
three axes, each with a gain of its own, drawn between x0.5 and x2. The generated C of this machine
learns (rule `familiar`, docs/SPEC.md 4.6.1) the first ten seconds of a speed; how strange a second
is says its largest membrane. Printed beside it: what the effective value of the axes says, and the
mean of the axes alone.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import model_files
import numpy as np
import numpy.typing as npt

from tinysnn.encode import vibration
from tinysnn.encode.rotation import rotation
from tinysnn.front_end import Vibration
from tinysnn.learn.calls import Call
from tinysnn.learn.layout import learned_bytes, learning_bytes
from tinysnn.learn.lesson import Pupil, answer_to
from tinysnn.learn.mark import mark_plastic
from tinysnn.learn.spec import Wish
from tinysnn.pack import Pack
from tinysnn.quantise import quantise
from tinysnn.run import open_runner
from tinysnn.state import state_bytes
from tinysnn.stimulus import Stimulus

RATE_HZ, HOP = 200, 200
SECONDS = 10
"""What is learned of a speed."""
STRANGE = 1.3
"""A second is strange beyond so many times the usual distance."""
OTHER = 1.8
"""It is no known speed at all beyond so many times the usual distance."""
SPEEDS = ("off", "low", "high")
FRONT_END = Vibration(
    axes=3,
    hop=HOP,
    dc_shift=6,
    bands=tuple(rotation(hz, 1, RATE_HZ, gain=32) for hz in range(5, 99, 2)),
    relative="all",
    step_bits=3,
)
"""Bands of 1 Hz every 2 Hz; levels relative to their mean do not know the gain."""

ABOUT = """Its weights mean nothing: the readout learns,
# `tinysnn pack fan.nir --learn sum=familiar,fresh=3`. Written by examples/vibration/fan.py."""

Clips = npt.NDArray[np.int16]
Scores = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fan:
    """Recordings of one second, int16 [B, 200, 3], by speed, weight and split."""

    accel: Clips
    folder: npt.NDArray[np.str_]
    split: npt.NDArray[np.str_]

    def of(self, folder: str, split: str) -> Clips:
        """Recordings of a folder, in their order."""
        return self.accel[(self.folder == f"fan_0_{folder}") & (self.split == split)]


def read(folder: Path) -> Fan:
    """All recordings."""
    with np.load(folder / "fan_accel.npz") as data, (folder / "index.csv").open() as index:
        rows = list(csv.DictReader(index))
        accel = data["accel"][[int(row["row"]) for row in rows]].astype(np.int16)
    names, splits = ([row[key] for row in rows] for key in ("folder", "split"))
    return Fan(accel, np.array(names), np.array(splits))


def louder(clips: Clips, rng: np.random.Generator) -> Clips:
    """Each with a gain of its own, x0.5 to x2."""
    gain = 2 ** rng.uniform(-1, 1, len(clips))[:, None, None]
    return np.clip(np.rint(clips * gain), -32768, 32767).astype(np.int16)


def felt(clips: Clips, label: int | None = None) -> list[Stimulus]:
    """As a device gets them."""
    flat = np.ascontiguousarray(clips).reshape(len(clips), -1)
    events = vibration.encode(flat, FRONT_END)
    return [Stimulus(e, "second", label, x) for e, x in zip(events, flat, strict=True)]


def write(folder: Path) -> None:
    """A network that knows nothing: fan.nir, fan.toml."""
    n = len(SPEEDS)
    weights, bias = np.ones((n, FRONT_END.n_in)), np.zeros(n)
    model_files.write(folder, "fan", FRONT_END, weights, bias, rate_hz=RATE_HZ, about=ABOUT)


def packed(folder: Path) -> Pack:
    """The pack of what `write` wrote: a readout with room for three speeds."""
    wish = Wish("familiar", {"fresh": len(SPEEDS)})
    return mark_plastic(quantise(model_files.read(folder, "fan")), {"sum": wish})


class Watch:
    """The generated C, which learns speeds and says how strange a second is."""

    def __init__(self, pupil: Pupil) -> None:
        self.pupil = pupil
        self.pupil.call(Call.INIT)
        self.usual: list[float] = []
        """By speed: distance of seconds before they were learned."""

    def learn(self, clips: Clips) -> int:
        """A new speed; its number."""
        label = self.pupil.call(Call.ADD_CLASS).value
        found = [self.follow(clip, label) for clip in felt(clips)]
        self.usual.append(float(np.mean(found[len(found) // 2 :])))
        return label

    def follow(self, clip: Stimulus, label: int) -> int:
        """Learn one second; its distance before that."""
        return -int(answer_to(self.pupil, clip, label).output[-1, label])

    def accepted(self, clips: Clips) -> npt.NDArray[np.int64]:
        """[B]: the nearest speed, -1 where even that is far."""
        away = self.distances(clips)[:, : len(self.usual)]
        nearest = away.argmin(axis=1)
        other = away.min(axis=1) > OTHER * np.array(self.usual)[nearest]
        return np.asarray(np.where(other, -1, nearest))

    def distances(self, clips: Clips) -> npt.NDArray[np.int64]:
        """[B, room]: distance from each speed; nothing is learned."""
        said = [answer_to(self.pupil, clip).output[-1] for clip in felt(clips)]
        return -np.array(said, np.int64)


def auc(normal: npt.NDArray[np.generic], odd: npt.NDArray[np.generic]) -> float:
    """Chance that one of `odd` is above one of `normal`; a tie counts half."""
    a, b = normal.astype(float)[:, None], odd.astype(float)
    return float(((b > a) + 0.5 * (b == a)).mean())


def effective(clips: Clips) -> Scores:
    """[B, 3]: effective value of each axis without its mean."""
    return np.asarray(clips.astype(float).std(axis=1))


def mean_only(clips: Clips) -> Scores:
    """[B, 3]: mean of each axis, which says how the sensor hangs."""
    return np.asarray(clips.astype(float).mean(axis=1))


def baseline(known: Clips, clips: Clips, feature: Callable[[Clips], Scores]) -> Scores:
    """Distance from what is known in standard deviations, added up over the axes."""
    mine = feature(known)
    return np.asarray((np.abs(feature(clips) - mine.mean(0)) / mine.std(0)).sum(axis=1))


def weight_line(fan: Fan, watch: Watch, speed: str, split: str, seed: int) -> str:
    """AUC of the added weight at one speed, with random gain and, for baselines, without."""
    rng = np.random.default_rng(seed)
    plain = [fan.of(f"{speed}_0_weight", "training")[:SECONDS]]
    plain += [fan.of(f"{speed}_{weight}_weight", split) for weight in (0, 1)]
    known, normal, odd = (louder(clips, rng) for clips in plain)
    label = watch.learn(known)
    ours = auc(*(watch.distances(clips)[:, label] for clips in (normal, odd)))
    rms, rms_plain = (
        auc(*(baseline(clips[0], c, effective) for c in clips[1:]))
        for clips in ((known, normal, odd), plain)
    )
    tilt = auc(*(baseline(plain[0], c, mean_only) for c in plain[1:]))
    return (
        f"{speed}: AUC {ours:.3f}; effective value {rms:.3f} ({rms_plain:.3f} without the gain); "
        f"mean of the axes alone, without the gain {tilt:.3f}"
    )


def speed_lines(fan: Fan, watch: Watch, split: str, seed: int) -> list[str]:
    """Speeds that are added one after another, ten seconds each."""
    rng = np.random.default_rng(seed)
    test = {name: louder(fan.of(f"{name}_0_weight", split), rng) for name in SPEEDS}
    lines: list[str] = []
    for new, name in enumerate(SPEEDS):
        olds = SPEEDS[:new]
        before = [watch.distances(test[old])[:, :new] for old in olds]
        strange = (watch.accepted(test[name]) < 0).mean() if new else 1.0
        watch.learn(louder(fan.of(f"{name}_0_weight", "training")[:SECONDS], rng))
        after = [watch.distances(test[old])[:, :new] for old in olds]
        found = (watch.accepted(test[name]) == new).mean()
        wrong = [(watch.accepted(test[old]) == new).mean() for old in olds]
        same = all(map(np.array_equal, before, after))
        lines.append(
            f"added {name}: {strange:.3f} of it no known speed before, {found:.3f} recognised "
            f"after, at most {max(wrong, default=0.0):.3f} of older speeds taken for it; their "
            f"distances {'as before' if same else 'CHANGED'}"
        )
    return lines


def drifted(clips: Clips, amount: npt.NDArray[np.float64]) -> Clips:
    """The sensor works loose: x falls to a third, z grows to three times, over amount 0 to 1."""
    gain = 3.0 ** (amount[:, None] * np.array((-1.0, 0.0, 1.0)))
    mean = clips.mean(axis=1, keepdims=True)
    return np.rint((clips - mean) * gain[:, None, :] + mean).astype(np.int16)


def run_of(fan: Fan, speed: str, rng: np.random.Generator, *, loose: bool) -> Clips:
    """Minutes of a speed in their order; `loose`: the sensor works loose on the way."""
    clips = fan.of(f"{speed}_0_weight", "training")
    if loose:
        amount = np.clip((np.arange(len(clips)) - SECONDS) / (len(clips) - 60), 0, 1)
        clips = drifted(clips, amount)
    return louder(clips, rng)


def watch_run(watch: Watch, run: Clips, *, follow: bool) -> float:
    """Learn ten seconds, watch the rest; part of it that was strange."""
    label, alarms = watch.learn(run[:SECONDS]), []
    for clip in felt(run[SECONDS:]):
        distance = -int(answer_to(watch.pupil, clip).output[-1, label])
        alarms.append(distance > STRANGE * watch.usual[label])
        if follow and distance <= OTHER * watch.usual[label]:
            watch.follow(clip, label)
            watch.usual[label] += (distance - watch.usual[label]) / 16
    return float(np.mean(alarms))


def drift_line(
    fan: Fan, watch: Watch, speed: str, split: str, seed: int, *, loose: bool, follow: bool
) -> str:
    """Alarms over some minutes, and what is noticed after them."""
    rng = np.random.default_rng(seed)
    on_the_way = watch_run(watch, run_of(fan, speed, rng, loose=loose), follow=follow)
    clips = (fan.of(f"{speed}_{weight}_weight", split) for weight in (0, 1))
    end = [louder(drifted(c, np.full(len(c), float(loose))), rng) for c in clips]
    normal, odd = (watch.distances(clips)[:, 0] for clips in end)
    limit = STRANGE * watch.usual[0]
    return (
        f"{speed}{', sensor works loose' if loose else ''}, {'' if follow else 'not '}followed: "
        f"false alarms on the way {on_the_way:.3f}, afterwards {(normal > limit).mean():.3f}; "
        f"weight noticed {(odd > limit).mean():.3f}, AUC {auc(normal, odd):.3f}"
    )


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--split", default="validation", choices=["validation", "testing"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = options.out or Path(work)
        write(folder)
        show(read(options.folder), packed(folder), options.split, options.seed)


def show(fan: Fan, pack: Pack, split: str, seed: int) -> None:
    """Print a line for each question."""
    learned, example = learned_bytes(pack), learning_bytes(pack)
    with open_runner("host", packs=[pack]) as runner:
        pupil = runner.pupil()
        for speed in ("low", "high"):
            print(weight_line(fan, Watch(pupil), speed, split, seed), flush=True)
        for line in speed_lines(fan, Watch(pupil), split, seed):
            print(line, flush=True)
        for speed, loose in (("low", False), ("low", True), ("high", False)):
            for follow in (False, True):
                line = drift_line(fan, Watch(pupil), speed, split, seed, loose=loose, follow=follow)
                print(line, flush=True)
    print(f"{learned} bytes learned, {example} for an example, {state_bytes(pack)} of state")


if __name__ == "__main__":
    main()
