"""Convolution and pooling against their definitions, written out as loops."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinysnn.delay_line import DelayLine
from tinysnn.spatial import Conv, Pool, pooled_kernel, windows


@st.composite
def convs(draw: st.DrawFn) -> Conv:
    groups = draw(st.sampled_from([1, 2]))
    size = st.integers(1, 3)
    pads = st.tuples(st.integers(0, 2), st.integers(0, 2))
    seed = draw(st.integers(0, 99))
    kernel = np.random.default_rng(seed).normal(size=(4, 4 // groups, draw(size), draw(size)))
    return Conv(
        (4, draw(st.integers(5, 7)), draw(st.integers(5, 7))),
        kernel,
        draw(st.tuples(size, size)),
        draw(st.tuples(pads, pads)),
        draw(st.tuples(st.integers(1, 2), st.integers(1, 2))),
        groups,
    )


def by_definition(conv: Conv, x: np.ndarray) -> np.ndarray:
    """Event by event, as a device would scatter it: rows onto all places whose window covers it."""
    channels, height, width = conv.in_shape
    out, oh, ow = conv.out_shape
    rows, per_group = conv.scatter_rows, out // conv.groups
    result = np.zeros((oh, ow, out))
    maps = x.reshape(conv.in_shape)
    for c in range(channels):
        first = c // (channels // conv.groups) * per_group
        for y, x_ in np.ndindex(height, width):
            for ky, kx in np.ndindex(*rows.shape[1:3]):
                top = y + conv.padding[0][0] - ky * conv.dilation[0]
                left = x_ + conv.padding[1][0] - kx * conv.dilation[1]
                oy, ox = top // conv.stride[0], left // conv.stride[1]
                fits = top % conv.stride[0] == 0 and left % conv.stride[1] == 0
                if fits and 0 <= oy < oh and 0 <= ox < ow:
                    result[oy, ox, first : first + per_group] += maps[c, y, x_] * rows[c, ky, kx]
    return np.transpose(result, (2, 0, 1)).reshape(-1)


@given(convs(), st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_convolution_is_the_scatter_of_its_events(conv: Conv, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(2, int(np.prod(conv.in_shape))))
    result = conv.apply(x)
    assert result.shape == (2, int(np.prod(conv.out_shape)))
    for given_, got in zip(x, result, strict=True):
        np.testing.assert_allclose(got, by_definition(conv, given_), atol=1e-12)


def test_a_convolution_by_hand() -> None:
    conv = Conv((1, 1, 4), np.array([[[[1.0, 10.0]]]]), (1, 2), ((0, 0), (1, 0)))
    assert conv.out_shape == (1, 1, 2)
    assert conv.apply(np.array([[1.0, 2.0, 3.0, 4.0]])).tolist() == [[10.0, 32.0]]


def pool_by_definition(pool: Pool, x: np.ndarray) -> np.ndarray:
    padded = np.pad(x.reshape(pool.in_shape), ((0, 0), *pool.padding))
    _, oh, ow = pool.out_shape
    result = np.zeros(pool.out_shape)
    for oy, ox in np.ndindex(oh, ow):
        y, x_ = oy * pool.stride[0], ox * pool.stride[1]
        window = padded[:, y : y + pool.kernel[0], x_ : x_ + pool.kernel[1]]
        result[:, oy, ox] = window.sum(axis=(1, 2))
    return result.reshape(-1)


@pytest.mark.parametrize("kernel", [(2, 2), (3, 1), (2, 3)])
@pytest.mark.parametrize("stride", [(2, 2), (1, 3), (3, 2)])
@pytest.mark.parametrize("padding", [((0, 0), (0, 0)), ((1, 0), (1, 1))])
def test_pooling(kernel: Any, stride: Any, padding: Any) -> None:
    pool = Pool((2, 6, 7), kernel, stride, padding)
    x = np.random.default_rng(1).normal(size=84)
    np.testing.assert_allclose(pool.apply(x[None])[0], pool_by_definition(pool, x), atol=1e-12)
    assert pool.disjoint == (stride[0] >= kernel[0] and stride[1] >= kernel[1])


@given(convs(), st.tuples(st.integers(1, 2), st.integers(1, 2)), st.integers(1, 2))
@settings(max_examples=40, deadline=None)
def test_pooling_after_a_convolution_is_one_convolution(
    conv: Conv, kernel: tuple[int, int], stride: int
) -> None:
    pool = Pool(conv.out_shape, kernel, (stride, stride))
    if min(pool.out_shape) < 1:
        return
    both = pooled_kernel(conv, pool)
    x = np.random.default_rng(2).normal(size=(3, int(np.prod(conv.in_shape))))
    assert both.out_shape == pool.out_shape
    np.testing.assert_allclose(both.apply(x), pool.apply(conv.apply(x)), atol=1e-11)


def test_windows() -> None:
    assert windows(5, 3, 1, (0, 0)) == 3
    assert windows(5, 3, 2, (1, 1)) == 3
    assert windows(5, 3, 1, (0, 0), dilation=2) == 1
    assert windows(2, 3, 1, (0, 0)) == 0


def test_delay_line_gives_each_unit_its_own_delay() -> None:
    line = DelayLine(1, np.array([0, 1, 3]))
    out = [line.through(np.full((1, 3), float(tick)))[0].tolist() for tick in range(1, 6)]
    assert out == [[1, 0, 0], [2, 1, 0], [3, 2, 0], [4, 3, 1], [5, 4, 2]]
