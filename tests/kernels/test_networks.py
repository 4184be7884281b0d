"""Real networks: bit for bit on the host, and what their spikes come to."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kernels import arm
from tests.kernels.harness import assert_exact
from tests.make_packs import Corner
from tests.networks import (
    FC64_SPIKES,
    fc64_pack,
    fc64_scenes,
    keyword_scenes,
    small_keyword_scenes,
    workload,
)
from tinysnn.reference import run
from tinysnn.stimulus import Stimulus


@pytest.mark.parametrize("percent", FC64_SPIKES)
def test_int8_packs_give_the_spikes_of_the_float_reference(percent):
    inputs = workload()
    trace = run(fc64_pack(percent), Stimulus(inputs[f"in{percent}"].astype(np.int8)))
    wanted = inputs[f"out{percent}"].sum(axis=0)
    assert trace.output.sum(axis=0).tolist() == wanted.tolist()
    assert trace.output.sum() == FC64_SPIKES[percent]


@pytest.mark.host
def test_common_workload_on_the_host(tmp_path):
    scenes = fc64_scenes()
    assert_exact([s.pack for s in scenes], [s.raster for s in scenes], tmp_path)


def in_bits(bits: int) -> list[Corner]:
    rasters = [scene.raster for scene in fc64_scenes()]
    return [
        Corner(fc64_pack(p, bits), raster) for p, raster in zip(FC64_SPIKES, rasters, strict=True)
    ]


@pytest.mark.host
@pytest.mark.parametrize("bits", [4, 2, 1])
def test_common_workload_in_fewer_bits_on_the_host(bits, tmp_path):
    scenes = in_bits(bits)
    assert_exact([s.pack for s in scenes], [s.raster for s in scenes], tmp_path)


@pytest.mark.emu
@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m4"])
@pytest.mark.parametrize("bits", [4, 2, 1])
def test_common_workload_in_fewer_bits_emulated(bits, core, tmp_path):
    assert arm.assert_exact(in_bits(bits), core, tmp_path)


@pytest.mark.host
def test_keyword_networks_on_the_host(tmp_path):
    scenes = [*keyword_scenes(), *small_keyword_scenes()]
    assert_exact([s.pack for s in scenes], [s.raster for s in scenes], tmp_path)
