"""The float simulation against plain interpreters, stored spikes and traces of other tools."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.lower.networks import neuron, row
from tests.tools import require
from tinysnn.errors import StimulusError
from tinysnn.float_sim import layer_rates, simulate
from tinysnn.graph import Connection, Graph, Layer
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.network import Affine, Input, Linear, Network, Output, Scale
from tinysnn.options import LowerOptions
from tinysnn.stimulus import Stimulus

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def bench() -> Path:
    folder = Path(os.environ.get("TINYSNN_BENCH") or ROOT.parent / "shared" / "bench")
    require("bench", folder.is_dir(), f"no workload in {folder} (set TINYSNN_BENCH)")
    return folder


class Reference:
    """One neuron in plain Python, in absolute voltages, straight from the equations."""

    def __init__(self, options: LowerOptions, node: Any, k: int) -> None:
        self.o, self.k, self.node = options, k, node
        self.cuba = hasattr(node, "tau_mem")
        self.i, self.fired = 0.0, False
        start = {"rest": self.at("v_leak"), "reset": self.at("v_reset"), "zero": 0.0}
        self.v = start[str(options.v_init)]

    def at(self, name: str) -> float:
        return float(getattr(self.node, name)[self.k])

    def step(self, x: float) -> int:
        dt, o = float(self.o.dt_s or 0), self.o
        late = o.reset_timing == "next-tick" and self.fired
        drive = x
        if self.cuba:
            self.i += dt / self.at("tau_syn") * (self.at("w_in") * x - self.i)
            drive = self.i
        if late and o.reset == "zero":
            self.v = self.at("v_reset")
        leak = dt / self.at("tau_mem" if self.cuba else "tau")
        self.v += leak * (self.at("v_leak") - self.v + self.at("r") * drive)
        if late and o.reset == "subtract":
            self.v -= self.at("v_threshold")
        above = self.v - self.at("v_threshold")
        self.fired = above > 0 if o.compare == "gt" else above >= 0
        if self.fired and o.reset_timing == "same-tick":
            if o.reset == "zero":
                self.v = self.at("v_reset")
            elif o.reset == "subtract":
                self.v -= self.at("v_threshold")
        return int(self.fired)


def two_layers(rng: np.random.Generator, *, leaky: bool, cuba: bool) -> Network:
    """In -> Affine -> LIF with a recurrent Affine -> Scale -> Linear -> (Cuba)LIF -> out."""
    rest = rng.normal(size=(4, 4)) * 0.2 * leaky
    rest[3] = np.abs(rest[3])

    def population(kind: str, n: int) -> Any:
        return neuron(
            kind, n, tau=rng.uniform(2e-4, 3e-3, n), tau_mem=rng.uniform(2e-4, 3e-3, n),
            tau_syn=rng.uniform(2e-4, 1e-3, n), r=rng.uniform(1, 9, n), v_leak=rest[0, :n],
            v_reset=rest[1, :n], v_threshold=0.6 + rest[3, :n], w_in=rng.uniform(1, 3, n),
        )  # fmt: skip

    nodes = {
        "in": Input((5,)),
        "w1": Affine(rng.normal(size=(4, 5)), rng.normal(size=4) * 0.1),
        "a": population("LIF", 4),
        "rec": Affine(rng.normal(size=(4, 4)) * 0.5, rng.normal(size=4) * 0.1),
        "s": Scale(rng.uniform(0.5, 2, 4)),
        "w2": Linear(rng.normal(size=(3, 4))),
        "b": population("CubaLIF" if cuba else "LIF", 3),
        "out": Output((3,)),
    }
    edges = (
        ("in", "w1"), ("w1", "a"), ("a", "rec"), ("rec", "a"), ("a", "s"), ("s", "w2"),
        ("w2", "b"), ("b", "out"),
    )  # fmt: skip
    return Network("two", nodes, edges)


def interpret(network: Network, options: LowerOptions, raster: np.ndarray) -> list[np.ndarray]:
    """Spikes of a, spikes of b, membranes of a and b; node by node, neuron by neuron."""
    nodes: Any = network.nodes
    a = [Reference(options, nodes["a"], k) for k in range(4)]
    b = [Reference(options, nodes["b"], k) for k in range(3)]
    rows = []
    for x in raster:
        back = nodes["rec"].weight @ [float(cell.fired) for cell in a] + nodes["rec"].bias
        drive = nodes["w1"].weight @ x + nodes["w1"].bias + back
        first = [cell.step(value) for cell, value in zip(a, drive, strict=True)]
        drive = nodes["w2"].weight @ (nodes["s"].scale * first)
        second = [cell.step(value) for cell, value in zip(b, drive, strict=True)]
        rows.append((first, second, [cell.v for cell in a], [cell.v for cell in b]))
    return [np.array(column) for column in zip(*rows, strict=True)]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    reset=st.sampled_from(["zero", "subtract", "none"]),
    timing=st.sampled_from(["same-tick", "next-tick"]),
    compare=st.sampled_from(["gt", "ge"]),
    v_init=st.sampled_from(["rest", "reset", "zero"]),
    cuba=st.booleans(),
)
def test_lowered_network_does_what_the_equations_say(
    seed: int, reset: Any, timing: Any, compare: Any, v_init: Any, cuba: bool
) -> None:
    rng = np.random.default_rng(seed)
    network = two_layers(rng, leaky=reset != "subtract", cuba=cuba)
    options = LowerOptions(
        dt_s=1e-4, decay="euler", gain="dt", synapse_gain="dt", snap=False,
        reset=reset, reset_timing=timing, compare=compare, v_init=v_init,
    )  # fmt: skip
    raster = (rng.random((30, 5)) < 0.5).astype(np.uint8)
    graph = lower(network, options)
    trace = simulate(graph, raster)
    spikes_a, spikes_b, v_a, v_b = interpret(network, options, raster)
    np.testing.assert_array_equal(trace.spikes[0], spikes_a)
    np.testing.assert_array_equal(trace.spikes[1], spikes_b)
    np.testing.assert_array_equal(trace.output, spikes_b)
    np.testing.assert_allclose(trace.membranes[0] + graph.layers[0].v_rest, v_a, atol=1e-9)
    np.testing.assert_allclose(trace.membranes[1] + graph.layers[1].v_rest, v_b, atol=1e-9)


def test_the_interpreted_networks_fire() -> None:
    """The test above would say little about silent or saturated networks."""
    rates = []
    options = LowerOptions(
        dt_s=1e-4, decay="euler", gain="dt", synapse_gain="dt", reset="zero",
        reset_timing="same-tick", compare="ge", v_init="rest",
    )  # fmt: skip
    for seed in range(20):
        rng = np.random.default_rng(seed)
        network = two_layers(rng, leaky=True, cuba=bool(seed % 2))
        raster = (rng.random((30, 5)) < 0.5).astype(np.uint8)
        rates.append([fired.mean() for fired in interpret(network, options, raster)[:2]])
    assert np.all((np.mean(rates, axis=0) > 0.05) & (np.mean(rates, axis=0) < 0.6))


SAME: dict[str, Any] = {
    "dt_s": 1e-4,
    "decay": "euler",
    "reset": "subtract",
    "reset_timing": "same-tick",
    "gain": "tick",
}


@pytest.mark.parametrize("compare", ["gt", "ge"])
@pytest.mark.parametrize(("percent", "total"), [("5", 31), ("20", 125)])
def test_stored_spikes_of_the_workload(bench: Path, percent: str, total: int, compare: Any) -> None:
    """``W x`` enters unscaled there although r = 1: the file's gain is per tick."""
    workload = np.load(bench / "workload.npz", allow_pickle=False)
    network = load_network(bench / f"fc64_{percent}.nir")
    graph = lower(network, LowerOptions(**SAME, compare=compare))
    trace = simulate(graph, workload[f"in{percent}"])
    np.testing.assert_array_equal(trace.output, workload[f"out{percent}"])
    assert trace.output.sum() == total
    fired = [np.asarray(spikes).sum(axis=1) for spikes in trace.spikes]
    np.testing.assert_array_equal(np.stack(fired, axis=1), workload[f"cnt{percent}"][:, 1:])


def dyadic() -> Graph:
    """A recurrent network whose sums are exact in float64, whatever their order."""
    rng = np.random.default_rng(3)
    weight = rng.integers(-8, 9, size=(6, 4)) / 8
    nodes = {
        "in": Input((4,)), "w": Linear(weight), "x": neuron("LIF", 6),
        "r": Linear(rng.integers(-4, 5, size=(6, 6)) / 8), "out": Output((6,)),
    }  # fmt: skip
    edges = (("in", "w"), ("w", "x"), ("x", "r"), ("r", "x"), ("x", "out"))
    return lower(Network("d", nodes, edges), LowerOptions(**SAME, compare="ge"))


def test_batch_is_the_clips_one_by_one() -> None:
    graph = dyadic()
    clips = np.random.default_rng(4).integers(0, 2, size=(5, 40, 4))
    batch = simulate(graph, clips)
    assert batch.output.shape == (5, 40, 6)
    assert 0 < batch.output.sum() < batch.output.size
    for k, clip in enumerate(clips):
        alone = simulate(graph, clip)
        np.testing.assert_array_equal(batch.output[k], alone.output)
        np.testing.assert_array_equal(batch.membranes[0][k], alone.membranes[0])


def test_layer_rates_over_clips_of_different_length() -> None:
    graph = dyadic()
    rng = np.random.default_rng(5)
    clips = [rng.integers(0, 2, size=(n, 4)).astype(np.int8) for n in (10, 25, 10, 7)]
    total = sum(simulate(graph, clip).output.sum() for clip in clips)
    (rate,) = layer_rates(graph, [Stimulus(clip) for clip in clips])
    assert rate == pytest.approx(total / (6 * 52))
    assert layer_rates(lower(row(("w", Linear(np.eye(2)))), LowerOptions()), []) == [None]


def test_graded_input_is_scaled() -> None:
    options = LowerOptions(input_scale=0.25)
    graph = lower(row(("w", Linear(np.array([[2.0]])))), options)
    trace = simulate(graph, np.array([[-3], [4]], dtype=np.int8))
    assert trace.output.tolist() == [[-1.5], [2.0]]
    assert trace.spikes == [None]


def test_currents_are_recorded() -> None:
    options = LowerOptions(dt_s=1e-4, decay="euler", gain=1.0, synapse_gain=1.0)
    graph = lower(row(("x", neuron("CubaLI"))), options)
    trace = simulate(graph, np.array([[1], [0]]))
    assert trace.currents[0] is not None
    assert trace.currents[0].tolist() == [[1.0], [0.75]]
    assert trace.membranes[0].tolist() == [[1.0], [1.625]]


@pytest.mark.parametrize("shape", [(5,), (5, 3), (2, 5, 3), (1, 1, 5, 4)])
def test_raster_of_another_shape(shape: tuple[int, ...]) -> None:
    with pytest.raises(StimulusError, match="4 inputs"):
        simulate(dyadic(), np.zeros(shape))


@dataclass(frozen=True)
class Platform:
    """How one platform of the NIR paper ran the LIF: its profile, and what it did differently."""

    profile: str
    options: dict[str, Any]
    late: int = 0
    """Ticks by which its output comes later."""
    scale: float = 1.0
    """Of its membrane."""
    atol: float = 1e-6
    graph: str = "norse__ce5f8e1c"


DT: dict[str, Any] = {"dt_s": 1e-4}
PLATFORMS = {
    "norse": Platform("norse", DT),
    # its importer scaled the membrane by r dt / tau and reset at once (reset_delay=False)
    "snntorch": Platform(
        "snntorch", {"reset": "zero", "reset_timing": "same-tick", "gain": "dt"}, 0, 25.0
    ),
    "lava_cpu_float": Platform("lava", DT, late=1),
    "nengo": Platform("nengo", DT, scale=10.0),
    # r of the file already holds what Rockpool's exporter makes of it
    "rockpool": Platform("rockpool", DT, graph="rockpool__d70a32c1"),
    "sinabs": Platform("sinabs", DT | {"gain": 0.04}),
    "spyx": Platform("spyx", DT | {"gain": 0.04}),
    # fixed point: 16 fraction bits of the decay
    "spinnaker2": Platform("lava", DT, scale=25.0, atol=1e-3),
    "exact": Platform("nir", DT | {"decay": "exact"}, atol=1e-3),
}


@pytest.mark.data
@pytest.mark.parametrize("name", list(PLATFORMS))
def test_traces_of_other_platforms(recordings: Path, name: str) -> None:
    """The NIR paper's LIF on nine platforms: same spikes, membranes to their rounding."""
    platform = PLATFORMS[name]
    folder = recordings / "nir" / "reference_traces" / "01_lif"
    stored = np.loadtxt(folder / f"lif_{name}.csv", delimiter=",")
    network = load_network(recordings / "nir" / "graphs" / f"lif_{platform.graph}.nir")
    options = LowerOptions(profile=platform.profile, **platform.options)
    trace = simulate(lower(network, options), (stored[:, :1] > 0).astype(float))
    given = stored[platform.late :]
    spikes = trace.output[: len(given), 0]
    membranes = trace.membranes[0][: len(given), 0] * platform.scale
    if name == "spyx":  # shows spikes in the tick after the one in which they reset
        assert (spikes[:-1] == given[1:, 2]).all()
    else:
        np.testing.assert_array_equal(spikes, given[:, 2])
    assert given[:, 2].sum() == 4
    quiet = np.ones(len(given), bool)
    if name == "exact":  # resets within the tick: off until that has leaked away
        for tick in np.flatnonzero(spikes):
            quiet[tick : tick + 200] = False
    np.testing.assert_allclose(
        membranes[quiet], given[quiet, 1], atol=platform.atol * platform.scale
    )


@pytest.mark.data
@pytest.mark.parametrize("name", ["lava_cpu_fixed", "lava_loihi_fixed"])
def test_spikes_of_fixed_point_platforms(recordings: Path, name: str) -> None:
    folder = recordings / "nir" / "reference_traces" / "01_lif"
    stored = np.loadtxt(folder / f"lif_{name}.csv", delimiter=",")
    network = load_network(recordings / "nir" / "graphs" / "lif_norse__ce5f8e1c.nir")
    trace = simulate(lower(network, LowerOptions(profile="lava", **DT)), stored[:, :1])
    assert (trace.output[:-1, 0] == stored[1:, 2]).all()
    assert stored[:, 2].sum() == 4


@pytest.mark.data
@pytest.mark.slow
def test_nmnist_network_is_right_97_times(recordings: Path) -> None:
    """The NIR paper's N-MNIST network on the 100 testing samples, one spike per tick."""
    network = load_network(recordings / "nir" / "graphs" / "cnn_sinabs__89e0a618.nir")
    graph = lower(network, LowerOptions(profile="sinabs", spikes="one"))
    right = 0
    with np.load(recordings / "events" / "nmnist" / "nmnist_small.npz") as data:
        files = {name: data[name] for name in ("addr", "offset", "dt_us", "label")}
    for first in range(700, 800, 25):
        rasters = [_nmnist(files, k) for k in range(first, first + 25)]
        votes = simulate(graph, np.stack(rasters)).output.sum(axis=1)
        right += int((votes.argmax(axis=1) == files["label"][first : first + 25]).sum())
    assert right == 97


def _nmnist(files: dict[str, Any], sample: int) -> np.ndarray:
    """Events of one sample in 300 bins of 1 ms, [300, 2 * 34 * 34] of 0 and 1."""
    part = slice(files["offset"][sample], files["offset"][sample + 1])
    address = files["addr"][part].astype(int)
    tick = np.cumsum(files["dt_us"][part].astype(np.int64)) // 1000
    raster = np.zeros((300, 2, 34, 34), np.uint8)
    seen = tick < 300
    x, y, polarity = address % 34, address % 1156 // 34, address // 1156
    raster[tick[seen], polarity[seen], y[seen], x[seen]] = 1
    return raster.reshape(300, -1)


def _one(**changes: Any) -> Graph:
    """One input with weight 1 onto one neuron with beta 0.5 and threshold 1."""
    zero = np.zeros(1)
    values: dict[str, Any] = {
        "name": "x", "op": "lif", "n": 1, "connections": (Connection(None, 0, np.ones((1, 1))),),
        "beta": np.full(1, 0.5), "alpha": None, "bias": zero, "threshold": np.ones(1),
        "reset": "subtract", "reset_timing": "same-tick", "compare": "ge", "reset_to": zero,
        "v_init": zero, "v_rest": zero,
    }  # fmt: skip
    layer = Layer(**values | changes)
    return Graph("net", 1, (1,), 1.0, (layer,), 0, None)


def test_several_spikes_per_tick_are_counted_and_taken_off() -> None:
    trace = simulate(_one(many_spikes=True), np.array([[3], [1], [-5]]))
    assert trace.output[:, 0].tolist() == [3.0, 1.0, 0.0]
    assert trace.membranes[0][:, 0].tolist() == [0.0, 0.0, -5.0]
    bias = simulate(_one(many_spikes=True, bias=np.full(1, 0.75)), np.array([[2], [0]]))
    assert bias.output[:, 0].tolist() == [2.0, 1.0]  # 2.75, then 0.375 + 0.75
    assert bias.membranes[0][:, 0].tolist() == [0.75, 0.125]


def test_spike_counts_reach_the_next_layer() -> None:
    first = _one(many_spikes=True).layers[0]
    quarter = (Connection(0, 0, np.full((1, 1), 0.25)),)
    second = _one(connections=quarter, beta=np.ones(1)).layers[0]
    graph = Graph("net", 1, (1,), 1.0, (first, second), 1, None)
    assert simulate(graph, np.array([[3], [1]])).membranes[1][:, 0].tolist() == [0.75, 0.0]


def test_v_min_bounds_the_membrane_after_the_reset() -> None:
    trace = simulate(_one(v_min=np.full(1, -1.0)), np.array([[-3], [0], [2]]))
    assert trace.membranes[0][:, 0].tolist() == [-1.0, -0.5, 0.75]


def test_late_reset_that_loses_the_input() -> None:
    late = {"reset": "zero", "reset_timing": "next-tick"}
    raster = np.array([[2], [1], [1]])
    kept, lost = (
        simulate(_one(**late, reset_drops_input=drop), raster).membranes[0][:, 0].tolist()
        for drop in (False, True)
    )
    assert kept == [2.0, 1.0, 1.0]
    assert lost == [2.0, 0.0, 1.0]
