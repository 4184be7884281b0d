"""Convolution and pooling of feature maps: their geometry, and what they do to values.

Maps are ``[channels, height, width]`` and flattened in that order. A one-dimensional map has height
1. Padding is with zeros and may differ on the two sides of an axis (``same``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Pair: TypeAlias = tuple[int, int]
Pads: TypeAlias = tuple[Pair, Pair]
"""((top, bottom), (left, right))."""
MapShape: TypeAlias = tuple[int, int, int]

NO_PADDING: Pads = ((0, 0), (0, 0))


def windows(size: int, kernel: int, stride: int, pads: Pair, dilation: int = 1) -> int:
    """How many windows of a kernel fit along one axis (not above 0: none)."""
    return (size + sum(pads) - dilation * (kernel - 1) - 1) // stride + 1


@dataclass(frozen=True, eq=False)
class Pool:
    """Sums over windows, channel by channel: ``y[c] = sum of x[c] in the window``."""

    in_shape: MapShape
    kernel: Pair
    stride: Pair
    padding: Pads = NO_PADDING

    @property
    def out_shape(self) -> MapShape:
        """[channels, height, width] of what comes out."""
        channels, height, width = self.in_shape
        return (
            channels,
            windows(height, self.kernel[0], self.stride[0], self.padding[0]),
            windows(width, self.kernel[1], self.stride[1], self.padding[1]),
        )

    @property
    def disjoint(self) -> bool:
        """Whether every input is in one window at most, so that an event only moves."""
        return self.stride[0] >= self.kernel[0] and self.stride[1] >= self.kernel[1]

    def apply(self, x: Floats) -> Floats:
        """[B, n_in] -> [B, n_out]."""
        maps = _padded(x, self.in_shape, self.padding)
        total = np.zeros((x.shape[0], *self.out_shape))
        for _, _, part in _taps(maps, self.kernel, self.stride, (1, 1), self.out_shape):
            total += part
        return total.reshape(x.shape[0], -1)


@dataclass(frozen=True, eq=False)
class Conv:
    """``y[o] = sum over c, ky, kx of kernel[o, c, ky, kx] x[c] at stride * (y, x) + dilation * k``.

    As in torch: a correlation, and output channels in ``groups`` blocks that see their own block of
    input channels each.
    """

    in_shape: MapShape
    kernel: Floats
    """[out channels, in channels / groups, kernel height, kernel width]."""
    stride: Pair = (1, 1)
    padding: Pads = NO_PADDING
    dilation: Pair = (1, 1)
    groups: int = 1

    @property
    def out_shape(self) -> MapShape:
        """[channels, height, width] of what comes out."""
        _, height, width = self.in_shape
        out, _, kh, kw = self.kernel.shape
        return (
            out,
            windows(height, kh, self.stride[0], self.padding[0], self.dilation[0]),
            windows(width, kw, self.stride[1], self.padding[1], self.dilation[1]),
        )

    @property
    def scatter_rows(self) -> Floats:
        """The weights as an event meets them: [in channels, ky, kx, out channels / groups].

        An event at (c, y, x) adds row [c, ky, kx] to the output channels of its group, which lie
        next to each other in a map of [height, width, channels], at each output position whose
        window covers it.
        """
        out, inner, kh, kw = self.kernel.shape
        blocks = self.kernel.reshape(self.groups, out // self.groups, inner, kh, kw)
        rows = np.transpose(blocks, (0, 2, 3, 4, 1))
        return np.ascontiguousarray(rows.reshape(-1, kh, kw, out // self.groups))

    def apply(self, x: Floats) -> Floats:
        """[B, n_in] -> [B, n_out]."""
        out, inner, kh, kw = self.kernel.shape
        batch, (_, oh, ow) = x.shape[0], self.out_shape
        maps = _padded(x, self.in_shape, self.padding)
        weight = self.kernel.reshape(self.groups, out // self.groups, inner, kh, kw)
        total = np.zeros((batch, self.groups, out // self.groups, oh * ow))
        for ky, kx, part in _taps(maps, (kh, kw), self.stride, self.dilation, (0, oh, ow)):
            grouped = part.reshape(batch, self.groups, inner, oh * ow)
            total += np.matmul(weight[None, :, :, :, ky, kx], grouped)
        return total.reshape(batch, -1)


def _padded(x: Floats, shape: MapShape, pads: Pads) -> Floats:
    maps = x.reshape(x.shape[0], *shape)
    return maps if pads == NO_PADDING else np.pad(maps, ((0, 0), (0, 0), *pads))


def _taps(
    maps: Floats, kernel: Pair, stride: Pair, dilation: Pair, out_shape: MapShape
) -> Iterator[tuple[int, int, Floats]]:
    """For each place (ky, kx) of a kernel, what all windows see there: [B, C, oh, ow]."""
    _, oh, ow = out_shape
    for ky in range(kernel[0]):
        rows = slice(ky * dilation[0], ky * dilation[0] + stride[0] * (oh - 1) + 1, stride[0])
        for kx in range(kernel[1]):
            first = kx * dilation[1]
            columns = slice(first, first + stride[1] * (ow - 1) + 1, stride[1])
            yield ky, kx, maps[:, :, rows, columns]


def pooled_kernel(conv: Conv, pool: Pool) -> Conv:
    """One convolution that does ``conv`` and then ``pool`` (which must not pad).

    The kernel is the sum of the pool window's shifted copies: sum pooling over p outputs at
    stride s widens a kernel by s (p - 1).
    """
    dilated = _dilated(conv.kernel, conv.dilation)
    height = dilated.shape[2] + conv.stride[0] * (pool.kernel[0] - 1)
    width = dilated.shape[3] + conv.stride[1] * (pool.kernel[1] - 1)
    kernel = np.zeros((*dilated.shape[:2], height, width))
    for y in range(pool.kernel[0]):
        top = y * conv.stride[0]
        for x in range(pool.kernel[1]):
            left = x * conv.stride[1]
            rows, columns = slice(top, top + dilated.shape[2]), slice(left, left + dilated.shape[3])
            kernel[:, :, rows, columns] += dilated
    stride = (conv.stride[0] * pool.stride[0], conv.stride[1] * pool.stride[1])
    return Conv(conv.in_shape, kernel, stride, conv.padding, (1, 1), conv.groups)


def _dilated(kernel: Floats, dilation: Pair) -> Floats:
    """The kernel with its gaps filled by zeros."""
    out, inner, kh, kw = kernel.shape
    wide = np.zeros((out, inner, (kh - 1) * dilation[0] + 1, (kw - 1) * dilation[1] + 1))
    wide[:, :, :: dilation[0], :: dilation[1]] = kernel
    return wide
