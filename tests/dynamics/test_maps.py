"""Feature maps that are reached by numbers of spikes."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from tests.kernels.harness import assert_exact
from tests.map_packs import random_map_pack
from tests.random_packs import random_raster
from tinysnn import batch, ranges
from tinysnn.pack import Pack, PackedLayer
from tinysnn.pack_rules import rests
from tinysnn.reference import run
from tinysnn.seal import sealed
from tinysnn.stimulus import Stimulus

MOST = 3


def counting_pack(seed: int, name: str) -> Pack:
    """A random pack of maps whose layers all count, with state that is wide enough."""
    pack = random_map_pack(seed, name)
    layers = tuple(_counting(layer) for layer in pack.layers)
    return sealed(
        msgspec.structs.replace(pack.meta, layers=tuple(layer.spec for layer in layers)), layers
    )


def _counting(layer: PackedLayer) -> PackedLayer:
    sources = tuple(
        source if source.layer is None else msgspec.structs.replace(source, most=MOST)
        for source in layer.spec.sources
    )
    spec = msgspec.structs.replace(layer.spec, sources=sources, state_bits=32, acc_bits=32)
    if spec.fires:
        spec = msgspec.structs.replace(
            spec, max_spikes=MOST, compare="ge", reset="subtract", reset_timing="same-tick"
        )
    theta = None if layer.theta is None else np.maximum(layer.theta // 4, 1).astype(np.int32)
    changed = replace(layer, spec=spec, theta=theta, reset_to=None)
    reach = ranges.tick_input(changed, graded_input=False)
    assert reach.fits(32)
    skip = msgspec.structs.replace(spec, may_skip=spec.may_skip and rests(changed))
    return replace(changed, spec=skip)


@pytest.mark.parametrize("seed", range(40, 44))
def test_batch_is_the_reference(seed: int) -> None:
    pack = counting_pack(seed, "counting")
    raster = random_raster(pack, seed, 20)
    found = batch.simulate(pack, raster[None]).output[0]
    assert np.array_equal(found, run(pack, Stimulus(raster)).output)


@pytest.mark.host
def test_generated_c_is_exact(tmp_path) -> None:
    packs = [counting_pack(seed, f"counting_{seed}") for seed in range(40, 45)]
    rasters = [random_raster(pack, k, 30) for k, pack in enumerate(packs)]
    most = [run(p, Stimulus(r)).output.max() for p, r in zip(packs, rasters, strict=True)]
    assert max(most) >= MOST
    assert_exact(packs, rasters, tmp_path)
