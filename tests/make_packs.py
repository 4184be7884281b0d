"""Packs by hand: one call per layer, defaults for everything that a test does not care about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn import ranges
from tinysnn.ops.fixed import ONE_Q16
from tinysnn.pack import PACK_FORMAT, LayerReport, LayerSpec, Pack, PackedLayer, PackMeta, Source
from tinysnn.pack_rules import rests
from tinysnn.seal import sealed

EMPTY_REPORT = LayerReport(None, 0, 0, None, None, None, None, None)
TABLES = ("beta", "alpha", "theta", "bias", "reset_to", "v_init")


def table(values: Any) -> npt.NDArray[np.int32] | None:
    """A number or a list as a table of length 1 or n."""
    return None if values is None else np.atleast_1d(np.asarray(values, np.int32))


def make_layer(
    rows: Any,
    *,
    sources: Sequence[Source] | None = None,
    kernels: Sequence[npt.NDArray[np.int8]] = (),
    op: str = "lif",
    graded: bool = False,
    beta: Any = 0,
    theta: Any = 1,
    alpha: Any = None,
    bias: Any = None,
    reset_to: Any = None,
    v_init: Any = None,
    v_min: Any = None,
    rho: Any = None,
    jump: Any = None,
    refractory: Any = None,
    delays: Any = None,
    skip: bool | None = None,
    **spec: Any,
) -> PackedLayer:
    """A layer; rows is [R, n], sources default to the network's input alone.

    `spec` overrides fields of `LayerSpec`; the accumulator is as narrow as the proof allows, and
    the layer may be skipped if it rests.
    """
    weights = np.asarray(rows, np.int8)
    fires = op in ("lif", "cuba_lif")
    fields: dict[str, Any] = {
        "name": "cell",
        "op": op,
        "n": weights.shape[1],
        "bits": 8,
        "sources": tuple(sources or (Source(None, 0, weights.shape[0]),)),
        "frac_bits": 0,
        "acc_bits": 32,
        "state_bits": 16,
        "reset": "subtract" if fires else None,
        "reset_timing": "same-tick" if fires else None,
        "compare": "ge" if fires else None,
        "may_skip": False,
        "spike_value": 1,
        "report": EMPTY_REPORT,
        **spec,
    }
    if alpha is None and op.startswith("cuba"):
        alpha = ONE_Q16 // 2
    given = (beta, alpha, theta if fires else None, bias, reset_to, v_init)
    tables: dict[str, Any] = {
        name: table(values) for name, values in zip(TABLES, given, strict=True)
    }
    beta_table = tables.pop("beta")
    assert beta_table is not None
    scale = np.ones(weights.shape[1])
    tables |= {"v_min": table(v_min), "rho": table(rho), "jump": table(jump)}
    tables |= {"refractory": table(refractory), "delays": table(delays)}
    layer = PackedLayer(
        LayerSpec(**fields), weights, beta_table, scale, kernels=tuple(kernels), **tables
    )
    valued = layer.spec.reads_values(graded_input=graded)
    narrow = ranges.accumulator(layer, graded_input=graded).fits(16) and not valued
    return with_spec(
        layer,
        acc_bits=spec.get("acc_bits", 16 if narrow else 32),
        may_skip=rests(layer) if skip is None else skip,
    )


def with_spec(layer: PackedLayer, **changes: Any) -> PackedLayer:
    """The layer with some fields of its description changed."""
    return replace(layer, spec=msgspec.structs.replace(layer.spec, **changes))


def make_pack(
    *layers: PackedLayer, name: str = "made", graded: bool = False, output: int = -1, **meta: Any
) -> Pack:
    """A checked pack of some layers; its input is as wide as the first layer's first source."""
    named = tuple(with_spec(layer, name=f"{layer.name}{k}") for k, layer in enumerate(layers))
    n_in = layers[0].spec.sources[0].n
    fields: dict[str, Any] = {
        "format": PACK_FORMAT,
        "name": name,
        "digest": "",
        "n_in": n_in,
        "input_shape": (n_in,),
        "input_scale": 0.25 if graded else None,
        "output": output % len(layers),
        "dt_s": None,
        "layers": tuple(layer.spec for layer in named),
        "calibration": "",
        **meta,
    }
    return sealed(PackMeta(**fields), named)


def raster_of(n_in: int, ticks: Sequence[Sequence[int]]) -> npt.NDArray[np.int8]:
    """A raster [T, n_in] from the active inputs of each tick."""
    raster = np.zeros((len(ticks), n_in), np.int8)
    for tick, active in enumerate(ticks):
        raster[tick, list(active)] = 1
    return raster


def runs(*parts: tuple[int, list[int]]) -> list[list[int]]:
    """Ticks for `raster_of` from runs (how many, active inputs)."""
    return [active for count, active in parts for _ in range(count)]


@dataclass(frozen=True, eq=False)
class Corner:
    """A model and what enters it."""

    pack: Pack
    raster: npt.NDArray[np.int8]


def corner(
    name: str, layers: Sequence[PackedLayer], raster: npt.NDArray[np.int8], **meta: Any
) -> Corner:
    """A named model of some layers, and its raster."""
    return Corner(make_pack(*layers, name=name, **meta), raster)
