"""snnTorch: exported networks do in the float reference what they do there, at every tick."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.frameworks.same import (
    assert_same,
    lowered,
    need_framework,
    quietly,
    stimuli,
    written,
)
from tinysnn.float_sim import simulate
from tinysnn.options import NodeOptions

pytestmark = pytest.mark.filterwarnings("ignore")  # of the framework's own code


@pytest.fixture(autouse=True)
def framework() -> None:
    need_framework("snntorch")
    import torch

    torch.manual_seed(5)


def per(n: int | tuple[int, ...], low: float, high: float) -> Any:
    """A parameter per neuron: scalars fail the exporter's type inference."""
    import torch

    return low + (high - low) * torch.rand(n, dtype=torch.float64)


def sequence(*modules: Any) -> Any:
    import torch

    net = torch.nn.Sequential(*modules).double()
    parts: list[Any] = list(net.modules())
    for module in parts:
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            module.weight.data = 2.5 * module.weight.data + 0.12
            # snnTorch's spikes are float32 whatever the membranes are
            module.register_forward_pre_hook(lambda _, args: (args[0].double(),))
    return net


def check(net: Any, shape: tuple[int, ...], tmp_path: Any, *, least: int = 20, **options: Any):
    import torch
    from snntorch.export_nir import export_to_nir

    sample = torch.zeros(1, *shape, dtype=torch.float64)
    graph = quietly(export_to_nir, net, sample, ignore_dims=[0])
    path = written(graph, tmp_path / "net.nir")

    def start() -> Any:
        for module in net.modules():
            if hasattr(module, "reset_mem"):
                module.reset_mem()

        def step(given: Any) -> Any:
            with torch.no_grad():
                out = net(torch.tensor(given)[None])
            return (out[0] if isinstance(out, tuple) else out).numpy()

        return step

    start()
    return assert_same(lowered(path, "snntorch", **options), start, shape, least=least)


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_leaky(tmp_path, reset):
    import snntorch as snn
    import torch

    def leaky(n: int, **more: Any) -> Any:
        return snn.Leaky(
            beta=per(n, 0.5, 0.95), threshold=per(n, 0.5, 1.5), init_hidden=True,
            reset_mechanism=reset, **more,
        )  # fmt: skip

    net = sequence(
        torch.nn.Linear(12, 20), leaky(20), torch.nn.Linear(20, 5, bias=False),
        leaky(5, output=True),
    )  # fmt: skip
    check(net, (12,), tmp_path, reset=reset)


@pytest.mark.parametrize("reset", ["subtract", "zero", "none"])
def test_synaptic(tmp_path, reset):
    import snntorch as snn
    import torch

    def synaptic(n: int, **more: Any) -> Any:
        return snn.Synaptic(
            alpha=per(n, 0.3, 0.8), beta=per(n, 0.5, 0.95), threshold=per(n, 0.8, 1.5),
            init_hidden=True, reset_mechanism=reset, **more,
        )  # fmt: skip

    net = sequence(
        torch.nn.Linear(12, 20), synaptic(20), torch.nn.Linear(20, 5), synaptic(5, output=True)
    )
    check(net, (12,), tmp_path, reset=reset)


@pytest.mark.parametrize("reset", ["subtract", "zero"])
@pytest.mark.parametrize("kind", ["RLeaky", "RSynaptic"])
def test_recurrent(tmp_path, kind, reset):
    import snntorch as snn
    import torch

    decays = {"beta": per(20, 0.5, 0.95)}
    if kind == "RSynaptic":
        decays["alpha"] = per(20, 0.3, 0.8)
    hidden = getattr(snn, kind)(
        **decays, threshold=per(20, 0.8, 1.5), linear_features=20, init_hidden=True,
        reset_mechanism=reset,
    )  # fmt: skip
    last = snn.Leaky(
        beta=per(5, 0.5, 0.9), threshold=per(5, 0.5, 1.0), init_hidden=True, output=True,
        reset_mechanism=reset,
    )  # fmt: skip
    check(
        sequence(torch.nn.Linear(12, 20), hidden, torch.nn.Linear(20, 5), last),
        (12,), tmp_path, reset=reset,
    )  # fmt: skip


@pytest.mark.parametrize("groups", [1, 2])
def test_convolution_pooling_and_flatten(tmp_path, groups):
    import snntorch as snn
    import torch

    def leaky(*shape: int, **more: Any) -> Any:
        return snn.Leaky(
            beta=per(shape, 0.5, 0.95), threshold=per(shape, 0.5, 1.0), init_hidden=True, **more
        )

    net = sequence(
        torch.nn.Conv2d(2, 4, 3, padding=1), leaky(4, 8, 8), torch.nn.AvgPool2d(2),
        torch.nn.Conv2d(4, 6, 3, stride=2, padding=(1, 0), groups=groups), leaky(6, 2, 1),
        torch.nn.Flatten(), torch.nn.Linear(12, 4), leaky(4, output=True),
    )  # fmt: skip
    check(net, (2, 8, 8), tmp_path, reset="subtract")


def test_membrane_of_a_last_layer_without_reset(tmp_path):
    import snntorch as snn
    import torch
    from snntorch.export_nir import export_to_nir

    net = sequence(
        torch.nn.Linear(12, 20),
        snn.Leaky(beta=per(20, 0.5, 0.9), threshold=per(20, 0.5, 1.0), init_hidden=True),
        torch.nn.Linear(20, 5),
        snn.Leaky(
            beta=per(5, 0.8, 0.95), threshold=per(5, 1.0, 1.5), init_hidden=True, output=True,
            reset_mechanism="none",
        ),
    )  # fmt: skip
    sample = torch.zeros(1, 12, dtype=torch.float64)
    path = written(quietly(export_to_nir, net, sample, ignore_dims=[0]), tmp_path / "net.nir")
    last = NodeOptions(reset="none", readout="membrane")
    graph = lowered(path, "snntorch", reset="subtract", node={"3": last})
    for raster in stimuli((12,), 4).values():
        net[1].reset_mem()
        net[3].reset_mem()
        with torch.no_grad():
            theirs = [net(torch.tensor(given)[None])[1][0].numpy() for given in raster]
        np.testing.assert_allclose(simulate(graph, raster).output, np.stack(theirs), atol=1e-6)


def test_beta_one_never_forgets(tmp_path):
    import snntorch as snn
    import torch

    lif = snn.Leaky(
        beta=torch.ones(6, dtype=torch.float64), threshold=per(6, 1.0, 2.0), init_hidden=True,
        output=True,
    )  # fmt: skip
    check(sequence(torch.nn.Linear(9, 6), lif), (9,), tmp_path, reset="subtract")


@pytest.mark.parametrize("reset", ["subtract", "zero"])
def test_reset_without_delay(tmp_path, reset):
    """``reset_delay=False`` is a same-tick reset while no membrane reaches two thresholds."""
    import snntorch as snn
    import torch

    lif = snn.Leaky(
        beta=per(6, 0.5, 0.9), threshold=per(6, 4.0, 5.0), init_hidden=True, output=True,
        reset_mechanism=reset, reset_delay=False,
    )  # fmt: skip
    net = sequence(torch.nn.Linear(9, 6), lif)
    check(net, (9,), tmp_path, reset=reset, reset_timing="same-tick")


def test_float32_as_everyone_exports_it(tmp_path):
    """Weights on a grid, decays of a few bits: float32 is exact, time constants are off by 1e-8."""
    import snntorch as snn
    import torch

    rng = np.random.default_rng(3)
    net = torch.nn.Sequential(
        torch.nn.Linear(12, 8, bias=False),
        snn.Leaky(
            beta=torch.full((8,), 0.75), threshold=torch.ones(8), init_hidden=True, output=True
        ),
    )
    net[0].weight.data = torch.tensor(rng.integers(-8, 17, (8, 12)) / 16, dtype=torch.float32)
    from snntorch.export_nir import export_to_nir

    graph = quietly(export_to_nir, net, torch.zeros(1, 12), ignore_dims=[0])
    path = written(graph, tmp_path / "net.nir")

    def start() -> Any:
        net[1].reset_mem()
        return lambda given: net(torch.tensor(given, dtype=torch.float32)[None])[0].detach().numpy()

    start()
    assert_same(lowered(path, "snntorch", reset="subtract"), start, (12,))


def test_scalar_parameters_do_not_export():
    """A quirk: snnTorch's own default (one beta for all) fails nir's type inference."""
    import snntorch as snn
    import torch
    from snntorch.export_nir import export_to_nir

    net = torch.nn.Sequential(torch.nn.Linear(4, 3), snn.Leaky(beta=0.9, init_hidden=True))
    with pytest.raises(ValueError, match="type mismatch"):
        quietly(export_to_nir, net, torch.zeros(1, 4), ignore_dims=[0])
