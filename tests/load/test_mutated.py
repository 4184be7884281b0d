"""Files with random faults: each runs, or is refused in one sentence; none ends in a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.load.files import graph, lif, linear, neuron, port, write
from tinysnn.errors import TinysnnError
from tinysnn.float_sim import simulate
from tinysnn.load import hdf5_worker, load_network
from tinysnn.lower import lower
from tinysnn.lower.verdicts import verdicts
from tinysnn.options import LowerOptions

OPTIONS = LowerOptions(
    dt_s=1e-4, decay="euler", reset="subtract", reset_timing="same-tick", compare="ge",
    v_init="rest", gain=1.0, synapse_gain=1.0,
)  # fmt: skip
FIELDS: list[Any] = [
    np.int64(0), np.int64(-1), np.int64(1), np.int64(2), np.int64(7), np.int64(1 << 40),
    np.array([1, 2]), np.array([0, 0]), np.array([3, 3, 3]), np.array([[1, 2], [3, 4]]),
    np.float64(np.nan), np.float64(1.5), "same", "valid", "x", np.zeros(0), np.ones((3, 1, 1)),
    np.ones((4, 2, 3, 3)), np.ones((2, 2)), np.array([np.inf]), np.array([1e300]),
    np.array([-1.0]), np.array([True]),
]  # fmt: skip
KINDS = ["Conv1d", "Conv2d", "SumPool2d", "Delay", "Flatten", "Scale", "LIF", "Output", "Input"]


def conv(c_in: int, c_out: int, size: int, kernel: int) -> dict[str, Any]:
    return {
        "type": "Conv2d", "input_shape": np.array([size, size]),
        "weight": np.ones((c_out, c_in, kernel, kernel)), "stride": np.array([1, 1]),
        "padding": np.array([0, 0]), "dilation": np.array([1, 1]), "groups": np.int64(1),
        "bias": np.zeros(c_out),
    }  # fmt: skip


def sound() -> dict[str, Any]:
    """A network with nearly every node, a loop through a convolution, and scalar parameters."""
    nodes = {
        "in": port("Input", 2, 6, 6), "c": conv(2, 4, 6, 3), "a": lif(None),
        "p": {"type": "SumPool2d", "kernel_size": np.array([2, 2]), "stride": np.array([2, 2]),
              "padding": np.array([0, 0])},
        "c1": conv(4, 3, 2, 2), "b": neuron("IF", None, r=1.0, v_threshold=1.0, v_reset=0.0),
        "d": {"type": "Delay", "delay": np.full((3, 1, 1), 2e-4)}, "rec": conv(3, 3, 1, 1),
        "f": {"type": "Flatten", "start_dim": np.int64(0), "end_dim": np.int64(-1),
              "input_type": np.array([3, 1, 1])},
        "fc": linear(np.eye(3)), "s": {"type": "Scale", "scale": np.ones(3)}, "l": lif(3),
        "out": port("Output", 3),
    }  # fmt: skip
    edges = [
        ("in", "c"), ("c", "a"), ("a", "p"), ("p", "c1"), ("c1", "b"), ("b", "d"), ("d", "f"),
        ("b", "rec"), ("rec", "b"), ("f", "fc"), ("fc", "s"), ("s", "l"), ("l", "out"),
    ]  # fmt: skip
    return graph(nodes, edges)


def fault(root: dict[str, Any], rng: np.random.Generator) -> None:
    names, edges = list(root["nodes"]), root["edges"]
    name = str(rng.choice(names))
    node = root["nodes"][name]
    fields = [key for key in node if key != "type"]
    match int(rng.integers(6)):
        case 0 | 1 if fields:
            node[str(rng.choice(fields))] = FIELDS[rng.integers(len(FIELDS))]
        case 2 if fields:
            del node[str(rng.choice(fields))]
        case 3:
            edges.append((name, str(rng.choice(names))))
        case 4 if edges:
            edges.pop(rng.integers(len(edges)))
        case _:
            node["type"] = str(rng.choice(KINDS))


def run(path: Path) -> None:
    network = load_network(path)
    lowered = lower(network, OPTIONS)
    simulate(lowered, np.ones((5, lowered.n_in)))
    verdicts(network, lowered, OPTIONS)


@pytest.fixture(autouse=True)
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are sound HDF5: the child process that guards against others only costs time."""
    monkeypatch.setattr(
        "tinysnn.load.hdf5._ask_child", lambda data: {"tree": hdf5_worker.read(data)}
    )


def test_the_sound_one_runs(tmp_path: Path) -> None:
    run(write(tmp_path / "net.nir", sound()))


@pytest.mark.parametrize("seed", range(4))
def test_faults_are_refused_in_a_sentence(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    fixes = []
    for _ in range(80):
        root = sound()
        for _ in range(rng.integers(1, 4)):
            fault(root, rng)
        path = write(tmp_path / "net.nir", root)
        try:
            run(path)
        except TinysnnError as error:
            fixes.append(error.fix)
    assert all(fixes)
    assert 40 <= len(fixes) < 80
