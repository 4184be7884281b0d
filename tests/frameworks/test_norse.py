"""Norse: exported networks do in the float reference what they do there, at every tick."""

from __future__ import annotations

from typing import Any

import pytest

from tests.frameworks.same import assert_same, lowered, need_framework, quietly, written

DT = 1e-3

pytestmark = pytest.mark.filterwarnings("ignore")  # of the framework's own code


@pytest.fixture(autouse=True)
def framework() -> None:
    need_framework("norse")
    import torch

    torch.manual_seed(6)


def per(n: int | tuple[int, ...], low: float, high: float) -> Any:
    """A parameter per neuron: scalars cannot be written to a file."""
    import torch

    return low + (high - low) * torch.rand(n, dtype=torch.float64)


def lif_box(n: int, **changes: Any) -> Any:
    import torch
    from norse.torch import LIFBoxCell
    from norse.torch.functional.lif_box import LIFBoxParameters

    zeros = torch.zeros(n, dtype=torch.float64)
    values = {
        "tau_mem_inv": per(n, 50.0, 400.0), "v_leak": zeros, "v_th": per(n, 0.2, 0.5),
        "v_reset": zeros,
    }  # fmt: skip
    return LIFBoxCell(LIFBoxParameters(**values | changes), dt=DT)


def lif(n: int) -> Any:
    import torch
    from norse.torch import LIFCell
    from norse.torch.functional.lif import LIFParameters

    zeros = torch.zeros(n, dtype=torch.float64)
    parameters = LIFParameters(
        tau_syn_inv=per(n, 100.0, 500.0), tau_mem_inv=per(n, 50.0, 400.0), v_leak=zeros,
        v_th=per(n, 0.2, 0.5), v_reset=zeros,
    )  # fmt: skip
    return LIFCell(parameters, dt=DT)


def iaf(*shape: int) -> Any:
    from norse.torch.functional.iaf import IAFParameters
    from norse.torch.module.iaf import IAFCell

    return IAFCell(IAFParameters(v_th=per(shape, 0.5, 2.0)), dt=DT)


def check(modules: list[Any], shape: tuple[int, ...], tmp_path: Any, **options: Any) -> None:
    import norse.torch as norse
    import torch
    from norse.torch.utils.export_nir import to_nir

    net = norse.SequentialState(*modules).double()
    parts: list[Any] = list(net.modules())
    for module in parts:
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            module.weight.data = 2.5 * module.weight.data + 0.05
    # a sample without a batch axis: Norse's exporter keeps that axis in the Input node
    sample = torch.zeros(*shape, dtype=torch.float64)
    graph = quietly(to_nir, net, sample)
    path = written(graph, tmp_path / "net.nir")

    def start() -> Any:
        state: list[Any] = [None]

        def step(given: Any) -> Any:
            with torch.no_grad():
                out, state[0] = net(torch.tensor(given)[None], state[0])
            return out.numpy()

        return step

    assert_same(lowered(path, "norse", **options), start, shape)


def linear(n_in: int, n: int, **more: Any) -> Any:
    import torch

    return torch.nn.Linear(n_in, n, **more)


def test_lif_box(tmp_path):
    check([linear(12, 20), lif_box(20), linear(20, 5, bias=False), lif_box(5)], (12,), tmp_path)


def test_lif_box_with_a_resting_potential(tmp_path):
    rest = per(20, 0.05, 0.15)
    check([linear(12, 20), lif_box(20, v_leak=rest), linear(20, 5), lif_box(5)], (12,), tmp_path)


def test_lif_with_synaptic_current(tmp_path):
    check([linear(12, 20), lif(20), linear(20, 5), lif(5)], (12,), tmp_path)


def test_iaf(tmp_path):
    check([linear(12, 20), iaf(20), linear(20, 5), iaf(5)], (12,), tmp_path)


def test_convolution_without_input_shape(tmp_path):
    import torch

    modules = [
        torch.nn.Conv2d(2, 4, 3, stride=2, padding=1), iaf(4, 4, 4),
        torch.nn.Conv2d(4, 6, 4), iaf(6, 1, 1),
    ]  # fmt: skip
    check(modules, (2, 8, 8), tmp_path)


def test_scaled_tau_is_what_norse_1_1_0_writes():
    """A quirk: tau in the file is dt / tau_mem_inv, 1e-3 of the time constant."""
    import torch
    from norse.torch.utils.export_nir import _extract_norse_module

    inverse = torch.tensor([100.0])
    node = _extract_norse_module(lif_box(1, tau_mem_inv=inverse))
    assert float(node.tau) == pytest.approx(1e-5)
