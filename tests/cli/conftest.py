"""What the tests of the command line share: running it, and small files to give it."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest

from tinysnn.cli.main import run


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys):
    """Run the command line in this process."""

    def call(*arguments):
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def refused(cli):
    """Run the command line, which has to end with this code and one clean message."""

    def call(code, *arguments, says=()):
        outcome = cli(*arguments)
        assert outcome.code == code, outcome
        assert outcome.err.startswith("error: "), outcome.err
        assert "Traceback" not in outcome.err
        for text in says:
            assert text in outcome.err
        return outcome

    return call


OPTIONS = {
    "dt_s": "1e-4",
    "decay": '"euler"',
    "reset": '"subtract"',
    "reset_timing": '"same-tick"',
    "compare": '"ge"',
    "gain": '"dt"',
}


def write_nir(path, weights, **neuron):
    """A feed-forward network: one Linear and one LIF per weight matrix [out, in]."""
    import nir

    nodes = {"input": nir.Input(np.array([weights[0].shape[1]]))}
    for k, weight in enumerate(weights):
        n = weight.shape[0]
        values = {"tau": 8e-4, "r": 8.0, "v_leak": 0.0, "v_threshold": 1.0, **neuron}
        nodes[f"fc{k}"] = nir.Linear(weight)
        nodes[f"lif{k}"] = nir.LIF(**{key: np.full(n, value) for key, value in values.items()})
    nodes["output"] = nir.Output(np.array([weights[-1].shape[0]]))
    names = list(nodes)
    nir.write(path, nir.NIRGraph(nodes, list(pairwise(names))))
    return path


def write_options(path, **changes):
    """A complete options file, with some options changed, or left out where they are None."""
    options = {key: value for key, value in (OPTIONS | changes).items() if value is not None}
    path.write_text("".join(f"{key} = {value}\n" for key, value in options.items()))
    return path


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A network of 12 inputs, 20 and 5 neurons that fires, with its options beside it."""
    folder = tmp_path_factory.mktemp("model")
    rng = np.random.default_rng(7)
    weights = [rng.normal(0.25, 0.4, shape).astype(np.float32) for shape in ((20, 12), (5, 20))]
    write_options(folder / "tiny.toml")
    return write_nir(folder / "tiny.nir", weights)


@pytest.fixture(scope="session")
def spikes(tmp_path_factory):
    """One clip of 40 ticks for `model`."""
    path = tmp_path_factory.mktemp("spikes") / "spikes.npz"
    raster = (np.random.default_rng(3).random((40, 12)) < 0.3).astype(np.uint8)
    np.savez(path, raster=raster)
    return path


@pytest.fixture(scope="session")
def packed(model, tmp_path_factory):
    """A pack of `model`."""
    path = tmp_path_factory.mktemp("packed") / "tiny.tsnn"
    assert run(["pack", str(model), "-o", str(path)]) == 0
    return path
