"""Scatter-add by events is the convolution, and SPEC.md 1.6 read word by word."""

from __future__ import annotations

import numpy as np
import pytest

from tests.corner_maps import MAPS
from tests.map_packs import random_map_pack
from tests.ops.scalar_net import ScalarNet
from tests.random_packs import random_raster
from tinysnn.batch import simulate
from tinysnn.ops.scatter import accumulate
from tinysnn.packed_maps import convolved
from tinysnn.reference import Simulation, run
from tinysnn.stimulus import Stimulus

SMALL = [name for name in MAPS if "deep" not in name]


@pytest.mark.parametrize("seed", range(12))
def test_events_one_by_one_are_the_convolution(seed):
    rng = np.random.default_rng(seed)
    for layer in random_map_pack(seed).layers:
        for source, kernel in zip(layer.spec.sources, layer.kernels, strict=True):
            assert source.map is not None
            values = rng.integers(-9, 10, source.n) * (rng.random(source.n) < 0.4)
            index = np.flatnonzero(values)
            added = accumulate(source.map, kernel, index, values[index], layer.n)
            whole = convolved(source.map, kernel.astype(float), values[None].astype(float))
            np.testing.assert_array_equal(added, whole[0])


@pytest.mark.parametrize("name", SMALL)
def test_reference_is_the_text(name):
    corner = MAPS[name](name)
    scalar, reference = ScalarNet(corner.pack), Simulation(corner.pack)
    for inputs in corner.raster[-14:]:
        assert scalar.tick([int(x) for x in inputs]) == reference.tick(inputs).tolist()
        assert scalar.state() == reference.state()


def test_batches_are_the_reference():
    for seed in range(3):
        pack = random_map_pack(seed, graded=seed == 2)
        rasters = np.stack([random_raster(pack, k, 25) for k in range(3)])
        found = simulate(pack, rasters)
        for raster, output in zip(rasters, found.output, strict=True):
            np.testing.assert_array_equal(run(pack, Stimulus(raster)).output, output)
