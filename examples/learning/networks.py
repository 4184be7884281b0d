"""Small networks for the examples, made of tables: no training, no file."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.learn.mark import mark_plastic
from tinysnn.learn.spec import Wish
from tinysnn.pack import PACK_FORMAT, LayerReport, LayerSpec, Pack, PackedLayer, PackMeta, Source
from tinysnn.seal import sealed

ONE = 1 << 16
_NO_REPORT = LayerReport(None, 0, 0, None, None, None, None, None)


def spiking(
    name: str, rows: npt.NDArray[Any], source: int | None, *, theta: int, beta: int = 61440
) -> PackedLayer:
    """A layer of LIF neurons; rows [R, n], threshold in weight steps."""
    return _layer(name, "lif", rows, source, beta=beta, theta=np.array([theta], np.int32))


def readout(name: str, n_rows: int, n: int, source: int | None) -> PackedLayer:
    """A readout that adds up and forgets nothing, its weights 0."""
    return _layer(name, "li", np.zeros((n_rows, n), np.int8), source, beta=ONE)


def _layer(
    name: str,
    op: Any,
    rows: npt.NDArray[Any],
    source: int | None,
    *,
    beta: int,
    theta: npt.NDArray[np.int32] | None = None,
) -> PackedLayer:
    fires = op == "lif"
    spec = LayerSpec(
        name=name,
        op=op,
        n=rows.shape[1],
        bits=8,
        sources=(Source(source, 0, rows.shape[0]),),
        frac_bits=0,
        acc_bits=32,
        state_bits=32,
        reset="subtract" if fires else None,
        reset_timing="same-tick" if fires else None,
        compare="ge" if fires else None,
        may_skip=False,
        spike_value=1,
        report=_NO_REPORT,
    )
    decay = np.array([beta], np.int32)
    return PackedLayer(spec, rows.astype(np.int8), decay, np.ones(rows.shape[1]), theta=theta)


def network(
    name: str, layers: list[PackedLayer], wishes: dict[str, Wish], *, graded: bool = False
) -> Pack:
    """A pack of layers, one after another, some of them plastic; the last is the output.

    graded: input events have values.
    """
    n_in = layers[0].spec.n_rows
    meta = PackMeta(
        format=PACK_FORMAT,
        name=name,
        digest="",
        n_in=n_in,
        input_shape=(n_in,),
        input_scale=1.0 if graded else None,
        output=len(layers) - 1,
        dt_s=None,
        layers=tuple(layer.spec for layer in layers),
        calibration="",
    )
    return mark_plastic(sealed(meta, tuple(layers)), wishes)


def random_rows(n_rows: int, n: int, spread: float, seed: int) -> npt.NDArray[np.int8]:
    """Random weights, normal with a standard deviation of `spread` steps."""
    drawn = np.random.default_rng(seed).normal(0.0, spread, (n_rows, n))
    return np.clip(np.rint(drawn), -127, 127).astype(np.int8)


def sparse_rows(n_rows: int, n: int, fan_in: int, seed: int) -> npt.NDArray[np.int8]:
    """Each neuron has `fan_in` inputs at random, half of them 20 steps up, the others down."""
    rng = np.random.default_rng(seed)
    rows = np.zeros((n_rows, n), np.int8)
    signs = np.where(np.arange(fan_in) < fan_in // 2, 20, -20)
    for neuron in range(n):
        rows[rng.choice(n_rows, fan_in, replace=False), neuron] = signs
    return rows
