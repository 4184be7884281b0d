"""The committed keyword network: it loads, lowers, packs and knows the words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.tools import data_dir
from tinysnn.data import KeywordClips, keyword_clips
from tinysnn.data.labels import KEYWORDS
from tinysnn.encode.keyword import EAR, INPUT_SCALE, INPUTS, TICK_S, encode_clip
from tinysnn.float_sim import simulate
from tinysnn.graph import Graph
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import load_options
from tinysnn.paths import models_dir
from tinysnn.quantise import PackOptions, quantise
from tinysnn.reference import run
from tinysnn.stimulus import Stimulus
from tinysnn.verify import predict

FLOAT_BOUND, INT8_BOUND = 0.86, 0.85
"""Below what the model card says, by more than the chance of 240 clips."""
CLIPS = 240


@pytest.fixture(scope="module")
def graph() -> Graph:
    folder = models_dir() / "keyword"
    network = load_network(folder / "keyword.nir")
    return lower(network, load_options(folder / "keyword.toml"))


@pytest.fixture(scope="module")
def spoken() -> KeywordClips:
    return keyword_clips("testing", data_dir(), CLIPS)


def events(spoken: KeywordClips) -> npt.NDArray[np.int8]:
    return np.stack([encode_clip(clip) for clip in spoken.clips])


def test_it_fits_the_front_end(graph: Graph) -> None:
    assert graph.n_in == INPUTS
    assert graph.front_end == EAR
    assert graph.input_scale == INPUT_SCALE
    assert graph.dt_s == TICK_S
    assert graph.layers[graph.output].n == len(KEYWORDS)
    assert not graph.layers[graph.output].fires


def test_decays_are_exact_in_the_integer_update(graph: Graph) -> None:
    for layer in graph.layers:
        steps = layer.beta * 65536
        assert (steps == np.rint(steps)).all()


def test_weights_fit_70_kb_with_4_bits_in_the_middle(graph: Graph) -> None:
    pack = quantise(graph, PackOptions(layer_bits={"hidden2": 4}))
    assert sum(layer.n_weights * layer.spec.bits // 8 for layer in pack.layers) <= 70_000


def test_classes_are_in_one_unit(graph: Graph) -> None:
    pack = quantise(graph)

    assert len(set(pack.layers[pack.meta.output].scale.tolist())) == 1


def test_silence_is_sparse(graph: Graph) -> None:
    nothing = encode_clip(np.zeros(16_000, np.int16))
    spikes = simulate(graph, nothing).spikes

    assert not nothing.any()
    assert sum(float(s.mean()) for s in spikes if s is not None) < 0.2


def test_bundled_clips_run(graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TINYSNN_DATA", raising=False)
    monkeypatch.setenv("TINYSNN_CACHE", str(tmp_path))
    found = keyword_clips()
    classes = simulate(graph, events(found)).output.sum(axis=1).argmax(axis=1)

    assert (classes == found.labels).mean() > 0.3  # chance is 1/12


@pytest.mark.data
def test_float_accuracy_on_the_testing_split(graph: Graph, spoken: KeywordClips) -> None:
    classes = simulate(graph, events(spoken)).output.sum(axis=1).argmax(axis=1)

    assert (classes == spoken.labels).mean() >= FLOAT_BOUND


@pytest.mark.data
def test_integer_accuracy_on_the_testing_split(graph: Graph, spoken: KeywordClips) -> None:
    pack = quantise(graph)
    classes = [predict(run(pack, Stimulus(raster)).output) for raster in events(spoken)]

    assert (np.array(classes) == spoken.labels).mean() >= INT8_BOUND
