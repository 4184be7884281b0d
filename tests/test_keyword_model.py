"""The committed keyword networks: they load, lower, pack and know the words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.tools import data_dir
from tinysnn import batch, pack_file
from tinysnn.data import KeywordClips, keyword_clips
from tinysnn.data.labels import KEYWORDS
from tinysnn.encode.keyword import EAR, INPUT_SCALE, INPUTS, TICK_S, encode_clip
from tinysnn.float_sim import simulate
from tinysnn.graph import Graph
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import load_options
from tinysnn.pack import Bits, Pack
from tinysnn.paths import models_dir
from tinysnn.quantise import PackOptions, quantise

ENDS: dict[str, Bits] = {"hidden1": 8, "readout": 8}
CLIPS = 240
CLIPS_IN_FLOAT = 120
Rasters = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Model:
    """One of the networks, and what its card promises."""

    name: str
    hidden_bits: Bits
    weight_bytes: int
    lowest: float
    """Below what the card says, by more than the chance of so few clips."""

    @property
    def folder(self) -> Path:
        return models_dir() / self.name

    def graph(self) -> Graph:
        return _graph(self)

    def pack(self) -> Pack:
        return _pack(self)


MODELS = (Model("keyword", 4, 70_000, 0.87), Model("keyword-small", 2, 35_000, 0.85))


@lru_cache
def _graph(model: Model) -> Graph:
    stem = model.folder / model.name
    return lower(load_network(stem.with_suffix(".nir")), load_options(stem.with_suffix(".toml")))


@lru_cache
def _pack(model: Model) -> Pack:
    return pack_file.load(model.folder / f"{model.name}.tsnn")


@pytest.fixture(params=MODELS, ids=lambda model: model.name)
def model(request: pytest.FixtureRequest) -> Model:
    found: Model = request.param
    return found


@pytest.fixture(scope="module")
def spoken() -> KeywordClips:
    return keyword_clips("testing", data_dir(), CLIPS)


@pytest.fixture(scope="module")
def heard(spoken: KeywordClips) -> Rasters:
    return events(spoken)


def events(spoken: KeywordClips) -> Rasters:
    return np.stack([encode_clip(clip) for clip in spoken.clips])


def test_it_fits_the_front_end(model: Model) -> None:
    graph = model.graph()
    assert graph.n_in == INPUTS
    assert graph.front_end == EAR
    assert graph.input_scale == INPUT_SCALE
    assert graph.dt_s == TICK_S
    assert graph.layers[graph.output].n == len(KEYWORDS)
    assert not graph.layers[graph.output].fires
    assert model.pack().meta.front_end == EAR


def test_decays_are_exact_in_the_integer_update(model: Model) -> None:
    for layer in model.graph().layers:
        steps = layer.beta * 65536
        assert (steps == np.rint(steps)).all()


def test_weights_are_as_narrow_as_the_card_says(model: Model) -> None:
    layers = {layer.spec.name: layer for layer in model.pack().layers}
    assert {name: layer.spec.bits for name, layer in layers.items()} == {
        **ENDS,
        "hidden2": model.hidden_bits,
    }
    assert sum(x.n_weights * x.spec.bits // 8 for x in layers.values()) <= model.weight_bytes


def test_weights_trained_on_a_grid_are_packed_without_loss() -> None:
    model = MODELS[1]
    options = PackOptions(bits=model.hidden_bits, layer_bits=ENDS)
    fresh = quantise(model.graph(), options).layers[1]

    assert fresh.spec.report.weight_snr_db is None
    assert np.array_equal(fresh.rows, model.pack().layers[1].rows)
    assert sorted(np.unique(fresh.rows)) == [-2, -1, 0, 1]


def test_classes_are_in_one_unit(model: Model) -> None:
    pack = model.pack()

    assert len(set(pack.layers[pack.meta.output].scale.tolist())) == 1


def test_silence_is_sparse(model: Model) -> None:
    nothing = encode_clip(np.zeros(16_000, np.int16))
    spikes = simulate(model.graph(), nothing).spikes

    assert not nothing.any()
    assert sum(float(s.mean()) for s in spikes if s is not None) < 0.2


def test_bundled_clips_run(model: Model, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TINYSNN_DATA", raising=False)
    monkeypatch.setenv("TINYSNN_CACHE", str(tmp_path))
    found = keyword_clips()
    classes = batch.simulate(model.pack(), events(found)).output.sum(axis=1).argmax(axis=1)

    assert (classes == found.labels).mean() > 0.6  # chance is 1/12


@pytest.mark.data
def test_float_accuracy_on_the_testing_split(
    model: Model, spoken: KeywordClips, heard: Rasters
) -> None:
    output = simulate(model.graph(), heard[:CLIPS_IN_FLOAT]).output

    right = output.sum(axis=1).argmax(axis=1) == spoken.labels[:CLIPS_IN_FLOAT]
    assert right.mean() >= model.lowest


@pytest.mark.data
def test_integer_accuracy_on_the_testing_split(
    model: Model, spoken: KeywordClips, heard: Rasters
) -> None:
    classes = batch.simulate(model.pack(), heard).output.sum(axis=1).argmax(axis=1)

    assert (classes == spoken.labels).mean() >= model.lowest
