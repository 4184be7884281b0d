"""Corners of sums, shapes, connections and graded input."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from tests.make_packs import Corner, corner, make_layer, raster_of, runs
from tinysnn.pack import Source
from tinysnn.pack_rules import WEIGHT_RANGE

ONE = 65536
NETS: dict[str, Callable[[str], Corner]] = {}


# ---- sums at the edge of what is proven ----


def _sum_edges(name: str) -> Corner:
    """Sums of exactly 32767 and -32768, in one tick of all inputs and in ticks of some."""
    rows = np.zeros((516, 5), np.int8)
    rows[:258, 0], rows[258, 0] = 127, 1
    rows[:256, 1] = -128
    rows[0::2, 2], rows[1::2, 2] = 127, -127
    rows[:258, 3], rows[258:514, 3] = 127, -128
    rows[:256, 4], rows[256:514, 4] = -128, 127
    layer = make_layer(rows, beta=0, theta=32767, compare="ge", reset="none")
    assert layer.spec.acc_bits == 16
    first, last = list(range(259)), list(range(258, 516))
    ticks = [list(range(516)), first, last, list(range(0, 516, 2)), list(range(1, 516, 2)), [0], []]
    return corner(name, [layer], raster_of(516, ticks))


def _chunks(name: str, bits: int, weight: str, state_bits: int, n_rows: int) -> Corner:
    """Every number of events from none to all, with the weights that fill lanes fastest."""
    low, high = {8: (-128, 127), 4: (-8, 7), 2: (-2, 1), 1: (-1, 1)}[bits]
    rng = np.random.default_rng(bits)
    n = 19
    value = {"low": low, "high": high}.get(weight)
    rows = (
        np.full((n_rows, n), value)
        if value is not None
        else rng.integers(low, high + 1, (n_rows, n))
    )
    if bits == 1:
        rows = np.where(rows > 0, 1, -1)
    layer = make_layer(
        rows, bits=bits, state_bits=state_bits, beta=0, reset="none",
        theta=[high * 3 + k for k in range(n)],
    )  # fmt: skip
    counts = sorted({*range(min(n_rows, 40)), 250, 255, 256, 257, 258, 511, 512, 513, n_rows})
    ticks = [list(range(n_rows - count, n_rows)) for count in counts if count <= n_rows]
    return corner(name, [layer], raster_of(n_rows, ticks))


NETS["sum_edges"] = _sum_edges
for _bits in (8, 4, 2, 1):
    for _weight in ("low", "high", "mixed"):
        NETS[f"chunks_{_bits}_{_weight}"] = partial(
            _chunks, bits=_bits, weight=_weight, state_bits=32, n_rows=520
        )
for _bits in (4, 2, 1):
    NETS[f"chunks_{_bits}_16"] = partial(
        _chunks, bits=_bits, weight="mixed", state_bits=16, n_rows=100
    )


# ---- shapes ----


def _shape(name: str, n: int, bits: int) -> Corner:
    rng = np.random.default_rng(n * 8 + bits)
    low, high = {8: (-128, 127), 4: (-8, 7), 2: (-2, 1), 1: (-1, 1)}[bits]
    rows = rng.integers(low, high + 1, (7, n))
    if bits == 1:
        rows = np.where(rows > 0, 1, -1)
    theta = int(high) * 2
    first = make_layer(rows, bits=bits, beta=50000, theta=theta, frac_bits=1)
    eye = np.eye(n, dtype=np.int8) if bits != 1 else np.where(np.eye(n) > 0, 1, -1)
    second = make_layer(eye, bits=bits, sources=[Source(0, 0, n)], beta=ONE, op="li", state_bits=32)
    raster = (rng.random((12, 7)) < 0.5).astype(np.int8)
    raster[5:8] = 0
    return corner(name, [first, second], raster)


for _n in (1, 2, 3, 5, 31, 32, 33, 63, 65):
    for _bits in (8, 4, 2, 1) if _n in (1, 5, 33) else (8,):
        NETS[f"shape_{_n}_{_bits}"] = partial(_shape, n=_n, bits=_bits)


def _fan_in_one(name: str) -> Corner:
    layer = make_layer([[1]], theta=3, beta=ONE, compare="gt")
    return corner(name, [layer], raster_of(1, runs((9, [0]), (2, []), (3, [0]))))


NETS["fan_in_one"] = _fan_in_one


# ---- connections ----


def _self_recurrent(name: str) -> Corner:
    rows = np.vstack([np.full((1, 3), 50), [[0, 60, 0], [0, 0, 60], [60, 0, -60]]])
    sources = [Source(None, 0, 1), Source(0, 1, 3)]
    layer = make_layer(rows, sources=sources, theta=[60, 50, 200], beta=60000)
    return corner(name, [layer], raster_of(1, runs((2, [0]), (6, []), (1, [0]), (6, []))))


def _feedback(name: str) -> Corner:
    """Input and a later layer's previous spikes into layer 0; layers 0 and 1 into layer 2."""
    first = make_layer(
        np.vstack([np.full((2, 5), 20), np.full((34, 5), -1)]),
        sources=[Source(None, 0, 2), Source(2, 1, 34)], theta=30, beta=ONE,
    )  # fmt: skip
    second = make_layer(np.full((5, 33), 9), sources=[Source(0, 0, 5)], theta=40, beta=50000)
    third = make_layer(
        np.vstack([np.full((33, 34), 2), np.full((5, 34), -7), np.full((2, 34), 3)]),
        sources=[Source(1, 0, 33), Source(0, 0, 5), Source(None, 0, 2)],
        theta=np.arange(10, 44), beta=60000,
    )  # fmt: skip
    raster = raster_of(2, runs((8, [0]), (6, []), (5, [0, 1]), (6, [])))
    return corner(name, [first, second, third], raster)


def _middle_output(name: str) -> Corner:
    first = make_layer([[9, 3, 1]], theta=5, beta=ONE)
    second = make_layer(np.full((3, 2), 4), sources=[Source(0, 0, 3)], theta=5, beta=ONE)
    raster = raster_of(1, runs((5, [0]), (3, [])))
    return corner(name, [first, second], raster, output=0)


NETS["self_recurrent"] = _self_recurrent
NETS["feedback"] = _feedback
NETS["middle_output"] = _middle_output


# ---- graded input ----


def _graded(name: str, frac_bits: int, *, mixed: bool, op: str = "lif") -> Corner:
    rng = np.random.default_rng(7)
    n = 7
    rows = rng.integers(-128, 128, (6 + n * mixed, n))
    rows[:2] = [[127] * n, [-128] * n]
    sources = [Source(None, 0, 6), *([Source(0, 1, n)] if mixed else [])]
    shift = 2.0**frac_bits
    layer = make_layer(
        rows, sources=sources, op=op, graded=True, state_bits=32, frac_bits=frac_bits, beta=60000,
        theta=max(1, int(20000 * shift)), spike_value=127 if mixed else 1,
    )  # fmt: skip
    raster = rng.integers(-128, 128, (16, 6)).astype(np.int8)
    raster[3:6] = 0
    raster[6] = [-128, 127, 0, 0, -1, 1]
    raster[7] = -128
    raster[8] = 127
    return corner(name, [layer], raster, graded=True)


def _graded_narrow(name: str, bits: int) -> Corner:
    """More values than a word of two sums holds, of both signs; weights at both ends."""
    rng = np.random.default_rng(bits)
    low, high = WEIGHT_RANGE[bits]
    rows = rng.integers(low, high, (300, 9), endpoint=True)
    rows[:, :3] = high
    rows[:, 4] = low
    rows = np.where(rows > 0, 1, -1) if bits == 1 else rows
    layer = make_layer(
        rows, bits=bits, graded=True, state_bits=32, frac_bits=-1, beta=60000, theta=900
    )
    raster = rng.integers(-128, 128, (12, 300)).astype(np.int8)
    raster[3], raster[5], raster[6] = 127, 0, -128
    raster[8] *= rng.random(300) < 0.1
    return corner(name, [layer], raster, graded=True)


for _frac in (-8, -1, 0, 5):
    NETS[f"graded_{'minus_' if _frac < 0 else ''}{abs(_frac)}"] = partial(
        _graded, frac_bits=_frac, mixed=False
    )
NETS.update({f"graded_narrow_{bits}": partial(_graded_narrow, bits=bits) for bits in (4, 2, 1)})
NETS["graded_recurrent"] = partial(_graded, frac_bits=-3, mixed=True)
NETS["graded_readout"] = partial(_graded, frac_bits=-2, mixed=False, op="li")


# ---- everything per neuron ----


def _each(name: str, op: str, state_bits: int, timing: str) -> Corner:
    rng = np.random.default_rng(state_bits)
    n = 37
    layer = make_layer(
        rng.integers(-100, 128, (9, n)),
        op=op,
        state_bits=state_bits,
        frac_bits=2,
        beta=rng.integers(0, ONE + 1, n),
        alpha=rng.integers(0, 40000, n) if op == "cuba_lif" else None,
        theta=rng.integers(400, 3000, n),
        bias=rng.integers(-200, 200, n),
        reset="zero",
        reset_timing=timing,
        reset_to=rng.integers(-300, 300, n),
        v_init=rng.integers(-500, 500, n),
        compare="gt",
    )
    return corner(name, [layer], (rng.random((30, 9)) < 0.3).astype(np.int8))


for _op, _bits, _timing in (
    ("lif", 16, "same-tick"), ("lif", 32, "next-tick"), ("cuba_lif", 16, "next-tick"),
):  # fmt: skip
    NETS[f"each_{_op}_{_bits}"] = partial(_each, op=_op, state_bits=_bits, timing=_timing)
