"""Random layers for kernels: every shape, width, decay, reset and sum that a kernel can meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.make_packs import Corner, corner, make_layer
from tinysnn import ranges
from tinysnn.ops.fixed import ONE_Q16
from tinysnn.pack import PackedLayer, Source
from tinysnn.pack_rules import WEIGHT_RANGE

Rng = np.random.Generator
TOP = 32767
FULL_ROWS = 256
"""Rows of extreme 8-bit weights whose sum 16 bits hold."""

CHOICES: Mapping[str, tuple[Any, ...]] = {
    "n": (1, 2, 3, 4, 6, 8, 12, 14, 16, 18, 20, 30, 31, 32, 33, 34, 36, 48, 62, 64, 66, 68, 70, 96),
    "n_rows": (1, 2, 3, 5, 15, 16, 17, 18, 34, 35, 85, 86, 87, 171, 257, 258, 300, 600),
    "bits": (8, 4, 2, 1),
    "frac_bits": tuple(range(11)),
    "weights": ("random", "random", "sparse", "low", "high", "columns"),
    "decay": ("one", "zero", "shift", "shift", "high", "low", "each high", "each low", "each"),
    "calm": (True, True, False),
    "theta": ("same", "same", "each", "zero", "top"),
    "bias": ("none", "none", "same", "each"),
    "compare": ("ge", "gt"),
    "reset": ("subtract", "zero", "none"),
    "reset_to": ("none", "same", "each"),
    "v_init": (False, False, True),
    "recurrent": (False, False, False, True),
}
"""What is drawn for a layer; a value that stands twice is twice as likely."""

COUNTS = (1, 2, 3, 4, 5, 6, 7, 8, 14, 15, 16, 17, 18, 19, 20, 29, 30, 31, 33, 34, 35, 36, 50, 51,
          52, 84, 85, 86, 87, 90, 91, 169, 170, 171, 255, 256, 257, 258, 511, 512, 600)  # fmt: skip
"""Numbers of events in a tick: all sides of what lanes and unrolled loops hold."""


def random_scene(name: str, *seed: int, **fixed: Any) -> Corner:
    """A network of one layer, or two, and ticks for it; `fixed` replaces what would be drawn."""
    rng = np.random.default_rng(seed)
    first = _layer(rng, None, fixed)
    layers = [first]
    if not fixed and rng.random() < 0.25:
        layers.append(_layer(rng, first.n, {"n_rows": first.n, "recurrent": False}))
    return corner(name, layers, _raster(rng, first.spec.sources[0].n))


def _layer(rng: Rng, before: int | None, fixed: Mapping[str, Any]) -> PackedLayer:
    """A layer of the network's input, or of the layer before, which has `before` neurons."""
    drawn = {key: values[rng.integers(len(values))] for key, values in CHOICES.items()}
    drawn.update(fixed)
    n, n_rows = drawn["n"], drawn["n_rows"]
    sources = [Source(None if before is None else 0, 0, n_rows)]
    sources += [Source(0, 1, n)] * drawn["recurrent"]
    rows = _rows(rng, sum(source.n for source in sources), drawn)
    beta = _decay(rng, n, drawn["decay"])
    shape: dict[str, Any] = {"sources": sources, "bits": drawn["bits"], "beta": beta}
    frac_bits, bias = _scale(rng, make_layer(rows, **shape), drawn)
    reach = _reach(rows, frac_bits)
    reset_to = {"none": None, "same": 1, "each": n}[drawn["reset_to"]]
    return make_layer(
        rows,
        **shape,
        frac_bits=frac_bits,
        theta=_theta(rng, n, reach, drawn["theta"]),
        bias=bias,
        compare=drawn["compare"],
        reset=drawn["reset"],
        reset_to=rng.integers(-reach // 4 - 1, reach // 8 + 1, reset_to)
        if reset_to and drawn["reset"] == "zero"
        else None,
        v_init=rng.integers(-reach - 1, reach + 1, n) if drawn["v_init"] else None,
    )


def _rows(rng: Rng, n_rows: int, drawn: Mapping[str, Any]) -> npt.NDArray[np.int64]:
    (low, high), style = WEIGHT_RANGE[drawn["bits"]], drawn["weights"]
    shape = (n_rows, drawn["n"])
    rows = rng.integers(low, high, shape, endpoint=True)
    if style in ("low", "high"):
        rows[:] = low if style == "low" else high
    if style == "columns":  # neighbours pull apart as far as they can
        rows[:] = np.where(rng.random(drawn["n"]) < 0.5, low, high)
    if style == "sparse":
        rows *= rng.random(shape) < 0.1
    if style in ("low", "high", "columns"):
        rows[FULL_ROWS:] *= drawn["bits"] < 8
    return np.where(rows > 0, 1, -1) if drawn["bits"] == 1 else rows


def _decay(rng: Rng, n: int, kind: str) -> Any:
    half = ONE_Q16 // 2
    places = int(rng.choice([1, 1, 2, 2, 3, 4, 6, 15]))
    same = {
        "one": ONE_Q16,
        "zero": 0,
        "shift": ONE_Q16 - (ONE_Q16 >> places),
        "high": int(rng.choice([half + 1, 40000, 60000, ONE_Q16 - 3])),
        "low": int(rng.choice([1, 20000, half - 1])),
    }
    if kind in same:
        return same[kind]
    low, high = {"each high": (half, ONE_Q16), "each low": (0, half - 1), "each": (0, ONE_Q16)}[
        kind
    ]
    table = rng.integers(low, high, n, endpoint=True)
    table[0] = low
    table[-1] = high if rng.random() < 0.3 else table[-1]
    return table


def _scale(rng: Rng, layer: PackedLayer, drawn: Mapping[str, Any]) -> tuple[int, Any]:
    """Fraction bits, at most as drawn, and a bias: a tick or a calm membrane has room for both."""
    sums = ranges.accumulator(layer, graded_input=False)
    most = int(max(-sums.low.min(), sums.high.max(), 1))
    lost = ONE_Q16 - int(layer.wide("beta").max())
    room = TOP * 7 // 8
    if drawn["calm"] and lost:
        room = max(1, room * lost // ONE_Q16 // 2)
    fits = max(0, int(np.floor(np.log2(max(1, room / most)))))
    left = max(0, TOP - (most << min(drawn["frac_bits"], fits)))
    size = min(max(1, room // 8), left)
    bias = {
        "none": None,
        "same": rng.integers(-size, size, 1, endpoint=True),
        "each": rng.integers(-size, size, layer.n, endpoint=True),
    }[drawn["bias"]]
    return min(drawn["frac_bits"], fits), bias


def _reach(rows: npt.NDArray[np.int64], frac_bits: int) -> int:
    """How far a busy tick moves a membrane."""
    typical = np.sqrt((rows.astype(float) ** 2).sum(axis=0)).max() * 2.0**frac_bits
    return int(np.clip(typical, 2, TOP - 1))


def _theta(rng: Rng, n: int, reach: int, kind: str) -> Any:
    if kind in ("zero", "top"):
        return 0 if kind == "zero" else TOP - 1
    return rng.integers(1, reach, n if kind == "each" else 1, endpoint=True)


def _raster(rng: Rng, n_in: int) -> npt.NDArray[np.int8]:
    """Ticks with every telling number of events, some full, some silent, in random order."""
    counts = [count for count in COUNTS if count < n_in]
    if len(counts) > 16:
        counts = sorted(rng.choice(counts, 16, replace=False))
    ticks = rng.permutation([*counts, *[n_in] * 5, n_in // 2, n_in // 8, 0, 0])
    raster = np.zeros((len(ticks), n_in), np.int8)
    for row, count in zip(raster, ticks, strict=True):
        row[rng.choice(n_in, count, replace=False)] = 1
    return np.concatenate([raster, np.zeros((3, n_in), np.int8), raster[:6]])


def row_scenes() -> list[Corner]:
    """Every width with every number of rows: all sides of what sums hold."""
    n = [2, 4, 34, 18, 16, 68, 33, 100, 6, 64, 1, 30]
    styles = ["high", "low", "columns", "random", "sparse"]
    fixed = [
        {"bits": bits, "n_rows": n_rows, "n": n[k % len(n)], "weights": styles[k % len(styles)]}
        for bits in CHOICES["bits"]
        for k, n_rows in enumerate(CHOICES["n_rows"])
    ]
    return [random_scene(f"rows_{k}", 1, k, **each) for k, each in enumerate(fixed)]


def neuron_scenes() -> list[Corner]:
    """Every decay with every reset and comparison, calm or not; the rest takes turns."""
    kinds = dict.fromkeys(CHOICES["decay"])
    fixed = [
        {"decay": decay, "reset": reset, "compare": compare, "calm": calm, "n_rows": 21}
        for decay in kinds
        for reset in CHOICES["reset"]
        for compare in CHOICES["compare"]
        for calm in (True, False)
    ]
    turns: dict[str, tuple[Any, ...]] = {
        "n": (68, 70, 72, 34, 40),
        "theta": ("same", "same", "each", "zero", "each", "same", "top"),
        "bias": ("none", "same", "each", "none"),
        "reset_to": ("same", "each", "none"),
        "bits": CHOICES["bits"],
    }
    for k, each in enumerate(fixed):
        each.update({key: values[k % len(values)] for key, values in turns.items()})
    return [random_scene(f"neurons_{k}", 2, k, **each) for k, each in enumerate(fixed)]
