"""Networks that the cost model is fitted to: one layer each, every kind of synapse and neuron."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn import ranges
from tinysnn.errors import PackError
from tinysnn.ops.fixed import ONE_Q16, STATE_RANGE
from tinysnn.pack import PACK_FORMAT, LayerReport, LayerSpec, Pack, PackedLayer, PackMeta, Source
from tinysnn.pack_rules import WEIGHT_RANGE, rests
from tinysnn.seal import sealed
from tinysnn.stimulus import Stimulus
from tinysnn.views.row_options import AUTO, RowOptions, RowsForm

Rng = np.random.Generator
NO_REPORT = LayerReport(None, 0, 0, None, None, None, None, None)
HALF = ONE_Q16 // 2

ANY: Mapping[str, tuple[Any, ...]] = {
    "n": (3, 7, 12, 17, 20, 32, 33, 40, 52, 64, 70, 96, 100, 128, 224, 270),
    "n_rows": (8, 16, 33, 64, 100, 140, 300),
    "bits": (8, 4, 2, 1),
    "op": ("lif", "lif", "lif", "li", "cuba_lif", "cuba_li"),
    "state_bits": (16, 32),
    "graded": (False, False, True),
    "frac_bits": (0, 0, 1, 3, 6, -2),
    "beta": ("one", "zero", "same", "same", "low", "each"),
    "alpha": ("zero", "same", "same", "same", "each"),
    "theta": ("same", "same", "each", "negative"),
    "bias": ("none", "none", "same", "each"),
    "reset": ("subtract", "zero", "none"),
    "reset_timing": ("same-tick", "same-tick", "next-tick"),
    "compare": ("ge", "gt"),
    "reset_to": ("none", "same", "each"),
    "recurrent": (False, False, True),
    "large": (False, False, True),
    "zeros": (False, False, False, False, True),
    "busy": (False, False, False, False, False, True),
}
"""What is drawn for a layer that compiled C runs at least partly."""
KERNEL: Mapping[str, tuple[Any, ...]] = {
    **ANY,
    "n": (4, 12, 20, 32, 34, 40, 52, 64, 70, 96, 98, 128, 160, 256),
    "op": ("lif",),
    "state_bits": (16,),
    "graded": (False, False, False, False, True),
    "frac_bits": (0, 1, 3, 5, -2),
    "beta": ("one", "zero", *("shift",) * 4, "same", "low", "each high", "each low", "each"),
    "theta": ("same", "same", "each"),
    "reset_timing": ("same-tick",),
}
"""What is drawn for a layer that assembly runs where a core has some."""
PLAIN: Mapping[str, tuple[Any, ...]] = {
    **KERNEL,
    "graded": (False,),
    "frac_bits": (0, 1, 3, 5),
    "beta": ("shift", "same"),
    "theta": ("same", "each", "each"),
    "bias": ("none",),
    "reset": ("subtract", "subtract", "zero"),
    "reset_to": ("none",),
    "large": (False,),
    "zeros": (False,),
    "busy": (False,),
}
"""What most networks consist of."""


@dataclass(frozen=True)
class CostCase:
    """A pack and the clip it is measured on."""

    pack: Pack
    clip: Stimulus
    options: RowOptions = AUTO
    """Forms of rows: drawn, so that what is fitted does not depend on what is chosen by cost."""


def designed(n_any: int, n_kernel: int, seed: int = 0, n_plain: int = 0) -> list[CostCase]:
    """The networks of a fit, or with another seed of a test; the same for the same numbers.

    Every fourth one has two or three layers, which tells a layer's cost from that of a step.
    """
    cases = [_case(f"any{seed}_{i}", ANY, (seed, 1, i)) for i in range(n_any)]
    cases += [_case(f"kernel{seed}_{i}", KERNEL, (seed, 2, i)) for i in range(n_kernel)]
    return cases + [_case(f"plain{seed}_{i}", PLAIN, (seed, 3, i)) for i in range(n_plain)]


def _case(name: str, choices: Mapping[str, tuple[Any, ...]], seed: tuple[int, ...]) -> CostCase:
    for attempt in range(100):
        rng = np.random.default_rng([*seed, attempt])
        drawn = _draw(rng, choices)
        try:
            layers: tuple[PackedLayer, ...] = (_layer(rng, drawn, None),)
            for before in range((seed[-1] % 4 == 0) + (seed[-1] % 8 == 0)):
                if len(layers) > before and layers[before].spec.fires:
                    follows = {**_draw(rng, choices), "n_rows": layers[before].n, "graded": False}
                    layers += (_layer(rng, follows, before),)
            pack = _pack(name, layers, graded=drawn["graded"])
        except PackError:
            continue  # what was drawn does not go together: draw again
        clip = Stimulus(_raster(rng, drawn["n_rows"], graded=drawn["graded"]))
        form: RowsForm = "sparse" if drawn["zeros"] else "dense"
        return CostCase(pack, clip, RowOptions(form, "always" if drawn["busy"] else "never"))
    raise AssertionError(f"no valid pack for {name}")


def _draw(rng: Rng, choices: Mapping[str, tuple[Any, ...]]) -> dict[str, Any]:
    return {key: values[rng.integers(len(values))] for key, values in choices.items()}


def _pack(name: str, layers: tuple[PackedLayer, ...], *, graded: bool) -> Pack:
    n_in = layers[0].spec.sources[0].n
    meta = PackMeta(
        format=PACK_FORMAT,
        name=name,
        digest="",
        n_in=n_in,
        input_shape=(n_in,),
        input_scale=0.25 if graded else None,
        output=len(layers) - 1,
        dt_s=None,
        layers=tuple(layer.spec for layer in layers),
        calibration="",
    )
    return sealed(meta, layers)


def _layer(rng: Rng, drawn: Mapping[str, Any], before: int | None) -> PackedLayer:
    """A layer of the network's input, or of the layer before."""
    fires, n = drawn["op"].endswith("lif"), drawn["n"]
    own = 0 if before is None else before + 1
    sources = (Source(before, 0, drawn["n_rows"]),) + (Source(own, 1, n),) * (
        drawn["recurrent"] and fires
    )
    (low, high), n_rows = WEIGHT_RANGE[drawn["bits"]], sum(s.n for s in sources)
    if not drawn["large"]:
        low, high = (low // 4, high // 4) if drawn["bits"] == 8 else (low, high)
    rows = rng.integers(low, high, (n_rows, n), endpoint=True)
    if drawn["zeros"]:
        rows *= rng.random(rows.shape) < 0.08
    rows = np.where(rows >= 0, 1, -1) if drawn["bits"] == 1 else rows
    spec = LayerSpec(
        name="cell",
        op=drawn["op"],
        n=n,
        bits=drawn["bits"],
        sources=sources,
        frac_bits=0,
        acc_bits=32,
        state_bits=drawn["state_bits"],
        reset=drawn["reset"] if fires else None,
        reset_timing=drawn["reset_timing"] if fires else None,
        compare=drawn["compare"] if fires else None,
        may_skip=False,
        spike_value=5 if drawn["graded"] and len(sources) > 1 else 1,
        report=NO_REPORT,
    )
    beta = _decay(rng, n, drawn["beta"])
    layer = PackedLayer(spec, rows.astype(np.int8), beta, np.ones(n))
    return _with_tables(rng, layer, drawn)


def _with_tables(rng: Rng, layer: PackedLayer, drawn: Mapping[str, Any]) -> PackedLayer:
    spec, graded = layer.spec, drawn["graded"]
    sums = ranges.accumulator(layer, graded_input=graded)
    top = max(1, int(max(-sums.low.min(), sums.high.max())))
    limit = STATE_RANGE[spec.state_bits][1]
    frac = min(drawn["frac_bits"], int(np.floor(np.log2(limit * 0.8 / top))))
    frac = max(frac, -12 if graded else 0)
    reach = max(4, int(top * 2.0**frac))
    busy = max(2, int(np.sqrt((layer.rows.astype(float) ** 2).sum(axis=0)).max() * 2.0**frac / 2))
    tables: dict[str, Any] = {}
    if spec.has_current:
        tables["alpha"] = _decay(rng, spec.n, drawn["alpha"])
    if spec.fires:
        count = 1 if drawn["theta"] == "same" else spec.n
        theta = np.exp(rng.uniform(np.log(busy), np.log(8 * busy), count)).astype(np.int64)
        lowered = theta[0] if drawn["theta"] == "negative" else 0
        tables["theta"] = _whole(np.minimum(theta, limit - 1) - lowered)
    if drawn["bias"] != "none":
        size = max(1, min(busy, limit - reach) // 8)
        count = 1 if drawn["bias"] == "same" else spec.n
        tables["bias"] = _whole(rng.integers(1, size + 1, count) * rng.choice([-1, 1], count))
    if spec.reset == "zero" and drawn["reset_to"] != "none":
        count = 1 if drawn["reset_to"] == "same" else spec.n
        tables["reset_to"] = _whole(rng.integers(-busy, busy // 4 + 1, count))
    layer = replace(layer, **tables)
    narrow = not graded and sums.fits(16)
    changes = {"frac_bits": frac, "acc_bits": 16 if narrow else 32, "may_skip": rests(layer)}
    return replace(layer, spec=msgspec.structs.replace(spec, **changes))


def _whole(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    return values.astype(np.int32)


def _decay(rng: Rng, n: int, kind: str) -> npt.NDArray[np.int32]:
    places = int(rng.choice([1, 2, 3, 4, 6]))
    same = {
        "one": ONE_Q16,
        "zero": 0,
        "shift": ONE_Q16 - (ONE_Q16 >> places),
        "same": int(rng.choice([40000, 52222, 60000, 64001])),
        "low": int(rng.choice([20000, 12345])),
    }
    if kind in same:
        return np.array([same[kind]], np.int32)
    low, high = {"each high": (HALF, ONE_Q16), "each low": (0, HALF - 1), "each": (0, ONE_Q16)}[
        kind
    ]
    return _whole(rng.integers(low, high, n, endpoint=True))


def _raster(rng: Rng, n_in: int, *, graded: bool) -> npt.NDArray[np.int8]:
    """Ticks without, with few and with many events, alone and in runs; [T, n_in]."""
    counts = np.concatenate(
        [
            rng.integers(1, max(2, n_in // 8 + 1), 8),
            rng.integers(1, n_in + 1, 8),
            [n_in, n_in // 2, 1],
        ]
    )
    counts = np.concatenate([rng.permutation(np.append(counts, [0, 0, 0])), [0] * 5, [1, 0, 0, 2]])
    raster = np.zeros((len(counts), n_in), np.int8)
    for row, count in zip(raster, counts, strict=True):
        chosen = rng.choice(n_in, min(count, n_in), replace=False)
        row[chosen] = rng.integers(1, 30, chosen.size) if graded else 1
    return raster
