"""Small NIR files for tests, written with h5py so that they may also be wrong."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Spec = dict[str, Any]


def lif(n: int | None, **changes: Any) -> Spec:
    """A LIF of n neurons, or with scalar parameters (None)."""
    return neuron("LIF", n, tau=8e-4, r=1.0, v_leak=0.0, v_threshold=1.0, v_reset=0.0, **changes)


def neuron(kind: str, n: int | None, **values: Any) -> Spec:
    """A neuron node; plain numbers are repeated n times."""
    shape = () if n is None else (n,)
    return {"type": kind} | {
        key: np.full(shape, value) if np.ndim(value) == 0 else np.asarray(value)
        for key, value in values.items()
    }


def cuba(n: int, *, fires: bool = True, **changes: Any) -> Spec:
    """A CubaLIF or CubaLI as snnTorch exports it: alpha 0.55, beta 0.9, gains 1."""
    values = {"tau_syn": 1e-4 / 0.45, "tau_mem": 1e-3, "r": 10.0, "v_leak": 0.0, "w_in": 1 / 0.45}
    if fires:
        values |= {"v_threshold": 1.0, "v_reset": 0.0}
    return neuron("CubaLIF" if fires else "CubaLI", n, **(values | changes))


def linear(weight: Any) -> Spec:
    return {"type": "Linear", "weight": np.asarray(weight)}


def affine(weight: Any, bias: Any) -> Spec:
    return {"type": "Affine", "weight": np.asarray(weight), "bias": np.asarray(bias)}


def port(kind: str, *shape: int) -> Spec:
    return {"type": kind, "shape": np.asarray(shape)}


def graph(nodes: dict[str, Spec], edges: list[tuple[str, str]]) -> Spec:
    return {"type": "NIRGraph", "nodes": nodes, "edges": edges}


def chain(*nodes: tuple[str, Spec], n_in: int = 2, n_out: int = 3) -> Spec:
    """Input -> nodes in a row -> Output."""
    row = [("in", port("Input", n_in)), *nodes, ("out", port("Output", n_out))]
    names = [name for name, _ in row]
    return graph(dict(row), list(pairwise(names)))


def fc(n_in: int = 2, n: int = 3, seed: int = 1) -> Spec:
    """Input -> Linear -> LIF -> Output."""
    weight = np.random.default_rng(seed).normal(size=(n, n_in))
    return chain(("fc", linear(weight)), ("lif", lif(n)), n_in=n_in, n_out=n)


def write(path: Path, root: Spec) -> Path:
    """Writes a graph as NIR does."""
    with h5py.File(path, "w") as file:
        file.create_dataset("version", data="1.0.8", dtype=h5py.string_dtype())
        _group(file.create_group("node"), root)
    return path


def _group(group: h5py.Group, spec: Spec) -> None:
    for key, value in spec.items():
        if key == "edges":
            names = [[name.encode() for name in edge] for edge in value]
            data = np.array(names, dtype=object) if names else np.zeros((0, 2))
            group.create_dataset(key, data=data, dtype=h5py.string_dtype() if names else None)
        elif isinstance(value, dict):
            _group(group.create_group(key), value)
        elif isinstance(value, str):
            group.create_dataset(key, data=value, dtype=h5py.string_dtype())
        else:
            group.create_dataset(key, data=value)
