"""The convolutional network that peers were measured with: 76,608 multiplications per tick.

2 x 16 x 16 inputs; 3 x 3 convolution onto 8 x 14 x 14 neurons (28,224 weights met by a full input);
3 x 3 convolution of stride 2 onto 16 x 6 x 6 (41,472); a matrix onto 12 (6,912). Nothing is padded.
"""

from __future__ import annotations

import numpy as np

from tinysnn.graph import Connection, Floats, SpatialConnection
from tinysnn.spatial import Conv

INPUT_SHAPE = (2, 16, 16)
SHAPES = ((8, 14, 14), (16, 6, 6), (12,))
STRIDES = (1, 2)


def connection(k: int, weights: Floats) -> Connection | SpatialConnection:
    """The synapses of layer k; `weights` has the shape that `n_weights` says."""
    source = k - 1 if k else None
    n_source = int(np.prod(SHAPES[k - 1] if k else INPUT_SHAPE))
    if k == len(STRIDES):
        return Connection(source, 0, weights)
    before = SHAPES[k - 1] if k else INPUT_SHAPE
    channels, height, width = (int(size) for size in before)
    kernel = weights.reshape(SHAPES[k][0], channels, 3, 3)
    stride = (STRIDES[k], STRIDES[k])
    return SpatialConnection(
        source, 0, n_source, conv=Conv((channels, height, width), kernel, stride)
    )


def weight_shape(k: int) -> tuple[int, int]:
    """Weights of layer k: kernel by output channel, or matrix."""
    before = SHAPES[k - 1] if k else INPUT_SHAPE
    if k == len(STRIDES):
        return int(np.prod(before)), SHAPES[k][0]
    return SHAPES[k][0], before[0] * 9
