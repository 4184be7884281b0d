"""NIR's nodes on feature maps: convolution and pooling."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tinysnn.node import SHAPE_FIELD, Floats, Node, Shape
from tinysnn.spatial import Conv, Pads, Pair, Pool


def _role(role: str, axes: int = 0, default: object = None, **more: object) -> dict[str, object]:
    return {"role": role, "axes": axes, "default": default, **more}


_GROUPS = _role("count", default=1)
_BIAS = _role("bias")


@dataclass(frozen=True, eq=False)
class Conv1d(Node):
    """``y = weight * x + bias``, a correlation along one axis, padded with zeros."""

    size: tuple[int] = field(metadata=_role("sizes", 1, file="input_shape", optional=True))
    """(length,) of what enters."""
    weight: Floats = field(metadata=_role("kernel", 1))
    """[out channels, in channels / groups, kernel length]."""
    stride: tuple[int] = field(metadata=_role("sizes", 1))
    padding: tuple[Pair] = field(metadata=_role("padding", 1))
    """((left, right),); ``same`` and ``valid`` are resolved by the loader."""
    dilation: tuple[int] = field(metadata=_role("sizes", 1, default=(1,)))
    groups: int = field(metadata=_GROUPS)
    bias: Floats = field(metadata=_BIAS)
    """[out channels]."""

    @property
    def conv(self) -> Conv:
        """The same on maps of height 1."""
        return Conv(
            (self.weight.shape[1] * self.groups, 1, self.size[0]),
            self.weight[:, :, None, :],
            (1, self.stride[0]),
            ((0, 0), self.padding[0]),
            (1, self.dilation[0]),
            self.groups,
        )

    @property
    def input_shape(self) -> Shape:
        """``(in channels, length)``."""
        channels, _, length = self.conv.in_shape
        return channels, length

    @property
    def output_shape(self) -> Shape:
        """``(out channels, length)``."""
        channels, _, length = self.conv.out_shape
        return channels, length


@dataclass(frozen=True, eq=False)
class Conv2d(Node):
    """``y = weight * x + bias``, a correlation, padded with zeros."""

    size: Pair = field(metadata=_role("sizes", 2, file="input_shape", optional=True))
    """(height, width) of what enters."""
    weight: Floats = field(metadata=_role("kernel", 2))
    """[out channels, in channels / groups, kernel height, kernel width]."""
    stride: Pair = field(metadata=_role("sizes", 2))
    padding: Pads = field(metadata=_role("padding", 2))
    """((top, bottom), (left, right)); ``same`` and ``valid`` are resolved by the loader."""
    dilation: Pair = field(metadata=_role("sizes", 2, default=(1, 1)))
    groups: int = field(metadata=_GROUPS)
    bias: Floats = field(metadata=_BIAS)
    """[out channels]."""

    @property
    def conv(self) -> Conv:
        """Its geometry and kernel."""
        channels = self.weight.shape[1] * self.groups
        return Conv(
            (channels, *self.size),
            self.weight,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
        )

    @property
    def input_shape(self) -> Shape:
        """``(in channels, height, width)``."""
        return self.conv.in_shape

    @property
    def output_shape(self) -> Shape:
        """``(out channels, height, width)``."""
        return self.conv.out_shape


@dataclass(frozen=True, eq=False)
class _Pool2d(Node):
    """Windows of ``kernel_size`` at every ``stride``; padding with zeros."""

    input_type: Shape = field(metadata=SHAPE_FIELD | {"optional": True})
    """(channels, height, width) of what enters."""
    kernel_size: Pair = field(metadata=_role("sizes", 2))
    stride: Pair = field(metadata=_role("sizes", 2))
    padding: Pads = field(metadata=_role("padding", 2))

    @property
    def pool(self) -> Pool:
        """Its geometry."""
        channels, height, width = self.input_type
        return Pool((channels, height, width), self.kernel_size, self.stride, self.padding)

    @property
    def input_shape(self) -> Shape:
        """``(channels, height, width)``."""
        return self.input_type

    @property
    def output_shape(self) -> Shape:
        """``(channels, height, width)``."""
        return self.pool.out_shape


@dataclass(frozen=True, eq=False)
class SumPool2d(_Pool2d):
    """The sum of each window."""

    factor = 1.0


@dataclass(frozen=True, eq=False)
class AvgPool2d(_Pool2d):
    """The sum of each window divided by its size, padding included (torch's default)."""

    @property
    def factor(self) -> float:
        """What the sum is multiplied by."""
        return 1.0 / float(np.prod(self.kernel_size))
