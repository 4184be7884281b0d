"""The proofs hold: nothing that runs ever leaves a proven range, whatever enters."""

from __future__ import annotations

import numpy as np
import pytest

from tests.corner_models import corners
from tests.make_packs import make_layer
from tests.ops import scalar
from tests.random_packs import random_pack, random_raster
from tinysnn import ranges
from tinysnn.ops import current, li, lif
from tinysnn.ops.fixed import STATE_RANGE, align, sat
from tinysnn.pack import Pack
from tinysnn.reference import Simulation


def adversarial(pack: Pack, seed: int) -> np.ndarray:
    """Long pushes of some neurons of the first layer up and then down, with all that they have."""
    rng = np.random.default_rng(seed)
    layer = pack.layers[0]
    rows = layer.rows[: pack.meta.n_in]
    high, low = (127, -128) if pack.graded_input else (1, 0)
    pushes = []
    for j in rng.choice(layer.n, min(layer.n, 3), replace=False):
        up = np.where(rows[:, j] > 0, high, low)
        down = np.where(rows[:, j] < 0, high, low)
        pushes += [up] * 25 + [down] * 25 + [up, down] * 5
    return np.array(pushes, np.int8)


class Watch:
    """Collects what the operations saturate, before they do."""

    def __init__(self, monkeypatch) -> None:
        self.seen: dict[str, list[np.ndarray]] = {"v": [], "i": []}
        for module, name in ((lif, "v"), (li, "v"), (current, "i")):
            monkeypatch.setattr(module, "sat", self._recorder(name))

    def _recorder(self, name):
        def record(values, state_bits):
            if not self.seen[name]:  # later in a tick: resets, of neurons without a spike too
                self.seen[name].append(values)
            return sat(values, state_bits)

        return record


def assert_inside(values, interval, what):
    for entry in values:
        assert (entry >= interval.low).all(), what
        assert (entry <= interval.high).all(), what


def check_layers(pack: Pack, raster: np.ndarray, watch: Watch) -> None:
    simulation = Simulation(pack)
    seen: list[dict[str, list[np.ndarray]]] = [{"v": [], "i": []} for _ in pack.layers]
    ticks = [state.tick for state in simulation.layers]

    def watched(k, tick):
        def run(index, value):
            for values in watch.seen.values():
                values.clear()
            tick(index, value)
            for name, values in watch.seen.items():
                seen[k][name] += values
            seen[k]["v"].append(simulation.layers[k].v)
            check_sums(pack, k, index, value)

        return run

    for k, state in enumerate(simulation.layers):
        state.tick = watched(k, ticks[k])  # type: ignore[method-assign]
    for row in raster:
        simulation.tick(row)
    for k, layer in enumerate(pack.layers):
        graded = is_graded(pack, k)
        reach = ranges.membrane(layer, graded_input=graded)
        if reach is not None:
            assert_inside(seen[k]["v"], reach, f"{layer.name}: membrane")
        flow = ranges.current(layer, ranges.tick_input(layer, graded_input=graded))
        if layer.spec.has_current and flow is not None:
            assert_inside(seen[k]["i"], flow, f"{layer.name}: current")


def is_graded(pack: Pack, k: int) -> bool:
    return pack.graded_input and any(s.layer is None for s in pack.layers[k].spec.sources)


def check_sums(pack, k, index, value):
    layer = pack.layers[k]
    if layer.spec.has_kernels:  # their sums are compared in tests/kernels/test_maps.py
        return
    acc = (layer.rows[index].astype(np.int64).T * (1 if value is None else value)).sum(axis=1)
    sums = ranges.accumulator(layer, graded_input=is_graded(pack, k))
    assert_inside([acc], sums, f"{layer.name}: sum")
    assert -(1 << (layer.spec.acc_bits - 1)) <= acc.min()
    assert acc.max() < 1 << (layer.spec.acc_bits - 1)
    x = align(acc, layer.spec.frac_bits) + layer.wide("bias")
    assert_inside([x], ranges.tick_input(layer, graded_input=is_graded(pack, k)), "x")
    low, high = STATE_RANGE[layer.spec.state_bits]
    assert low <= x.min()
    assert x.max() <= high


@pytest.mark.parametrize("seed", range(60))
def test_random_packs_stay_inside(seed, monkeypatch):
    pack = random_pack(seed)
    watch = Watch(monkeypatch)
    check_layers(pack, random_raster(pack, seed, 40), watch)
    check_layers(pack, adversarial(pack, seed), watch)


@pytest.mark.parametrize("name", [n for n in corners() if not n.startswith(("chunks", "idle"))])
def test_corner_models_stay_inside(name, monkeypatch):
    corner = corners()[name]
    check_layers(corner.pack, corner.raster, Watch(monkeypatch))


def test_the_sum_of_a_layer_by_hand():
    layer = make_layer([[3, -5], [-2, 0], [7, 1]], theta=1)
    sums = ranges.accumulator(layer, graded_input=False)
    assert (sums.low.tolist(), sums.high.tolist()) == ([-2, -5], [10, 1])
    graded = ranges.accumulator(layer, graded_input=True)
    assert graded.low.tolist() == [-128 * 10 - 2 * 127, -5 * 127 - 128]
    assert graded.high.tolist() == [127 * 10 + 2 * 128, 5 * 128 + 127]


def test_without_decay_nothing_is_bounded():
    assert ranges.membrane(make_layer([[1]], beta=65536), graded_input=False) is None
    layer = make_layer([[1]], op="cuba_lif", beta=5, alpha=65536)
    assert ranges.current(layer, ranges.tick_input(layer, graded_input=False)) is None
    assert ranges.membrane(layer, graded_input=False) is None


@pytest.mark.parametrize("beta", [0, 32768, 60000, 65535])
@pytest.mark.parametrize("op", ["lif", "li"])
def test_the_bound_is_nearly_reached(op, beta):
    """A neuron pushed for ever: the bound is tight to a few units of rounding per tick lost."""
    layer = make_layer(
        [[100]], op=op, beta=beta, theta=32767, compare="gt" if op == "lif" else None
    )
    reach = ranges.membrane(layer, graded_input=False)
    assert reach is not None
    leak = scalar.nearest if op == "lif" else scalar.to_zero
    v, last = 0, -1
    while v != last:
        v, last = leak(v, beta) + 100, v
    high = int(reach.high[0])
    assert v <= high
    lost = 65536 - beta
    assert high - v <= 65536 / lost + 2


def test_initial_values_widen_the_range():
    layer = make_layer([[1]], beta=100, theta=500, reset="zero", reset_to=-300, v_init=400)
    reach = ranges.membrane(layer, graded_input=False)
    assert reach is not None
    assert (int(reach.low[0]), int(reach.high[0])) == (-300, 400)
