"""Corners of sources that are read some ticks late."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.make_packs import Corner, corner, make_layer, raster_of
from tinysnn.pack import PackedLayer, Source

ONE = 65536
PAST: dict[str, Callable[[str], Corner]] = {}


def _raster(n_in: int, n_ticks: int = 34) -> np.ndarray:
    """Lone spikes of every unit with silence between, then all of them, then random ones."""
    ticks = [[(5 * t) % n_in] if t % 2 == 0 else [] for t in range(n_ticks // 2)]
    raster = raster_of(n_in, [*ticks, list(range(n_in)), *[[]] * 9])
    busy = (np.random.default_rng(n_in).random((12, n_in)) < 0.2).astype(np.int8)
    return np.concatenate([raster, busy, np.zeros((9, n_in), np.int8)])


def _readout(rows: Any, *sources: Source, **spec: Any) -> PackedLayer:
    """Sums up what arrives, so that every event shows."""
    return make_layer(rows, sources=sources, op="li", beta=ONE, state_bits=32, **spec)


def _input(name: str, delays: tuple[int, ...], n_in: int) -> Corner:
    """The input through the same source at several delays, weights that tell them apart."""
    rng = np.random.default_rng(n_in)
    rows = rng.integers(-100, 100, (n_in * len(delays), 5))
    sources = [Source(None, d, n_in) for d in delays]
    return corner(name, [_readout(rows, *sources)], _raster(n_in))


PAST["late_input_1"] = partial(_input, delays=(1,), n_in=3)
PAST["late_input_0246"] = partial(_input, delays=(0, 2, 4, 6), n_in=33)


def _layers(name: str) -> Corner:
    """A layer read at 0, 1 and 5 ticks by the next one, at 1 and 3 by itself."""
    rng = np.random.default_rng(1)
    n = 37
    first = make_layer(
        np.vstack([rng.integers(20, 90, (4, n)), rng.integers(-60, 60, (2 * n, n))]),
        sources=[Source(None, 0, 4), Source(0, 1, n), Source(0, 3, n)],
        theta=70, beta=50000,
    )  # fmt: skip
    second = _readout(rng.integers(-9, 9, (3 * n, 4)), *(Source(0, d, n) for d in (0, 1, 5)))
    return corner(name, [first, second], _raster(4))


PAST["late_layers"] = _layers


def _by_unit(name: str, least: int, *, graded: bool = False) -> Corner:
    """Units of the input and of a layer are read each by its own delay, some not late at all."""
    rng = np.random.default_rng(2)
    n_in, n = 35, 40
    first = make_layer(
        np.eye(n_in, n) * 90 + 1, sources=[Source(None, 0, n_in)], graded=graded,
        theta=90, beta=0, reset="zero", state_bits=32,
    )  # fmt: skip
    delays = np.concatenate([np.arange(n_in) % 7, np.arange(n) % 5])
    second = _readout(
        rng.integers(-90, 90, (n_in + n, 6)), Source(None, least, n_in), Source(0, least, n),
        delays=delays, graded=graded, spike_value=3 if graded else 1,
    )  # fmt: skip
    raster = _raster(n_in)
    if graded:
        raster = raster * rng.integers(-128, 128, raster.shape).astype(np.int8)
    return corner(name, [first, second], raster, graded=graded)


PAST["late_by_unit_0"] = partial(_by_unit, least=0)
PAST["late_by_unit_2"] = partial(_by_unit, least=2)
PAST["late_by_unit_graded"] = partial(_by_unit, least=0, graded=True)


def _graded(name: str) -> Corner:
    """Graded input now and three ticks late."""
    rng = np.random.default_rng(3)
    layer = _readout(
        rng.integers(-128, 128, (10, 3)), Source(None, 0, 5), Source(None, 3, 5), graded=True
    )
    raster = rng.integers(-128, 128, (14, 5)).astype(np.int8)
    raster[4:9] = 0
    return corner(name, [layer], raster, graded=True)


PAST["late_graded"] = _graded


def _idle(name: str) -> Corner:
    """The layer between is skipped again and again, the last one waits for what it did."""
    first = make_layer([[90, 30]], theta=90, beta=60000, reset="zero")
    second = make_layer(
        np.eye(2) * 50, sources=[Source(0, 9, 2)], theta=50, beta=60000, reset="zero"
    )
    third = _readout([[1], [10], [100], [7]], Source(1, 2, 2), Source(0, 14, 2))
    ticks = [[0] if t in (0, 1, 2, 3, 31) else [] for t in range(60)]
    return corner(name, [first, second, third], raster_of(1, ticks))


PAST["late_idle"] = _idle
