"""The rules of SPEC.md 1.6 that feature maps in a pack keep, whoever wrote it."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from tinysnn.errors import PackError
from tinysnn.source_map import MapShape, Pads, Pair, SourceMap

if TYPE_CHECKING:
    from tinysnn.pack import LayerSpec

MAX_SIDE = 65535
MAX_WINDOW = 255
"""Strides, dilations and pads are at most this: beyond it, windows see nothing of a map."""


def check_shape(shape: MapShape, n: int, where: str) -> None:
    """Refuse a shape that is not one of n neurons.

    Raises
    ------
    PackError: naming the rule that is broken.

    """
    _need(all(1 <= side <= MAX_SIDE for side in shape), where, f"shape {list(shape)}")
    _need(prod(shape) == n, where, f"shape {list(shape)} for {n} neurons")


def check_map(source: SourceMap, n_source: int, spec: LayerSpec, where: str) -> None:
    """Refuse a map that does not lie in its source, or does not give the layer's neurons.

    Raises
    ------
    PackError: naming the rule that is broken.

    """
    check_shape(source.shape, source.n, where)
    fits = source.first >= 0 and source.first + source.n <= n_source
    _need(fits, where, f"a map of {source.n} units in a source of {n_source}")
    if source.pool is not None:
        _check_windows(source.pool.kernel, source.pool.stride, source.pool.padding, where)
        _need(min(source.pooled_shape) >= 1, where, "a pool larger than its map")
        steps = zip(source.pool.stride, source.pool.kernel, strict=True)
        _need(all(s >= k for s, k in steps), where, "pool windows that overlap")
    _check_windows(source.kernel, source.stride, source.padding, where)
    _check_pair(source.dilation, where)
    _need(1 <= source.out_channels <= MAX_SIDE, where, f"{source.out_channels} output channels")
    divides = source.groups >= 1 and not (
        source.shape[0] % source.groups or source.out_channels % source.groups
    )
    _need(divides, where, f"{source.groups} groups do not divide its channels")
    out = source.out_shape
    _need(min(out) >= 1, where, "a kernel larger than its map")
    _need(out in (spec.shape, (spec.n, 1, 1)), where, f"a map of {list(out)} for {spec.n} neurons")


def _check_windows(kernel: Pair, stride: Pair, padding: Pads, where: str) -> None:
    _need(all(1 <= size <= MAX_SIDE for size in kernel), where, f"kernel of {list(kernel)}")
    _check_pair(stride, where)
    pads = [pad for side in padding for pad in side]
    _need(all(0 <= pad <= MAX_WINDOW for pad in pads), where, f"padding {pads}")


def _check_pair(values: Pair, where: str) -> None:
    _need(all(1 <= value <= MAX_WINDOW for value in values), where, f"stride {list(values)}")


def _need(holds: bool, where: str, what: str) -> None:  # noqa: FBT001  # reads as a sentence
    if not holds:
        raise PackError(what, where=where)
