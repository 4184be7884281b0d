"""lif, li and current against scalar Python: all modes, both ends, many ticks."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.make_packs import make_layer
from tests.ops.scalar import Neuron, clip, to_zero
from tinysnn.ops import current, li, lif

ONE = 65536
MODES = list(product(("zero", "subtract", "none"), ("same-tick", "next-tick"), ("gt", "ge")))


def wide(*values):
    return np.array(values, np.int64)


def lif_layer(beta, theta, reset, timing, compare, bits=16, reset_to=None):
    return make_layer(
        [[0]], beta=beta, theta=theta, reset=reset, reset_timing=timing, compare=compare,
        state_bits=bits, reset_to=reset_to, skip=False,
    )  # fmt: skip


@pytest.mark.parametrize(("compare", "fires"), [("gt", False), ("ge", True)])
@pytest.mark.parametrize("theta", [10, 0, -10])
def test_v_at_the_threshold(compare, fires, theta):
    layer = lif_layer(ONE, theta, "none", "same-tick", compare)
    v, fired = lif.step(layer, wide(theta - 1), wide(1), np.array([False]))
    assert v.tolist() == [theta]
    assert fired.tolist() == [fires]


@pytest.mark.parametrize("compare", ["gt", "ge"])
def test_neither_comparison_fires_below_and_both_above(compare):
    layer = lif_layer(ONE, 10, "none", "same-tick", compare)
    for v, wanted in ((9, False), (11, True), (-11, False)):
        assert lif.step(layer, wide(v), wide(0), np.array([False]))[1].tolist() == [wanted]


def test_subtraction_keeps_the_rest_and_zero_does_not():
    kept = lif.step(lif_layer(ONE, 10, "subtract", "same-tick", "ge"), wide(0), wide(25), no())
    assert kept[0].tolist() == [15]
    assert kept[1].tolist() == [True]
    layer = lif_layer(ONE, 10, "zero", "same-tick", "ge", reset_to=-3)
    assert lif.step(layer, wide(0), wide(25), no())[0].tolist() == [-3]
    layer = lif_layer(ONE, 10, "none", "same-tick", "ge")
    assert lif.step(layer, wide(0), wide(25), no())[0].tolist() == [25]


def no():
    return np.array([False])


def test_next_tick_resets():
    yes = np.array([True])
    zero = lif_layer(32768, 100, "zero", "next-tick", "ge", reset_to=-40)
    # the reset comes before the decay: -40 / 2 + 7
    assert lif.step(zero, wide(150), wide(7), yes)[0].tolist() == [-13]
    assert lif.step(zero, wide(150), wide(7), no())[0].tolist() == [82]
    subtract = lif_layer(32768, 100, "subtract", "next-tick", "ge")
    # the threshold is not decayed: 150 / 2 + 7 - 100
    assert lif.step(subtract, wide(150), wide(7), yes)[0].tolist() == [-18]


@pytest.mark.parametrize(
    ("bits", "low", "high"), [(16, -32768, 32767), (32, -(1 << 30), (1 << 30) - 1)]
)
def test_membranes_and_currents_saturate(bits, low, high):
    layer = lif_layer(ONE, high, "none", "same-tick", "gt", bits=bits)
    assert lif.step(layer, wide(high), wide(high), no())[0].tolist() == [high]
    assert lif.step(layer, wide(low), wide(low), no())[0].tolist() == [low]
    # saturated before it is compared: the highest threshold is never passed by gt
    assert lif.step(layer, wide(high), wide(high), no())[1].tolist() == [False]
    readout = make_layer(np.zeros((1, 2)), op="li", beta=ONE, state_bits=bits)
    assert li.step(readout, wide(high, low), wide(high, low)).tolist() == [high, low]
    assert current.step(wide(high, low), wide(1, -1), wide(ONE), bits).tolist() == [high, low]


def test_a_reset_can_saturate_too():
    layer = lif_layer(ONE, -30000, "subtract", "same-tick", "ge")
    assert lif.step(layer, wide(20000), wide(0), no())[0].tolist() == [32767]


@pytest.mark.parametrize("reset", ["zero", "subtract", "none"])
@pytest.mark.parametrize("timing", ["same-tick", "next-tick"])
def test_what_keeps_a_layer_hot(reset, timing):
    layer = lif_layer(ONE, 1, reset, timing, "ge")
    wanted = (reset, timing) != ("zero", "same-tick")
    assert bool(lif.hot(layer, wide(0), np.array([True]))) is wanted
    assert not lif.hot(layer, wide(0), np.array([False]))


@pytest.mark.parametrize("beta", [0, ONE])
def test_no_decay_and_full_decay(beta):
    kept = beta == ONE
    readout = make_layer(np.zeros((1, 2)), op="li", beta=beta)
    assert li.step(readout, wide(-77, 77), wide(1, 1)).tolist() == ([-76, 78] if kept else [1, 1])
    layer = lif_layer(beta, 30000, "none", "same-tick", "ge")
    assert lif.step(layer, wide(-77), wide(1), no())[0].tolist() == [-76 if kept else 1]


@settings(max_examples=150, deadline=None)
@given(
    mode=st.sampled_from(MODES),
    bits=st.sampled_from([16, 32]),
    beta=st.one_of(st.integers(0, ONE), st.sampled_from([0, ONE, 65535, 32768])),
    theta=st.integers(0, 3000),
    reset_to=st.integers(-500, 500),
    drive=st.lists(st.integers(-4000, 4000), min_size=1, max_size=30),
)
def test_lif_is_the_scalar_one(mode, bits, beta, theta, reset_to, drive):
    reset, timing, compare = mode
    layer = lif_layer(beta, theta, reset, timing, compare, bits, reset_to)
    neuron = Neuron("lif", bits, beta, 0, theta, reset, timing, compare, reset_to)
    v, fired = wide(0), no()
    for x in drive:
        neuron.tick(x)
        v, fired = lif.step(layer, v, wide(x), fired)
        assert (v.tolist(), fired.tolist()) == ([neuron.v], [bool(neuron.s)])


@given(
    v=st.integers(-(1 << 30), (1 << 30) - 1),
    x=st.integers(-(1 << 30), (1 << 30) - 1),
    b=st.integers(0, ONE),
)
def test_li_and_current_are_the_scalar_ones(v, x, b):
    wanted = [clip(to_zero(v, b) + x, 32)]
    readout = make_layer([[0]], op="li", beta=b, state_bits=32)
    assert li.step(readout, wide(v), wide(x)).tolist() == wanted
    assert current.step(wide(v), wide(x), wide(b), 32).tolist() == wanted
