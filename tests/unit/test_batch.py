"""Many clips at once are the clips one by one, in every layer and tick."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.corner_models import corners
from tests.random_packs import random_pack, random_raster
from tinysnn.batch import batches, simulate
from tinysnn.calibrate import activity
from tinysnn.pack import Pack
from tinysnn.reference import Simulation, layer_rates
from tinysnn.stimulus import Stimulus

CORNERS = corners()


class Counting(Simulation):
    """The reference, with the events of its layers counted."""

    def __init__(self, pack: Pack) -> None:
        super().__init__(pack)
        self.events = np.zeros(len(pack.layers), int)
        self.quiet = np.zeros(len(pack.layers), int)

    def _events(self, k: int, inputs: npt.NDArray[np.int8]) -> Any:
        found = super()._events(k, inputs)
        self.events[k] += found[0].size
        self.quiet[k] += found[0].size == 0
        return found


def check(pack: Pack, rasters: np.ndarray) -> None:
    together = simulate(pack, rasters)
    events = np.zeros(len(pack.layers), int)
    quiet = np.zeros(len(pack.layers), int)
    for b, raster in enumerate(rasters):
        simulation = Counting(pack)
        for t, inputs in enumerate(raster):
            output = simulation.tick(inputs)
            for k, state in enumerate(simulation.layers):
                fired = together.spikes[k]
                if fired is not None:
                    assert np.array_equal(fired[b, t], state.fired), (b, t, k)
            assert np.array_equal(together.output[b, t], output), (b, t)
        events += simulation.events
        quiet += simulation.quiet
    assert together.events.tolist() == events.tolist()
    assert together.quiet.tolist() == quiet.tolist()
    saturated = layer_rates(pack, [Stimulus(raster) for raster in rasters])[1]
    assert together.saturated.tolist() == saturated


@pytest.mark.parametrize("seed", range(40))
def test_random_packs_with_clips_that_fall_silent_at_different_times(seed):
    pack = random_pack(seed)
    rasters = np.stack([random_raster(pack, 10 * seed + b, 40) for b in range(4)])
    for b in range(4):
        rasters[b, 5 * b + 3 : 9 * b + 5] = 0
    rasters[3] = 0
    check(pack, rasters)


@pytest.mark.parametrize("name", CORNERS)
def test_corner_models(name):
    scene = CORNERS[name]
    raster = scene.raster
    check(scene.pack, np.stack([raster, np.roll(raster, 3, axis=0), np.zeros_like(raster)]))


def test_clips_of_different_length():
    rasters = [np.full((n, 2), n, np.int8) for n in (3, 5, 3, 3)]
    found = list(batches([Stimulus(raster) for raster in rasters], 2))
    assert [x.shape for x in found] == [(2, 3, 2), (1, 3, 2), (1, 5, 2)]


def test_activity_per_tick():
    pack = random_pack(3)
    stimuli = [Stimulus(random_raster(pack, seed, 20 + seed)) for seed in range(3)]
    seen = activity(pack, stimuli)
    rates, saturated = layer_rates(pack, stimuli)
    assert seen.rates == pytest.approx(rates)
    assert list(seen.saturated) == saturated
    assert seen.ticks == 63
    inputs = sum(int((s.raster != 0).sum()) for s in stimuli)
    assert seen.events_per_tick[0] >= inputs / 63
