"""Kernels of a pack applied to whole batches of values at once: exact, and fast enough to search.

The oracle is `tinysnn.ops.scatter`, event by event; a test holds this to it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tinysnn.pack import PackedLayer
from tinysnn.source_map import SourceMap
from tinysnn.spatial import Conv, Pool

Floats = npt.NDArray[np.float64]


def synapses(layer: PackedLayer) -> Callable[[Floats], Floats]:
    """What values of all sources ([B, R]) add to the neurons of a layer, [B, n]; whole numbers."""
    if not layer.spec.has_kernels:
        rows = layer.rows.astype(np.float64)
        return lambda values: np.asarray(values @ rows)
    maps = [source.map for source in layer.spec.sources]
    ends = np.cumsum([source.n for source in layer.spec.sources])
    kernels = [kernel.astype(np.float64) for kernel in layer.kernels]

    def add(values: Floats) -> Floats:
        total = np.zeros((len(values), layer.n))
        blocks = np.split(values, ends[:-1], axis=1)
        for source, kernel, block in zip(maps, kernels, blocks, strict=True):
            assert source is not None  # the rules see to it
            total += convolved(source, kernel, block)
        return total

    return add


def convolved(source: SourceMap, kernel: Floats, values: Floats) -> Floats:
    """What values of a source's units ([B, n_source]) add to a layer, [B, n], channels last."""
    batch = len(values)
    maps = values[:, source.first : source.first + source.n]
    if source.channels_last:
        channels, height, width = source.shape
        maps = np.moveaxis(maps.reshape(batch, height, width, channels), -1, 1)
    flat = maps.reshape(batch, -1)
    if source.pool is not None:
        pool = source.pool
        flat = Pool(source.shape, pool.kernel, pool.stride, pool.padding).apply(flat)
    conv = Conv(
        source.pooled_shape,
        conv_kernel(source, kernel),
        source.stride,
        source.padding,
        source.dilation,
        source.groups,
    )
    out = conv.apply(flat).reshape(batch, *source.out_shape)
    return np.moveaxis(out, 1, -1).reshape(batch, -1)


def conv_kernel(source: SourceMap, rows: Floats) -> Floats:
    """Weights as an event meets them as [out, in / groups, height, width]; `Conv.scatter_rows`."""
    channels, kh, kw, per_group = source.tensor_shape
    blocks = rows.reshape(source.groups, channels // source.groups, kh, kw, per_group)
    return np.transpose(blocks, (0, 4, 1, 2, 3)).reshape(source.out_channels, -1, kh, kw)
