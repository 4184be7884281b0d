"""Accuracy of the exported network: PyTorch, float simulator, 8-bit integers.

    python examples/keyword/evaluate.py models/keyword/keyword.nir --data FOLDER [--trained FILE]

The integer figure is from the reference (`tinysnn.reference`), which devices match bit for bit.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.data import keyword_clips
from tinysnn.encode.keyword import encode_clip
from tinysnn.float_sim import simulate
from tinysnn.graph import Graph
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import load_options
from tinysnn.pack import Bits, Pack
from tinysnn.quantise import PackOptions, quantise
from tinysnn.reference import run
from tinysnn.stimulus import Stimulus
from tinysnn.verify import predict

CALIBRATION_CLIPS = 256
"""Of the training split: weights below 8 bits are fitted to them."""
Rasters = npt.NDArray[np.int8]


def operations(graph: Graph, rasters: Rasters) -> dict[str, float]:
    """Mean synaptic operations per clip (events times fan-out), and spikes per neuron and tick."""
    trace = simulate(graph, rasters)
    spikes = [None if s is None else float(s.sum()) / len(rasters) for s in trace.spikes]
    events = float((rasters != 0).sum()) / len(rasters)
    total = 0.0
    for layer in graph.layers:
        for connection in layer.connections:
            active = events if connection.source is None else spikes[connection.source] or 0.0
            total += active * layer.n
    rates = {
        f"rate {layer.name}": round(count / (layer.n * rasters.shape[1]), 4)
        for layer, count in zip(graph.layers, spikes, strict=True)
        if count is not None
    }
    return {"input events": round(events), "synaptic operations": round(total), **rates}


def float_classes(graph: Graph, rasters: Rasters) -> npt.NDArray[np.intp]:
    """Class of each clip by the float simulator."""
    batches = np.array_split(rasters, max(1, len(rasters) // 64))
    sums = np.concatenate([simulate(graph, batch).output.sum(axis=1) for batch in batches])
    return np.asarray(sums.argmax(axis=1))


def integer_classes(pack: Pack, rasters: Rasters) -> npt.NDArray[np.intp]:
    """Class of each clip by the integer reference."""
    return np.array([predict(run(pack, Stimulus(raster)).output) for raster in rasters])


def torch_agreement(trained: Path, graph: Graph, rasters: Rasters) -> dict[str, Any]:
    """Differing spikes between PyTorch and the float simulator, and PyTorch's classes."""
    import torch
    from network_file import read

    from tinysnn.encode.keyword import INPUT_SCALE

    network, *_ = read(trained)
    events = torch.from_numpy(rasters).transpose(0, 1).float() * INPUT_SCALE
    with torch.no_grad():
        sums, spikes = network(events)
    ours = [s for s in simulate(graph, rasters).spikes if s is not None]
    differing = sum(
        int((a.transpose(0, 1).numpy() != b).sum()) for a, b in zip(spikes, ours, strict=True)
    )
    return {
        "classes": sums.argmax(1).numpy(),
        "differing": differing,
        "of": sum(map(np.size, ours)),
    }


def packed(graph: Graph, bits: Bits, data: Path | None) -> Pack:
    """The network at a weight width, fitted to training clips where the width calls for it."""
    if bits == 8:
        return quantise(graph)
    spoken = keyword_clips("training", data, CALIBRATION_CLIPS)
    calibration = [Stimulus(encode_clip(clip)) for clip in spoken.clips]
    return quantise(graph, PackOptions(bits=bits), calibration=calibration)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--split", default="testing")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--trained", type=Path, help="file of train.py, to compare spikes with")
    parser.add_argument("--bits", type=int, default=8, choices=(1, 2, 4, 8))
    options = parser.parse_args()
    spoken = keyword_clips(options.split, options.data, options.limit)
    rasters = np.stack([encode_clip(clip) for clip in spoken.clips])
    graph = lower(load_network(options.model), load_options(options.model.with_suffix(".toml")))
    pack = packed(graph, options.bits, options.data)
    result: dict[str, Any] = {"source": spoken.source, "clips": len(rasters)}
    if options.trained:
        agreement = torch_agreement(options.trained, graph, rasters)
        classes = agreement.pop("classes")
        result["torch"] = round(100 * float((classes == spoken.labels).mean()), 2)
        result["torch spikes"] = agreement
    for name, classes in (
        ("float", float_classes(graph, rasters)),
        (f"int{options.bits}", integer_classes(pack, rasters)),
    ):
        result[name] = round(100 * float((classes == spoken.labels).mean()), 2)
    result["weight bytes"] = sum(layer.rows.size * layer.spec.bits // 8 for layer in pack.layers)
    result |= operations(graph, rasters)
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
