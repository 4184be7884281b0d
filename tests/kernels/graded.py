"""Random layers with graded input: widths, shapes, scales and values that row-adds can meet."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tests.make_packs import Corner, corner, make_layer
from tinysnn import ranges
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import PackedLayer, Source
from tinysnn.pack_rules import WEIGHT_RANGE

Rng = np.random.Generator
SIZES = (2, 4, 6, 8, 10, 16, 18, 32, 34, 64, 70, 1, 7, 33)
ROWS = (1, 2, 3, 4, 5, 17, 64, 130, 300, 513)
"""513 rows: more than 8-bit weights of one sign may have for the assembly."""


def graded_scene(name: str, *seed: int, bits: int, **fixed: Any) -> Corner:
    """A network of one layer and ticks for it; `fixed` replaces what would be drawn."""
    rng = np.random.default_rng(seed)
    drawn = {
        "n": int(rng.choice(SIZES[:-3])),
        "n_rows": int(rng.choice(ROWS)),
        "mixed": bool(rng.random() < 0.5),
        "op": "lif",
        "state_bits": 16,
        "decays": str(rng.choice(["one", "zero", "same", "each", "both"])),
        "weights": str(rng.choice(["random", "low", "high"], p=[0.8, 0.1, 0.1])),
        **fixed,
    }
    layer = _layer(rng, bits, drawn)
    return corner(name, [layer], _raster(rng, drawn["n_rows"]), graded=True)


def _layer(rng: Rng, bits: int, drawn: dict[str, Any]) -> PackedLayer:
    n, n_rows = drawn["n"], drawn["n_rows"]
    sources = [Source(None, 0, n_rows), *([Source(0, 1, n)] if drawn["mixed"] else [])]
    rows = _rows(rng, (n_rows + n * drawn["mixed"], n), bits, drawn["weights"])
    shape: dict[str, Any] = {
        "sources": sources, "bits": bits, "graded": True, "op": drawn["op"],
        "state_bits": drawn["state_bits"], "beta": _decay(rng, n, drawn["decays"]),
        "spike_value": int(rng.choice([1, 7, 127])) if drawn["mixed"] else 1,
    }  # fmt: skip
    frac_bits, reach = _scale(rng, make_layer(rows, **shape), drawn["state_bits"])
    each = n if rng.random() < 0.5 else 1
    return make_layer(
        rows,
        **shape,
        frac_bits=drawn.get("frac_bits", frac_bits),
        theta=rng.integers(1, reach + 1, each) if drawn["op"] == "lif" else 1,
        bias=rng.integers(-reach // 8, reach // 8 + 1, each) if rng.random() < 0.5 else None,
        reset=str(rng.choice(["subtract", "zero", "none"])) if drawn["op"] == "lif" else None,
        compare=str(rng.choice(["ge", "gt"])) if drawn["op"] == "lif" else None,
    )


def _rows(rng: Rng, shape: tuple[int, int], bits: int, style: str) -> npt.NDArray[np.int64]:
    low, high = WEIGHT_RANGE[bits]
    rows = rng.integers(low, high, shape, endpoint=True)
    if style != "random":
        rows[:] = low if style == "low" else high
    return np.where(rows > 0, 1, -1) if bits == 1 else rows


def _decay(rng: Rng, n: int, kind: str) -> Any:
    half = ONE_Q16 // 2
    if kind == "both":  # of 1/2 and more, and less
        table = rng.integers(0, ONE_Q16 - 1, n, endpoint=True)
        table[0], table[-1] = half, half - 1
        return table
    same = {"one": ONE_Q16, "zero": 0, "same": int(rng.integers(1, ONE_Q16))}
    return same.get(kind, rng.integers(half, ONE_Q16, n))


def _scale(rng: Rng, layer: PackedLayer, state_bits: int) -> tuple[int, int]:
    """Fraction bits, mostly the most that fit, and how far a busy tick moves a membrane."""
    sums = ranges.accumulator(layer, graded_input=True)
    most = max(-int(sums.low.min()), int(sums.high.max()), 1)
    limit = STATE_RANGE[state_bits][1] * 7 // 8
    fits = int(np.floor(np.log2(limit / most)))
    frac_bits = int(np.clip(fits - rng.choice([0, 0, 0, 1, 3]), -24, 15))
    return frac_bits, max(8, int(most * 2.0**frac_bits) // 4)


def _raster(rng: Rng, n_in: int) -> npt.NDArray[np.int8]:
    """Ticks with 0 to 9 events, half and all; values of all sizes, and the largest."""
    ticks = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, n_in // 2, n_in, n_in, n_in, 0, 0, 1, 3]
    raster = np.zeros((len(ticks), n_in), np.int8)
    for k, count in enumerate(ticks):
        chosen = rng.choice(n_in, min(count, n_in), replace=False)
        values = rng.integers(-128, 128, chosen.size)
        raster[k, chosen] = {11: -128, 12: 127}.get(k, values)
    return raster


def graded_scenes() -> list[Corner]:
    """For each width: every number of rows and of neurons, then kinds that run in C, then any."""
    scenes = []
    for bits in (8, 4, 2, 1):
        fixed: list[dict[str, Any]] = [
            {"n": n, "n_rows": ROWS[k % len(ROWS)]} for k, n in enumerate(SIZES)
        ]
        fixed += [
            {"state_bits": 32},
            *({"op": "li", "mixed": False, "state_bits": b} for b in (16, 32)),
        ]
        fixed += [{"decays": kind} for kind in ("one", "zero", "same", "each", "both")]
        fixed += [{"weights": style, "n_rows": 64} for style in ("low", "high")]
        fixed += [{}] * 4
        scenes += [
            graded_scene(f"graded{bits}_{k}", 3, bits, k, bits=bits, **each)
            for k, each in enumerate(fixed)
        ]
    return scenes
