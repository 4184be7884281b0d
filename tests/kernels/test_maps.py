"""Kernels of feature maps in generated C: all state, every tick, under the sanitizers."""

from __future__ import annotations

import pytest

from tests.kernels.harness import assert_exact
from tests.map_packs import random_map_pack
from tests.random_packs import random_raster

pytestmark = pytest.mark.host
PACKS_PER_BATCH = 12


def check_batch(batch, folder):
    seeds = range(batch * PACKS_PER_BATCH, (batch + 1) * PACKS_PER_BATCH)
    packs = [random_map_pack(seed, f"maps_{seed}", graded=seed % 4 == 3) for seed in seeds]
    rasters = [random_raster(pack, seed, 30) for seed, pack in zip(seeds, packs, strict=True)]
    assert_exact(packs, rasters, folder)


def test_random_maps(tmp_path):
    check_batch(0, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(1, 3))
def test_more_random_maps(batch, tmp_path):
    check_batch(batch, tmp_path)
