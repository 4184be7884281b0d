"""Write the trained network as NIR: what a file of `train.py` holds, folded into plain nodes.

    python examples/keyword/export.py build/keyword.pt --out models/keyword/keyword.nir

Nodes: Input -> (Affine -> LIF or CubaLIF, Linear back onto it) per layer -> Linear -> Output.
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
from network import KeywordNetwork, Shape, SpikingLayer, snapped

from tinysnn.encode.keyword import BANDS, TICK_S

WEIGHT_STEPS = 127
Nodes = dict[str, Any]
Edges = list[tuple[str, str]]
Floats = npt.NDArray[np.float32]


def read(path: Path) -> tuple[KeywordNetwork, dict[str, Any], dict[str, Any]]:
    """Network, recipe and report of a file that `train.py` wrote."""
    content = torch.load(path, weights_only=True)
    recipe, report = (json.loads(content.pop(key)) for key in ("recipe", "report"))
    shape = recipe["shape"]
    shape["hidden"], shape["recurrent"] = tuple(shape["hidden"]), tuple(shape["recurrent"])
    network = KeywordNetwork(Shape(**shape))
    network.load_state_dict(content)
    return network.eval(), recipe, report


def graph_of(network: KeywordNetwork) -> nir.NIRGraph:
    """The network as a NIR graph."""
    nodes: Nodes = {"input": nir.Input(np.array([BANDS]))}
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
    synapses, neurons, back = f"synapses{number}", f"hidden{number}", f"recurrent{number}"
    weight, bias = layer.folded()
    nodes[synapses] = nir.Affine(weight=weight.numpy(), bias=bias.numpy())
    nodes[neurons] = _neurons(layer)
    edges += [(before, synapses), (synapses, neurons)]
    recurrent = layer.folded_recurrent()
    if recurrent is not None:
        nodes[back] = nir.Linear(weight=recurrent.numpy())
        edges += [(neurons, back), (back, neurons)]
    return neurons


def _neurons(layer: SpikingLayer) -> nir.NIRNode:
    tau, gain = _constants(layer.beta_logit)
    n = len(tau)
    zeros, ones = np.zeros(n, np.float32), np.ones(n, np.float32)
    common = {"v_leak": zeros, "v_threshold": ones, "v_reset": zeros}
    if layer.alpha_logit is None:
        return nir.LIF(tau=tau, r=gain, **common)
    tau_syn, w_in = _constants(layer.alpha_logit)
    return nir.CubaLIF(tau_syn=tau_syn, w_in=w_in, tau_mem=tau, r=gain, **common)


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
    network, recipe, report = read(options.trained)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    partial = options.out.with_suffix(".part.nir")
    nir.write(partial, graph_of(network))
    partial.replace(options.out)
    print(json.dumps({"recipe": recipe, "report": report}, indent=1))


if __name__ == "__main__":
    main()
