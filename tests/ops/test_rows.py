"""Row-add against sums in plain Python."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tinysnn.ops import rows


@st.composite
def tables(draw):
    n_rows, n = draw(st.integers(1, 12)), draw(st.integers(1, 5))
    weights = draw(
        st.lists(
            st.lists(st.integers(-128, 127), min_size=n, max_size=n),
            min_size=n_rows,
            max_size=n_rows,
        )
    )
    active = draw(st.lists(st.integers(0, n_rows - 1), unique=True).map(sorted))
    values = draw(st.lists(st.integers(-128, 127), min_size=len(active), max_size=len(active)))
    return weights, active, values


def summed(weights, active, values):
    return [
        sum(v * weights[r][j] for r, v in zip(active, values, strict=True))
        for j in range(len(weights[0]))
    ]


@given(tables())
def test_spikes_and_graded_events(case):
    weights, active, values = case
    table, index = np.array(weights, np.int8), np.array(active, np.intp)
    assert rows.accumulate(table, index, None).tolist() == summed(
        weights, active, [1] * len(active)
    )
    graded = rows.accumulate(table, index, np.array(values, np.int64))
    assert graded.tolist() == summed(weights, active, values)


def test_no_event_adds_nothing():
    table = np.full((3, 4), 127, np.int8)
    none = np.array([], np.intp)
    assert rows.accumulate(table, none, None).tolist() == [0] * 4
    assert rows.accumulate(table, none, np.array([], np.int64)).tolist() == [0] * 4


def test_sums_do_not_wrap_at_int8():
    table = np.full((1000, 2), -128, np.int8)
    everything = np.arange(1000)
    assert rows.accumulate(table, everything, None).tolist() == [-128000] * 2
    values = np.full(1000, -128, np.int64)
    assert rows.accumulate(table, everything, values).tolist() == [128 * 128000] * 2
