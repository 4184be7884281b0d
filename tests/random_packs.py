"""Random packs that go to the corners of SPEC.md, and random rasters for them."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn import ranges
from tinysnn.errors import PackError
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import PACK_FORMAT, LayerReport, LayerSpec, Pack, PackedLayer, PackMeta, Source
from tinysnn.pack_rules import WEIGHT_RANGE, rests
from tinysnn.seal import sealed

EMPTY_REPORT = LayerReport(None, 0, 0, None, None, None, None, None)
Rng = np.random.Generator


def random_pack(seed: int, name: str = "random") -> Pack:
    """A valid pack with one to four layers of any kind; the same for the same seed."""
    for attempt in range(100):
        rng = np.random.default_rng([seed, attempt])
        try:
            return _random_pack(rng, name)
        except PackError:
            continue  # a table broke a rule, say by overflowing: draw again
    raise AssertionError(f"no valid pack from seed {seed}")


def _random_pack(rng: Rng, name: str) -> Pack:
    n_layers = int(rng.integers(1, 5))
    n_in = int(rng.choice([1, 2, 3, 31, 32, 33, 64, 300]))
    graded = bool(rng.random() < 0.3)
    sizes = [int(rng.choice([1, 2, 3, 5, 7, 8, 12, 31, 32, 33, 40, 65])) for _ in range(n_layers)]
    ops = [str(rng.choice(["lif", "cuba_lif"])) for _ in range(n_layers)]
    ops[-1] = str(rng.choice(["lif", "cuba_lif", "li", "cuba_li"]))
    fires = [op in ("lif", "cuba_lif") for op in ops]
    layers = tuple(
        _random_layer(rng, k, ops[k], sizes, fires, n_in, graded) for k in range(n_layers)
    )
    meta = PackMeta(
        format=PACK_FORMAT,
        name=name,
        digest="",
        n_in=n_in,
        input_shape=(n_in,),
        input_scale=0.25 if graded else None,
        output=n_layers - 1,
        dt_s=None,
        layers=tuple(layer.spec for layer in layers),
        calibration="",
    )
    return sealed(meta, layers)


def _sources(
    rng: Rng, k: int, sizes: list[int], fires: list[bool], n_in: int
) -> tuple[Source, ...]:
    forward: list[int | None] = [None] if k == 0 else [k - 1]
    if k > 0 and rng.random() < 0.2:
        forward.append(None)
    found = [Source(s, 0, n_in if s is None else sizes[s]) for s in forward]
    if k > 1 and rng.random() < 0.3:
        found.append(Source(k - 2, 0, sizes[k - 2]))
    backward = [s for s in range(k, len(sizes)) if fires[s] and rng.random() < 0.25]
    return (*found, *(Source(s, 1, sizes[s]) for s in backward))


def _table(rng: Rng, n: int, low: int, high: int) -> npt.NDArray[np.int32]:
    count = n if rng.random() < 0.5 else 1
    return rng.integers(low, high, count, endpoint=True).astype(np.int32)


def _decay(rng: Rng, n: int) -> npt.NDArray[np.int32]:
    kind = rng.random()
    if kind < 0.15:
        return np.array([ONE_Q16], np.int32)
    if kind < 0.3:
        return np.array([0], np.int32)
    table = _table(rng, n, 30000, ONE_Q16 - 1)
    if table.size > 1 and rng.random() < 0.3:
        table[0], table[-1] = ONE_Q16, 0
    return table


def _weights(rng: Rng, n_rows: int, n: int, bits: int) -> npt.NDArray[np.int8]:
    low, high = WEIGHT_RANGE[bits]
    style = rng.random()
    if bits == 1:
        return rng.choice(np.array([-1, 1], np.int8), (n_rows, n))
    if style < 0.15:
        return np.full((n_rows, n), low if rng.random() < 0.5 else high, np.int8)
    spread = rng.normal(0.5, (high + 1) / 3, (n_rows, n))
    return np.clip(np.rint(spread), low, high).astype(np.int8)


def _random_layer(
    rng: Rng, k: int, op: str, sizes: list[int], fires: list[bool], n_in: int, graded: bool
) -> PackedLayer:
    n, sources = sizes[k], _sources(rng, k, sizes, fires, n_in)
    takes_graded = graded and any(source.layer is None for source in sources)
    bits = int(rng.choice([8, 8, 4, 2, 1]))
    rows = _weights(rng, sum(source.n for source in sources), n, bits)
    state_bits = int(rng.choice([16, 32]))
    mixed = takes_graded and any(source.layer is not None for source in sources)
    spec = LayerSpec(
        name=f"layer {k}",
        op=op,  # type: ignore[arg-type]
        n=n,
        bits=bits,  # type: ignore[arg-type]
        sources=sources,
        frac_bits=0,
        acc_bits=32,
        state_bits=state_bits,  # type: ignore[arg-type]
        reset=str(rng.choice(["zero", "subtract", "none"])) if fires[k] else None,  # type: ignore[arg-type]
        reset_timing=str(rng.choice(["same-tick", "next-tick"])) if fires[k] else None,  # type: ignore[arg-type]
        compare=str(rng.choice(["gt", "ge"])) if fires[k] else None,  # type: ignore[arg-type]
        may_skip=False,
        spike_value=int(rng.integers(1, 128)) if mixed else 1,
        report=EMPTY_REPORT,
    )
    layer = PackedLayer(spec, rows, _decay(rng, n), np.ones(n))
    return _with_range(rng, layer, takes_graded)


def _with_range(rng: Rng, layer: PackedLayer, graded: bool) -> PackedLayer:
    """Choose fraction bits near the largest that fit, then tables of a size that matters."""
    spec = layer.spec
    sums = ranges.accumulator(layer, graded_input=graded)
    top = max(1, int(max(-sums.low.min(), sums.high.max())))
    limit = STATE_RANGE[spec.state_bits][1] // 2
    most = int(np.floor(np.log2(limit / top)))
    frac_bits = int(np.clip(most - rng.integers(0, 4), -24, 15))
    reach = max(2, int(top * 2.0**frac_bits))
    big = STATE_RANGE[spec.state_bits][1]
    theta_top = big if rng.random() < 0.1 else min(big, reach)
    theta = _table(rng, spec.n, -2 if rng.random() < 0.1 else 1, theta_top) if spec.fires else None
    bias = _table(rng, spec.n, -reach // 4, reach // 4) if rng.random() < 0.3 else None
    alpha = _decay(rng, spec.n) if spec.has_current else None
    start = min(big, reach * 4)
    v_init = _table(rng, spec.n, -start, start) if rng.random() < 0.3 else None
    reset_to = _table(rng, spec.n, -reach // 2, reach // 8) if rng.random() < 0.5 else None
    draft = PackedLayer(
        spec,
        layer.rows,
        layer.beta,
        layer.scale,
        alpha=alpha,
        theta=theta,
        bias=bias,
        reset_to=reset_to if spec.reset == "zero" else None,
        v_init=v_init,
        kernels=layer.kernels,
    )
    described = msgspec.structs.replace(
        spec,
        frac_bits=frac_bits,
        acc_bits=16 if sums.fits(16) and not graded else 32,
        may_skip=rests(draft) and bool(rng.random() < 0.9),
    )
    return replace(draft, spec=described)


def random_raster(pack: Pack, seed: int, n_ticks: int = 60) -> npt.NDArray[np.int8]:
    """Stretches of silence, sparse, dense and full activity, [n_ticks, n_in]."""
    rng = np.random.default_rng([seed, 1])
    shape = (n_ticks, pack.meta.n_in)
    density = rng.choice([0.0, 0.0, 0.05, 0.3, 1.0], n_ticks // 5 + 1).repeat(5)[:n_ticks, None]
    active = rng.random(shape) < density
    if not pack.graded_input:
        return active.astype(np.int8)
    extremes = rng.choice(np.array([-128, 127], np.int8), shape)
    values = np.where(rng.random(shape) < 0.2, extremes, rng.integers(-20, 21, shape))
    return np.where(active, values, 0).astype(np.int8)
