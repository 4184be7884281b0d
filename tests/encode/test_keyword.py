"""The audio front end: same bytes everywhere, level normalised, silent in silence."""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinysnn.encode import fixed_fft, keyword
from tinysnn.errors import StimulusError

Samples = npt.NDArray[np.int16]
CHIRP_SHA256 = "3fbe18c5647d26dee46a35b4895b25e8340453ddac06ff0bddd41c4f7946679b"


def chirp() -> Samples:
    """100 Hz to 6 kHz in a second, swelling, in integers only (a triangle wave)."""
    n = np.arange(16_000, dtype=np.int64)
    phase = (n * 410 + n * n * 3 // 4) >> 3
    wave = np.abs((phase & 8191) - 4096) - 2048
    return np.asarray(wave * (n // 16) // 200, np.int16)


def test_chirp_gives_these_bytes_on_every_machine() -> None:
    events = keyword.encode_clip(chirp())

    assert events.shape == (keyword.TICKS, keyword.BANDS)
    assert events.dtype == np.int8
    assert hashlib.sha256(events.tobytes()).hexdigest() == CHIRP_SHA256


def test_a_rising_tone_moves_up_the_bands() -> None:
    time = np.arange(16_000) / 16_000
    peaks = []
    for hz in (200, 500, 1000, 2000, 4000, 7000):
        tone = np.rint(8000 * np.sin(2 * np.pi * hz * time)).astype(np.int16)
        peaks.append(int(keyword.log_mel(tone)[50].argmax()))

    assert peaks == sorted(set(peaks))


def test_log_mel_agrees_with_floating_point() -> None:
    rng = np.random.default_rng(3)
    clip = np.rint(3000 * rng.standard_normal(16_000)).clip(-32768, 32767).astype(np.int16)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)
    frame = clip[160 * 20 - 240 : 160 * 20 + 160] * window
    power = np.abs(np.fft.rfft(frame, 512)) ** 2
    low, high = (1127 * np.log1p(f / 700) for f in (80, 7200))
    edges = np.linspace(low, high, 34)
    mel = 1127 * np.log1p(np.arange(257) * 31.25 / 700)
    shape = [np.interp(mel, edges[k : k + 3], (0, 1, 0)) for k in range(32)]
    expected = np.log2(np.array(shape) @ power + 10_000)

    assert np.abs(keyword.log_mel(clip)[20] / 256 - expected).max() < 0.02


@pytest.mark.parametrize("gain", [2, 4, 8])
def test_level_does_not_matter(gain: int) -> None:
    rng = np.random.default_rng(2)
    swell = np.sin(np.pi * np.arange(16_000) / 16_000) ** 2
    quiet = np.rint(1000 * swell * rng.standard_normal(16_000)).clip(-4000, 4000).astype(np.int16)
    loud = (quiet * np.int16(gain)).astype(np.int16)
    soft, strong = (keyword.encode_clip(clip).astype(int) for clip in (quiet, loud))

    assert soft.mean() > 20
    assert np.abs(strong - soft).mean() < 0.5


def test_silence_gives_no_event() -> None:
    rng = np.random.default_rng(1)
    hiss = rng.integers(-2, 3, 16_000).astype(np.int16)

    assert not keyword.encode_clip(np.zeros(16_000, np.int16)).any()
    assert not keyword.encode_clip(hiss).any()


@pytest.mark.parametrize("value", [-32768, 32767])
def test_loudest_input_does_not_overflow(value: int) -> None:
    square = np.where(np.arange(16_000) // 8 % 2, value, -value - 1).astype(np.int16)
    for clip in (np.full(16_000, value, np.int16), square):
        logs = keyword.log_mel(clip)

        assert logs.min() >= 13 * 256
        assert logs.max() <= 48 * 256


@given(st.integers(0, 2**32 - 1), st.integers(1, 32767))
@settings(max_examples=20, deadline=None)
def test_events_are_in_range(seed: int, amplitude: int) -> None:
    rng = np.random.default_rng(seed)
    clip = rng.integers(-amplitude, amplitude + 1, 16_000).astype(np.int16)
    events = keyword.encode_clip(clip)

    assert events.min() >= 0


@pytest.mark.parametrize(
    "clip",
    [
        np.zeros(15_999, np.int16),
        np.zeros((16_000, 1), np.int16),
        np.zeros(16_000, np.float32),
        np.zeros(16_000, np.int32),
    ],
    ids=["short", "two axes", "float", "int32"],
)
def test_other_shapes_and_types_are_refused(clip: npt.NDArray[np.generic]) -> None:
    with pytest.raises(StimulusError, match="a clip must be int16"):
        keyword.encode_clip(clip)


def test_normalise_takes_batches() -> None:
    logs = np.stack([keyword.log_mel(chirp()), keyword.log_mel(chirp()[::-1].copy())])

    together = keyword.normalise(logs)

    assert (together[1] == keyword.normalise(logs[1])).all()


def test_pair_fft_is_a_fourier_transform() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.integers(-(2**18), 2**18, (2, 3, 400))
    power = fixed_fft.pair_power(first, second)
    for k, windows in enumerate((first, second)):
        exact = np.abs(np.fft.rfft(windows, 512)[:, :256]) ** 2
        assert np.abs(np.sqrt(power[:, k]) / np.sqrt(exact) - 1).max() < 2e-3


@pytest.mark.parametrize(
    "exact",
    [
        32768 * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(400) / 400)),
        32768 * np.cos(2 * np.pi * np.arange(256) / 512),
        256 * np.log2(1 + (np.arange(256) + 0.5) / 256),
    ],
    ids=["hann", "twiddles", "log"],
)
def test_tables_do_not_hang_on_the_last_bit_of_a_libm(exact: npt.NDArray[np.float64]) -> None:
    from_tie = np.abs(exact - np.floor(exact) - 0.5)

    assert from_tie.min() > 1e-6
