"""Corners of neurons that do more: bounds, counts, waiting, adaptive thresholds."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tests.make_packs import Corner, corner, make_layer, raster_of, runs
from tinysnn.pack import Source

ONE = 65536
DYNAMICS: dict[str, Callable[[str], Corner]] = {}


def _driven(name: str, n_ticks: int = 40, **layer: Any) -> Corner:
    """Bursts, inhibition and silences into some neurons, and a layer that reads them."""
    rows = np.array([[90, 60, 127, 30, 100], [-70, 40, -127, 0, -30], [15, 1, 127, 127, 3]])
    first = make_layer(rows, **{"theta": [200, 90, 127, 500, 101], "frac_bits": 1, **layer})
    most = first.spec.max_spikes
    second = make_layer(
        np.arange(15).reshape(5, 3) - 7, sources=[Source(0, 0, 5, most=most)], op="li", beta=60000,
        state_bits=32, acc_bits=32,
    )  # fmt: skip
    burst = runs((5, [0]), (3, []), (2, [1]), (4, [0, 2]), (7, []), (1, [2]), (3, [0, 1, 2]))
    raster = raster_of(3, [*burst, *runs((2, [1]), (9, []), (4, [0]), (12, []))])
    return corner(name, [first, second], raster)


DECAYS = [ONE, 60000, 40000, 65000, 0]
for _bits in (16, 32):
    for _reset, _timing in (
        ("zero", "same-tick"), ("subtract", "same-tick"), ("none", "same-tick"),
        ("subtract", "next-tick"),
    ):  # fmt: skip
        _name = f"{_reset}_{_timing[:4]}_{_bits}"
        _common: dict[str, Any] = {
            "state_bits": _bits,
            "reset": _reset,
            "reset_timing": _timing,
            "beta": DECAYS,
        }
        DYNAMICS[f"v_min_{_name}"] = partial(_driven, v_min=[-50, 0, -7, 0, -300], **_common)
        DYNAMICS[f"adapt_{_name}"] = partial(
            _driven, rho=[65000, 0, ONE, 32768, 60000], jump=[100, 0, 37, 900, 5], **_common
        )
        if _timing == "same-tick":
            DYNAMICS[f"rest_{_name}"] = partial(_driven, refractory=[3, 0, 1, 2, 30], **_common)
            DYNAMICS[f"count_{_name}"] = partial(
                _driven, max_spikes=3, **{**_common, "theta": [50, 33, 20, 7, 100]}
            )
    DYNAMICS[f"adapt_raised_{_bits}"] = partial(
        _driven, rho=[65000, 0, ONE, 32768, 60000], jump=[100, 9, 37, 900, 5], reset_raised=True,
        state_bits=_bits, beta=DECAYS,
    )  # fmt: skip
    DYNAMICS[f"lost_input_{_bits}"] = partial(
        _driven, reset="zero", reset_timing="next-tick", reset_drops_input=True, beta=DECAYS,
        reset_to=[-100, 7, 0, 90, 5], state_bits=_bits, theta=[200, 90, 127, 150, 101],
    )  # fmt: skip
DYNAMICS["all_at_once_cuba"] = partial(
    _driven, op="cuba_lif", alpha=[0, 30000, 32768, 100, 60000], refractory=2, rho=60000, jump=50,
    v_min=-20, reset="zero", reset_to=-30, beta=DECAYS, compare="gt",
)  # fmt: skip
DYNAMICS["count_cuba"] = partial(
    _driven, op="cuba_lif", alpha=[0, 30000, 32768, 100, 60000], max_spikes=127, theta=3,
    beta=DECAYS, state_bits=32,
)  # fmt: skip
DYNAMICS["v_min_above_rest"] = partial(_driven, v_min=[5, 0, 300, 7, -5], beta=DECAYS)
DYNAMICS["adapt_saturates"] = partial(
    _driven, rho=ONE, jump=30000, theta=[100, -30000, -32768, 32767, -1], beta=DECAYS, reset="none"
)


def _readout_bound(name: str) -> Corner:
    """A readout that is not below a bound."""
    layer = make_layer([[5, -5, -90]], op="li", beta=60000, v_min=[0, -12, -100])
    return corner(name, [layer], raster_of(1, runs((4, [0]), (6, []), (2, [0]))))


DYNAMICS["v_min_readout"] = _readout_bound


def _adapt_idle(name: str, *, waits: bool) -> Corner:
    """Silences of many lengths between bursts: adaptation is made good, hot neurons are not."""
    layer = make_layer(
        [[100, 90], [3, 2]], theta=[95, 80], beta=[65000, 64000], rho=[60000, 65500], jump=[60, 9],
        reset="zero", reset_to=[90, 0], state_bits=16, frac_bits=2,
        refractory=[4, 0] if waits else None,
    )  # fmt: skip
    ticks: list[list[int]] = []
    for gap in (1, 2, 5, 30, 100):
        ticks += [[0], [0], [0, 1], *[[]] * gap, [1]]
    return corner(name, [layer], raster_of(2, ticks))


DYNAMICS["adapt_idle"] = partial(_adapt_idle, waits=False)
DYNAMICS["adapt_idle_rest"] = partial(_adapt_idle, waits=True)


def _counted(name: str, *, late: int = 0, loop: bool = False) -> Corner:
    """Counts as values of events: into a layer that also takes plain input, late, and a loop."""
    rng = np.random.default_rng(4)
    n = 34
    back = [Source(0, 1, n, most=9)] if loop else []
    rows = np.vstack([rng.integers(0, 120, (3, n)), rng.integers(-9, 4, (n * loop, n))])
    first = make_layer(
        rows, sources=[Source(None, 0, 3), *back], theta=np.arange(20, 20 + n), beta=60000,
        max_spikes=9, state_bits=32,
    )  # fmt: skip
    second = make_layer(
        rng.integers(-90, 90, (n + 3, 5)), sources=[Source(0, late, n, most=9), Source(None, 0, 3)],
        theta=300, beta=50000, state_bits=32, acc_bits=32, max_spikes=4,
    )  # fmt: skip
    raster = (rng.random((40, 3)) < 0.3).astype(np.int8)
    raster[12:24] = 0
    return corner(name, [first, second], raster)


DYNAMICS["counted"] = _counted
DYNAMICS["counted_late"] = partial(_counted, late=3)
DYNAMICS["counted_loop"] = partial(_counted, loop=True)
