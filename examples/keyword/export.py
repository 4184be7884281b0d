"""Write the trained network as NIR: what a file of `train.py` holds, folded into plain nodes.

    python examples/keyword/export.py build/keyword.pt --out models/keyword/keyword.nir

Nodes: Input -> Conv1d -> LIF -> Flatten -> (Delay -> Linear, per delay) -> LIF -> Linear -> Output.
Time constants are chosen so that, with a tick of 20 ms and the Euler rule, every decay is a
multiple of 2^-16 and every input gain is 1.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import nir
import numpy as np
import numpy.typing as npt
import torch
from network import (
    Convolution,
    Delayed,
    KeywordNetwork,
    SpikingLayer,
    snapped,
)
from network_file import read

from tinysnn.encode.keyword import BANDS, EAR, TICK_S
from tinysnn.errors import ModelError

WEIGHT_STEPS = 127
Nodes = dict[str, Any]
Edges = list[tuple[str, str]]
Floats = npt.NDArray[np.float32]


@torch.no_grad()
def graph_of(network: KeywordNetwork) -> nir.NIRGraph:
    """The network as a NIR graph."""
    nodes: Nodes = {"input": nir.Input(np.array([EAR.context_ticks, BANDS]))}
    edges: Edges = []
    before = "input"
    for number, layer in enumerate(network.spiking_layers(), start=1):
        before = _add_layer(nodes, edges, before, number, layer)
    nodes["readout"] = nir.Linear(weight=on_one_grid(network.readout.detach().numpy()))
    nodes["output"] = nir.Output(np.array([len(network.readout)]))
    edges += [(before, "readout"), ("readout", "output")]
    return nir.NIRGraph(nodes=nodes, edges=edges)


def on_one_grid(weight: Floats) -> Floats:
    """Readout weights as multiples of one power of two, 8 bits: all classes are in one unit.

    A grid per output would be finer, but then the integer sums of two classes would have to be
    scaled before they can be compared.
    """
    step = 2.0 ** np.ceil(np.log2(np.abs(weight).max() / WEIGHT_STEPS))
    return np.asarray(np.rint(weight / step) * step, np.float32)


def _add_layer(nodes: Nodes, edges: Edges, before: str, number: int, layer: SpikingLayer) -> str:
    neurons = f"hidden{number}"
    weight, bias = (values.numpy() for values in layer.folded())
    if isinstance(layer, Convolution):
        kernel = weight.reshape(len(weight), -1, layer.kernel)
        synapses = f"synapses{number}"
        nodes[synapses] = nir.Conv1d(BANDS, kernel, layer.stride, 0, 1, 1, bias)
        edges += [(before, synapses), (synapses, neurons)]
        nodes[neurons] = _neurons(layer, layer.places)
        nodes["flatten"] = nir.Flatten({"input": nodes[neurons].v_threshold.shape}, 0)
        edges.append((neurons, "flatten"))
        return "flatten"
    if not isinstance(layer, Delayed):
        raise TypeError(f"no NIR node is known for {type(layer).__name__}")
    for delay, part in zip(layer.delays, np.split(weight, len(layer.delays), axis=1), strict=True):
        _add_delayed(nodes, edges, (before, f"late{number}_{delay}", neurons), delay, (part, bias))
    nodes[neurons] = _neurons(layer, 1)
    return neurons


def _add_delayed(
    nodes: Nodes,
    edges: Edges,
    path: tuple[str, str, str],
    delay: int,
    synapses_of: tuple[Floats, Floats],
) -> None:
    """Synapses that see spikes of `delay` ticks ago; those without delay carry the bias."""
    before, name, after = path
    weight, bias = synapses_of
    synapses = f"{name}_synapses"
    if delay:
        nodes[name] = nir.Delay(np.full(weight.shape[1], delay * TICK_S, np.float32))
        edges.append((before, name))
        before = name
        nodes[synapses] = nir.Linear(weight=weight)
    else:
        nodes[synapses] = nir.Affine(weight=weight, bias=bias)
    edges += [(before, synapses), (synapses, after)]


def _neurons(layer: SpikingLayer, places: int) -> nir.NIRNode:
    tau, gain = _constants(layer.beta_logit)
    if places > 1:
        tau, gain = (np.repeat(values[:, None], places, axis=1) for values in (tau, gain))
    zeros, ones = np.zeros_like(tau), np.ones_like(tau)
    return nir.LIF(tau=tau, r=gain, v_leak=zeros, v_threshold=ones, v_reset=zeros)


def _constants(logit: torch.Tensor) -> tuple[Floats, Floats]:
    """Time constant in s and the gain that cancels dt / tau."""
    tau = TICK_S / (1 - snapped(logit).numpy())
    return tau.astype(np.float32), (tau / TICK_S).astype(np.float32)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("trained", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        network, recipe, report = read(options.trained)
    except ModelError as error:
        parser.error(str(error))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    partial = options.out.with_suffix(".part.nir")
    nir.write(partial, graph_of(network))
    partial.replace(options.out)
    print(json.dumps({"recipe": recipe, "report": report}, indent=1))


if __name__ == "__main__":
    main()
