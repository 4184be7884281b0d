"""Weight grids: exact ones are found, others are as near as rounding allows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinysnn.rounding import GRID
from tinysnn.scales import STEPS, THETA_CAP, channel_scales, exact_step, snr_db, to_steps

BITS = (8, 4, 2, 1)


@settings(deadline=None)
@given(
    bits=st.sampled_from([8, 4, 2]),
    exponent=st.integers(-30, 10),
    shape=st.tuples(st.integers(1, 6), st.integers(1, 5)),
    seed=st.integers(0, 1000),
)
def test_weights_on_a_grid_are_kept_exactly(bits, exponent, shape, seed):
    rng = np.random.default_rng(seed)
    weight = rng.integers(-STEPS[bits], STEPS[bits] + 1, shape) * 2.0**exponent
    scales = channel_scales(weight, None, bits)
    rows = to_steps(weight, scales, bits)
    assert np.array_equal(rows * scales, weight)
    assert snr_db(weight, rows, scales) is None


@settings(deadline=None)
@given(bits=st.sampled_from([4, 2]), seed=st.integers(0, 1000))
def test_channels_on_grids_of_their_own_are_kept_exactly(bits, seed):
    """As networks trained on the packer's grid have them, down to its lowest value."""
    rng = np.random.default_rng(seed)
    low, high = GRID[bits]
    steps = rng.integers(low, high + 1, (12, 9))
    weight = np.float32(steps * 10.0 ** rng.uniform(-3, 3, 9)).astype(float)
    scales = channel_scales(weight, None, bits)
    rows = to_steps(weight, scales, bits)
    assert snr_db(weight, rows, scales) is None
    assert rows.min() >= low
    assert rows.max() <= high


def test_a_channel_off_every_grid_is_rounded_within_the_symmetric_one():
    weight = np.array([[-2.0, -2.0], [1.0, 1.0], [0.0, 0.4]])
    scales = channel_scales(weight, None, 2)
    rows = to_steps(weight, scales, 2)
    assert rows[:, 0].tolist() == [-2, 1, 0]
    assert rows[:, 1].min() == -1


def test_one_bit_weights_of_one_size_are_exact():
    weight = np.array([[0.5, -0.5], [-0.5, 0.5]])
    scales = channel_scales(weight, None, 1)
    assert scales.tolist() == [0.5, 0.5]
    assert to_steps(weight, scales, 1).tolist() == [[1, -1], [-1, 1]]


def test_the_coarsest_exact_step_is_taken():
    assert exact_step(np.array([[4.0, -8.0]]), 8) == 4.0
    assert exact_step(np.array([[3.0, 8.0]]), 8) == 1.0
    assert exact_step(np.array([[0.0]]), 8) == 1.0
    assert exact_step(np.array([[1.0, 1 / 128]]), 8) is None
    assert exact_step(np.array([[1.0, 0.3]]), 8) is None
    assert exact_step(np.array([[7.0, 1.0]]), 4) == 1.0
    assert exact_step(np.array([[8.0, 1.0]]), 4) is None


@settings(deadline=None)
@given(bits=st.sampled_from([8, 4, 2]), seed=st.integers(0, 500))
def test_the_error_of_a_channel_is_bounded(bits, seed):
    """8 bits: half a step of the largest weight; fewer bits may clip, but never do worse in sum."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 1, (20, 7)) * 10.0 ** rng.uniform(-2, 2, 7)
    scales = channel_scales(weight, None, bits)
    rows = to_steps(weight, scales, bits)
    largest = np.abs(weight).max(axis=0)
    if bits == 8:
        assert (np.abs(rows * scales - weight) <= largest / 127 / 2 * 1.000001).all()
    plain = np.clip(np.rint(weight / (largest / STEPS[bits])), -STEPS[bits], STEPS[bits])
    error = ((rows * scales - weight) ** 2).sum(axis=0)
    assert (error <= ((plain * largest / STEPS[bits] - weight) ** 2).sum(axis=0) * 1.000001).all()


@pytest.mark.parametrize("bits", BITS)
def test_rows_stay_in_their_range(bits):
    rng = np.random.default_rng(bits)
    weight = rng.normal(0, 5, (50, 9))
    weight[:, 3] = 0
    scales = channel_scales(weight, None, bits)
    assert (scales > 0).all()
    rows = to_steps(weight, scales, bits)
    assert rows.dtype == np.int8
    assert np.abs(rows).max() <= STEPS[bits]
    assert bits == 1 or not rows[:, 3].any()
    assert bits != 1 or (rows != 0).all()


def test_a_threshold_far_above_the_weights_coarsens_the_grid():
    weight = np.array([[0.001, 0.5]])
    scales = channel_scales(weight, np.array([1.0, 1.0]), 8)
    assert (1.0 / scales <= THETA_CAP).all()
    assert scales[0] == 1.0 / THETA_CAP
    assert to_steps(weight, scales, 8)[0, 0] == 1


def test_an_empty_channel_gets_some_scale():
    assert (channel_scales(np.zeros((3, 2)), None, 8) > 0).all()
    mixed = channel_scales(np.array([[0.3, 0.0], [0.7, 0.0]]), None, 8)
    assert (mixed > 0).all()


def test_signal_to_noise_by_hand():
    weight, rows = np.array([[1.0], [0.0]]), np.array([[1], [0]], np.int8)
    assert snr_db(weight, rows, np.array([0.9])) == pytest.approx(20.0)
    assert snr_db(weight, rows, np.array([1.0])) is None
    assert snr_db(np.zeros((1, 1)), np.zeros((1, 1), np.int8), np.ones(1)) is None
