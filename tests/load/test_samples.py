"""Raw samples in a .npz file, for packs with a front end."""

from __future__ import annotations

import numpy as np
import pytest

from tests.encode.test_vibration import FAN, feeler
from tinysnn.encode import vibration
from tinysnn.errors import StimulusError
from tinysnn.load.stimuli import input_of

PACK = feeler(FAN, graded=True)


def test_samples_become_what_the_front_end_makes_of_them(tmp_path):
    samples = np.random.default_rng(1).integers(-900, 900, (2, 3 * FAN.hop, 3)).astype(np.int16)
    np.savez(tmp_path / "a.npz", samples=samples, labels=[1, 0])
    clips = input_of(PACK, tmp_path / "a.npz").stimuli

    assert [clip.label for clip in clips] == [1, 0]
    for clip, given in zip(clips, samples, strict=True):
        assert np.array_equal(clip.samples, given.ravel())
        assert np.array_equal(clip.raster, vibration.encode(given.ravel(), FAN))


def test_a_raster_still_is_one(tmp_path):
    np.savez(tmp_path / "a.npz", raster=np.ones((4, FAN.n_in), np.int8))

    assert input_of(PACK, tmp_path / "a.npz").stimuli[0].samples is None


@pytest.mark.parametrize(
    ("samples", "words"),
    [
        (np.zeros((2, 61), np.int16), "whole ticks"),
        (np.zeros((2, 60)), "int16"),
        (np.zeros((1, 20, 2), np.int16), "int16"),
        (np.zeros((0, 60), np.int16), "int16"),
        (np.array([{}], object), "plain arrays"),
    ],
)
def test_other_samples_are_refused(tmp_path, samples, words):
    np.savez(tmp_path / "a.npz", samples=samples)

    with pytest.raises(StimulusError, match=words):
        input_of(PACK, tmp_path / "a.npz")


def test_a_damaged_file_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", samples=np.zeros(600, np.int16))
    data = bytearray((tmp_path / "a.npz").read_bytes())
    data[60:90] = b"x" * 30
    (tmp_path / "a.npz").write_bytes(data)

    with pytest.raises(StimulusError):
        input_of(PACK, tmp_path / "a.npz")
