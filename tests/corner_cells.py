"""Corners of the neuron update: saturation, decay, thresholds, resets, idling, initial values."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.make_packs import Corner, corner, make_layer, raster_of, runs
from tinysnn.pack import Source

ONE = 65536
CELLS: dict[str, Callable[[str], Corner]] = {}


# ---- saturation ----


def _saturate(name: str, op: str, state_bits: int) -> Corner:
    n_rows = 258 if state_bits == 16 else 250
    frac = 0 if state_bits == 16 else 15
    rows = np.zeros((2 * n_rows, 4), np.int8)
    rows[:n_rows, 0], rows[n_rows:, 0] = 127, -127
    rows[:n_rows, 1], rows[n_rows:, 1] = -127, 127
    rows[:n_rows, 2], rows[n_rows:, 2] = 63, -64
    top = (1 << 15) - 1 if state_bits == 16 else (1 << 30) - 1
    layer = make_layer(
        rows,
        op=op,
        state_bits=state_bits,
        frac_bits=frac,
        beta=[ONE, ONE, 65000, ONE],
        alpha=[ONE, 60000, ONE, 0] if op.startswith("cuba") else None,
        theta=top,
        compare="gt" if op.endswith("lif") else None,
    )
    up, down = list(range(n_rows)), list(range(n_rows, 2 * n_rows))
    raster = raster_of(2 * n_rows, runs((3, up), (5, down), (3, up), (2, []), (3, down)))
    return corner(name, [layer], raster)


for _op in ("lif", "li", "cuba_lif", "cuba_li"):
    for _bits in (16, 32):
        CELLS[f"saturate_{_op}_{_bits}"] = partial(_saturate, op=_op, state_bits=_bits)


def _reset_saturates(name: str) -> Corner:
    """A negative threshold lifts the membrane at every reset, into the upper end."""
    layer = make_layer(
        [[100, -100, 7]], beta=[ONE, ONE, 65535], theta=[-30000, -20000, -32768], compare="ge"
    )
    return corner(name, [layer], raster_of(1, runs((4, [0]), (3, []))))


def _late_edges(name: str) -> Corner:
    """A late subtraction at both ends of 32-bit state, where an intermediate could wrap."""
    rows = np.full((500, 3), 127, np.int8)
    rows[250:] = -127
    layer = make_layer(
        rows,
        state_bits=32,
        frac_bits=15,
        beta=ONE,
        theta=[0, (1 << 30) - 1, 5],
        reset_timing="next-tick",
        skip=False,
    )
    up, down = list(range(250)), list(range(250, 500))
    ticks = runs((4, up), (5, down), (2, up), (1, []), (1, down), (3, up), (2, down))
    return corner(name, [layer], raster_of(500, ticks))


CELLS["late_edges_32"] = _late_edges
CELLS["reset_saturates_16"] = _reset_saturates


# ---- leak, threshold ----

_DECAYS = [0, 1, 2, 32767, 32768, 32769, 49152, 65534, 65535, ONE]


def _leaks(name: str, op: str, state_bits: int, *, one_decay: int | None = None) -> Corner:
    """Membranes of both signs decay in sight, never skipped; the highest threshold: no reset."""
    n = len(_DECAYS)
    rows = np.stack([np.full(n, 127), np.full(n, -128), np.full(n, 1), np.full(n, -3)])
    frac = 5 if state_bits == 16 else 15
    layer = make_layer(
        rows,
        op=op,
        state_bits=state_bits,
        frac_bits=frac,
        beta=_DECAYS if one_decay is None else one_decay,
        alpha=_DECAYS[::-1] if op.startswith("cuba") else None,
        theta=32767 if state_bits == 16 else (1 << 30) - 1,
        skip=False,
        compare="gt" if op.endswith("lif") else None,
    )
    active = runs((1, [0]), (9, []), (1, [1]), (9, []), (1, [2]), (4, []), (1, [3]), (12, []))
    return corner(name, [layer], raster_of(4, active))


for _op in ("lif", "li", "cuba_lif", "cuba_li"):
    for _bits in (16, 32):
        CELLS[f"leak_{_op}_{_bits}"] = partial(_leaks, op=_op, state_bits=_bits)
for _decay in (0, 1, 30000, 32768, 65535, ONE):
    CELLS[f"leak_same_{_decay}"] = partial(_leaks, op="lif", state_bits=16, one_decay=_decay)


def _threshold(name: str, compare: str, reset: str) -> Corner:
    """v below, at and above the threshold; an even number of neurons, and an odd one."""
    rule: dict[str, Any] = {"beta": ONE, "theta": 10, "compare": compare, "reset": reset}
    layers = [
        make_layer([[9, 10, 11, -10, 0, 5]], **rule),
        make_layer(np.eye(6, dtype=np.int8)[:, :5] * 10, sources=[Source(0, 0, 6)], **rule),
    ]
    return corner(name, layers, raster_of(1, runs((6, [0]), (3, []), (2, [0]))))


for _compare in ("gt", "ge"):
    for _reset in ("subtract", "zero", "none"):
        CELLS[f"threshold_{_compare}_{_reset}"] = partial(
            _threshold, compare=_compare, reset=_reset
        )


def _fires_at_rest(name: str) -> Corner:
    layer = make_layer([[1, -1, 1]], beta=60000, theta=[0, 0, -5], compare="ge", reset="none")
    return corner(name, [layer], raster_of(1, runs((4, []), (2, [0]), (3, []))))


CELLS["fires_at_rest"] = _fires_at_rest


# ---- resets ----


def _reset_mode(name: str, timing: str, reset: str, state_bits: int, op: str) -> Corner:
    rows = np.array([[40, 25, 60, 127], [-90, 10, 0, 127]])
    layer = make_layer(
        rows,
        op=op,
        state_bits=state_bits,
        frac_bits=4,
        beta=[ONE, 60000, 40000, ONE],
        alpha=[0, 30000, ONE // 2, 100] if op == "cuba_lif" else None,
        theta=[500, 300, 900, 4000],
        reset=reset,
        reset_timing=timing,
        compare="ge",
        reset_to=[-100, 7, 0, 250] if reset == "zero" else None,
    )
    active = runs((4, [0]), (4, []), (1, [0, 1]), (3, []), (6, [0]), (2, [1]), (5, []))
    return corner(name, [layer], raster_of(2, active))


for _timing in ("same-tick", "next-tick"):
    for _reset in ("zero", "subtract", "none"):
        for _bits, _op in ((16, "lif"), (32, "lif"), (16, "cuba_lif")):
            CELLS[f"reset_{_reset}_{_timing[:4]}_{_op}_{_bits}"] = partial(
                _reset_mode, timing=_timing, reset=_reset, state_bits=_bits, op=_op
            )


# ---- idle layers ----

_GAPS = (1, 2, 3, 7, 64, 300)


def _idle(name: str, op: str, state_bits: int, *, each: bool) -> Corner:
    """Silences of many lengths, then an event; no neuron fires, so all of them are skipped."""
    n = 6
    rows = np.stack([np.array([127, -128, 100, -1, 1, 64]), np.zeros(n)])
    layer = make_layer(
        rows,
        op=op,
        state_bits=state_bits,
        frac_bits=7 if state_bits == 16 else 15,
        beta=[65535, 65000, 60000, ONE, 32768, 65500] if each else 65400,
        alpha=20000 if op.startswith("cuba") else None,
        theta=32767 if state_bits == 16 else 1 << 29,
        skip=True,
        compare="gt" if op.endswith("lif") else None,
    )
    ticks = [[0]]
    for gap in _GAPS:
        ticks += [[]] * gap + [[1], [1]] + [[]] * gap + [[0]]
    return corner(name, [layer], raster_of(2, ticks))


for _op, _bits, _each in (
    ("lif", 16, False), ("lif", 16, True), ("lif", 32, False), ("lif", 32, True),
    ("cuba_lif", 16, True), ("li", 32, True), ("cuba_li", 32, False),
):  # fmt: skip
    CELLS[f"idle_{_op}_{_bits}_{'each' if _each else 'same'}"] = partial(
        _idle, op=_op, state_bits=_bits, each=_each
    )


def _silence(name: str) -> Corner:
    layers = [
        make_layer(np.full((3, 5), 9), theta=5, beta=60000),
        make_layer(np.full((5, 33), 9), sources=[Source(0, 0, 5)], theta=5, beta=60000),
        make_layer(np.full((33, 2), 9), sources=[Source(1, 0, 33)], op="li", beta=60000),
    ]
    return corner(name, layers, raster_of(3, [[]] * 20))


def _spikes_cleared(name: str) -> Corner:
    """The first layer fires, then is skipped: its spikes must not be read again."""
    layers = [
        make_layer(np.full((1, 40), 9), theta=5, beta=60000, reset="zero"),
        make_layer(np.full((40, 3), 1), sources=[Source(0, 0, 40)], op="li", beta=ONE),
    ]
    return corner(name, layers, raster_of(1, runs((1, [0]), (4, []), (2, [0]), (2, []))))


def _readout_never_hot(name: str) -> Corner:
    """A readout that forgets nothing is skipped although its membrane is not 0."""
    layer = make_layer([[5, -5]], op="li", beta=ONE)
    return corner(name, [layer], raster_of(1, runs((2, [0]), (5, []), (1, [0]), (2, []))))


CELLS["silence"] = _silence
CELLS["spikes_cleared"] = _spikes_cleared
CELLS["readout_never_hot"] = _readout_never_hot


# ---- initial values, bias ----


def _starts(name: str, op: str) -> Corner:
    layer = make_layer(
        [[3, -3, 5]],
        op=op,
        beta=[65000, ONE, 1000],
        theta=[60, 50, 40],
        v_init=[100, -70, 0],
        skip=True,
    )
    return corner(name, [layer], raster_of(1, runs((4, []), (1, [0]), (4, []))))


def _bias(name: str, op: str, state_bits: int) -> Corner:
    layer = make_layer(
        [[3, -3, 5, 1]],
        op=op,
        state_bits=state_bits,
        frac_bits=3,
        beta=[65000, ONE, 1000, 0],
        theta=[600, 50, 40, 9],
        bias=[70, -70, 1, 10],
    )
    return corner(name, [layer], raster_of(1, runs((9, []), (2, [0]), (4, []))))


for _op in ("lif", "li", "cuba_lif"):
    CELLS[f"v_init_{_op}"] = partial(_starts, op=_op)
for _op, _bits in (("lif", 16), ("li", 32), ("cuba_lif", 32)):
    CELLS[f"bias_{_op}_{_bits}"] = partial(_bias, op=_op, state_bits=_bits)
