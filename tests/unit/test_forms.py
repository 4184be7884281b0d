"""Convolutions as kernels or matrices: the same spikes, and a choice by cost."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.lower.networks import ALL, row
from tests.lower.test_maps import conv, pool
from tests.test_layout import cells
from tinysnn.batch import simulate
from tinysnn.errors import OptionError
from tinysnn.forms import for_device
from tinysnn.kernel_columns import from_columns, to_columns
from tinysnn.lower import lower
from tinysnn.network import Conv1d, Flatten, Linear, Network, SumPool2d
from tinysnn.quantise import PackOptions, quantise
from tinysnn.source_map import SourceMap

RANDOM = np.random.default_rng(8)
PADS = ((1, 1), (1, 1))


def whole(node, top=7):
    """A node with weights that 8 bits hold exactly, and no bias."""
    weight = RANDOM.integers(-top, top + 1, node.weight.shape).astype(float)
    return replace(node, weight=weight, bias=np.zeros_like(node.bias))


def plain() -> Network:
    return row(
        ("c1", whole(conv((8, 8), 2, 4, padding=PADS))), ("a", cells(4, 8, 8)),
        ("p", pool(SumPool2d, (4, 8, 8), 2, 2)),
        ("c2", whole(conv((4, 4), 4, 6, groups=2))), ("b", cells(6, 2, 2)),
        ("f", Flatten((6, 2, 2), 0, -1)),
        ("w", Linear(RANDOM.integers(-7, 8, (5, 24)).astype(float))), ("e", cells(5)),
    )  # fmt: skip


def lines() -> Network:
    kernel = RANDOM.integers(-7, 8, (4, 2, 3)).astype(float)
    node = Conv1d(
        size=(12,), weight=kernel, bias=np.zeros(4), stride=(1,), padding=((1, 1),),
        dilation=(1,), groups=1,
    )  # fmt: skip
    return row(("c", node), ("a", cells(4, 12)))


@pytest.mark.parametrize("make", [plain, lines])
def test_kernels_and_matrices_fire_the_same(make):
    graph = lower(make(), ALL)
    kernels = quantise(graph, PackOptions(convolution="kernel"))
    matrices = quantise(graph, PackOptions(convolution="matrix"))
    assert kernels.layers[0].spec.has_kernels
    assert not any(layer.spec.has_kernels for layer in matrices.layers)
    raster = (RANDOM.random((2, 30, graph.n_in)) < 0.2).astype(np.int8)
    first, second = simulate(kernels, raster), simulate(matrices, raster)
    for layer, found, other in zip(kernels.layers, first.spikes, second.spikes, strict=True):
        assert found is not None
        assert other is not None
        order = np.arange(layer.n)
        if layer.spec.shape is not None:
            order = np.moveaxis(order.reshape(layer.spec.shape), 0, -1).reshape(-1)
        assert found.any()
        np.testing.assert_array_equal(found, other[..., order])


def test_a_convolution_is_a_kernel_where_a_matrix_would_be_large_or_slow():
    big = lower(row(("c", conv((16, 16), 2, 8)), ("a", cells(8, 14, 14))), ALL)
    small = lower(row(("c", conv((3, 3), 2, 4)), ("a", cells(4, 1, 1))), ALL)
    assert quantise(big).layers[0].spec.has_kernels
    assert not quantise(small).layers[0].spec.has_kernels
    assert for_device(small).channels_last is False


def test_tables_have_an_entry_for_each_channel():
    network = row(("c", conv((8, 8), 2, 4)), ("a", cells(4, 6, 6)))
    node = network.nodes["a"]
    same = replace(node, v_threshold=np.full((4, 6, 6), 1.5))
    graph = lower(replace(network, nodes={**network.nodes, "a": same}), ALL)
    theta = quantise(graph, PackOptions(convolution="kernel")).layers[0].theta
    assert theta is not None
    assert theta.shape == (4,)


def test_unknown_form_is_refused():
    graph = lower(row(("c", conv((8, 8), 2, 4)), ("a", cells(4, 6, 6))), ALL)
    with pytest.raises(OptionError, match="no form"):
        quantise(graph, PackOptions(convolution="dense"))


@pytest.mark.parametrize(
    "found",
    [
        SourceMap((4, 5, 5), (3, 2), 6, groups=2),
        SourceMap((3, 4, 4), (3, 3), 3, groups=3),
        SourceMap((7, 1, 1), (1, 1), 24),
    ],
)
def test_columns_and_back(found):
    kernel = RANDOM.integers(-100, 100, found.tensor_shape)
    channels = 6 if found.out_channels == 24 else found.out_channels
    columns = to_columns(found, kernel, channels)
    assert columns.shape == (kernel.size // channels, channels)
    np.testing.assert_array_equal(from_columns(found, columns, channels), kernel)
