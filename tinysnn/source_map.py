"""The feature map that a layer of a pack reads from a source, and its convolution (SPEC.md 1.6)."""

from __future__ import annotations

from math import prod
from typing import TypeAlias

import msgspec

Pair: TypeAlias = tuple[int, int]
Pads: TypeAlias = tuple[Pair, Pair]
"""((top, bottom), (left, right))."""
MapShape: TypeAlias = tuple[int, int, int]
"""[channels, height, width]."""

ONE: Pair = (1, 1)
NO_PADDING: Pads = ((0, 0), (0, 0))


class PoolWindow(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Sums over windows, ahead of the convolution."""

    kernel: Pair
    stride: Pair
    padding: Pads = NO_PADDING


class SourceMap(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How the units of a source reach a layer: as a map, pooled (perhaps), then convolved.

    A matrix is a kernel as large as the map: one place, all neurons of the layer as its channels.
    """

    shape: MapShape
    """Of the source's map."""
    kernel: Pair
    """[height, width]."""
    out_channels: int
    first: int = 0
    """Unit of the source that is the map's first one."""
    channels_last: bool = False
    """The source's units are [height, width, channels]; else [channels, height, width]."""
    pool: PoolWindow | None = None
    stride: Pair = ONE
    padding: Pads = NO_PADDING
    dilation: Pair = ONE
    groups: int = 1

    @property
    def n(self) -> int:
        """Number of units of the source that are in the map."""
        return prod(self.shape)

    @property
    def pooled_shape(self) -> MapShape:
        """Of the map that enters the convolution."""
        if self.pool is None:
            return self.shape
        channels, height, width = self.shape
        pool = self.pool
        return (
            channels,
            places(height, pool.kernel[0], pool.stride[0], pool.padding[0]),
            places(width, pool.kernel[1], pool.stride[1], pool.padding[1]),
        )

    @property
    def out_shape(self) -> MapShape:
        """[channels, height, width] of what comes out; the layer has them channels last."""
        _, height, width = self.pooled_shape
        tall, wide = (
            places(size, self.kernel[axis], self.stride[axis], self.padding[axis], dilation)
            for axis, (size, dilation) in enumerate(
                zip((height, width), self.dilation, strict=True)
            )
        )
        return (self.out_channels, tall, wide)

    @property
    def tensor_shape(self) -> tuple[int, int, int, int]:
        """Of the weights: [channels, kernel height, kernel width, out channels / groups]."""
        return (self.shape[0], *self.kernel, self.out_channels // self.groups)


def places(size: int, kernel: int, stride: int, pads: Pair, dilation: int = 1) -> int:
    """How many windows of a kernel fit along one axis (not above 0: none)."""
    return (size + sum(pads) - dilation * (kernel - 1) - 1) // stride + 1
