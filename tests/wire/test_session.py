"""The session against a device in Python, on good lines and on bad ones."""

from __future__ import annotations

import random
import time
import zlib
from dataclasses import replace

import numpy as np
import pytest

from tests.wire.fake_device import FakeDevice, Quirks
from tests.wire.models import METER, SLOTS, TINY, clip, golden, same
from tinysnn.errors import DeviceError, StimulusError
from tinysnn.link_faults import Faults, FaultyLink
from tinysnn.session import Session
from tinysnn.session_checks import Timing
from tinysnn.stimulus import Stimulus

FAST = Timing(answer_s=0.05, quiet_s=0.005, hello_s=0.005, hello_slow_s=0.01, tries=40)


@pytest.mark.parametrize("slot", [0, 1])
def test_clip_over_a_good_line(slot):
    stimulus = clip(slot, 100)
    trace = golden(slot, stimulus)

    model = {0: _run_tiny, 1: _run_meter}[slot](stimulus.raster)
    assert np.array_equal(trace.output, model)
    assert trace.hashes.shape == (101,)
    assert np.array_equal(trace.counts, np.count_nonzero(stimulus.raster, axis=1))


def _run_tiny(raster):
    v, rows = np.array([1, -2, 3, -4, 5]), []
    for row in raster:
        np.add.at(v, np.flatnonzero(row) % 5, np.flatnonzero(row) + 1)
        rows.append(v >= 8)
        v = v - 8 * rows[-1]
    return np.array(rows, np.int32)


def _run_meter(raster):
    sums = np.cumsum(raster.astype(np.int64), axis=0)
    return np.stack([sums.sum(1), sums @ np.arange(1, 4)], axis=1)


@pytest.mark.parametrize("slot", [0, 1])
def test_states_agree_with_the_hashes(slot):
    trace = golden(slot, clip(slot, 20), keep_states=True)
    hashes, crc = [], 0
    for state in trace.states:
        crc = zlib.crc32(state.tobytes(), crc)
        hashes.append(crc)

    assert hashes == trace.hashes.tolist()
    assert same(golden(slot, clip(slot, 20)), _without_states(trace))


def _without_states(trace):
    return replace(trace, states=None)


def test_empty_clip_is_a_reset():
    trace = golden(0, Stimulus(np.zeros((0, 6), np.int8)))
    assert trace.output.shape == (0, 5)
    assert trace.hashes.shape == (1,)


def test_sessions_follow_each_other_on_one_device():
    device = FakeDevice()
    for slot in (0, 1, 0):
        session = Session(device, SLOTS[slot], slot)
        for seed in range(3):
            got = session.run_clip(clip(slot, 30, seed))
            assert same(got, golden(slot, clip(slot, 30, seed)))
        assert session.stats.sessions == 1
        assert session.stats.resent == 0


def test_first_bytes_lost_before_the_uart_is_on():
    session = Session(FakeDevice(Quirks(deaf_bytes=50)), TINY, timing=FAST)
    assert same(session.run_clip(clip(0, 10)), golden(0, clip(0, 10)))


@pytest.mark.parametrize("when", [(2,), (3,), (5,), (3, 7, 10)])
@pytest.mark.parametrize("keep_states", [False, True])
def test_device_that_restarts_is_greeted_again_and_the_clip_replayed(when, keep_states):
    stimulus = clip(0, 90)
    session = Session(FakeDevice(Quirks(restarts=when)), TINY, timing=FAST)
    trace = session.run_clip(stimulus, keep_states=keep_states)

    assert same(trace, golden(0, stimulus, keep_states=keep_states))
    assert session.stats.replays == len(when)


def test_device_that_always_restarts_is_given_up():
    session = Session(FakeDevice(Quirks(restarts=tuple(range(2, 999, 3)))), TINY, timing=FAST)
    with pytest.raises(DeviceError, match="restarted 5 times during one clip"):
        session.run_clip(clip(0, 90))


FAULTS = {
    "drop": Faults(drop=0.12),
    "repeat": Faults(repeat=0.12),
    "flip": Faults(flip=0.12),
    "split": Faults(split=0.7),
    "stall": Faults(stall=0.06),
    "all": Faults(drop=0.03, repeat=0.03, flip=0.03, split=0.3, stall=0.02),
}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("slot", [0, 1])
def test_bad_line_never_gives_wrong_data(kind, slot):
    injected, clean = 0, 0
    stimulus = clip(slot, 40, seed=5)
    want = golden(slot, stimulus)
    for seed in range(60):
        device = FakeDevice()
        link = FaultyLink(device, replace(FAULTS[kind], seed=seed))
        session = Session(link, SLOTS[slot], slot, FAST, entropy=random.Random(seed))
        try:
            got = session.run_clip(stimulus)
        except DeviceError as error:
            if not error.fix:
                raise
            continue
        assert same(got, want), f"wrong data with seed {seed}"
        injected += sum(link.injected.values())
        clean += 1

    assert injected > 60
    assert clean >= 57, f"only {clean} of 60 sessions survived"


@pytest.mark.parametrize("seed", range(12))
def test_faults_and_restarts_together_with_states(seed):
    stimulus = clip(0, 12, seed)
    device = FakeDevice(Quirks(restarts=(4 + seed, 30)))
    link = FaultyLink(device, replace(FAULTS["all"], seed=seed))
    session = Session(link, TINY, 0, FAST, entropy=random.Random(seed))

    assert same(session.run_clip(stimulus, keep_states=True), golden(0, stimulus, keep_states=True))


def test_no_tick_is_run_twice_by_repetitions():
    device = FakeDevice()
    link = FaultyLink(device, Faults(seed=3, repeat=0.15, drop=0.05))
    Session(link, TINY, timing=FAST).run_clip(clip(0, 40))
    assert device.executed == 40


def test_same_seed_same_faults():
    def run():
        link = FaultyLink(FakeDevice(), replace(FAULTS["all"], seed=11))
        Session(link, TINY, 0, FAST, entropy=random.Random(1)).run_clip(clip(0, 40))
        return dict(link.injected)

    assert run() == run()


@pytest.mark.parametrize("after", [0, 10, 100, 400])
def test_disconnect_ends_in_plain_words(after):
    link = FaultyLink(FakeDevice(), Faults(disconnect_after=after))
    with pytest.raises(DeviceError, match="connection ended"):
        Session(link, TINY, timing=FAST).run_clip(clip(0, 200))
    assert link.injected["disconnect"] == 1


def test_port_that_does_not_answer():
    started = time.monotonic()
    with pytest.raises(DeviceError, match=r"no answer.*baud rate"):
        Session(FakeDevice(Quirks(mute=True)), TINY, where="COM7").connect()
    assert time.monotonic() - started < 20


class _Chatter(FakeDevice):
    """Something else on the port: prints text."""

    def read(self, timeout_s: float) -> bytes:
        return b"booting\r\n\0ok\0"


def test_port_with_something_else_on_it():
    with pytest.raises(DeviceError, match="not with tinysnn frames"):
        Session(_Chatter(), TINY, timing=FAST).connect()


def test_other_model():
    other = Quirks(digest=b"\xab" * 32)
    with pytest.raises(DeviceError) as caught:
        Session(FakeDevice(other), TINY).connect()
    text = str(caught.value)
    assert "abababababab" in text
    assert "000102030405" in text
    assert "'tiny'" in text
    assert "flash it again" in text


def test_wrong_slot_says_how_many_there_are():
    with pytest.raises(DeviceError, match="no model slot 7, the device has 2"):
        Session(FakeDevice(), TINY, slot=7).connect()


def test_other_wire_version_announced_by_the_device():
    with pytest.raises(DeviceError, match="wire version 2, this tinysnn version 1"):
        Session(FakeDevice(Quirks(wire=2)), TINY).connect()


def test_other_wire_version_refused_by_the_device(monkeypatch):
    monkeypatch.setattr("tinysnn.wire.WIRE_VERSION", 3)
    with pytest.raises(DeviceError, match="wire version 1, this tinysnn version 3"):
        Session(FakeDevice(), TINY).connect()


def test_model_that_refuses_its_input():
    raster = np.array([[1, 0, 0], [-128, 0, 0]], np.int8)
    with pytest.raises(DeviceError, match="refused TICKS with MODEL"):
        Session(FakeDevice(), METER, slot=1).run_clip(Stimulus(raster))


@pytest.mark.parametrize(
    ("raster", "words"),
    [(np.zeros((3, 7)), "takes"), (np.zeros(6), "takes"), (np.full((2, 6), 2), "other than 0")],
)
def test_stimulus_that_does_not_fit(raster, words):
    with pytest.raises(StimulusError, match=words):
        Session(FakeDevice(), TINY).run_clip(Stimulus(raster.astype(np.int8)))


def test_batches_fill_small_frames():
    stimulus = Stimulus(np.ones((50, 6), np.int8))
    device = FakeDevice(Quirks(max_payload=256))
    trace = Session(device, TINY).run_clip(stimulus)

    assert np.array_equal(trace.output, _run_tiny(stimulus.raster))
    assert device.requests < 10
