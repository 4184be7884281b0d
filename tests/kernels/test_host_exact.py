"""The generated C does what the reference does: all state, every tick, under the sanitizers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.corner_models import corners
from tests.kernels.harness import (
    Job,
    assert_exact,
    compile_driver,
    expected,
    first_difference,
    source_text,
)
from tests.kernels.scenes import neuron_scenes, row_scenes
from tests.random_packs import random_pack, random_raster
from tinysnn.layer_state import MAX_IDLE
from tinysnn.reference import Simulation

pytestmark = pytest.mark.host
PACKS_PER_BATCH = 12


def check_batch(batch: int, folder: Path) -> None:
    seeds = range(batch * PACKS_PER_BATCH, (batch + 1) * PACKS_PER_BATCH)
    packs = [random_pack(seed, f"random_{seed}") for seed in seeds]
    rasters = [random_raster(pack, seed) for seed, pack in zip(seeds, packs, strict=True)]
    assert_exact(packs, rasters, folder)


@pytest.mark.parametrize("batch", range(2))
def test_random_packs(batch, tmp_path):
    check_batch(batch, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("batch", range(2, 20))
def test_more_random_packs(batch, tmp_path):
    check_batch(batch, tmp_path)


def test_corner_models(tmp_path):
    chosen = corners().values()
    assert_exact([c.pack for c in chosen], [c.raster for c in chosen], tmp_path)


@pytest.mark.slow
def test_all_kinds_of_layers(tmp_path):
    chosen = [*row_scenes(), *neuron_scenes()]
    assert_exact([c.pack for c in chosen], [c.raster for c in chosen], tmp_path)


IDLE_TICKS = (1, 2, 3, 7, 1000, 65536, MAX_IDLE - 1, MAX_IDLE)


def test_catch_up_after_any_number_of_idle_ticks(tmp_path):
    """The idle counter is set by hand: nobody waits for 2^32 ticks; it stops at its largest."""
    chosen = [c for name, c in corners().items() if name.startswith("idle_")]
    assert len(chosen) == 7
    packs = [c.pack for c in chosen]
    jobs, wanted = [], []
    for slot, pack in enumerate(packs):
        for idle in IDLE_TICKS:
            raster = np.zeros((4, 2), np.int8)
            raster[2] = 1  # two more idle ticks, then an event
            start, simulation = idle_simulation(pack, idle), idle_simulation(pack, idle)
            jobs.append(Job(slot, raster, start.state()))
            wanted.append(expected(pack, jobs[-1], simulation))
    driver = compile_driver(source_text(packs), tmp_path)
    assert first_difference(driver, packs, jobs, wanted) is None


def idle_simulation(pack, idle):
    """A simulation that has been idle for some ticks, with membranes of both signs."""
    simulation = Simulation(pack)
    for state in simulation.layers:
        state.v = np.array([1, -1, 30000, -30000, 12345, -777], np.int64)
        state.idle = idle
    return simulation
