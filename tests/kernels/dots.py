"""Convolutions of input values: shapes whose windows lie in one piece, or are copied."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.corner_maps import map_layer
from tests.make_packs import Corner, corner
from tinysnn.ops.fixed import STATE_RANGE
from tinysnn.pack import Source
from tinysnn.source_map import SourceMap

PADDED = ((1, 2), (0, 1))
DOTS: dict[str, tuple[SourceMap, dict[str, Any]]] = {
    "keyword": (SourceMap((4, 1, 32), (1, 8), 24, stride=(1, 4)), {}),
    "long": (SourceMap((6, 1, 24), (1, 12), 4), {"bits": 4}),  # 9 runs of 8: a loop
    "line": (SourceMap((2, 1, 9), (1, 3), 4, padding=((0, 0), (1, 2))), {"compare": "gt"}),
    "odd": (SourceMap((3, 1, 9), (1, 5), 8, stride=(1, 2)), {"reset": "zero"}),
    "padded": (SourceMap((2, 4, 5), (3, 3), 4, padding=PADDED), {"bits": 1}),
    "strided": (SourceMap((2, 5, 7), (3, 3), 4, stride=(2, 3), padding=PADDED), {}),
    "tall": (SourceMap((1, 6, 5), (3, 2), 4, dilation=(2, 1)), {"bits": 2, "reset": "none"}),
    "last": (SourceMap((2, 4, 4), (1, 3), 12, channels_last=True), {}),
    "part": (SourceMap((1, 3, 6), (2, 2), 4, first=3), {}),
    "whole": (SourceMap((2, 3, 3), (3, 3), 8), {"bits": 2, "frac_bits": 0}),
}
"""Name, map of the input, and fields of the layer."""


def dots_scene(name: str) -> Corner:
    """A layer of windows, with as many fraction bits as its sums have room for."""
    found, fields = DOTS[name]
    rng = np.random.default_rng(sorted(DOTS).index(name))
    n_in = found.first + found.n + 2 * (found.first > 0)
    most = found.shape[0] * found.kernel[0] * found.kernel[1] * 128 << (fields.get("bits", 8) - 1)
    fits = int(np.floor(np.log2(STATE_RANGE[16][1] / 2 / most)))
    shape: dict[str, Any] = {"frac_bits": fits, "bits": 8, **fields}
    reach = max(int(most * 2.0 ** shape["frac_bits"]) // 6, 4)
    layer = map_layer(
        found, graded=True, state_bits=16, skip=False, sources=(Source(None, 0, n_in, found),),
        beta=rng.integers(0, 65536, found.out_channels),
        bias=rng.integers(-5, 6, found.out_channels),
        theta=rng.integers(1, reach, found.out_channels), **shape,
    )  # fmt: skip
    ticks = rng.integers(-128, 128, (26, n_in)) * (rng.random((26, n_in)) < 0.6)
    ticks[5], ticks[9:12], ticks[14], ticks[15] = 0, 0, -128, 127
    return corner(f"dots_{name}", [layer], ticks.astype(np.int8), graded=True)


def dots_scenes() -> list[Corner]:
    """Every shape."""
    return [dots_scene(name) for name in DOTS]
