"""Sound without end for tests of keyword devices: clips laid into background noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinysnn.data.audio import SAMPLE_RATE_HZ, Samples, read_flac
from tinysnn.data.folder import NOISE_DIR
from tinysnn.errors import StimulusError

FRAME = 320
LOUDEST_FRAMES = 25
"""The power of a clip is that of its loudest half second."""
GAP_S = (1.0, 3.0)
"""Shortest and longest pause between two clips."""
TAIL_S = 2.0
PIECE_S = 15.0
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scene:
    """Continuous sound, and where which clip lies in it."""

    samples: Samples
    """int16 [n], whole ticks."""
    starts_s: npt.NDArray[np.float64]
    """[k] where the clips begin; each is one second long."""
    labels: npt.NDArray[np.int64]
    """[k] their classes."""

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.samples.size / SAMPLE_RATE_HZ


def noise_halves(data_dir: Path, split: str) -> list[Samples]:
    """One half of every background noise, so that thresholds are not chosen on the testing one.

    The first half is for training and validation, the second for testing.

    Raises
    ------
    StimulusError: there are none, or they cannot be read.

    """
    paths = sorted((data_dir / NOISE_DIR).glob("*.flac"))
    if not paths:
        raise StimulusError("holds no .flac files", where=str(data_dir / NOISE_DIR))
    found = [read_flac(path) for path in paths]
    return [n[n.size // 2 :] if split == "testing" else n[: n.size // 2] for n in found]


def lay(
    clips: Samples,
    labels: npt.NDArray[np.int64],
    noise: Samples,
    snr_db: float,
    rng: np.random.Generator,
) -> Scene:
    """Clips in a random order with random pauses between, over noise that is repeated.

    Parameters
    ----------
    clips: int16 ``[k, 16000]``.
    noise: int16 ``[m]``, at the level it was recorded with.
    snr_db: power of each clip's loudest half second over the mean power of the noise.

    """
    order = rng.permutation(len(clips))
    pauses = np.rint(rng.uniform(*GAP_S, len(clips)) * SAMPLE_RATE_HZ).astype(np.int64)
    starts = np.cumsum(pauses + clips.shape[1]) - clips.shape[1]
    total = int(starts[-1] + clips.shape[1] + TAIL_S * SAMPLE_RATE_HZ) // FRAME * FRAME
    sound = np.resize(noise, total).astype(np.float64)
    wanted = _mean_power(noise.astype(np.float64)) * 10 ** (snr_db / 10)
    for start, clip in zip(starts.tolist(), clips[order].astype(np.float64), strict=True):
        gain = np.sqrt(wanted / max(_loudest(clip), 1.0))
        sound[start : start + clip.size] += gain * clip
    return Scene(_rounded(sound), starts / SAMPLE_RATE_HZ, labels[order])


def noise_alone(noises: Sequence[Samples], seconds: float, rng: np.random.Generator) -> Scene:
    """Pieces of two noises at once, at random places and levels, one piece after another."""
    pieces = []
    for _ in range(max(1, round(seconds / PIECE_S))):
        chosen = rng.choice(len(noises), 2, replace=len(noises) < 2)
        rolled = [np.roll(noises[k], int(rng.integers(noises[k].size))) for k in chosen]
        size = round(PIECE_S * SAMPLE_RATE_HZ)
        gains = 10 ** (rng.uniform(-12, 6, 2) / 20)
        pieces.append(sum(g * np.resize(n, size) for g, n in zip(gains, rolled, strict=True)))
    nothing = np.zeros(0)
    return Scene(_rounded(np.concatenate(pieces)), nothing, nothing.astype(np.int64))


def _rounded(sound: Floats) -> Samples:
    return np.clip(np.rint(sound), -32768, 32767).astype(np.int16)


def _mean_power(sound: Floats) -> float:
    return float((sound**2).mean())


def _loudest(clip: Floats) -> float:
    frames = (clip[: clip.size // FRAME * FRAME] ** 2).reshape(-1, FRAME).mean(axis=1)
    return float(np.sort(frames)[-LOUDEST_FRAMES:].mean())
