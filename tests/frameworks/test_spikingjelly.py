"""SpikingJelly: exported networks do in the float reference what they do there, at every tick."""

from __future__ import annotations

from typing import Any

import pytest

from tests.frameworks.same import assert_same, lowered, need_framework, quietly, written

pytestmark = pytest.mark.filterwarnings("ignore")  # of the framework's own code


@pytest.fixture(autouse=True)
def framework() -> None:
    need_framework("spikingjelly")
    import torch

    torch.manual_seed(7)


def check(modules: list[Any], shape: tuple[int, ...], tmp_path: Any, **options: Any) -> None:
    import torch
    from spikingjelly.activation_based import functional
    from spikingjelly.activation_based.nir_exchange import export_to_nir

    net = torch.nn.Sequential(*modules).double()
    parts: list[Any] = list(net.modules())
    for module in parts:
        if hasattr(module, "kernel_size") and hasattr(module, "weight"):
            module.weight.data = 2.0 * module.weight.data + 0.05
        elif isinstance(module, torch.nn.Linear):
            module.weight.data = 3.0 * module.weight.data + 0.12
    sample = torch.zeros(1, *shape, dtype=torch.float64)
    path = written(quietly(export_to_nir, net, sample), tmp_path / "net.nir")

    def start() -> Any:
        functional.reset_net(net)

        def step(given: Any) -> Any:
            with torch.no_grad():
                return net(torch.tensor(given)[None]).numpy()

        return step

    assert_same(lowered(path, "spikingjelly", **options), start, shape)


def linear(n_in: int, n: int, **more: Any) -> Any:
    import torch

    return torch.nn.Linear(n_in, n, **more)


def test_if(tmp_path):
    from spikingjelly.activation_based import neuron

    check([linear(12, 20), neuron.IFNode(), linear(20, 5), neuron.IFNode()], (12,), tmp_path)


@pytest.mark.parametrize("decay_input", [True, False])
@pytest.mark.parametrize("v_reset", [0.0, 0.125, -0.25])
def test_lif(tmp_path, decay_input, v_reset):
    from spikingjelly.activation_based import neuron

    def lif() -> Any:
        return neuron.LIFNode(tau=3.0, decay_input=decay_input, v_threshold=0.35, v_reset=v_reset)

    check([linear(12, 20), lif(), linear(20, 5, bias=False), lif()], (12,), tmp_path)


def test_parametric_lif(tmp_path):
    from spikingjelly.activation_based import neuron

    def lif() -> Any:
        return neuron.ParametricLIFNode(init_tau=2.5, v_threshold=0.5)

    check([linear(12, 20), lif(), linear(20, 5), lif()], (12,), tmp_path)


def test_cuba_lif(tmp_path):
    from spikingjelly.activation_based import neuron

    def lif() -> Any:
        return neuron.CUBALIFNode(c_decay=0.4, v_decay=0.8, v_threshold=0.9)

    check([linear(12, 20), lif(), linear(20, 5), lif()], (12,), tmp_path)


def test_two_dimensional_convolution(tmp_path):
    import torch
    from spikingjelly.activation_based import neuron

    modules = [
        torch.nn.Conv2d(2, 4, 3, padding=1), neuron.IFNode(), torch.nn.AvgPool2d(2),
        torch.nn.Conv2d(4, 6, 2, stride=2, dilation=(1, 2), padding=(0, 1), bias=False),
        neuron.LIFNode(tau=2.0, v_threshold=0.3), torch.nn.Flatten(), linear(24, 4),
        neuron.IFNode(),
    ]  # fmt: skip
    check(modules, (2, 8, 8), tmp_path)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_padding_by_name(tmp_path, padding):
    import torch
    from spikingjelly.activation_based import neuron

    # nir 1.0.8 takes the second axis of 'valid' for as long as the first: square kernels only
    kernel, n = ((4, 2), 4 * 64) if padding == "same" else ((3, 3), 4 * 36)
    modules = [
        torch.nn.Conv2d(2, 4, kernel, padding=padding), neuron.IFNode(), torch.nn.Flatten(),
        linear(n, 4), neuron.IFNode(),
    ]  # fmt: skip
    check(modules, (2, 8, 8), tmp_path)


def test_one_dimensional_convolution(tmp_path):
    import torch
    from spikingjelly.activation_based import neuron

    modules = [
        torch.nn.Conv1d(2, 4, 3, padding=1, stride=2), neuron.IFNode(),
        torch.nn.Conv1d(4, 6, 3, dilation=2), neuron.IFNode(), torch.nn.Flatten(),
        linear(24, 4), neuron.IFNode(),
    ]  # fmt: skip
    check(modules, (2, 16), tmp_path)


def test_padded_average_pooling(tmp_path):
    import torch
    from spikingjelly.activation_based import neuron

    modules = [
        torch.nn.Conv2d(2, 4, 1), neuron.IFNode(0.5), torch.nn.AvgPool2d(3, 2, padding=1),
        torch.nn.Conv2d(4, 4, 3), neuron.IFNode(0.5), torch.nn.Flatten(), linear(16, 4),
        neuron.IFNode(),
    ]  # fmt: skip
    check(modules, (2, 8, 8), tmp_path)


def test_soft_reset_is_refused_by_the_exporter():
    """A quirk: what NIR does not distinguish SpikingJelly 2.0.0 does not export."""
    import torch
    from spikingjelly.activation_based import neuron
    from spikingjelly.activation_based.nir_exchange import export_to_nir

    net = torch.nn.Sequential(linear(4, 3), neuron.IFNode(v_reset=None))
    with pytest.raises(NotImplementedError, match="soft reset"):
        quietly(export_to_nir, net, torch.zeros(1, 4))
