"""Packs whose sources are read some ticks late: random packs with delays put in."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from tests.random_packs import random_pack
from tinysnn.pack import Pack, PackedLayer
from tinysnn.seal import sealed


def late_pack(seed: int, name: str) -> Pack:
    """A random pack with up to 9 more ticks on its sources, and on units of some layers."""
    pack, rng = random_pack(seed, name), np.random.default_rng([seed, 7])
    layers = tuple(_late(rng, layer) for layer in pack.layers)
    return sealed(
        msgspec.structs.replace(pack.meta, layers=tuple(layer.spec for layer in layers)), layers
    )


def _late(rng: np.random.Generator, layer: PackedLayer) -> PackedLayer:
    more = rng.integers(0, 4, len(layer.spec.sources)) * rng.integers(0, 4)
    sources = tuple(
        msgspec.structs.replace(source, delay_ticks=source.delay_ticks + int(ticks))
        for source, ticks in zip(layer.spec.sources, more, strict=True)
    )
    units = sum(source.n for source in sources)
    by_unit = rng.integers(0, 5, units) if rng.random() < 0.5 else np.zeros(units)
    return replace(
        layer,
        spec=msgspec.structs.replace(layer.spec, sources=sources),
        delays=by_unit.astype(np.int32) if by_unit.any() else None,
    )
