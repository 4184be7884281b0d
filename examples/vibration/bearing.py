"""Which part of a bearing is damaged, from raw samples, with bearings that were never seen.

    python examples/vibration/bearing.py DATA [--out models/bearing] [--on host]

DATA: the folder vibration/cwru (docs/data.md). Each fault diameter is left out in turn: the network
is made from the recordings of the others, packed, generated, compiled, and given the raw samples of
the one that was left out, one second at a time; every bit is compared with the reference. `--out`
writes a network made from all of them.

The bands are where a bearing of this make (SKF 6205) repeats itself at the mean of the nameplate
speeds, by its geometry; a class is the mean of its training clips, alike for all carriers, the
answer the nearest mean. That is linear, `x m - |m|^2 / 2`, added up over the ticks.
"""

from __future__ import annotations

import argparse
import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import model_files
import numpy as np
import numpy.typing as npt

from tinysnn.deploy import deployed, pick_board
from tinysnn.encode import vibration
from tinysnn.encode.rotation import rotation
from tinysnn.front_end import Vibration
from tinysnn.pack import Pack
from tinysnn.quantise import quantise
from tinysnn.stimulus import Stimulus
from tinysnn.verify import verify

RATE_HZ, DECIMATE, HOP = 12_000, 8, 1200
CLIP_SAMPLES = RATE_HZ
FAULTS = ("ball", "inner", "outer")
SHAFT_HZ = (1797 + 1772 + 1750) / 3 / 60
"""Mean of the nameplate speeds."""
OUTER, INNER, BALL = 3.585, 5.415, 4.714
"""Passes of a defect for each turn of the shaft, SKF 6205 (ball: both races)."""
ORDERS = (1, 2, OUTER, 2 * OUTER, 3 * OUTER, INNER, 2 * INNER, 3 * INNER, BALL, 2 * BALL)
WIDTH = 0.05
"""Width of a band relative to its middle: the speeds differ by 2.6 %, and balls slip."""
CARRIERS_HZ, CARRIER_WIDTH_HZ = (1000, 2000, 3000, 4000), 1000

FRONT_END = Vibration(
    hop=HOP,
    dc_shift=0,  # carriers let nothing of the mean pass
    source="envelope",
    carriers=tuple(rotation(hz, CARRIER_WIDTH_HZ, RATE_HZ) for hz in CARRIERS_HZ),
    decimate=DECIMATE,
    envelope_dc_shift=8,
    bands=tuple(
        rotation(order * SHAFT_HZ, max(5.0, WIDTH * order * SHAFT_HZ), RATE_HZ / DECIMATE, gain=4)
        for order in ORDERS
    ),
    relative="signal",
    step_bits=3,
)

ABOUT = """Outputs: ball inner outer; the answer is the
# largest membrane after the last tick, the lowest index in a tie.
# Written by examples/vibration/bearing.py."""

Values = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Clips:
    """One second each."""

    samples: npt.NDArray[np.int16]
    """[B, 12000]"""
    fault: npt.NDArray[np.int64]
    """[B]: index into FAULTS."""
    mil: npt.NDArray[np.int64]
    """[B]: diameter of the fault."""

    def where(self, chosen: npt.NDArray[np.bool_]) -> Clips:
        """Some of them."""
        return Clips(self.samples[chosen], self.fault[chosen], self.mil[chosen])


def read(folder: Path) -> Clips:
    """Whole seconds of all recordings of damaged bearings."""
    parts: list[Clips] = []
    with np.load(folder / "cwru_12k_de.npz") as data, (folder / "index.csv").open() as index:
        for row in csv.DictReader(index):
            if row["fault"] not in FAULTS:
                continue
            counts = data[row["key"]].astype(np.int16)
            clips = counts[: counts.size // CLIP_SAMPLES * CLIP_SAMPLES].reshape(-1, CLIP_SAMPLES)
            ones = np.ones(len(clips), np.int64)
            label = FAULTS.index(row["fault"])
            parts.append(Clips(clips, label * ones, int(row["diameter_mil"]) * ones))
    return Clips(*(np.concatenate(column) for column in zip(*map(_fields, parts), strict=True)))


def _fields(clips: Clips) -> tuple[Any, ...]:
    return clips.samples, clips.fault, clips.mil


def means(clips: Clips) -> Values:
    """[3, channels]: mean event values by class, alike for all carriers."""
    values = vibration.encode(clips.samples, FRONT_END).astype(float).mean(axis=1)
    by_band = values.reshape(len(values), len(CARRIERS_HZ), -1).mean(axis=1)
    each = np.stack([by_band[clips.fault == fault].mean(axis=0) for fault in range(len(FAULTS))])
    return np.tile(each, len(CARRIERS_HZ))


def write(found: Values, folder: Path) -> None:
    """The network of these means: bearing.nir, bearing.toml."""
    bias = -0.5 * (found**2).sum(axis=1)
    model_files.write(folder, "bearing", FRONT_END, found, bias, rate_hz=RATE_HZ, about=ABOUT)


def packed(folder: Path) -> Pack:
    """The pack of a network that `write` wrote."""
    return quantise(model_files.read(folder, "bearing"))


def stimuli(clips: Clips) -> list[Stimulus]:
    """As a device gets them: raw samples, and the events that it is to make of them."""
    events = vibration.encode(clips.samples, FRONT_END)
    return [
        Stimulus(row, f"{mil} mil {FAULTS[fault]}", int(fault), samples)
        for row, fault, mil, samples in zip(
            events, clips.fault, clips.mil, clips.samples, strict=True
        )
    ]


def answers(pack: Pack, clips: Clips, runner: str, board: str | None) -> npt.NDArray[np.int64]:
    """What the generated C says about raw samples; every state is compared with the reference."""
    given = stimuli(clips)
    with deployed([pack], runner=runner, board=pick_board(runner, board)) as device:
        report = verify(pack, device, given)
        if report.mismatches:
            raise SystemExit(f"not what the reference does: {report.first_divergence}")
        outputs = [device.run(clip).output[-1] for clip in given]
    return np.argmax(outputs, axis=1)


def confusion(said: npt.NDArray[np.int64], fault: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """[3, 3]: clips by what they are and what was said."""
    table = np.zeros((len(FAULTS), len(FAULTS)), np.int64)
    np.add.at(table, (fault, said), 1)
    return table


def macro(table: npt.NDArray[np.int64]) -> float:
    """Mean over the classes that occur of the part that was found."""
    there = table.sum(axis=1) > 0
    return float((table.diagonal()[there] / table.sum(axis=1)[there]).mean())


def nearest_spectrum(train: Clips, test: Clips) -> float:
    """Baseline: the nearest of all training spectra, 32 bins of 1024 samples, float."""

    def spectra(clips: Clips) -> Values:
        windows = clips.samples[:, : 11 * 1024].reshape(-1, 1024).astype(float)
        power = np.abs(np.fft.rfft(windows * np.hanning(1024)))[:, :512] ** 2
        log = np.log(power.reshape(len(windows), 32, 16).sum(axis=2) + 1)
        return log - log.mean(axis=1, keepdims=True)

    a, b = spectra(train), spectra(test)
    nearest = ((b**2).sum(axis=1)[:, None] - 2 * b @ a.T + (a**2).sum(axis=1)).argmin(axis=1)
    return macro(confusion(np.repeat(train.fault, 11)[nearest], np.repeat(test.fault, 11)))


def leave_out(clips: Clips, mil: int, folder: Path, runner: str, board: str | None) -> float:
    """Make the network without a diameter and test it on that; prints a line."""
    train, test = clips.where(clips.mil != mil), clips.where(clips.mil == mil)
    write(means(train), folder)
    table = confusion(answers(packed(folder), test, runner, board), test.fault)
    print(
        f"{mil:2} mil left out: {macro(table):.3f}, nearest spectrum "
        f"{nearest_spectrum(train, test):.3f}; rows ball inner outer, as said: {table.tolist()}",
        flush=True,
    )
    return macro(table)


def main() -> None:
    """Print a line for each diameter."""
    import tempfile

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--on", default="host")
    parser.add_argument("--board")
    options = parser.parse_args()
    clips = read(options.folder)
    with tempfile.TemporaryDirectory() as work:
        found = {
            mil: leave_out(clips, mil, Path(work), options.on, options.board)
            for mil in (7, 14, 21, 28)
        }
    mean = float(np.mean([found[mil] for mil in (7, 14, 21)]))
    print(f"mean of 7, 14 and 21 mil: {mean:.3f} (28 mil has no outer race and is of another make)")
    if options.out:
        write(means(clips), options.out)


if __name__ == "__main__":
    main()
