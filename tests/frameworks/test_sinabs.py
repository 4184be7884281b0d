"""sinabs: exported networks do in the float reference what they do there, at every tick."""

from __future__ import annotations

from typing import Any

import pytest

from tests.frameworks.same import assert_same, lowered, need_framework, quietly, written

pytestmark = pytest.mark.filterwarnings("ignore")  # of the framework's own code


@pytest.fixture(autouse=True)
def framework() -> None:
    need_framework("sinabs")
    import torch

    torch.manual_seed(8)


def per(n: int, low: float, high: float) -> Any:
    import torch

    return low + (high - low) * torch.rand(n, dtype=torch.float64)


def check(
    modules: list[Any], shape: tuple[int, ...], tmp_path: Any, *, boost: float = 3.0, **options: Any
) -> Any:
    import torch
    from sinabs.nir import to_nir

    net = torch.nn.Sequential(*modules).double()
    parts: list[Any] = list(net.modules())
    for module in parts:
        if isinstance(module, (torch.nn.Linear, torch.nn.Conv2d)):
            module.weight.data = boost * module.weight.data + 0.05
            # sinabs' spikes are float32 whatever the membranes are
            module.register_forward_pre_hook(lambda _, args: (args[0].double(),))
    sample = torch.zeros(1, *shape, dtype=torch.float64)
    path = written(quietly(to_nir, net, sample), tmp_path / "net.nir")

    def start() -> Any:
        for module in parts:
            if hasattr(module, "reset_states"):
                module.reset_states()

        def step(given: Any) -> Any:
            with torch.no_grad():
                return net(torch.tensor(given)[None]).numpy()

        return step

    return assert_same(lowered(path, "sinabs", **options), start, shape)


def linear(n_in: int, n: int, **more: Any) -> Any:
    import torch

    return torch.nn.Linear(n_in, n, **more)


def single() -> Any:
    from sinabs.activation import SingleSpike

    return SingleSpike


def test_iaf_several_spikes_per_tick(tmp_path):
    import sinabs.layers as sl

    def iaf() -> Any:
        return sl.IAFSqueeze(batch_size=1, min_v_mem=None)

    trace = check([linear(12, 20), iaf(), linear(20, 5), iaf()], (12,), tmp_path)
    assert trace.output.max() > 1


def test_iaf_with_a_lowest_membrane(tmp_path):
    import sinabs.layers as sl

    def iaf() -> Any:
        return sl.IAFSqueeze(batch_size=1, min_v_mem=-0.5)

    check([linear(12, 20), iaf(), linear(20, 5), iaf()], (12,), tmp_path, v_min=-0.5)


def test_one_spike_per_tick_and_reset_to_zero(tmp_path):
    import sinabs.layers as sl
    from sinabs.activation import MembraneReset

    def iaf() -> Any:
        return sl.IAFSqueeze(
            batch_size=1, min_v_mem=None, spike_fn=single(), reset_fn=MembraneReset()
        )

    check(
        [linear(12, 20), iaf(), linear(20, 5), iaf()], (12,), tmp_path, spikes="one", reset="zero"
    )


@pytest.mark.parametrize("norm_input", [True, False])
def test_lif(tmp_path, norm_input):
    import sinabs.layers as sl

    def lif(n: int) -> Any:
        return sl.LIFSqueeze(
            tau_mem=per(n, 2.0, 12.0), batch_size=1, norm_input=norm_input,
            spike_threshold=per(n, 0.2, 0.4),
        )  # fmt: skip

    options = {} if norm_input else {"gain": "tick"}
    check([linear(12, 20), lif(20), linear(20, 5), lif(5)], (12,), tmp_path, **options)


@pytest.mark.parametrize("spikes", ["one", "many"])
def test_convolution_and_sum_pooling(tmp_path, spikes):
    import sinabs.layers as sl
    import torch

    more = {"spike_fn": single()} if spikes == "one" else {}

    def iaf() -> Any:
        return sl.IAFSqueeze(batch_size=1, min_v_mem=None, **more)

    modules = [
        torch.nn.Conv2d(2, 4, 3, padding=1, bias=False), iaf(), sl.SumPool2d(2),
        torch.nn.Conv2d(4, 6, 3, groups=2), iaf(), torch.nn.Flatten(), linear(24, 4), iaf(),
    ]  # fmt: skip
    check(modules, (2, 8, 8), tmp_path, spikes=spikes)


def test_depthwise_convolution_and_pool_before_flatten(tmp_path):
    import sinabs.layers as sl
    import torch

    def iaf() -> Any:
        return sl.IAFSqueeze(batch_size=1, min_v_mem=None)

    modules = [
        torch.nn.Conv2d(4, 8, 3, groups=4), iaf(), sl.SumPool2d(3), torch.nn.Flatten(),
        linear(32, 4), iaf(),
    ]  # fmt: skip
    check(modules, (4, 8, 8), tmp_path)


def test_what_the_file_leaves_out_changes_spikes(tmp_path):
    """A quirk: the lower bound is not in the file; without it the same file does something else."""
    import sinabs.layers as sl

    def iaf() -> Any:
        return sl.IAFSqueeze(batch_size=1, min_v_mem=-0.1)

    with pytest.raises(AssertionError, match="differ"):
        check([linear(12, 20), iaf(), linear(20, 5), iaf()], (12,), tmp_path)
