"""Primitives of SPEC.md 1.2 and 1.3 against scalar Python, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ops import scalar
from tinysnn.ops.fixed import ONE_Q16, align, leak_nearest, leak_zero, sat, square_decay
from tinysnn.ops.idle import catch_up

states = st.integers(-(1 << 30), (1 << 30) - 1)
decays = st.one_of(st.integers(0, ONE_Q16), st.sampled_from([0, 1, 32768, 65535, ONE_Q16]))


def wide(*values):
    return np.array(values, np.int64)


@pytest.mark.parametrize(
    ("v", "bits", "wanted"),
    [
        (32767, 16, 32767),
        (32768, 16, 32767),
        (-32768, 16, -32768),
        (-32769, 16, -32768),
        (1 << 30, 32, (1 << 30) - 1),
        ((1 << 30) - 1, 32, (1 << 30) - 1),
        (-(1 << 30) - 1, 32, -(1 << 30)),
        (-(1 << 30), 32, -(1 << 30)),
        (-(1 << 31), 32, -(1 << 30)),
    ],
)
def test_saturation_at_both_ends(v, bits, wanted):
    assert sat(wide(v), bits).tolist() == [wanted]


@pytest.mark.parametrize(
    ("v", "b", "nearest", "zero"),
    [
        (1, 32768, 1, 0),  # 0.5: half rounds up, and towards zero
        (-1, 32768, 0, 0),  # -0.5: half rounds up
        (3, 32768, 2, 1),
        (-3, 32768, -1, -1),
        (-5, 45000, -3, -3),  # -3.43
        (5, 45000, 3, 3),
        (-100, 65535, -100, -99),
        (100, 65535, 100, 99),
        (12345, 0, 0, 0),
        (-12345, 0, 0, 0),
        (12345, ONE_Q16, 12345, 12345),
        (-12345, ONE_Q16, -12345, -12345),
        (-(1 << 30), ONE_Q16, -(1 << 30), -(1 << 30)),
    ],
)
def test_leaks_by_hand(v, b, nearest, zero):
    assert leak_nearest(wide(v), wide(b)).tolist() == [nearest]
    assert leak_zero(wide(v), wide(b)).tolist() == [zero]


@given(v=states, b=decays)
def test_leaks_are_the_scalar_ones(v, b):
    assert leak_nearest(wide(v), wide(b)).tolist() == [scalar.nearest(v, b)]
    assert leak_zero(wide(v), wide(b)).tolist() == [scalar.to_zero(v, b)]


@given(v=states, b=st.integers(0, ONE_Q16 - 1))
def test_the_leak_to_zero_always_dies(v, b):
    assert abs(int(leak_zero(wide(v), wide(b))[0])) < max(1, abs(v))


@given(v=states, b=decays)
def test_a_leak_never_grows_or_changes_sign(v, b):
    for leak in (leak_nearest, leak_zero):
        kept = int(leak(wide(v), wide(b))[0])
        assert abs(kept) <= abs(v)
        assert kept == 0 or (kept > 0) == (v > 0)


@pytest.mark.parametrize(
    ("a", "f", "wanted"),
    [(5, 0, 5), (5, 3, 40), (-5, 3, -40), (5, -1, 3), (-5, -1, -2), (6, -2, 2), (-6, -2, -1),
     (-7, -2, -2), (0, -24, 0), (1 << 23, -24, 1), ((1 << 23) - 1, -24, 0)],
)  # fmt: skip
def test_align_by_hand(a, f, wanted):
    assert align(wide(a), f).tolist() == [wanted]


@given(a=st.integers(-(1 << 31), (1 << 31) - 1), f=st.integers(-24, 15))
def test_align_is_the_scalar_one(a, f):
    assert align(wide(a), f).tolist() == [scalar.shifted(a, f)]


def test_squared_decays():
    decays = wide(0, 1, 255, 256, 32768, 65535, ONE_Q16)
    assert square_decay(decays).tolist() == [0, 0, 1, 1, 16384, 65534, ONE_Q16]


@pytest.mark.parametrize("k", [0, 1, 2, 3, 7, 1000, (1 << 32) - 1])
@pytest.mark.parametrize("fires", [True, False])
def test_catch_up(k, fires):
    v = wide(30000, -30000, 1, -1, (1 << 30) - 1, -(1 << 30), 5)
    b = wide(65535, 60000, 32768, ONE_Q16, 65535, ONE_Q16, 0)
    leak = leak_nearest if fires else leak_zero
    wanted = [scalar.after_idle(int(x), int(d), k, fires=fires) for x, d in zip(v, b, strict=True)]
    assert catch_up(v, b, leak, k).tolist() == wanted


def test_catch_up_of_one_tick_is_one_leak():
    v, b = wide(1234, -1234), wide(50000, 40000)
    assert catch_up(v, b, leak_nearest, 1).tolist() == leak_nearest(v, b).tolist()
    assert catch_up(v, b, leak_nearest, 0).tolist() == v.tolist()


def test_catch_up_of_three_ticks_by_hand():
    # 65536 * 3/4: p = 49152; k = 3: v * 3/4, then p^2 = 36864 (9/16)
    assert catch_up(wide(1000), wide(49152), leak_nearest, 3).tolist() == [422]
    assert catch_up(wide(-1000), wide(49152), leak_zero, 3).tolist() == [-421]


@given(v=st.integers(-32768, 32767), b=decays, k=st.integers(0, (1 << 32) - 1))
def test_catch_up_is_the_scalar_one(v, b, k):
    got = catch_up(wide(v), wide(b), leak_nearest, k)
    assert got.tolist() == [scalar.after_idle(v, b, k, fires=True)]
