"""Evaluation: what is counted, kept when it is interrupted, and said when bits differ."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from tests.evaluate.made import ByReference, clips_of, made
from tests.map_packs import random_map_pack
from tests.random_packs import random_pack, random_raster
from tinysnn.errors import DeviceError, OptionError, StimulusError
from tinysnn.evaluate import pool
from tinysnn.evaluate.evaluate import EvaluateOptions, evaluate
from tinysnn.evaluate.fan_out import fan_out
from tinysnn.evaluate.operations import work
from tinysnn.evaluate.partial import partial_path
from tinysnn.evaluate.result import load_evaluation, wilson
from tinysnn.ops.scatter import accumulate
from tinysnn.reference import Simulation
from tinysnn.reference import run as run_reference
from tinysnn.stimulus import Stimulus


@pytest.fixture
def device(monkeypatch):
    """Puts a `ByReference` in the place of every device."""

    def use(pack, **how):
        monkeypatch.setattr(pool.Target, "open", lambda *_: ByReference(pack, **how))

    return use


@pytest.mark.parametrize("graded", [False, True])
@pytest.mark.parametrize("seed", range(8))
def test_fan_out_of_kernels_is_what_the_reference_adds(seed, graded):
    pack = random_map_pack(seed, graded=graded)
    rng = np.random.default_rng(seed)
    checked = 0
    for layer, parts, every in zip(
        pack.layers, fan_out(pack), fan_out(pack, zeros=True), strict=True
    ):
        for source, kernel, fan, most in zip(
            layer.spec.sources, layer.kernels, parts, every, strict=True
        ):
            used, one = (kernel != 0).astype(np.int8), np.ones(1, np.int64)
            for unit in rng.choice(source.n, min(source.n, 12), replace=False):
                index = np.array([unit])
                met = accumulate(source.map, used, index, one, layer.n).sum()
                assert fan[unit] == met
                met = accumulate(source.map, np.ones_like(used), index, one, layer.n).sum()
                assert most[unit] == met
                checked += 1
    assert checked


@pytest.mark.parametrize("seed", range(12))
def test_operations_are_those_of_a_count_by_hand(seed):
    pack = random_pack(seed)
    stimulus = Stimulus(random_raster(pack, seed, 20))
    states = run_reference(pack, stimulus, keep_states=True).states
    expected = {"acs": 0, "macs": 0}
    simulation = Simulation(pack)
    spikes = [0] * len(pack.layers)
    for inputs in stimulus.raster:
        before = [state.fired for state in simulation.layers]
        simulation.tick(inputs)
        for k, layer in enumerate(pack.layers):
            first = 0
            for source in layer.spec.sources:
                if source.layer is None:
                    active, kind = inputs != 0, "macs" if pack.graded_input else "acs"
                else:
                    now = simulation.layers[source.layer].fired
                    active, kind = (before[source.layer] if source.delay_ticks else now), "acs"
                for row in np.flatnonzero(active):
                    expected[kind] += sum(int(w) != 0 for w in layer.rows[first + row])
                first += source.n
            spikes[k] += int(simulation.layers[k].fired.sum())

    found = work(pack, stimulus, states, fan_out(pack))

    assert (found.effective_acs, found.effective_macs) == (expected["acs"], expected["macs"])
    assert list(found.spikes) == spikes


def test_figures(device):
    device(made())
    found = evaluate(made(), clips_of([0, 1, 2, 2], [0, 1, 1, 2]), EvaluateOptions(jobs=1))

    assert found.accuracy == 0.75
    assert found.confusion == ((1, 0, 0), (0, 1, 0), (0, 1, 1))
    assert found.counts_per_clip == 60
    assert found.instructions_per_tick == 10
    assert (found.mismatches, found.first_divergence) == (0, None)
    bench = found.neurobench
    assert bench.connection_sparsity == pytest.approx(2 / 3)
    assert bench.activation_sparsity == pytest.approx(1 - 5 / 18)
    operations = msgspec.to_builtins(bench.synaptic_operations)
    assert operations == {"Effective_MACs": 0, "Effective_ACs": 10, "Dense": 18 * 6}
    assert found.layers[0].rate == pytest.approx(5 / 18)
    assert found.layers[1].rate is None


def test_interval_is_that_of_the_textbook():
    # Newcombe 1998, table I: 81 of 263
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)


def test_a_difference_is_counted_and_placed(device):
    device(made(), wrong=("clip 2",))
    found = evaluate(made(), clips_of([0] * 4, [0] * 4), EvaluateOptions(jobs=1))

    assert (found.mismatches, found.first_divergence) == (1, 2)
    place = found.clips[2].divergence
    assert place is not None
    assert (place.tick, place.field, place.neuron) == (3, "output", 1)


def test_what_was_interrupted_goes_on(device, tmp_path):
    pack, clips = made(), clips_of([0, 1, 2] * 7, [0, 1, 2] * 7)
    result = tmp_path / "out.json"
    options = EvaluateOptions(jobs=1, result=result)
    device(pack, dies_at=pool.CHUNK + 3)
    with pytest.raises(DeviceError):
        evaluate(pack, clips, options)
    part = partial_path(result)
    with part.open("ab") as file:
        file.write(b'{"clips":[{"cl')  # as a crash leaves it

    with pytest.raises(OptionError, match="--resume"):
        evaluate(pack, clips, options)
    other = clips_of([0, 1, 2] * 7, [0, 1, 1] * 7)
    with pytest.raises(OptionError, match="another evaluation"):
        evaluate(pack, other, replace(options, resume=True))

    left = len(clips.stimuli) - pool.CHUNK
    device(pack, dies_at=left)  # fewer would not do, and no clip runs twice
    resumed = evaluate(pack, clips, replace(options, resume=True))
    device(pack)
    assert resumed == evaluate(pack, clips, EvaluateOptions(jobs=1))


def test_what_failed_at_once_is_no_obstacle(device, tmp_path):
    result = tmp_path / "out.json"
    options = EvaluateOptions(jobs=1, result=result)
    device(made(), dies_at=0)
    with pytest.raises(DeviceError):
        evaluate(made(), clips_of([0], [0]), options)
    assert partial_path(result).read_bytes().count(b"\n") == 1
    device(made())
    assert evaluate(made(), clips_of([1], [1]), options).accuracy == 1


@pytest.mark.parametrize("text", ["nonsense\n", '{"format":1}\n', "\n"])
def test_partial_file_that_is_none(device, tmp_path, text):
    device(made())
    result = tmp_path / "out.json"
    partial_path(result).write_text(text)
    with pytest.raises(OptionError, match="damaged"):
        evaluate(made(), clips_of([0], [0]), EvaluateOptions(jobs=1, result=result, resume=True))


def test_clips_of_another_network(device):
    device(made())
    clips = clips_of([0], [0])
    with pytest.raises(StimulusError, match="2 classes"):
        evaluate(made(), replace(clips, classes=("a", "b")), EvaluateOptions(jobs=1))
    with pytest.raises(StimulusError, match="no clips"):
        evaluate(made(), replace(clips, stimuli=()), EvaluateOptions(jobs=1))


@pytest.mark.parametrize(
    "change",
    [
        {"format": 9},
        {"classes": ["a"]},
        {"clips": []},
        {"first_divergence": 77},
        {"nonsense": 1},
        {"accuracy": "high"},
    ],
)
def test_damaged_results_are_refused(device, tmp_path, change):
    device(made())
    found = evaluate(made(), clips_of([0], [0]), EvaluateOptions(jobs=1))
    path = tmp_path / "out.json"
    path.write_text(json.dumps({**msgspec.to_builtins(found), **change}))
    with pytest.raises(StimulusError, match=r"out\.json"):
        load_evaluation(path)
