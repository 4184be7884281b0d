"""Runs one network in its framework and in the float reference, and compares every spike."""

from __future__ import annotations

import contextlib
import importlib.util
import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.tools import require
from tinysnn.float_sim import FloatTrace, simulate
from tinysnn.graph import Graph
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import LowerOptions

TICKS = 60
Raster = npt.NDArray[np.float64]
Stepper = Callable[[Raster], Any]
"""Takes one tick's input ([N] or [C, H, W]) and gives the network's output, from a reset on."""


def need_framework(module: str) -> None:
    """Skip unless the framework and torch are here; fail if TINYSNN_REQUIRE lists the module."""
    here = all(importlib.util.find_spec(name) is not None for name in (module, "torch", "nirtorch"))
    require(module, here, f"{module} is not installed (pip install 'tinysnn[frameworks]')")


def stimuli(shape: tuple[int, ...], seed: int) -> Mapping[str, Raster]:
    """Random and structured input, [T, ...] of 0 and 1."""
    rng = np.random.default_rng(seed)
    n = int(np.prod(shape))
    tick, unit = np.arange(TICKS)[:, None], np.arange(n)[None]
    rasters = {
        "sparse": rng.random((TICKS, n)) < 0.1,
        "busy": rng.random((TICKS, n)) < 0.6,
        "silence then all": np.broadcast_to(tick >= TICKS // 2, (TICKS, n)),
        "bursts": np.broadcast_to(tick % 15 < 4, (TICKS, n)) & (rng.random((TICKS, n)) < 0.8),
        "one after the other": tick % n == unit,
    }
    return {name: raster.reshape(TICKS, *shape).astype(float) for name, raster in rasters.items()}


def written(graph: Any, path: Path) -> Path:
    """The exported graph in a file, as `nir` writes it.

    nir 1.0.8 cannot write a convolution without its input shape, which Norse and sinabs leave out;
    `infer_types` fills it in.
    """
    import nir

    if any(getattr(node, "input_shape", 0) is None for node in graph.nodes.values()):
        graph.infer_types()
    nir.write(path, graph)
    return path


def quietly(function: Callable[..., Any], *args: Any, **values: Any) -> Any:
    """What a talkative exporter returns."""
    with contextlib.redirect_stdout(io.StringIO()):
        return function(*args, **values)


def lowered(path: Path, profile: str, **options: Any) -> Graph:
    """The discretised graph of a file in a framework's profile."""
    return lower(load_network(path), LowerOptions(profile=profile, **options))


def assert_same(
    graph: Graph,
    start: Callable[[], Stepper],
    shape: tuple[int, ...],
    *,
    seed: int = 1,
    least: int = 20,
) -> FloatTrace:
    """The framework's output equals the reference's at every tick of every stimulus.

    Parameters
    ----------
    start
        Resets the framework's network and gives its stepper.
    least
        Output spikes that there must be at least, so that silence proves nothing.

    Returns
    -------
    The trace of the last stimulus.

    """
    total = 0
    for name, raster in stimuli(shape, seed).items():
        step = start()
        theirs = np.stack([np.asarray(step(given)).reshape(-1) for given in raster])
        trace = simulate(graph, raster.reshape(TICKS, -1))
        wrong = np.argwhere(theirs != trace.output)
        assert wrong.size == 0, f"{name}: {len(wrong)} differ, first tick and neuron {wrong[0]}"
        total += int(trace.output.sum())
    assert total >= least, f"only {total} spikes"
    return trace
