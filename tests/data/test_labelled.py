"""Data sets as input of a network: FSDD and N-MNIST, and folders that are damaged or hostile."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tinysnn.data import nmnist
from tinysnn.data.fsdd import doubled
from tinysnn.data.labelled import READERS, read_labelled
from tinysnn.errors import OptionError, StimulusError

COLUMNS = ("digit", "flac", "offset", "n_samples", "speaker", "split")
ROWS = [
    ("3", "ann.flac", "0", "3000", "ann", "testing"),
    ("4", "ann.flac", "3000", "9000", "ann", "training"),
]


@pytest.fixture(autouse=True)
def nothing_else_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TINYSNN_DATA", raising=False)
    monkeypatch.setenv("TINYSNN_CACHE", str(tmp_path / "cache"))


def fsdd(top: Path, *rows: tuple[str, ...]) -> Path:
    folder = top / "kws" / "fsdd"
    folder.mkdir(parents=True)
    tone = (8000 * np.sin(np.arange(12_000) * 0.3)).astype(np.int16)
    soundfile.write(folder / "ann.flac", tone, 8000)
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return top


def test_digits_are_encoded(tmp_path: Path) -> None:
    found = read_labelled("fsdd", "testing", fsdd(tmp_path, *ROWS))

    (clip,) = found.stimuli
    assert clip.label == 3
    assert clip.raster.shape == (50, 128)
    assert clip.raster.dtype == np.dtype(np.int8)
    sounding = np.flatnonzero(clip.raster.any(axis=1))
    assert sounding[0] <= 1  # 3000 samples at 8 kHz are 19 ticks of 20 ms
    assert 17 <= sounding[-1] <= 23  # three ticks more see it as context
    assert found.classes == tuple("0123456789")


def test_doubling_keeps_the_samples_and_the_range() -> None:
    samples = np.array([0, 10, -32768, 32767], np.int16)
    assert doubled(samples).tolist() == [0, 5, 10, -16379, -32768, -1, 32767, 32767]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (("3", "../ann.flac", "0", "10", "a", "testing"), "not a .flac file of this folder"),
        (("3", "/etc/passwd", "0", "10", "a", "testing"), "not a .flac file of this folder"),
        (("11", "ann.flac", "0", "10", "a", "testing"), "digit"),
        (("3", "ann.flac", "-1", "10", "a", "testing"), "offset"),
        (("3", "ann.flac", "11990", "11", "a", "testing"), "ends before"),
        (("3", "ann.flac", "0", "9" * 11, "a", "testing"), "n_samples"),
        (("3", "ann.flac", "0", "10", "a", "other"), "split"),
        (("3", "bob.flac", "0", "10", "a", "testing"), "bob.flac"),
        (("3", "ann.flac", "0", "10", "a", "training"), "no recordings of the split"),
    ],
)
def test_hostile_digits(tmp_path: Path, row: tuple[str, ...], says: str) -> None:
    with pytest.raises(StimulusError, match=says):
        read_labelled("fsdd", "testing", fsdd(tmp_path, row))


def events(top: Path, **changes: object) -> Path:
    folder = top / "events" / "nmnist"
    folder.mkdir(parents=True)
    arrays = {
        "addr": np.array([5, 5, 2311, 7, 9], np.uint16),
        "dt_us": np.array([0, 900, 200, 60_000, 999], np.uint16),
        "offset": np.array([0, 3, 5], np.int64),
        "label": np.array([8, 1], np.uint8),
        "sample_id": np.array([701, 2], np.int32),
    }
    np.savez(folder / "nmnist_small.npz", **{**arrays, **changes})  # type: ignore[arg-type]
    with (folder / "index.csv").open("w", newline="") as file:
        rows = [("sample_id", "label", "split"), ("701", "8", "testing"), ("2", "1", "training")]
        csv.writer(file).writerows(rows)
    return top


def test_camera_events_are_spikes(tmp_path: Path) -> None:
    (clip,) = read_labelled("nmnist", "testing", events(tmp_path)).stimuli

    assert clip.label == 8
    assert clip.raster.shape == (nmnist.TICKS, nmnist.INPUTS)
    assert [list(spike) for spike in np.argwhere(clip.raster)] == [[0, 5], [1, 2311]]


@pytest.mark.parametrize(
    "changes",
    [
        {"addr": np.array([5, 5, 2312, 7, 9], np.uint16)},
        {"offset": np.array([0, 3, 6])},
        {"offset": np.array([0, 3])},
        {"offset": np.array([3, 0, 5])},
        {"label": np.array([8, 10], np.uint8)},
        {"dt_us": np.array([0.5] * 5)},
        {"addr": np.array([None] * 5)},
        {"sample_id": np.array([[701], [2]])},
    ],
)
def test_hostile_camera(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(StimulusError, match=r"nmnist_small\.npz"):
        read_labelled("nmnist", "testing", events(tmp_path, **changes))


@pytest.mark.parametrize("dataset", ["fsdd", "nmnist"])
def test_what_is_not_here_says_how_to_get_it(dataset: str, tmp_path: Path) -> None:
    with pytest.raises(StimulusError, match=f"tinysnn data get {dataset}"):
        read_labelled(dataset, "testing")
    with pytest.raises(StimulusError, match="must hold"):
        read_labelled(dataset, "testing", tmp_path)


def test_unknown_names() -> None:
    with pytest.raises(OptionError, match="speech-commands"):
        read_labelled("imagenet", "testing")
    for dataset in READERS:
        with pytest.raises(StimulusError, match="split 'all'"):
            read_labelled(dataset, "all")


@pytest.mark.data
@pytest.mark.parametrize(("dataset", "clips"), [("fsdd", 250), ("nmnist", 100)])
def test_recordings(recordings: Path, dataset: str, clips: int) -> None:
    found = read_labelled(dataset, "testing", recordings)

    assert len(found.stimuli) == clips
    assert {stimulus.label for stimulus in found.stimuli} == set(range(10))
    assert all(stimulus.raster.any() for stimulus in found.stimuli)
