"""The spiking network as a NIR graph, and the options that its file cannot hold.

All thresholds are 1: weights are divided by the threshold of their neuron and multiplied by that of
the neuron they come from. Membranes start at half a threshold, so that the rate is rounded and not
cut (Bu et al. 2022).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from tinysnn.convert.ann import Ann, AveragePool, Convolution, Dense, Floats, Linear, Shape
from tinysnn.errors import TinysnnError

START = 0.5


@dataclass(frozen=True, eq=False)
class Converted:
    """A spiking network, ready to be written."""

    graph: Any
    """``nir.NIRGraph``"""
    options: str
    """TOML text, see `tinysnn.options`."""


def to_nir(ann: Ann, thresholds: Sequence[Floats], *, step: float, dt_s: float) -> Converted:
    """Build it.

    Parameters
    ----------
    ann: the network.
    thresholds: per stage with a ReLU, see `tinysnn.convert.balance`.
    step: real value of one step of an input event.
    dt_s: length of a tick, for whoever asks; it changes nothing.

    """
    import nir

    nodes: dict[str, Any] = {"input": nir.Input(np.array(ann.in_shape))}
    names, shape = ["input"], ann.in_shape
    worth = np.ones(ann.n_in)
    pending = list(thresholds)
    for number, stage in enumerate(ann.stages):
        level = pending.pop(0) if stage.relu else np.ones(prod(stage.out_shape))
        for k, part in enumerate(_scaled(stage.maps, worth, level)):
            for kind, node in _nodes(part, shape):
                names.append(f"{kind}{number}_{k}")
                nodes[names[-1]] = node
            shape = part.out_shape
        if stage.relu:
            ones = np.ones(shape)
            nodes[stage.name] = nir.IF(r=ones, v_threshold=ones, v_reset=np.zeros(shape))
            names.append(stage.name)
        worth = level
    nodes["output"] = nir.Output(np.array(shape))
    names.append("output")
    edges = list(pairwise(names))
    # nir 1.0 takes a convolution with groups for one of fewer channels: its check would refuse it.
    return Converted(nir.NIRGraph(nodes, edges, type_check=False), _options(step, dt_s))


def _options(step: float, dt_s: float) -> str:
    return (
        "# What the .nir beside this file cannot say (tinysnn convert).\n"
        f"dt_s = {dt_s!r}\n"
        'decay = "exact"\n'
        "gain = 1.0\n"
        'reset = "subtract"\n'
        'reset_timing = "same-tick"\n'
        'compare = "ge"\n'
        f"v_init = {START}\n"
        f"input_scale = {step!r}\n"
    )


def _scaled(maps: Sequence[Linear], worth: Floats, level: Floats) -> list[Linear]:
    """The maps of a stage for spikes that are worth `worth`, onto thresholds of 1.

    What enters is scaled in the first map with weights (pools before it leave channels as they
    are), what comes out in the last one.
    """
    weighted = [k for k, step in enumerate(maps) if not isinstance(step, AveragePool)]
    found = _summing(maps)
    found[weighted[0]] = _times_in(found[weighted[0]], _by_channel(worth, maps[0]))
    found[weighted[-1]] = _over_out(found[weighted[-1]], _by_channel_out(level, maps[-1]))
    return found


def _summing(maps: Sequence[Linear]) -> list[Linear]:
    """The same with sums in the place of means: the weights next to a pool are divided instead.

    A sum of spikes needs no weights of its own, so that a pack can keep pool and convolution apart.
    """
    found, factor = list(maps), 1.0
    for k, step in enumerate(maps):
        if isinstance(step, AveragePool):
            factor /= prod(step.pool.kernel)
        else:
            found[k], factor = _times_in(step, np.full(step.in_shape[0], factor)), 1.0
    last = max(k for k, step in enumerate(maps) if not isinstance(step, AveragePool))
    found[last] = _over_out(found[last], np.full(found[last].out_shape[0], 1 / factor))
    return found


def _by_channel(worth: Floats, first: Linear) -> Floats:
    """Worth of a channel of a map, or of a unit of a list."""
    if len(first.in_shape) == 1:
        return worth
    return worth.reshape(first.in_shape[0], -1)[:, 0]


def _by_channel_out(level: Floats, last: Linear) -> Floats:
    if len(last.out_shape) == 1:
        return level
    return level.reshape(last.out_shape[0], -1)[:, 0]


def _times_in(step: Linear, worth: Floats) -> Linear:
    if isinstance(step, Dense):
        each = np.repeat(worth, step.weight.shape[1] // worth.size)
        return Dense(step.weight * each, step.bias)
    assert isinstance(step, Convolution)
    conv = step.conv
    out, inner = conv.kernel.shape[:2]
    group = np.arange(out) // (out // conv.groups)
    each = worth[group[:, None] * inner + np.arange(inner)]
    return _with_kernel(step, conv.kernel * each[:, :, None, None], step.bias)


def _over_out(step: Linear, level: Floats) -> Linear:
    if isinstance(step, Dense):
        return Dense(step.weight / level[:, None], step.bias / level)
    assert isinstance(step, Convolution)
    return _with_kernel(step, step.conv.kernel / level[:, None, None, None], step.bias / level)


def _with_kernel(step: Convolution, kernel: Floats, bias: Floats) -> Convolution:
    return Convolution(replace(step.conv, kernel=kernel), bias)


def _nodes(step: Linear, shape: Shape) -> list[tuple[str, Any]]:
    """NIR nodes of one map, and a Flatten before a list that a map enters."""
    import nir

    if isinstance(step, Dense):
        node = nir.Affine(weight=step.weight, bias=step.bias)
        if len(shape) == 1:
            return [("dense", node)]
        flat = nir.Flatten(input_type={"input": np.array(shape)}, start_dim=0, end_dim=-1)
        return [("flatten", flat), ("dense", node)]
    if isinstance(step, AveragePool):
        pool = step.pool
        zeros = np.zeros(2, int)
        node = nir.SumPool2d(np.array(pool.kernel), np.array(pool.stride), zeros)
        return [("pool", node)]
    conv = step.conv
    node = nir.Conv2d(
        input_shape=conv.in_shape[1:],
        weight=conv.kernel,
        stride=conv.stride,
        padding=(conv.padding[0][0], conv.padding[1][0]),
        dilation=conv.dilation,
        groups=conv.groups,
        bias=step.bias,
    )
    return [("conv", node)]


def write_nir(found: Converted, path: Path) -> None:
    """Write ``path`` (.nir) and the options beside it (.toml); each appears whole or not at all.

    Raises
    ------
    TinysnnError: a file cannot be written.

    """
    import nir

    try:
        with tempfile.TemporaryDirectory(prefix=f".{path.stem}.", dir=path.parent) as folder:
            nir.write(Path(folder) / "net.nir", found.graph)
            (Path(folder) / "net.toml").write_text(found.options, encoding="utf-8")
            (Path(folder) / "net.toml").replace(path.with_suffix(".toml"))
            (Path(folder) / "net.nir").replace(path)
    except OSError as error:
        raise TinysnnError(f"cannot be written ({error.strerror})", where=str(path)) from error
