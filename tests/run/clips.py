"""Clips that bring random packs to the corners: silence, bursts, everything at once."""

from __future__ import annotations

import numpy as np

from tinysnn.pack import Pack
from tinysnn.stimulus import Stimulus


def random_clip(pack: Pack, seed: int, n_ticks: int = 40) -> Stimulus:
    rng = np.random.default_rng(seed)
    shape = (n_ticks, pack.meta.n_in)
    on = rng.random(shape) < rng.random((n_ticks, 1)) ** 2
    on[rng.random(n_ticks) < 0.3] = False
    values = rng.integers(-128, 128, shape) if pack.graded_input else np.ones(shape)
    return Stimulus((on * values).astype(np.int8), f"seed {seed}")
