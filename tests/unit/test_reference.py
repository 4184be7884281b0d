"""The oracle itself against a scalar simulator written from SPEC.md, and its edges."""

from __future__ import annotations

import zlib

import numpy as np
import pytest

from tests.corner_models import corners
from tests.make_packs import make_layer, make_pack, raster_of
from tests.ops.scalar_net import ScalarNet
from tests.random_packs import random_pack, random_raster
from tinysnn.errors import StimulusError
from tinysnn.layer_state import MAX_IDLE
from tinysnn.pack import Source
from tinysnn.reference import Simulation, layer_rates, run
from tinysnn.state import state_bytes
from tinysnn.stimulus import Stimulus

CORNERS = corners()


def assert_same(pack, raster):
    trace = run(pack, Stimulus(raster), keep_states=True)
    net = ScalarNet(pack)
    states, outputs = [net.state()], []
    for row in raster.tolist():
        outputs.append(net.tick(row))
        states.append(net.state())
    assert trace.output.tolist() == outputs
    for tick, (got, wanted) in enumerate(zip(trace.states, states, strict=True)):
        assert got.tobytes() == wanted, f"{pack.name}: state after {tick} ticks"
    running = 0
    for got, state in zip(trace.hashes.tolist(), states, strict=True):
        running = zlib.crc32(state, running)
        assert got == running


@pytest.mark.parametrize("name", [name for name in CORNERS if not name.startswith("chunks")])
def test_corner_models_match_the_scalar_simulator(name):
    corner = CORNERS[name]
    assert_same(corner.pack, corner.raster[:60])


@pytest.mark.parametrize("seed", range(100, 112))
def test_random_packs_match_the_scalar_simulator(seed):
    pack = random_pack(seed)
    assert_same(pack, random_raster(pack, seed, 25))


def test_without_keep_states_there_are_none():
    corner = CORNERS["fan_in_one"]
    trace = run(corner.pack, Stimulus(corner.raster))
    assert trace.states is None
    assert trace.counts is None
    kept = run(corner.pack, Stimulus(corner.raster), keep_states=True)
    assert kept.states.shape == (len(corner.raster) + 1, state_bytes(corner.pack))
    assert trace.hashes.tolist() == kept.hashes.tolist()


def test_no_tick_at_all():
    pack = CORNERS["fan_in_one"].pack
    trace = run(pack, Stimulus(np.zeros((0, 1), np.int8)), keep_states=True)
    assert trace.output.shape == (0, 1)
    assert trace.hashes.shape == (1,)
    assert trace.states.shape[0] == 1


@pytest.mark.parametrize(
    "raster", [np.zeros((3, 2)), np.zeros(3), np.zeros((1, 1, 1)), np.full((2, 1), 2)]
)
def test_a_raster_that_does_not_fit_is_refused(raster):
    with pytest.raises(StimulusError):
        run(CORNERS["fan_in_one"].pack, Stimulus(raster.astype(np.int8), name="clip"))


def test_graded_values_are_taken_where_they_belong():
    corner = CORNERS["graded_0"]
    assert run(corner.pack, Stimulus(corner.raster)).output.any()


def test_idle_stops_at_its_largest_value():
    simulation = Simulation(CORNERS["fan_in_one"].pack)
    layer = simulation.layers[0]
    layer.idle = MAX_IDLE - 1
    for _ in range(3):
        simulation.tick(np.zeros(1, np.int8))
    assert layer.idle == MAX_IDLE


def test_rates_and_saturation_are_counted():
    layer = make_layer([[127, 1]], theta=[127, 32767], beta=[0, 65536], compare="ge")
    pack = make_pack(layer)
    clips = [Stimulus(raster_of(1, [[0], [], [0], []])), Stimulus(raster_of(1, [[0]] * 4))]
    rates, saturated = layer_rates(pack, clips)
    assert rates == [6 / 16]
    assert saturated == [0]
    high = make_layer([[1]], theta=32767, beta=65536, v_init=32767, compare="gt")
    readout = make_layer([[1]], sources=[Source(0, 0, 1)], op="li", beta=0)
    rates, saturated = layer_rates(make_pack(high, readout), clips)
    assert rates == [0.0, None]
    assert saturated == [8, 0]
