"""Training features: log-mel of every clip, and of versions of it said faster or slower."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from teacher import Teacher

from tinysnn.data.folder import CLIPS_DIR, load_clips, load_noise, read_index
from tinysnn.data.labels import SPLITS
from tinysnn.encode import log_mel

SPEED_RANGE = (0.85, 1.2)
MAX_SHIFT = 2400
"""Samples (150 ms) that a version of a clip may be earlier or later."""
_ARRAYS = (*SPLITS, "noise", "teacher")
Samples = npt.NDArray[np.int16]
Logs = npt.NDArray[np.int16]


@dataclass(frozen=True)
class Features:
    """Log powers in 1/256 of an octave, as `tinysnn.encode.log_mel.levels` makes them."""

    training: Logs
    """int16 ``[versions, n, 50, 32]``; version 0 is the clip as it is."""
    validation: Logs
    """int16 ``[n, 50, 32]``, as `testing`."""
    testing: Logs
    noise: Logs
    teacher: npt.NDArray[np.float32]
    """Probabilities of the classes for every version of a training clip, ``[versions, n, 12]``."""
    labels: dict[str, npt.NDArray[np.int64]]
    """Per split, index into KEYWORDS."""


def build(data_dir: Path, versions: int, seed: int) -> Features:
    """Features of all clips under `data_dir`."""
    entries = read_index(data_dir / CLIPS_DIR)
    rng = np.random.default_rng(seed)
    teacher = Teacher(data_dir)
    logs: dict[str, Logs] = {}
    labels = {}
    said: list[npt.NDArray[np.float32]] = []
    for split in SPLITS:
        chosen = [e for e in entries if e.split == split]
        labels[split] = np.array([e.label for e in chosen])
        clips = load_clips(data_dir / CLIPS_DIR, chosen)
        logs[split] = _logs(clips)
        if split == "training":
            all_versions = [logs[split]]
            said.append(teacher.posteriors(clips))
            for _ in range(versions - 1):
                changed = at_random_speed(clips, rng)
                all_versions.append(_logs(changed))
                said.append(teacher.posteriors(changed))
            logs[split] = np.stack(all_versions)
    noise = _logs(load_noise(data_dir))
    return Features(**logs, noise=noise, teacher=np.stack(said), labels=labels)


def at_random_speed(clips: Samples, rng: np.random.Generator) -> Samples:
    """Each clip played faster or slower (tempo and pitch), its loudest part nearly in place."""
    time = np.arange(clips.shape[1])
    changed = np.zeros_like(clips)
    shifts = rng.integers(-MAX_SHIFT, MAX_SHIFT + 1, len(clips))
    for index, speed in enumerate(rng.uniform(*SPEED_RANGE, len(clips))):
        power = clips[index].astype(np.float64) ** 2
        centre = (time * power).sum() / max(power.sum(), 1.0)
        at = centre + shifts[index] + (time - centre) * speed
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
    parts = np.array_split(clips, max(1, len(clips) // 256))
    return np.concatenate([log_mel.levels(part).astype(np.int16) for part in parts])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder that holds kws/")
    parser.add_argument("--out", type=Path, default=Path("build/keyword_features.npz"))
    parser.add_argument("--versions", type=int, default=14, help="versions of a training clip")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    save(build(options.data, options.versions, options.seed), options.out)


if __name__ == "__main__":
    main()
