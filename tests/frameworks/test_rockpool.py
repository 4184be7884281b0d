"""Rockpool: exported networks do in the float reference what they do there, at every tick."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.frameworks.same import assert_same, lowered, need_framework, quietly, written

pytestmark = pytest.mark.filterwarnings("ignore")  # of the framework's own code
DT = 1e-3


@pytest.fixture(autouse=True)
def framework(monkeypatch: pytest.MonkeyPatch) -> None:
    need_framework("rockpool")
    # importing Rockpool's torch modules calls pip to install samna; no test is to install anything
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    import torch

    torch.manual_seed(9)


def check(modules: list[Any], shape: tuple[int, ...], tmp_path: Any, **options: Any) -> Any:
    import torch
    from rockpool.nn.combinators import Sequential
    from rockpool.nn.modules import to_nir

    net = Sequential(*modules)
    path = written(quietly(to_nir, net), tmp_path / "net.nir")

    def start() -> Any:
        net.reset_state()

        def step(given: Any) -> Any:
            with torch.no_grad():
                out, _, _ = net(torch.tensor(given, dtype=torch.float32)[None, None])
            return out[0, 0].numpy()

        return step

    return assert_same(lowered(path, "rockpool", **options), start, shape)


def linear(n_in: int, n: int) -> Any:
    """Weights on a grid, so that float32 rounding can hardly decide a spike."""
    import torch
    from rockpool.nn.modules.torch import LinearTorch

    weight = torch.tensor(np.random.default_rng(n).integers(-20, 33, (n_in, n)) / 64.0)
    return LinearTorch((n_in, n), weight=weight.float())


def lif(n: int, tau_mem: float, tau_syn: float) -> Any:
    from rockpool.nn.modules.torch import LIFTorch

    return LIFTorch((n,), tau_mem=tau_mem, tau_syn=tau_syn, bias=0.0, dt=DT)


def test_lif_with_synaptic_current_and_several_spikes_per_tick(tmp_path):
    modules = [linear(12, 20), lif(20, 0.01, 0.004), linear(20, 5), lif(5, 0.02, 0.007)]
    trace = check(modules, (12,), tmp_path)
    assert trace.output.max() > 1


def test_lif_without_current(tmp_path):
    from rockpool.nn.modules.torch import LIFNeuronTorch

    modules = [linear(12, 20), LIFNeuronTorch((20,), tau_mem=0.015, bias=0.0, dt=DT)]
    check(modules, (12,), tmp_path)
