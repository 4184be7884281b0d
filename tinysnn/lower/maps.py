"""Linear maps between populations, kept in the form that stores least.

A map is the identity, a matrix, a convolution, or one of these after a pooling. Putting a linear
node behind a map gives a map of one of these forms again, exactly; where none but a matrix will do,
it is written out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.graph import Floats, dense_rows
from tinysnn.spatial import NO_PADDING, Conv, Pool, pooled_kernel

MAX_WEIGHTS = 1 << 25
SMALL = 1 << 18
"""A one-to-one connection of more weights than this is not written out as a matrix."""


@dataclass(frozen=True, eq=False)
class LinearMap:
    """``y = x``, after ``pool`` (if any), through ``conv`` or ``matrix`` (not both)."""

    n_in: int
    n_out: int
    pool: Pool | None = None
    conv: Conv | None = None
    matrix: Floats | None = None
    """[n after the pool, n_out]."""

    @property
    def is_identity(self) -> bool:
        """Whether y = x."""
        return self.pool is None and self.conv is None and self.matrix is None

    def apply(self, x: Floats) -> Floats:
        """[B, n_in] -> [B, n_out]."""
        if self.pool is not None:
            x = self.pool.apply(x)
        if self.conv is not None:
            x = self.conv.apply(x)
        return x if self.matrix is None else x @ self.matrix


def identity(n: int) -> LinearMap:
    """``y = x`` for n values."""
    return LinearMap(n, n)


def dense(linear: LinearMap) -> Floats:
    """The map as a matrix [n_in, n_out].

    Raises
    ------
    ModelError
        It would have more than ``MAX_WEIGHTS`` weights (without ``where``).
    """
    if linear.matrix is not None and linear.pool is None:
        return linear.matrix
    _check_size(linear.n_in, linear.n_out)
    return np.eye(linear.n_in) if linear.is_identity else dense_rows(linear.apply, linear.n_in)


def then_matrix(linear: LinearMap, weight: Floats) -> LinearMap:
    """``weight`` ([n, m]) behind a map."""
    n_out = weight.shape[1]
    if linear.is_identity:
        return LinearMap(linear.n_in, n_out, matrix=weight)
    if linear.conv is None and linear.matrix is None:
        return replace(linear, n_out=n_out, matrix=weight)
    if linear.matrix is not None:
        _check_size(linear.matrix.shape[0], n_out)
        return replace(linear, n_out=n_out, matrix=linear.matrix @ weight)
    _check_size(linear.n_in, n_out)
    return LinearMap(linear.n_in, n_out, matrix=dense(linear) @ weight)


def then_scale(linear: LinearMap, scale: Floats) -> LinearMap:
    """``scale`` ([n]) behind a map, element by element."""
    if bool((scale == 1.0).all()):
        return linear
    if linear.matrix is not None:
        return replace(linear, matrix=linear.matrix * scale)
    if linear.conv is not None or linear.pool is not None:
        channels = _per_channel(linear, scale)
        if channels is not None:
            return replace(linear, conv=_scaled(linear, channels))
        return LinearMap(linear.n_in, linear.n_out, matrix=dense(linear) * scale)
    if scale.size**2 <= min(SMALL, MAX_WEIGHTS):
        return LinearMap(linear.n_in, linear.n_out, matrix=np.diag(scale))
    return replace(linear, conv=one_to_one(scale))


def then_conv(linear: LinearMap, conv: Conv) -> LinearMap:
    """A convolution behind a map."""
    n_out = int(np.prod(conv.out_shape))
    if linear.conv is None and linear.matrix is None:
        return replace(linear, n_out=n_out, conv=conv)
    _check_size(linear.n_in, n_out)
    return LinearMap(linear.n_in, n_out, matrix=conv.apply(dense(linear)))


def then_pool(linear: LinearMap, pool: Pool) -> LinearMap:
    """Pooling behind a map."""
    n_out = int(np.prod(pool.out_shape))
    unpadded = pool.padding == NO_PADDING
    if linear.is_identity:
        return LinearMap(linear.n_in, n_out, pool=pool)
    if linear.conv is not None and unpadded:
        return replace(linear, n_out=n_out, conv=pooled_kernel(linear.conv, pool))
    if linear.conv is None and linear.matrix is None:
        ones = Conv(pool.in_shape, np.ones((pool.in_shape[0], 1, 1, 1)), groups=pool.in_shape[0])
        if unpadded:
            return replace(linear, n_out=n_out, conv=pooled_kernel(ones, pool))
    _check_size(linear.n_in, n_out)
    return LinearMap(linear.n_in, n_out, matrix=pool.apply(dense(linear)))


def added(first: LinearMap, second: LinearMap) -> LinearMap:
    """The sum of two maps."""
    return LinearMap(first.n_in, first.n_out, matrix=dense(first) + dense(second))


def masked(linear: LinearMap, keep: np.typing.NDArray[np.bool_]) -> LinearMap:
    """The map with the outputs outside of ``keep`` ([n_out]) at 0."""
    return LinearMap(linear.n_in, linear.n_out, matrix=dense(linear) * keep)


def one_to_one(scale: Floats) -> Conv:
    """``y = scale x`` element by element, as a convolution of single points."""
    n = scale.size
    return Conv((n, 1, 1), scale.reshape(n, 1, 1, 1), groups=n)


def _per_channel(linear: LinearMap, scale: Floats) -> Floats | None:
    """The scale per output channel, if it is the same at all places of each."""
    last = linear.conv or linear.pool
    assert last is not None
    maps = scale.reshape(last.out_shape[0], -1)
    channels: Floats = maps[:, 0]
    return channels if bool((maps == channels[:, None]).all()) else None


def _scaled(linear: LinearMap, channels: Floats) -> Conv:
    if linear.conv is not None:
        return replace(linear.conv, kernel=linear.conv.kernel * channels[:, None, None, None])
    assert linear.pool is not None
    shape = linear.pool.out_shape
    return Conv(shape, channels.reshape(-1, 1, 1, 1), groups=shape[0])


def _check_size(rows: int, columns: int) -> None:
    if rows * columns > MAX_WEIGHTS:
        raise ModelError(
            f"folded with what comes before it is a {rows} x {columns} matrix",
            fix=f"At most {MAX_WEIGHTS} weights are taken per connection; put a neuron between.",
        )
