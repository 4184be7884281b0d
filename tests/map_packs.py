"""Random packs of feature maps that go to the corners of SPEC.md 1.6."""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import msgspec
import numpy as np

from tests.random_packs import EMPTY_REPORT, Rng, _decay, _weights, _with_range
from tinysnn.errors import PackError
from tinysnn.pack import PACK_FORMAT, LayerSpec, Pack, PackedLayer, PackMeta, Source
from tinysnn.pack_rules import rests
from tinysnn.seal import sealed
from tinysnn.source_map import MapShape, PoolWindow, SourceMap


def random_map_pack(seed: int, name: str = "maps", *, graded: bool = False) -> Pack:
    """A valid pack of two to four layers, mostly of maps; the same for the same seed."""
    for attempt in range(200):
        rng = np.random.default_rng([seed, attempt, 7])
        try:
            return _random_pack(rng, name, graded=graded)
        except PackError:
            continue  # windows that do not fit, or sums that overflow: draw again
    raise AssertionError(f"no valid pack from seed {seed}")


def _random_pack(rng: Rng, name: str, *, graded: bool) -> Pack:
    shape = (int(rng.integers(1, 4)), int(rng.choice([1, 5, 8, 9])), int(rng.choice([1, 6, 8, 11])))
    shapes: list[MapShape | None] = [shape]
    layers: list[PackedLayer] = []
    n_layers = int(rng.integers(2, 5))
    for k in range(n_layers):
        last = k == n_layers - 1
        op = str(
            rng.choice(["lif", "lif", "lif", "cuba_lif", *(["li", "cuba_li"] if last else [])])
        )
        layer = _map_layer(rng, k, op, shapes, layers, graded=graded)
        shapes.append(layer.spec.shape)
        layers.append(layer)
    meta = PackMeta(
        format=PACK_FORMAT,
        name=name,
        digest="",
        n_in=prod(shape),
        input_shape=shape,
        input_scale=0.25 if graded else None,
        output=n_layers - 1,
        dt_s=None,
        layers=tuple(layer.spec for layer in layers),
        calibration="",
    )
    return sealed(meta, tuple(layers))


def _map_layer(
    rng: Rng,
    k: int,
    op: str,
    shapes: list[MapShape | None],
    before: list[PackedLayer],
    *,
    graded: bool,
) -> PackedLayer:
    """Layer k: the last layer's map convolved, perhaps beside itself and the network's input."""
    fires, bits = op in ("lif", "cuba_lif"), int(rng.choice([8, 8, 4, 2, 1]))
    above = shapes[k] or (before[-1].n, 1, 1)
    found = _random_map(rng, above, last=k > 0)
    shape: MapShape | None = found.out_shape
    if rng.random() < 0.2:
        shape = None
        found = _whole(rng, above, last=k > 0)
    if min(*found.pooled_shape, *found.out_shape) < 1:
        raise PackError("no window fits")
    n = prod(found.out_shape)
    sources = [Source(k - 1 if k else None, 0, prod(above), found)]
    if k and rng.random() < 0.2 and shapes[0] is not None:
        first = shapes[0]
        late = int(rng.choice([0, 0, 3]))
        sources.append(Source(None, late, prod(first), _all_to_all(prod(first), n)))
    if fires and rng.random() < 0.3 and n < 300:
        own = _all_to_all(n, n) if shape is None else _itself(shape)
        sources.append(Source(k, 1, n, own))
    takes_graded = graded and any(source.layer is None for source in sources)
    mixed = takes_graded and len(sources) > 1
    spec = LayerSpec(
        name=f"layer {k}",
        op=op,  # type: ignore[arg-type]
        n=n,
        bits=bits,  # type: ignore[arg-type]
        sources=tuple(sources),
        frac_bits=0,
        acc_bits=32,
        state_bits=int(rng.choice([16, 32])),  # type: ignore[arg-type]
        reset=str(rng.choice(["zero", "subtract", "none"])) if fires else None,  # type: ignore[arg-type]
        reset_timing=str(rng.choice(["same-tick", "next-tick"])) if fires else None,  # type: ignore[arg-type]
        compare=str(rng.choice(["gt", "ge"])) if fires else None,  # type: ignore[arg-type]
        may_skip=False,
        spike_value=int(rng.integers(1, 128)) if mixed else 1,
        report=EMPTY_REPORT,
        shape=shape,
    )
    kernels = tuple(
        _weights(rng, 1, prod(s.map.tensor_shape), bits).reshape(s.map.tensor_shape)
        for s in sources
        if s.map is not None
    )
    layer = PackedLayer(
        spec, np.zeros((0, n), np.int8), _decay(rng, spec.channels), np.ones(n), kernels=kernels
    )
    return _by_channel(rng, layer, graded=takes_graded)


def _by_channel(rng: Rng, layer: PackedLayer, *, graded: bool) -> PackedLayer:
    """Tables by channel, place or layer, of a size that matters."""
    drawn = _with_range(rng, layer, graded)
    if layer.spec.shape is None or rng.random() < 0.2:
        return drawn
    tables: dict[str, Any] = {
        name: table[: layer.spec.channels]
        for name, table in drawn.tables().items()
        if name in ("theta", "bias", "v_init", "reset_to", "alpha") and table.size > 1
    }
    found = replace(drawn, **tables)
    spec = msgspec.structs.replace(found.spec, may_skip=rests(found) and found.spec.may_skip)
    return replace(found, spec=spec)


def _pads(rng: Rng) -> tuple[int, int]:
    before, after = rng.choice([0, 0, 1, 1, 2], 2)
    return int(before), int(after)


def _random_map(rng: Rng, shape: MapShape, *, last: bool) -> SourceMap:
    pool = None
    if rng.random() < 0.3 and min(shape[1:]) > 2:
        size = int(rng.integers(1, 3)), int(rng.integers(1, 3))
        stride = size[0] + int(rng.random() < 0.2), size[1] + int(rng.random() < 0.2)
        pool = PoolWindow(
            size, stride, (_pads(rng), _pads(rng)) if rng.random() < 0.3 else ((0, 0), (0, 0))
        )
    groups = int(rng.choice([1, 1, shape[0]]))
    small = [size if size == 1 else 3 for size in shape[1:]]
    return SourceMap(
        shape=shape,
        kernel=(int(rng.integers(1, small[0] + 1)), int(rng.integers(1, small[1] + 1))),
        out_channels=groups * int(rng.choice([1, 2, 3, 4, 6, 8, 12, 18, 34])),
        channels_last=last,
        pool=pool,
        stride=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        padding=(_pads(rng), _pads(rng)),
        dilation=(int(rng.integers(1, 4)), int(rng.integers(1, 4))),
        groups=groups,
    )  # fmt: skip


def _whole(rng: Rng, shape: MapShape, *, last: bool) -> SourceMap:
    """A matrix: a kernel as large as its map."""
    out = int(rng.choice([1, 5, 10, 16]))
    return SourceMap(shape, (shape[1], shape[2]), out, channels_last=last)


def _all_to_all(n_source: int, n: int) -> SourceMap:
    return SourceMap((n_source, 1, 1), (1, 1), n)


def _itself(shape: MapShape) -> SourceMap:
    """A layer onto itself, same size."""
    pads = ((1, 1), (1, 1))
    return SourceMap(shape, (3, 3), shape[0], channels_last=True, padding=pads)
