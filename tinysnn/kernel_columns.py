"""Kernels as columns by output channel, which share a scale, and back.

A layer with kernels is quantised like one with rows: weights ``[rows, channels]``, a scale for each
column. A column is what any neuron of the channel may receive, wherever it lies in the map.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from tinysnn.source_map import SourceMap

Number = TypeVar("Number", bound=np.generic)


def to_columns(source: SourceMap, kernel: npt.NDArray[Number], channels: int) -> Any:
    """Weights of a source, `SourceMap.tensor_shape`, as [rows, channels].

    `channels`: of the layer. A matrix onto a map, whose output channels are all neurons of the map,
    has a row for each place.
    """
    if source.out_channels != channels:  # a matrix; the neurons lie channels last
        return kernel.reshape(-1, channels)
    inner = source.shape[0] // source.groups
    blocks = kernel.reshape(source.groups, inner, *source.kernel, -1)
    return np.moveaxis(blocks, 0, -2).reshape(-1, channels)


def from_columns(source: SourceMap, columns: npt.NDArray[Number], channels: int) -> Any:
    """The inverse of `to_columns`."""
    if source.out_channels != channels:
        return columns.reshape(source.tensor_shape)
    inner = source.shape[0] // source.groups
    blocks = columns.reshape(inner, *source.kernel, source.groups, -1)
    return np.ascontiguousarray(np.moveaxis(blocks, -2, 0)).reshape(source.tensor_shape)
