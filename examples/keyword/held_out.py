"""Train the keyword network without some of its words: a feature layer that never heard them.

    python examples/keyword/held_out.py stop go --features build/features.npz --out build/eight.pt

The clips of these words are in no split then, and the teacher is not asked about them. The network
keeps its 12 outputs, of which those of the words learn to be silent.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from features import Features, load
from train import Recipe, train

from tinysnn.data.labels import KEYWORDS


def without(features: Features, words: list[str]) -> Features:
    """The features less all clips of these words."""
    held = [KEYWORDS.index(word) for word in words]
    kept = {split: ~np.isin(labels, held) for split, labels in features.labels.items()}
    teacher = features.teacher[:, kept["training"]].copy()
    teacher[..., held] = 0
    return replace(
        features,
        training=features.training[:, kept["training"]],
        validation=features.validation[kept["validation"]],
        testing=features.testing[kept["testing"]],
        teacher=teacher / teacher.sum(-1, keepdims=True),
        labels={split: labels[kept[split]] for split, labels in features.labels.items()},
    )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("words", nargs="+", choices=KEYWORDS)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=150)
    options = parser.parse_args()
    torch.set_num_threads(1)
    features = without(load(options.features), options.words)
    print(json.dumps(train(Recipe(epochs=options.epochs), features, options.out)), flush=True)


if __name__ == "__main__":
    main()
