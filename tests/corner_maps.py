"""Corners of feature maps: edges, strides, pools, groups, orders and widths (SPEC.md 1.6)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod
from typing import Any

import numpy as np

from tests.make_packs import Corner, corner, make_layer, raster_of
from tinysnn.pack import PackedLayer, Source
from tinysnn.pack_rules import WEIGHT_RANGE
from tinysnn.source_map import PoolWindow, SourceMap

MAPS: dict[str, Callable[[str], Corner]] = {}


def map_layer(*found: SourceMap, bits: int = 8, seed: int = 0, **fields: Any) -> PackedLayer:
    """A layer of maps with random kernels; sources default to the input alone."""
    rng = np.random.default_rng([seed, bits])
    low, high = WEIGHT_RANGE[bits]
    kernels = [rng.integers(low, high, m.tensor_shape, endpoint=True) for m in found]
    if bits == 1:
        kernels = [np.where(kernel > 0, 1, -1) for kernel in kernels]
    shape = found[0].out_shape
    rows = np.zeros((0, prod(shape)), np.int8)
    sources = fields.pop("sources", (Source(None, 0, found[0].n, found[0]),))
    theta = fields.pop("theta", [3 * high + 7 * c for c in range(shape[0])])
    return make_layer(
        rows, sources=sources, kernels=[k.astype(np.int8) for k in kernels], bits=bits,
        theta=theta, shape=shape, **{"beta": 57344, **fields},
    )  # fmt: skip


def _each_unit(name: str, found: SourceMap, bits: int = 8, **fields: Any) -> Corner:
    """Every unit alone, one after the other, then all together: each window meets each edge."""
    layer = map_layer(found, bits=bits, beta=0, reset="none", **fields)
    graded = bool(fields.get("graded"))
    ticks = [*([u] for u in range(found.n)), list(range(found.n)), []]
    raster = raster_of(found.n, ticks)
    if graded:
        raster = (raster * np.where(np.arange(found.n) % 2, -128, 127)).astype(np.int8)
    return corner(name, [layer], raster, graded=graded)


_PADDED = ((1, 2), (0, 1))
_KINDS = {
    "plain": SourceMap((2, 4, 5), (3, 2), 4),
    "padded": SourceMap((2, 4, 5), (3, 3), 4, padding=_PADDED),
    "strided": SourceMap((2, 5, 7), (3, 3), 4, stride=(2, 3), padding=_PADDED),
    "dilated": SourceMap((2, 6, 7), (3, 2), 4, dilation=(2, 3), padding=_PADDED),
    "strided_dilated": SourceMap((1, 7, 7), (3, 3), 4, stride=(2, 2), dilation=(3, 2),
                                 padding=((3, 3), (2, 2))),
    "groups": SourceMap((4, 3, 4), (2, 2), 8, groups=2),
    "depthwise": SourceMap((3, 4, 4), (3, 3), 3, groups=3, padding=_PADDED),
    "pooled": SourceMap((2, 5, 6), (2, 2), 4, pool=PoolWindow((2, 2), (2, 3)), padding=_PADDED),
    "pooled_padded": SourceMap((1, 5, 5), (2, 1), 2,
                               pool=PoolWindow((2, 2), (2, 2), ((1, 0), (1, 1)))),
    "whole": SourceMap((2, 3, 3), (3, 3), 6),
    "line": SourceMap((3, 1, 9), (1, 3), 4, stride=(1, 2), padding=((0, 0), (1, 1))),
    "wide": SourceMap((1, 3, 3), (2, 2), 44),
    "odd": SourceMap((2, 4, 4), (2, 3), 5),
}  # fmt: skip
for _kind, _map in _KINDS.items():
    MAPS[f"map_{_kind}"] = partial(_each_unit, found=_map)
for _bits in (4, 2, 1):
    MAPS[f"map_bits_{_bits}"] = partial(
        _each_unit, found=SourceMap((2, 3, 3), (2, 2), 36, padding=_PADDED), bits=_bits
    )
MAPS["map_graded"] = partial(
    _each_unit, found=SourceMap((2, 3, 4), (2, 2), 4), graded=True, state_bits=32
)


def _deep(name: str, bits: int) -> Corner:
    """Three maps, more neurons than are listed at a time, and one that feeds itself."""
    first = map_layer(SourceMap((1, 12, 12), (3, 3), 4, padding=((1, 1), (1, 1))), bits=bits)
    below = SourceMap((4, 12, 12), (3, 3), 6, channels_last=True, pool=PoolWindow((2, 2), (2, 2)))
    own = SourceMap((6, 4, 4), (3, 3), 6, channels_last=True, padding=((1, 1), (1, 1)))
    second = map_layer(
        below, own, bits=bits, seed=1, frac_bits=1,
        sources=(Source(0, 0, 576, below), Source(1, 1, 96, own)),
    )  # fmt: skip
    whole = SourceMap((6, 4, 4), (4, 4), 6, channels_last=True)
    last = map_layer(whole, bits=bits, seed=2, sources=(Source(1, 0, 96, whole),))
    rng = np.random.default_rng(bits)
    raster = (rng.random((40, 144)) < rng.choice([0, 0.1, 0.5], 40)[:, None]).astype(np.int8)
    return corner(name, [first, second, last], raster)


def _part(name: str) -> Corner:
    """A map that is not all of its source, and a matrix onto a map, read some ticks ago."""
    found = SourceMap((1, 3, 4), (2, 2), 2, first=3)
    matrix = SourceMap((20, 1, 1), (1, 1), 12)
    layer = map_layer(
        found, matrix, theta=[9, 20],
        sources=(Source(None, 1, 20, found), Source(None, 3, 20, matrix)),
    )  # fmt: skip
    return corner(name, [layer], raster_of(20, [[u] for u in range(20)] + [[]] * 4))


def _mixed(name: str) -> Corner:
    """Values and spikes in one layer, values of three ticks ago, and sums that need 32 bits."""
    found = SourceMap((1, 4, 5), (3, 2), 6)
    own = SourceMap((6, 2, 4), (1, 1), 6, channels_last=True, groups=2)
    first = map_layer(
        found, found, own, state_bits=32, graded=True, spike_value=5, bias=3, frac_bits=3,
        sources=(Source(None, 0, 20, found), Source(None, 3, 20, found), Source(0, 1, 48, own)),
    )  # fmt: skip
    whole = SourceMap((6, 2, 4), (2, 4), 5, channels_last=True)
    last = map_layer(
        whole, whole, op="li", theta=None, state_bits=32, acc_bits=32,
        sources=(Source(0, 0, 48, whole), Source(0, 2, 48, whole)),
        delays=[*[0] * 48, *(k % 3 for k in range(48))],
    )  # fmt: skip
    rng = np.random.default_rng(3)
    raster = rng.integers(-128, 128, (40, 20)) * (rng.random((40, 20)) < 0.3)
    raster[20:30] = 0
    return corner(name, [first, last], raster.astype(np.int8), graded=True)


def _quick(name: str, reset: str) -> Corner:
    """Layers for the assembly of neurons that may not be skipped, or rest as soon as they can."""
    found = SourceMap((1, 5, 6), (3, 3), 4, padding=((1, 1), (1, 1)))
    layer = map_layer(found, reset=reset, bias=None if reset == "zero" else 2, frac_bits=1)
    below = SourceMap((4, 5, 6), (2, 2), 4, channels_last=True)
    ticks = [[u, (7 * u) % 30] for u in range(30)] + [[]] * 5 + [list(range(30))]
    after = map_layer(below, reset=reset, sources=(Source(0, 0, 120, below),))
    return corner(name, [layer, after], raster_of(30, [sorted(set(t)) for t in ticks]))


MAPS["map_mixed"] = _mixed
for _reset in ("zero", "subtract"):
    MAPS[f"map_quick_{_reset}"] = partial(_quick, reset=_reset)
for _bits in (8, 4, 2, 1):
    MAPS[f"map_deep_{_bits}"] = partial(_deep, bits=_bits)
MAPS["map_part"] = _part
