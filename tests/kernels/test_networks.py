"""Real networks: bit for bit on the host, and what their spikes come to."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels.harness import assert_exact
from tests.networks import FC64_SPIKES, fc64_pack, fc64_scenes, keyword_scenes, workload
from tinysnn.reference import run
from tinysnn.stimulus import Stimulus

CORES = ["cortex-m0", "cortex-m4", pytest.param("cortex-m3", marks=pytest.mark.slow)]


@pytest.mark.parametrize("percent", FC64_SPIKES)
def test_int8_packs_give_the_spikes_of_the_float_reference(percent):
    inputs = workload()
    trace = run(fc64_pack(percent), Stimulus(inputs[f"in{percent}"].astype(np.int8)))
    wanted = inputs[f"out{percent}"].sum(axis=0)
    assert trace.output.sum(axis=0).tolist() == wanted.tolist()
    assert trace.output.sum() == FC64_SPIKES[percent]


@pytest.mark.host
@pytest.mark.parametrize("core", CORES)
def test_common_workload_on_the_host(core, tmp_path):
    scenes = fc64_scenes()
    assert_exact([s.pack for s in scenes], [s.raster for s in scenes], core, tmp_path)


@pytest.mark.host
@pytest.mark.parametrize("bits", [4, 2, 1])
def test_common_workload_in_fewer_bits_on_the_host(bits, tmp_path):
    packs = [fc64_pack(percent, bits) for percent in FC64_SPIKES]
    rasters = [scene.raster for scene in fc64_scenes()]
    assert_exact(packs, rasters, "cortex-m0", tmp_path)


@pytest.mark.host
@pytest.mark.parametrize("core", CORES)
def test_keyword_network_on_the_host(core, tmp_path):
    scenes = keyword_scenes()
    assert_exact([s.pack for s in scenes], [s.raster for s in scenes], core, tmp_path)
