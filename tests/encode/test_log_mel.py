"""The streaming audio front end: the same bytes everywhere, in numpy and in the generated C."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinysnn.encode import block_fft, keyword, log_mel
from tinysnn.errors import StimulusError
from tinysnn.front_end import LogMel

Samples = npt.NDArray[np.int16]
CHIRP_SHA256 = "a90aafa27b5422a9a061c1a73f352778a0e54eaeb6aa8af89869007ee1cf42f9"


def chirp() -> Samples:
    """100 Hz to 6 kHz in a second, swelling, in integers only (a triangle wave)."""
    n = np.arange(16_000, dtype=np.int64)
    phase = (n * 410 + n * n * 3 // 4) >> 3
    wave = np.abs((phase & 8191) - 4096) - 2048
    return np.asarray(wave * (n // 16) // 200, np.int16)


def test_chirp_gives_these_bytes_on_every_machine():
    events = keyword.encode_clip(chirp())

    assert events.shape == (keyword.TICKS, keyword.INPUTS)
    assert events.dtype == np.int8
    assert hashlib.sha256(events.tobytes()).hexdigest() == CHIRP_SHA256


def test_a_rising_tone_moves_up_the_bands():
    time = np.arange(16_000) / 16_000
    peaks = []
    for hz in (200, 500, 1000, 2000, 4000, 7000):
        tone = np.rint(8000 * np.sin(2 * np.pi * hz * time)).astype(np.int16)
        peaks.append(int(log_mel.levels(tone)[25].argmax()))

    assert peaks == sorted(set(peaks))


def test_transform_agrees_with_floating_point():
    rng = np.random.default_rng(3)
    data = np.rint(3000 * rng.standard_normal((20, 512))).clip(-16384, 16384).astype(np.int32)
    expected = np.abs(np.fft.rfft(data, axis=1)[:, :256] / 256)

    error = np.sqrt(block_fft.power(data)) - expected
    assert np.abs(error[:, 1:]).max() < 6
    assert np.sqrt((error[:, 1:] ** 2).mean()) < 1.5


def test_log_mel_agrees_with_floating_point():
    rng = np.random.default_rng(3)
    clip = np.rint(3000 * rng.standard_normal(16_000)).clip(-32768, 32767).astype(np.int16)
    emphasised = clip.astype(float)
    emphasised[1:] -= emphasised[:-1].copy() * 31 / 32
    frame = emphasised[320 * 20 - 192 : 320 * 21] * np.hanning(513)[:512]
    power = np.abs(np.fft.rfft(frame)) ** 2
    low, high = (1127 * np.log1p(f / 700) for f in (80, 7200))
    edges = np.linspace(low, high, 34)
    mel = 1127 * np.log1p(np.arange(257) * 31.25 / 700)
    shape = np.array([np.interp(mel, edges[k : k + 3], (0, 1, 0)) for k in range(32)])
    unit = 2.0 ** (7 - 5) / 256**2
    expected = np.log2(shape @ power * unit)

    assert np.abs(log_mel.levels(clip)[20] / 256 - expected).max() < 0.2


@pytest.mark.parametrize("amplitude", [32767, 32768])
@pytest.mark.parametrize("period", [1, 2, 50, 100_000])
def test_nothing_overflows(amplitude, period):
    """Square waves of full scale: 16-bit numbers in the transform, 32-bit sums."""
    n = np.arange(16_000)
    wave = np.where(n // period % 2, -amplitude, amplitude - (amplitude > 32767)).astype(np.int16)
    data, shift = log_mel._windows(log_mel._emphasised(wave))

    assert shift.min() >= -1
    assert np.abs(data).max() <= 1 << log_mel.DATA_BITS
    power = block_fft.power(data).astype(np.int64)
    assert (power[..., 1:].sum(axis=-1) < 1 << 29).all()
    assert (log_mel.levels(wave) < 1 << 13).all()


def test_events_do_not_depend_on_what_comes_later_than_the_lookahead():
    rng = np.random.default_rng(1)
    one, other = (rng.integers(-9000, 9000, 60 * log_mel.HOP).astype(np.int16) for _ in range(2))
    joined = np.concatenate((one[: 40 * log_mel.HOP], other[40 * log_mel.HOP :]))
    ear = LogMel()
    events = [log_mel.events(log_mel.levels(x), ear) for x in (one, joined)]

    same = 40 - ear.lookahead_ticks
    assert np.array_equal(events[0][:same], events[1][:same])
    assert not np.array_equal(events[0], events[1])


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_louder_speech_gives_nearly_the_same_events(seed, factor):
    rng = np.random.default_rng(seed)
    clip = (rng.standard_normal(16_000) * np.hanning(16_000) * 1000).astype(np.int16)
    soft, loud = (keyword.encode_clip(x).astype(int) for x in (clip, clip * np.int16(factor)))
    middle = slice(15, 35)

    assert soft[middle].any()
    assert np.abs(soft[middle] - loud[middle]).mean() < 2


def test_silence_gives_no_events():
    assert not keyword.encode_clip(np.zeros(16_000, np.int16)).any()


def test_context_repeats_the_bands_of_earlier_ticks():
    events = keyword.encode_clip(chirp()).reshape(keyword.TICKS, -1, log_mel.BANDS)

    for delay in range(1, keyword.EAR.context_ticks):
        assert np.array_equal(events[delay:, delay], events[:-delay, 0])
        assert not events[:delay, delay].any()


@pytest.mark.parametrize(
    "samples", [np.zeros(15_999, np.int16), np.zeros(16_000), np.zeros((2, 16_000), np.int16)]
)
def test_other_shapes_and_types_are_refused(samples):
    with pytest.raises(StimulusError, match="int16"):
        keyword.encode_clip(samples)
