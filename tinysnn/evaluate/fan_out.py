"""How many weights an event of each unit meets, in layers with rows and in layers with kernels."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tinysnn.pack import Pack, PackedLayer
from tinysnn.source_map import SourceMap

Ints = npt.NDArray[np.int64]


def fan_out(pack: Pack, *, zeros: bool = False) -> list[list[Ints]]:
    """Weights that an event meets, ``[n]`` of every source of every layer.

    Parameters
    ----------
    pack: the network.
    zeros: count weights that are 0, too.

    """
    return [_of_layer(layer, zeros=zeros) for layer in pack.layers]


def weights(layer: PackedLayer) -> tuple[npt.NDArray[np.int8], ...]:
    """The tables of weights of a layer: its rows, or the kernels of its sources."""
    return layer.kernels if layer.spec.has_kernels else (layer.rows,)


def _of_layer(layer: PackedLayer, *, zeros: bool) -> list[Ints]:
    if not layer.spec.has_kernels:
        used = np.full(len(layer.rows), layer.n) if zeros else np.count_nonzero(layer.rows, axis=1)
        ends = np.cumsum([source.n for source in layer.spec.sources])[:-1]
        return np.split(used.astype(np.int64), ends)
    found = []
    for source, kernel in zip(layer.spec.sources, layer.kernels, strict=True):
        assert source.map is not None  # the rules see to it
        used = np.full(kernel.shape[:3], kernel.shape[3]) if zeros else np.count_nonzero(kernel, 3)
        whole = np.zeros(source.n, np.int64)
        whole[source.map.first : source.map.first + source.map.n] = _of_map(source.map, used)
        found.append(whole)
    return found


def _of_map(source: SourceMap, used: Ints) -> Ints:
    """``[units of the map]`` from the weights used at each ``[channel, ky, kx]``."""
    down, across = (_taps(source, axis) for axis in (0, 1))
    fan = np.einsum("cij,yi,xj->cyx", used, down, across)
    return np.asarray(fan.transpose(1, 2, 0) if source.channels_last else fan).reshape(-1)


def _taps(source: SourceMap, axis: int) -> Ints:
    """Along one axis: how often an event at a place meets each place of the kernel."""
    places = np.arange(source.shape[1 + axis])
    tall = source.pooled_shape[1 + axis]
    pooled = np.eye(len(places), dtype=np.int64)
    if source.pool is not None:
        pool = source.pool
        first = np.arange(tall) * pool.stride[axis] - pool.padding[axis][0]
        inside = (places[:, None] >= first) & (places[:, None] < first + pool.kernel[axis])
        pooled = inside.astype(np.int64)
    offset = np.arange(source.kernel[axis]) * source.dilation[axis]
    moved = np.arange(tall)[:, None] + source.padding[axis][0] - offset
    stride, last = source.stride[axis], source.out_shape[1 + axis]
    met = (moved % stride == 0) & (moved >= 0) & (moved < last * stride)
    return np.asarray(pooled @ met.astype(np.int64))
