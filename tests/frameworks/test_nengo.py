"""Nengo has no NIR exporter: a file with a network's parameters does what its simulator does."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.frameworks.same import TICKS, lowered, stimuli, written
from tests.tools import require
from tinysnn.float_sim import simulate

pytestmark = pytest.mark.filterwarnings("ignore")  # of the framework's own code
DT = 1e-3


@pytest.fixture(autouse=True)
def framework() -> None:
    import importlib.util

    here = importlib.util.find_spec("nengo") is not None
    require("nengo", here, "nengo is not installed (pip install nengo)")


def in_nengo(raster: Any, weights: list[Any], taus: list[Any], kind: Any, **values: Any) -> Any:
    """Spikes of the last population, [T, n]."""
    import nengo

    # Nengo draws the first membranes at random
    start = {"voltage": nengo.dists.Choice([0.0])}
    with nengo.Network(seed=1) as net:
        source = nengo.Node(lambda t: raster[min(round(t / DT) - 1, TICKS - 1)])
        gain = 1.0
        for weight, tau in zip(weights, taus, strict=True):
            n = weight.shape[0]
            cells = nengo.Ensemble(
                n, 1, neuron_type=kind(tau_rc=tau, tau_ref=0.0, initial_state=start, **values),
                gain=np.ones(n),
                bias=np.zeros(n),
            )  # fmt: skip
            nengo.Connection(source, cells.neurons, transform=weight * gain, synapse=None)
            source, gain = cells.neurons, DT
        probe = nengo.Probe(source)
    with nengo.Simulator(net, dt=DT, progress_bar=False) as simulator:
        simulator.run_steps(TICKS, progress_bar=False)
    return simulator.data[probe] * DT


def as_nir(weights: list[Any], taus: list[Any]) -> Any:
    import nir

    nodes: dict[str, Any] = {"input": nir.Input(np.array([weights[0].shape[1]]))}
    for k, (weight, tau) in enumerate(zip(weights, taus, strict=True)):
        ones = np.ones(weight.shape[0])
        nodes[f"w{k}"] = nir.Linear(weight)
        nodes[f"lif{k}"] = nir.LIF(tau=tau * ones, r=ones, v_leak=0 * ones, v_threshold=ones)
    nodes["output"] = nir.Output(np.array([weights[-1].shape[0]]))
    names = list(nodes)
    return nir.NIRGraph(nodes, list(pairwise(names)))


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("low", [0.0, -1.5])
def test_lif_without_refractory_period(tmp_path, layers, low):
    import nengo

    rng = np.random.default_rng(4)
    weights = [rng.normal(2.0, 6.0, (20, 12)), rng.normal(4.0, 6.0, (5, 20))][:layers]
    taus = [0.01, 0.02][:layers]
    own = {} if low == 0.0 else {"v_min": low}
    graph = lowered(written(as_nir(weights, taus), tmp_path / "net.nir"), "nengo", dt_s=DT, **own)
    total = 0
    for name, raster in stimuli((12,), 3).items():
        theirs = in_nengo(raster, weights, taus, nengo.LIF, min_voltage=low)
        ours = simulate(graph, raster).output
        wrong = np.argwhere(np.rint(theirs) != ours)
        assert wrong.size == 0, f"{name}: {len(wrong)} differ, first {wrong[0]}"
        total += int(ours.sum())
    assert total >= 20
