"""Training features: log-mel of every clip, and of versions of it said faster or slower."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.data.folder import CLIPS_DIR, load_clips, load_noise, read_index
from tinysnn.data.labels import SPLITS
from tinysnn.encode.keyword import log_mel

SPEED_RANGE = (0.85, 1.2)
_ARRAYS = (*SPLITS, "noise")
Samples = npt.NDArray[np.int16]
Logs = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Features:
    """Log powers in 1/256 of an octave, as `tinysnn.encode.keyword.log_mel` makes them."""

    training: Logs
    """int16 ``[versions, n, 100, 32]``; version 0 is the clip as it is."""
    validation: Logs
    """int16 ``[n, 100, 32]``, as `testing`."""
    testing: Logs
    noise: Logs
    labels: dict[str, npt.NDArray[np.int64]]
    """Per split, index into KEYWORDS."""


def build(data_dir: Path, versions: int, seed: int) -> Features:
    """Features of all clips under `data_dir`."""
    entries = read_index(data_dir / CLIPS_DIR)
    rng = np.random.default_rng(seed)
    logs: dict[str, Logs] = {}
    labels = {}
    for split in SPLITS:
        chosen = [e for e in entries if e.split == split]
        labels[split] = np.array([e.label for e in chosen])
        clips = load_clips(data_dir / CLIPS_DIR, chosen)
        logs[split] = _logs(clips)
        if split == "training":
            others = [_logs(at_random_speed(clips, rng)) for _ in range(versions - 1)]
            logs[split] = np.stack([logs[split], *others])
    noise = _logs(load_noise(data_dir))
    return Features(logs["training"], logs["validation"], logs["testing"], noise, labels)


def at_random_speed(clips: Samples, rng: np.random.Generator) -> Samples:
    """Each clip played faster or slower (tempo and pitch), its loudest part kept in place."""
    time = np.arange(clips.shape[1])
    changed = np.zeros_like(clips)
    for index, speed in enumerate(rng.uniform(*SPEED_RANGE, len(clips))):
        power = clips[index].astype(np.float64) ** 2
        centre = (time * power).sum() / max(power.sum(), 1.0)
        at = centre + (time - centre) * speed
        changed[index] = np.rint(np.interp(at, time, clips[index], left=0, right=0))
    return changed


def save(features: Features, path: Path) -> None:
    """Write to `path` (.npz)."""
    arrays: dict[str, Any] = {name: getattr(features, name) for name in _ARRAYS}
    arrays |= {f"labels_{split}": values for split, values in features.labels.items()}
    np.savez(path, **arrays)


def load(path: Path) -> Features:
    """Read what `save` wrote."""
    with np.load(path) as file:
        labels = {split: file[f"labels_{split}"] for split in SPLITS}
        arrays: dict[str, Any] = {name: file[name] for name in _ARRAYS}
        return Features(**arrays, labels=labels)


def _logs(clips: Samples) -> Logs:
    return np.stack([log_mel(clip) for clip in clips]).astype(np.int16)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds kws/")
    parser.add_argument("--out", type=Path, default=Path("build/keyword_features.npz"))
    parser.add_argument("--versions", type=int, default=10, help="versions of a training clip")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save(build(options.data, options.versions, options.seed), options.out)


if __name__ == "__main__":
    main()
