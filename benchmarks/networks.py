"""Networks made from a seed, for benchmarks that need no data.

Their weights are random; what is chosen is each layer's threshold, so that the packed network fires
at a known rate at every weight width, and so does the same work. `python -m benchmarks.networks`
searches the thresholds again and prints the table below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from benchmarks import map_networks
from tinysnn.graph import Connection, Floats, Graph, Layer, SpatialConnection
from tinysnn.pack import Bits, Pack
from tinysnn.quantise import PackOptions, quantise
from tinysnn.reference import layer_rates
from tinysnn.stimulus import Stimulus

TICKS = 50
BETA = 0.875
"""Decay of 8 ticks, as in the common workload."""
SEARCH_STEPS = 14


@dataclass(frozen=True)
class Plan:
    """A network to be made: its shape, its rate and where its numbers come from."""

    name: str
    n_in: int
    widths: tuple[int, ...]
    """Neurons by layer; the last layer is the output."""
    recurrent: bool
    """Whether the first layer feeds itself (and the last one is a readout of membranes)."""
    percent: int
    """Spikes per 100 inputs and ticks, and about as many per 100 neurons and ticks."""
    seed: int
    maps: bool = False
    """Whether it is the convolutional network of `benchmarks.map_networks`."""


MAP_WIDTHS = tuple(int(np.prod(shape)) for shape in map_networks.SHAPES)

PLANS = {
    plan.name: plan
    for plan in (
        Plan("rec256_5", 256, (256, 10), recurrent=True, percent=5, seed=256),
        Plan("rec256_20", 256, (256, 10), recurrent=True, percent=20, seed=256),
        Plan("seed64_5", 64, (128, 128, 12), recurrent=False, percent=5, seed=64),
        Plan("seed64_20", 64, (128, 128, 12), recurrent=False, percent=20, seed=64),
        Plan("conv16_5", 512, MAP_WIDTHS, recurrent=False, percent=5, seed=16, maps=True),
        Plan("conv16_20", 512, MAP_WIDTHS, recurrent=False, percent=20, seed=16, maps=True),
    )
}

THRESHOLDS: dict[tuple[str, int], tuple[float, ...]] = {
    ("rec256_5", 8): (3.75,),
    ("rec256_5", 4): (3.75,),
    ("rec256_5", 2): (3.375,),
    ("rec256_5", 1): (3.53125,),
    ("rec256_20", 8): (3.90625,),
    ("rec256_20", 4): (3.84375,),
    ("rec256_20", 2): (3.375,),
    ("rec256_20", 1): (3.71875,),
    ("seed64_5", 8): (1.9375, 3.28125, 3.34375),
    ("seed64_5", 4): (1.96875, 3.25, 3.21875),
    ("seed64_5", 2): (1.75, 2.84375, 2.6875),
    ("seed64_5", 1): (1.53125, 2.59375, 2.6875),
    ("seed64_20", 8): (2.46875, 4.53125, 4.3125),
    ("seed64_20", 4): (2.46875, 4.46875, 4.21875),
    ("seed64_20", 2): (2.1875, 3.78125, 3.59375),
    ("seed64_20", 1): (1.71875, 3.5625, 3.71875),
    ("conv16_5", 8): (0.5625, 2.5625, 12.59375),
    ("conv16_5", 4): (0.5625, 2.59375, 12.1875),
    ("conv16_5", 2): (0.53125, 2.46875, 10.71875),
    ("conv16_5", 1): (0.40625, 1.75, 8.5625),
    ("conv16_20", 8): (0.40625, 3.71875, 20.46875),
    ("conv16_20", 4): (0.4375, 3.625, 20.125),
    ("conv16_20", 2): (0.46875, 3.3125, 17.15625),
    ("conv16_20", 1): (0.25, 2.25, 15.78125),
}
"""Thresholds of the firing layers by network and weight width: rates within a tenth of the plan."""


@lru_cache
def seeded_pack(name: str, bits: Bits) -> Pack:
    """A network of `PLANS`, packed."""
    return _packed(PLANS[name], bits, THRESHOLDS[name, bits])


@lru_cache
def seeded_clip(n_in: int, percent: int) -> Stimulus:
    """Random input spikes, `percent` of 100 inputs in each of the 50 ticks."""
    draws = np.random.default_rng(n_in + percent).integers(0, 100, (TICKS, n_in))
    return Stimulus((draws < percent).astype(np.int8), f"{percent} %")


def _packed(plan: Plan, bits: Bits, thresholds: Sequence[float]) -> Pack:
    name = f"{plan.name}_{bits}"
    return quantise(_graph(plan, thresholds), PackOptions(name=name, bits=bits))


def _graph(plan: Plan, thresholds: Sequence[float]) -> Graph:
    rng = np.random.default_rng(plan.seed)
    layers: list[Layer] = []
    for k, width in enumerate(plan.widths):
        source, n_source = (k - 1, plan.widths[k - 1]) if k else (None, plan.n_in)
        connections: list[Connection | SpatialConnection]
        if plan.maps:
            weights = _weights(rng, *map_networks.weight_shape(k))
            connections = [map_networks.connection(k, weights)]
        else:
            connections = [Connection(source, 0, _weights(rng, n_source, width))]
        if plan.recurrent and k == 0:
            connections.append(Connection(0, 1, _weights(rng, width, width, lean=-3)))
        readout = plan.recurrent and k == len(plan.widths) - 1
        shape = map_networks.SHAPES[k] if plan.maps else None
        layers.append(_layer(k, width, connections, None if readout else thresholds[k], shape))
    return Graph(
        plan.name, plan.n_in, (plan.n_in,), None, tuple(layers), len(layers) - 1, dt_s=1e-3
    )


def _weights(rng: np.random.Generator, n_source: int, n: int, lean: int = 3) -> Floats:
    """Bell-shaped, whole in 1/64, with a mean of lean / 64; [n_source, n]."""
    parts = rng.integers(-20, 21, (3, n_source, n)).sum(axis=0)
    weights: npt.NDArray[np.float64] = (parts + lean) / 64
    return weights


def _layer(
    k: int,
    n: int,
    connections: Sequence[Connection | SpatialConnection],
    threshold: float | None,
    shape: tuple[int, ...] | None,
) -> Layer:
    fires = threshold is not None
    return Layer(
        name=f"layer{k}",
        op="lif" if fires else "li",
        n=n,
        connections=tuple(connections),
        beta=np.full(n, BETA),
        alpha=None,
        bias=np.zeros(n),
        threshold=None if threshold is None else np.full(n, threshold),
        reset="subtract" if fires else None,
        reset_timing="same-tick" if fires else None,
        compare="ge" if fires else None,
        reset_to=np.zeros(n),
        v_init=np.zeros(n),
        v_rest=np.zeros(n),
        shape=shape,
    )


def search_thresholds(plan: Plan, bits: Bits) -> tuple[float, ...]:
    """Thresholds in 1/64 that bring each firing layer near the plan's rate, one after the other."""
    firing = len(plan.widths) - plan.recurrent
    thresholds = [1e3] * firing
    clip = seeded_clip(plan.n_in, plan.percent)
    for k in range(firing):
        low, high = 1 / 64, 64.0
        for _ in range(SEARCH_STEPS):
            thresholds[k] = max(1.0, round(32 * (low + high))) / 64
            rates, _ = layer_rates(_packed(plan, bits, thresholds), [clip])
            if (rates[k] or 0.0) * 100 > plan.percent:
                low = thresholds[k]
            else:
                high = thresholds[k]
    return tuple(thresholds)


def main() -> None:
    """Print the table of thresholds."""
    every: tuple[Bits, ...] = (8, 4, 2, 1)
    for plan in PLANS.values():
        for bits in every:
            thresholds = search_thresholds(plan, bits)
            clip = seeded_clip(plan.n_in, plan.percent)
            rates, _ = layer_rates(_packed(plan, bits, thresholds), [clip])
            shown = " ".join("-" if rate is None else f"{rate:.3f}" for rate in rates)
            print(f"    ({plan.name!r}, {bits}): {thresholds},  # rates {shown}", flush=True)


if __name__ == "__main__":
    main()
