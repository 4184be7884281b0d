"""A difference is found, placed and named; a flaky or wrong device is reported as such."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.random_packs import random_pack
from tests.run.clips import random_clip
from tinysnn.compare import Divergence, compare
from tinysnn.errors import MismatchError
from tinysnn.reference import run
from tinysnn.run.base import RunnerInfo
from tinysnn.state import state_layout
from tinysnn.stimulus import Stimulus
from tinysnn.verify import predict, verify

INFO = RunnerInfo("fake", "none", "none", "none", 0, "instructions")
SEEDS = range(12)


def _traces(seed, keep_states=True):
    pack = random_pack(seed)
    return pack, run(pack, random_clip(pack, seed), keep_states=keep_states)


@pytest.mark.parametrize("seed", SEEDS)
def test_same_traces_do_not_differ(seed):
    pack, trace = _traces(seed)
    assert compare(pack, trace, trace) is None
    assert compare(pack, trace, replace(trace, states=None)) is None


@pytest.mark.parametrize("seed", SEEDS)
def test_every_field_is_named(seed):
    pack, trace = _traces(seed)
    rng = np.random.default_rng(seed)
    for entry in state_layout(pack):
        tick, unit = int(rng.integers(-1, 39)), int(rng.integers(entry.count))
        width = int(entry.dtype[1])
        states = trace.states.copy()
        states[tick + 1, entry.offset + unit * width] ^= 1
        found = compare(pack, trace, replace(trace, states=states))

        assert found is not None
        assert found.tick == tick
        if entry.layer is None:
            assert (found.layer, found.field, found.neuron) == (None, "pad", None)
            continue
        kind = entry.name.split("_", 1)[1]
        assert (found.layer, found.field) == (pack.layers[entry.layer].name, kind)
        assert abs(found.expected - found.got) == 1
        if kind in ("v", "i"):
            raw = trace.states[tick + 1, entry.offset : entry.offset + entry.n_bytes]
            assert found.neuron == unit
            assert found.expected == raw.copy().view(f"<{entry.dtype}")[unit]


def test_spikes_are_named_by_neuron():
    for seed in range(40):
        pack, trace = _traces(seed)
        layout = [e for e in state_layout(pack) if e.name.endswith("spikes")]
        if not layout or not pack.output_layer.spec.fires or not trace.output.any():
            continue
        entry = next(e for e in layout if e.layer == pack.meta.output)
        tick, neuron = map(int, np.argwhere(trace.output)[0])
        states = trace.states.copy()
        raw = states[tick + 1, entry.offset : entry.offset + entry.n_bytes]
        raw[:] = 0  # as if none of the layer's neurons had fired
        found = compare(pack, trace, replace(trace, states=states))
        assert found == Divergence(tick, pack.output_layer.name, "spikes", neuron, 1, 0)
        return
    pytest.fail("no random pack spikes at its output")


def test_earliest_tick_wins_whatever_differs():
    pack, trace = _traces(3)
    output, hashes = trace.output.copy(), trace.hashes.copy()
    output[20, 0] += 1
    hashes[31] ^= 5
    found = compare(pack, trace, replace(trace, output=output, hashes=hashes, states=None))
    assert found == Divergence(
        20, pack.output_layer.name, "output", 0, int(trace.output[20, 0]), int(output[20, 0])
    )
    hashes[0] ^= 5
    found = compare(pack, trace, replace(trace, output=output, hashes=hashes, states=None))
    assert found is not None
    assert str(found).startswith("after reset: hash expected 0x")


def test_traces_of_other_clips_are_not_compared():
    pack, trace = _traces(0)
    with pytest.raises(MismatchError, match="cannot be compared"):
        compare(pack, trace, replace(trace, output=trace.output[:-1]))


class WrongRunner:
    """Does what the reference does, but for one membrane from a tick on, in one clip."""

    def __init__(self, pack, clip_name, *, flaky=False):
        self.pack, self.clip_name, self.flaky = pack, clip_name, flaky
        self.info = INFO

    def run(self, stimulus, keep_states=False):
        trace = run(self.pack, stimulus, keep_states=keep_states)
        counts = np.full(stimulus.n_ticks, 7, np.uint32)
        if stimulus.name != self.clip_name or (self.flaky and keep_states):
            return replace(trace, counts=counts)
        hashes = trace.hashes.copy()
        hashes[11:] ^= 1
        states = None
        if keep_states:
            entry = next(e for e in state_layout(self.pack) if e.name == "l0_v")
            states = trace.states.copy()
            states[11:, entry.offset] ^= 4
        return replace(trace, hashes=hashes, states=states, counts=counts)


def test_verify_names_layer_and_neuron():
    pack = random_pack(2)
    clips = [random_clip(pack, seed) for seed in range(4)]
    seen = []
    report = verify(pack, WrongRunner(pack, "seed 2"), clips, progress=lambda *at: seen.append(at))
    assert (report.mismatches, report.clips, report.ticks, report.ok) == (1, 4, 160, False)
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    found = report.first_divergence
    assert (found.clip, found.clip_name) == (2, "seed 2")
    assert (found.divergence.tick, found.divergence.layer) == (10, pack.layers[0].name)
    assert (found.divergence.field, found.divergence.neuron) == ("v", 0)
    assert "clip 2 (seed 2), tick 10, layer 'layer 0', neuron 0: v expected" in str(found)
    assert report.instructions_per_tick == 7


def test_verify_of_a_flaky_device_keeps_what_was_seen():
    pack = random_pack(2)
    report = verify(pack, WrongRunner(pack, "seed 0", flaky=True), [random_clip(pack, 0)])
    assert report.mismatches == 1
    assert report.first_divergence.divergence.field == "hash"


def test_report_of_a_good_run():
    pack = next(p for p in map(random_pack, range(40)) if p.output_layer.spec.fires)
    clips = [random_clip(pack, seed) for seed in range(3)]
    report = verify(pack, WrongRunner(pack, "none"), clips, keep_states=True)
    want = sum(run(pack, c).output.sum(axis=0) for c in clips)
    assert report.ok
    assert report.first_divergence is None
    assert report.output_spikes == tuple(want)
    assert len(report.predictions) == 3


def test_no_clips_is_an_empty_report():
    pack = random_pack(1)
    report = verify(pack, WrongRunner(pack, ""), [])
    assert (report.clips, report.ticks, report.instructions_per_tick) == (0, 0, None)
    empty = Stimulus(np.zeros((0, pack.meta.n_in), np.int8))
    assert verify(pack, WrongRunner(pack, "x"), [empty]).ticks == 0


def test_prediction():
    assert predict(np.array([[0, 1, 1], [0, 0, 1]], np.int32)) == 2
    assert predict(np.array([[-5, -2], [-5, -9]], np.int32)) == 0
    assert predict(np.zeros((4, 3), np.int32)) == 0
