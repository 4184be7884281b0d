"""Words found and false alarms per hour in continuous sound: clips laid into background noises.

    python examples/keyword/continuous.py models/keyword/keyword.tsnn --data FOLDER \
        --split validation --factor 0.6 0.8 1 1.2        # choose a threshold
    python examples/keyword/continuous.py models/keyword/keyword.tsnn --data FOLDER

Each clip of the split but those of silence is heard once at each ratio; noise alone is heard for
--noise-minutes. A device with the generated C does it all (--on host: a library of this machine).
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from tinysnn.data import keyword_clips
from tinysnn.data.labels import KEYWORDS
from tinysnn.data.scene import Scene, lay, noise_alone, noise_halves
from tinysnn.deploy import deployed, pick_board
from tinysnn.evaluate.continuous import Tally, run_scene, with_threshold
from tinysnn.pack import Pack
from tinysnn.pack_file import load

SILENCE = KEYWORDS.index("_silence_")


def scenes(options: argparse.Namespace) -> dict[str, list[Scene]]:
    """Continuous sound by what it is: one scene per noise and ratio, and noise alone."""
    spoken = keyword_clips(options.split, options.data, options.limit)
    rng = np.random.default_rng(options.seed)
    noises = noise_halves(options.data, options.split)
    kept = spoken.labels != SILENCE
    clips, labels = spoken.clips[kept], spoken.labels[kept]
    found: dict[str, list[Scene]] = {}
    for snr in options.snr:
        parts = np.array_split(rng.permutation(len(clips)), len(noises))
        found[f"{snr:g} dB"] = [
            lay(clips[part], labels[part], noise, snr, rng)
            for part, noise in zip(parts, noises, strict=True)
            if part.size
        ]
    found["noise alone"] = [noise_alone(noises, 60 * options.noise_minutes, rng)]
    return found


def row(total: Tally) -> dict[str, Any]:
    """What is published of a tally."""
    return {
        "hours": round(total.seconds / 3600, 3),
        "words": total.words,
        "detection": None if total.detection is None else round(total.detection, 4),
        "wrong word": total.wrong,
        "other words": total.others,
        "reported other words": total.on_others,
        "elsewhere": total.elsewhere,
        "false alarms per hour": round(total.per_hour, 2),
        "mean delay s": None if total.mean_delay_s is None else round(total.mean_delay_s, 2),
    }


def heard(pack: Pack, found: dict[str, list[Scene]], runner: str) -> dict[str, Any]:
    """What a device with this pack finds in them."""
    with deployed([pack], runner=runner, board=pick_board(runner, None)) as device:
        listener = device.listener()
        return {
            name: row(sum((run_scene(pack, listener, scene) for scene in several), Tally()))
            for name, several in found.items()
        }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pack", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="folder with kws/ in it")
    parser.add_argument("--split", default="testing", choices=("validation", "testing"))
    parser.add_argument("--snr", type=float, nargs="+", default=[20.0, 10.0, 5.0], metavar="DB")
    parser.add_argument("--factor", type=float, nargs="+", default=[1.0], help="of thresholds")
    parser.add_argument("--noise-minutes", type=float, default=60.0)
    parser.add_argument("--limit", type=int, help="only so many clips")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--on", default="host", choices=("host", "unicorn", "qemu"))
    options = parser.parse_args()
    pack, found = load(options.pack), scenes(options)
    for factor in options.factor:
        result = heard(with_threshold(pack, factor), found, options.on)
        print(json.dumps({"thresholds times": factor, **result}, indent=1), flush=True)


if __name__ == "__main__":
    main()
