"""Makes qualia's C for the common workload. Run by the peers' Python: needs no tinysnn.

python qualia_generate.py WORKLOAD.npz PERCENT OUT_DIR MEMBRANE_Q LONG_WIDTH
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from qualia_codegen_core.graph import Quantization
from qualia_codegen_core.graph.RoundMode import RoundMode
from qualia_codegen_plugin_snn import Converter
from qualia_codegen_plugin_snn.graph import TorchModelGraph
from spikingjelly.activation_based.neuron import LIFNode

TAU = 8.0
TICKS = 50
WEIGHT_Q = 6
"""The workload's weights are whole in 1/64."""


class Network(torch.nn.Module):
    """64-128-128-12, soft reset, as SpikingJelly says it."""

    def __init__(self, weights: list[np.ndarray]) -> None:
        super().__init__()
        self.input_shape = (TICKS, weights[0].shape[1])
        self.is_snn = True
        layers: list[torch.nn.Module] = []
        for weight in weights:
            # With a bias of 0: 2.6.0 fails on Linear(bias=False).
            linear = torch.nn.Linear(weight.shape[1], weight.shape[0], bias=True)
            linear.weight.data = torch.from_numpy(weight)
            linear.bias.data.zero_()
            neuron = LIFNode(tau=TAU, decay_input=False, v_threshold=1.0, v_reset=None)
            layers += [linear, neuron]
        self.layers = torch.nn.Sequential(*layers)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One step."""
        spikes: torch.Tensor = self.layers(x)
        return spikes


def quantization(weights_q: int, output_q: int, long_width: int) -> Quantization:
    """int8 with power-of-two scales."""
    nearest = RoundMode.NEAREST
    return Quantization(
        int, 8, long_width, 8, 8, 8, weights_q, weights_q, output_q, nearest, nearest
    )


def main() -> None:
    """Write the C of one network."""
    workload, percent, out_dir, membrane_q, long_width = sys.argv[1:]
    with np.load(workload) as file:
        weights = [file[f"W{percent}_{k}"] for k in (1, 2, 3)]
    torch.manual_seed(0)
    network = Network(weights).eval()
    graph = TorchModelGraph(network).convert()
    if graph is None:
        raise SystemExit("qualia refused the network")
    for node in graph.nodes:
        kind = type(node.layer).__name__
        if kind == "TDenseLayer":
            node.q = quantization(WEIGHT_Q, int(membrane_q), int(long_width))
        elif kind == "TLifLayer":
            node.q = quantization(int(membrane_q), 0, int(long_width))
        else:
            node.q = quantization(0, 0, int(long_width))
    converter = Converter(output_path=Path(out_dir), timestep_mode="iterate")
    source = converter.convert_model(graph)
    if not isinstance(source, str):
        raise SystemExit("qualia generated nothing")
    (Path(out_dir) / "full_model.h").write_text(source, encoding="utf-8")


main()
