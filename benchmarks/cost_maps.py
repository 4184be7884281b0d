"""Networks of feature maps, and of sources read late, that the cost model is fitted to."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from benchmarks.cost_packs import HALF, PLAIN, CostCase, _draw, _pack, _raster
from benchmarks.cost_packs import _layer as _rows_layer
from tinysnn import ranges
from tinysnn.errors import PackError
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import LayerReport, LayerSpec, PackedLayer, Source
from tinysnn.pack_rules import WEIGHT_RANGE, rests
from tinysnn.source_map import SourceMap
from tinysnn.stimulus import Stimulus
from tinysnn.views.row_options import RowOptions

Rng = np.random.Generator
MAPS = 90
"""Networks of a fit: a third each of spikes, of values by events, and of windows of values."""
_NO_REPORT = LayerReport(None, 0, 0, None, None, None, None, None)


def designed_maps(count: int, seed: int = 0) -> list[CostCase]:
    """Networks of one or two layers with kernels, and for every six one with delays."""
    late = [_late(f"late{seed}_{i}", (seed, 5, i)) for i in range(count // 6)]
    return [_case(f"maps{seed}_{i}", i, (seed, 4, i)) for i in range(count)] + late


def _late(name: str, seed: tuple[int, ...]) -> CostCase:
    """Two layers of rows; the second one reads the first up to four times, some ticks late."""
    for attempt in range(200):
        rng = np.random.default_rng([*seed, attempt])
        first = {**_draw(rng, PLAIN), "recurrent": False, "n_rows": 64}
        reads = int(rng.integers(2, 5))
        second = {**_draw(rng, PLAIN), "recurrent": False, "n_rows": reads * first["n"]}
        try:
            layers = (
                _rows_layer(rng, first, None),
                _read_late(_rows_layer(rng, second, 0), reads, first["n"]),
            )
            pack = _pack(name, layers, graded=False)
        except PackError:
            continue
        return CostCase(
            pack, Stimulus(_raster(rng, 64, graded=False)), RowOptions("dense", "never")
        )
    raise AssertionError(f"no valid pack for {name}")


def _read_late(layer: PackedLayer, reads: int, n: int) -> PackedLayer:
    sources = tuple(Source(0, 2 * k, n) for k in range(reads))
    return replace(layer, spec=msgspec.structs.replace(layer.spec, sources=sources))


def _case(name: str, i: int, seed: tuple[int, ...]) -> CostCase:
    graded, dots = i % 3 > 0, i % 3 == 2
    for attempt in range(200):
        rng = np.random.default_rng([*seed, attempt])
        try:
            layers: tuple[PackedLayer, ...] = (_layer(rng, None, graded=graded, dots=dots),)
            if i % 4 == 0:
                layers += (_layer(rng, layers[0], graded=False, dots=False),)
            pack = _pack(name, layers, graded=graded)
        except PackError:
            continue  # what was drawn does not go together: draw again
        clip = Stimulus(_raster(rng, pack.meta.n_in, graded=graded))
        return CostCase(pack, clip, RowOptions(dots="always" if dots else "never"))
    raise AssertionError(f"no valid pack for {name}")


def _map(rng: Rng, before: PackedLayer | None, *, dots: bool) -> SourceMap:
    tall = 1 if rng.random() < 0.4 else int(rng.integers(5, 13))
    shape = (int(rng.choice([1, 2, 3, 4, 8])), tall, int(rng.integers(8, 33 if tall == 1 else 13)))
    if before is not None:
        assert before.spec.shape is not None
        shape = before.spec.shape
    stride = int(rng.choice([1, 1, 2]))
    pad = int(rng.choice([0, 0, 1]))
    channels = [4, 8, 12, 16, 24, 32] if dots else [4, 6, 8, 12, 16, 24, 32, 5, 7]
    return SourceMap(
        shape,
        (min(int(rng.integers(1, 5)), shape[1]), min(int(rng.integers(2, 9)), shape[2])),
        int(rng.choice(channels)),
        channels_last=before is not None,
        stride=(min(stride, shape[1]), stride),
        padding=((pad if shape[1] > 1 else 0,) * 2, (pad, pad)),
    )


def _layer(rng: Rng, before: PackedLayer | None, *, graded: bool, dots: bool) -> PackedLayer:
    found, bits = _map(rng, before, dots=dots), int(rng.choice([8, 4, 2, 1]))
    low, high = WEIGHT_RANGE[bits]
    kernel = rng.integers(low, high, found.tensor_shape, endpoint=True)
    kernel = np.where(kernel > 0, 1, -1) if bits == 1 else kernel
    taps = found.shape[0] * prod(found.kernel)
    most = taps * high * (127 if graded else 1)
    fits = int(np.floor(np.log2(STATE_RANGE[16][1] / 2 / most)))
    source = Source(None if before is None else 0, 0, prod(found.shape), found)
    fields: dict[str, Any] = {
        "name": "maps", "op": "lif", "n": prod(found.out_shape), "bits": bits,
        "sources": (source,), "acc_bits": 32, "state_bits": 16, "reset": "subtract",
        "frac_bits": min(fits, 4), "reset_timing": "same-tick", "compare": "ge",
        "may_skip": False, "spike_value": 1, "report": _NO_REPORT, "shape": found.out_shape,
    }  # fmt: skip
    n = found.out_channels
    layer = _made(rng, fields, kernel.astype(np.int8), n, max(int(most * 2.0 ** min(fits, 4)), 8))
    narrow = ranges.accumulator(layer, graded_input=graded).fits(16) and not graded
    fields |= {"acc_bits": 16 if narrow else 32, "may_skip": rests(layer)}
    return PackedLayer(
        LayerSpec(**fields), layer.rows, layer.beta, layer.scale, kernels=layer.kernels,
        theta=layer.theta, bias=layer.bias,
    )  # fmt: skip


def _made(
    rng: Rng, fields: dict[str, Any], kernel: npt.NDArray[np.int8], channels: int, most: int
) -> PackedLayer:
    kinds = (HALF + rng.integers(1, HALF, channels), rng.integers(0, ONE_Q16, channels), [49152])
    beta = np.array(kinds[int(rng.integers(3))], np.int32)
    theta = rng.integers(most // 8 + 1, most // 2 + 2, channels if rng.random() < 0.6 else 1)
    bias = rng.integers(-3, 4, channels).astype(np.int32) if rng.random() < 0.4 else None
    return PackedLayer(
        LayerSpec(**fields), np.zeros((0, fields["n"]), np.int8), beta, np.ones(fields["n"]),
        kernels=(kernel,), theta=theta.astype(np.int32), bias=bias,
    )  # fmt: skip
