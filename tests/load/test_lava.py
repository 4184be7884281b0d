"""lava-dl's network files: the same spikes as there; what cannot be deployed is refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tinysnn.errors import ModelError, OptionError, TinysnnError
from tinysnn.events.options import event_options
from tinysnn.float_sim import simulate
from tinysnn.load import load_network
from tinysnn.load.stimuli import load_stimuli
from tinysnn.lower import lower
from tinysnn.lower.verdicts import verdicts
from tinysnn.options import LowerOptions

RNG = np.random.default_rng(3)
NEURON = {"type": b"CUBA", "iDecay": 1024, "vDecay": 409, "vThMant": 20, "refDelay": 1}


def dense(n_in: int, n: int, **changes: Any) -> dict[str, Any]:
    weight = 2 * RNG.integers(-40, 60, (n, n_in)).astype(np.float32)
    return {"type": [b"dense"], "shape": [n], "weight": weight, "neuron": NEURON} | changes


def write(path: Path, *layers: dict[str, Any]) -> Path:
    """Layers as lava-dl's export_hdf5 writes them; None leaves an entry out."""
    with h5py.File(path, "w") as file:
        for k, layer in enumerate(layers):
            _group(file.create_group(f"layer/{k}"), layer)
    return path


def _group(group: h5py.Group, content: dict[str, Any]) -> None:
    for key, value in content.items():
        if isinstance(value, dict):
            _group(group.create_group(key), value)
        elif value is not None:
            group[key] = value


def in_lava(layers: list[dict[str, Any]], raster: np.ndarray) -> np.ndarray:
    """Spikes of the last layer by lava-dl's rule, in 64ths of a weight step, int64.

    From ``_li_dynamics_fwd`` of lava-dl 0.6: right shift to zero of the decayed value.
    """

    def leaked(value: np.ndarray, decay: int) -> np.ndarray:
        product = value * (4096 - decay)
        shifted: np.ndarray = np.sign(product) * (np.abs(product) >> 12)
        return shifted

    spikes = raster.astype(np.int64)
    for layer in layers:
        neuron = layer["neuron"]
        weight, n = layer["weight"].astype(np.int64), layer["shape"][0]
        current, voltage, last = (np.zeros(n, np.int64) for _ in range(3))
        delay = layer.get("delay", 0)
        loop = layer.get("weight_rec", np.zeros((n, n))).astype(np.int64)
        fired = np.zeros((len(spikes), n), np.int64)
        for tick, given in enumerate(spikes):
            x = weight @ given + loop @ last + np.asarray(layer.get("bias", 0)).astype(np.int64)
            current = leaked(current, neuron["iDecay"]) + 64 * x
            voltage = leaked(voltage, neuron["vDecay"]) + current
            last = (voltage > 64 * neuron["vThMant"]).astype(np.int64)
            voltage = np.where(last > 0, 0, voltage)
            fired[tick] = last
        spikes = np.stack(
            [np.roll(fired[:, j], d) for j, d in enumerate(np.broadcast_to(delay, n))], axis=1
        )
        for j, d in enumerate(np.broadcast_to(delay, n)):
            spikes[:d, j] = 0
    return spikes


@pytest.mark.parametrize("kind", ["plain", "bias", "delay", "recurrent"])
def test_spikes_are_lava_s(tmp_path: Path, kind: str) -> None:
    n = 12
    first = dense(10, n)
    if kind == "bias":
        first["bias"] = 2.0 * RNG.integers(-3, 6, n)
    elif kind == "delay":
        first["delay"] = np.arange(n)
    elif kind == "recurrent":
        first |= {
            "type": [b"dense_rec"],
            "weight_rec": 2.0 * RNG.integers(-20, 20, (n, n)),
        }
    layers = [first, dense(n, 5, neuron=NEURON | {"iDecay": 4096})]
    network = load_network(write(tmp_path / "a.net", *layers))
    raster = (np.random.default_rng(1).random((300, 10)) < 0.2).astype(np.uint8)
    ours = simulate(lower(network, LowerOptions()), raster).output
    theirs = in_lava(layers, raster)
    np.testing.assert_array_equal(ours, theirs)
    assert theirs.sum() > 50
    found = {item.node: item.verdict for item in verdicts(network, lower(network, LowerOptions()),
                                                          LowerOptions())}  # fmt: skip
    assert found["layer 0.synapse"] == "faithful"


@pytest.mark.data
def test_oxford_network_fires_as_stored(recordings: Path) -> None:
    """All 10178 spikes that lava-dl gave in 2022, when a membrane at the threshold still fired."""
    folder = recordings / "events" / "lava_oxford"
    network = load_network(folder / "Trained" / "network.net")
    given = "columns=x,-,t time_unit=ms tick_us=1000 t0=zero rule=nearest n_ticks=2000"
    options = event_options(given.split())

    def clip(name: str) -> np.ndarray:
        (read,) = load_stimuli(folder / name, n_in=200, graded=False, shape=(200,), events=options)
        return read.raster

    output = simulate(lower(network, LowerOptions(compare="ge")), clip("input.npy")).output
    stored = clip("ground_truth.npy")
    np.testing.assert_array_equal(output[:-2], stored[2:])  # a tick later per layer
    assert stored[:2].sum() == 0
    assert stored.sum() == 10178


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"type": [b"pool"]}, "a layer of type 'pool'"),
        ({"neuron": NEURON | {"type": b"RF"}}, "neurons of type 'RF'"),
        ({"neuron": NEURON | {"gradedSpike": True}}, "graded spikes"),
        ({"neuron": NEURON | {"refDelay": 4}}, "a refractory period"),
        ({"type": [b"input"]}, "turn values into spikes"),
        ({"neuron": NEURON | {"vThMant": None}}, "no numbers 'vThMant'"),
        ({"neuron": NEURON | {"vDecay": 5000}}, "vDecay: 1 numbers from 5000"),
        ({"neuron": NEURON | {"vDecay": [1, 2]}}, "2 numbers"),
        ({"weight": np.full((6, 10), 0.5)}, "weight is not whole"),
        ({"weight": np.full((6, 10), np.nan)}, "weight is not whole"),
        ({"weight": np.ones((5, 10))}, "weight of shape [5, 10] for 6 neurons"),
        ({"bias": np.ones(4)}, "4 biases for 6"),
        ({"delay": np.full(6, 63)}, "delay: 6 numbers"),
        ({"shape": [0]}, "shape is [0]"),
        ({"type": [b"dense_rec"], "weight_rec": np.ones((6, 4))}, "weight_rec of shape"),
        ({"type": [b"conv"]}, "shape of the input is not in the file"),
    ],
)
def test_refused_with_a_reason(tmp_path: Path, changes: dict[str, Any], says: str) -> None:
    path = write(tmp_path / "a.net", dense(10, 6) | changes)
    with pytest.raises(ModelError) as caught:
        load_network(path)
    assert says in str(caught.value)
    assert "layer 0" in str(caught.value)


def test_layers_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"layer 1: takes 5 inputs, the layer before gives 6"):
        load_network(write(tmp_path / "a.net", dense(10, 6), dense(5, 3)))


def test_another_profile_is_refused(tmp_path: Path) -> None:
    network = load_network(write(tmp_path / "a.net", dense(10, 6)))
    with pytest.raises(OptionError, match="a file of lava-dl, not of norse"):
        lower(network, LowerOptions(profile="norse"))


def test_damaged_files_are_refused_or_read(tmp_path: Path) -> None:
    """As NIR's: whatever a damaged file holds, it ends in a network or one clean error."""
    good = write(tmp_path / "a.net", dense(4, 3)).read_bytes()
    rng = np.random.default_rng(9)
    for _ in range(12):
        data = bytearray(good)
        for place in rng.integers(0, len(data), 12):
            data[place] = rng.integers(0, 256)
        (tmp_path / "b.net").write_bytes(bytes(data))
        try:
            lower(load_network(tmp_path / "b.net"), LowerOptions())
        except TinysnnError as error:
            assert "b.net" in str(error) or "b:" in str(error)  # noqa: PT017
