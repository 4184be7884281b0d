"""Neurons that NIR has no field for do in the float reference what they do in their framework.

No exporter writes them: the networks are put together here, with the options of docs/dynamics.md.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pytest

from tests.frameworks.same import assert_same, need_framework
from tests.lower.networks import neuron, row
from tinysnn.lower import lower
from tinysnn.network import Delay, Linear, Network, Node
from tinysnn.options import LowerOptions, NodeOptions

N_IN, N, DT = 11, 7, 1e-3
pytestmark = pytest.mark.filterwarnings("ignore")  # of the frameworks' own code


def driven(*nodes: tuple[str, Node], gain: float = 1.0) -> tuple[Network, Any]:
    """Random weights onto some nodes, and the same weights for the framework."""
    weight = np.random.default_rng(5).normal(0.15, 0.3, (N, N_IN)) * gain
    return row(("fc", Linear(weight)), *nodes), weight


def cuba(tau_syn: float, tau_mem: float, **values: Any) -> Any:
    return neuron("CubaLIF", N, tau_syn=tau_syn, tau_mem=tau_mem, v_leak=0.0, **values)


def norse(network: Network, **own: Any) -> Any:
    node = {"x": NodeOptions(**own)}
    return lower(network, LowerOptions(profile="norse", dt_s=DT, node=node))


def test_norse_refractory() -> None:
    need_framework("norse")
    import torch
    from norse.torch.functional.lif import LIFFeedForwardState, LIFParameters
    from norse.torch.functional.lif_refrac import (
        LIFRefracFeedForwardState,
        LIFRefracParameters,
        lif_refrac_feed_forward_step,
    )

    network, weight = driven(("x", cuba(5e-3, 1e-2, v_threshold=0.4)))
    lif = LIFParameters(v_th=torch.tensor(0.4), v_reset=torch.tensor(0.0))
    p = LIFRefracParameters(lif, torch.tensor(3.0))

    def start() -> Any:
        zeros = torch.zeros(N, dtype=torch.float64)
        state = LIFRefracFeedForwardState(LIFFeedForwardState(zeros, zeros), zeros)

        def step(given: Any) -> Any:
            nonlocal state
            x = torch.tensor(weight @ given)
            spikes, state = lif_refrac_feed_forward_step(x, state, p, DT)
            return spikes

        return step

    assert_same(norse(network, refractory=3), start, (N_IN,))


def test_norse_adaptive_threshold() -> None:
    """LSNN: the membrane sees the current of the tick before, which a Delay of one tick is."""
    need_framework("norse")
    import torch
    from norse.torch.functional.lsnn import (
        LSNNFeedForwardState,
        LSNNParameters,
        lsnn_feed_forward_step,
    )

    late = ("late", Delay(np.full(N, DT)))
    network, weight = driven(late, ("x", cuba(5e-3, 1e-2, v_threshold=0.4)))
    p = LSNNParameters(
        v_th=torch.tensor(0.4, dtype=torch.float64), beta=torch.tensor(0.1),
        tau_adapt_inv=torch.tensor(1 / 0.05, dtype=torch.float64),
    )  # fmt: skip

    def start() -> Any:
        zeros = torch.zeros(N, dtype=torch.float64)
        state = LSNNFeedForwardState(v=zeros, i=zeros, b=zeros + p.v_th)

        def step(given: Any) -> Any:
            nonlocal state
            spikes, state = lsnn_feed_forward_step(torch.tensor(weight @ given), state, p, DT)
            return spikes

        return step

    graph = norse(network, adapt_decay=1 - DT / 0.05, adapt_step=0.1)
    assert_same(graph, start, (N_IN,))


@pytest.mark.parametrize("kind", ["subtract", "zero"])
def test_sinabs_adaptive_threshold(kind: Literal["subtract", "zero"]) -> None:
    need_framework("sinabs")
    import torch
    from sinabs.activation import MembraneReset, MembraneSubtract, SingleSpike
    from sinabs.layers import ALIF

    network, weight = driven(("x", neuron("LIF", N, tau=20.0, v_threshold=0.3)), gain=9.0)
    alpha = float(np.exp(-1 / 30.0))

    def start() -> Any:
        layer = ALIF(
            tau_mem=20.0, tau_adapt=30.0, adapt_scale=1.8, spike_threshold=torch.tensor(0.3),
            spike_fn=SingleSpike,
            reset_fn=MembraneSubtract() if kind == "subtract" else MembraneReset(),
        ).double()  # fmt: skip

        def step(given: Any) -> Any:
            with torch.no_grad():
                return layer(torch.tensor(weight @ given)[None, None])[0, 0]

        return step

    own = NodeOptions(
        spikes="one", reset=kind, adapt_decay=alpha, adapt_step=1.8 * (1 - alpha) / alpha,
        adapt_reset="raised" if kind == "subtract" else None,
    )  # fmt: skip
    assert_same(lower(network, LowerOptions(profile="sinabs", node={"x": own})), start, (N_IN,))


def test_sinabs_bounded_counts() -> None:
    need_framework("sinabs")
    import torch
    from sinabs.activation import MaxSpike, MembraneSubtract
    from sinabs.layers import IAF

    network, weight = driven(("x", neuron("IF", N, v_threshold=0.2)))

    def start() -> Any:
        layer = IAF(
            spike_threshold=torch.tensor(0.2), spike_fn=MaxSpike(max_num_spikes_per_bin=3),
            reset_fn=MembraneSubtract(), min_v_mem=-0.5,
        ).double()  # fmt: skip

        def step(given: Any) -> Any:
            with torch.no_grad():
                return layer(torch.tensor(weight @ given)[None, None])[0, 0]

        return step

    own = {"x": NodeOptions(max_spikes=3, v_min=-0.5)}
    assert_same(lower(network, LowerOptions(profile="sinabs", node=own)), start, (N_IN,))


def test_snntorch_graded_spikes() -> None:
    need_framework("snntorch")
    import snntorch
    import torch

    network, weight = driven(("x", neuron("LIF", N, tau=1e-3, r=10.0, v_threshold=0.5)))
    second = np.random.default_rng(6).normal(0.1, 0.3, (4, N))
    nodes = [("fc2", Linear(second)), ("y", neuron("LIF", 4, tau=1e-3, r=10.0, v_threshold=0.9))]
    first = [(name, node) for name, node in network.nodes.items() if name in ("fc", "x")]
    both = row(*first, *nodes)

    def start() -> Any:
        cells = [
            snntorch.Leaky(beta=0.9, threshold=0.5, graded_spikes_factor=2.5).double(),
            snntorch.Leaky(beta=0.9, threshold=0.9).double(),
        ]
        membranes = [cell.init_leaky() for cell in cells]

        def step(given: Any) -> Any:
            x, spikes = torch.tensor(weight @ given), None
            for k, cell in enumerate(cells):
                spikes, membranes[k] = cell(x, membranes[k])
                x = torch.tensor(second @ spikes.detach().double().numpy()) if k == 0 else x
            assert spikes is not None
            return spikes.detach()

        return step

    own = {"x": NodeOptions(graded_spikes=2.5)}
    options = LowerOptions(profile="snntorch", reset="subtract", node=own)
    assert_same(lower(both, options), start, (N_IN,))
