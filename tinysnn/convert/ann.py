"""A trained network without spikes, as far as it can be converted: a chain of maps and ReLUs.

Feature maps are ``[channels, height, width]`` here, flattened in that order, whatever the file
does.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
import numpy.typing as npt

from tinysnn.spatial import Conv, MapShape, Pool

Floats = npt.NDArray[np.float64]
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Dense:
    """``y = weight x + bias``."""

    weight: Floats
    """``[out, in]``"""
    bias: Floats
    """``[out]``"""

    @property
    def in_shape(self) -> Shape:
        """Shape of what enters."""
        return (int(self.weight.shape[1]),)

    @property
    def out_shape(self) -> Shape:
        """Shape of what comes out."""
        return (int(self.weight.shape[0]),)

    def apply(self, x: Floats) -> Floats:
        """``[B, in]`` to ``[B, out]``."""
        return np.asarray(x @ self.weight.T + self.bias)


@dataclass(frozen=True, eq=False)
class Convolution:
    """A convolution with a bias per channel; depthwise ones have as many groups as channels."""

    conv: Conv
    bias: Floats
    """``[out channels]``"""

    @property
    def in_shape(self) -> MapShape:
        """Shape of what enters."""
        return self.conv.in_shape

    @property
    def out_shape(self) -> MapShape:
        """Shape of what comes out."""
        return self.conv.out_shape

    def apply(self, x: Floats) -> Floats:
        """``[B, in]`` to ``[B, out]``, flattened maps."""
        return self.conv.apply(x) + np.repeat(self.bias, prod(self.out_shape[1:]))


@dataclass(frozen=True, eq=False)
class AveragePool:
    """Means over windows, channel by channel."""

    pool: Pool

    @property
    def in_shape(self) -> MapShape:
        """Shape of what enters."""
        return self.pool.in_shape

    @property
    def out_shape(self) -> MapShape:
        """Shape of what comes out."""
        return self.pool.out_shape

    def apply(self, x: Floats) -> Floats:
        """``[B, in]`` to ``[B, out]``, flattened maps."""
        return self.pool.apply(x) / prod(self.pool.kernel)


Linear = Dense | Convolution | AveragePool


@dataclass(frozen=True, eq=False)
class Stage:
    """Linear maps, one after the other, and a ReLU behind them."""

    name: str
    maps: tuple[Linear, ...]
    relu: bool
    """False only in the last stage: its output is read as it is."""
    cap: float | None = None
    """Upper bound of the ReLU (6 for ReLU6)."""

    @property
    def out_shape(self) -> Shape:
        """Shape of what comes out."""
        return self.maps[-1].out_shape

    def apply(self, x: Floats) -> Floats:
        """``[B, in]`` to ``[B, out]``."""
        for step in self.maps:
            x = step.apply(x)
        return np.clip(x, 0, self.cap) if self.relu else x


@dataclass(frozen=True)
class Quantisation:
    """``real = scale (q - zero_point)``."""

    scale: float
    zero_point: int


@dataclass(frozen=True, eq=False)
class Ann:
    """A network."""

    name: str
    in_shape: Shape
    """``[channels, height, width]`` or ``[n]``."""
    stages: tuple[Stage, ...]
    input: Quantisation | None = None
    """How the file's own input is quantised; None: float."""
    weights: int = 0
    """Number of weights and biases, for people."""

    @property
    def n_in(self) -> int:
        """Number of inputs."""
        return prod(self.in_shape)

    @property
    def n_out(self) -> int:
        """Number of outputs."""
        return prod(self.stages[-1].out_shape)

    def activations(self, x: Floats) -> list[Floats]:
        """What every stage gives, ``[B, n]``; x is ``[B, n_in]`` in real units."""
        found = []
        for stage in self.stages:
            x = stage.apply(x)
            found.append(x)
        return found
