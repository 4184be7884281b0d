"""Which recordings are used, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tinysnn.data import keyword_clips
from tinysnn.data.keyword import BUNDLED, in_turn
from tinysnn.data.labels import KEYWORDS, split_of
from tinysnn.errors import StimulusError, TinysnnError, ToolMissing
from tinysnn.paths import models_dir

COLUMNS = ("label", "flac", "clip", "split")
ROW = ("yes", "yes.flac", "0", "testing")


@pytest.fixture(autouse=True)
def nothing_else_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("TINYSNN_DATA", raising=False)
    monkeypatch.setenv("TINYSNN_CACHE", str(tmp_path / "cache"))


def make_folder(
    top: Path, *rows: tuple[str, ...], samples: int = 32_000, rate: int = 16_000
) -> Path:
    """A data folder with one file, yes.flac, and the given index."""
    folder = top / "kws" / "speech_commands"
    folder.mkdir(parents=True)
    sound = (np.arange(samples) % 100).astype(np.int16)
    soundfile.write(folder / "yes.flac", sound, rate)
    with (folder / "index.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return top


def test_bundled_clips_have_all_twelve_classes() -> None:
    found = keyword_clips()

    assert found.clips.shape == (len(found.labels), 16_000)
    assert found.clips.dtype == np.int16
    assert sorted(set(found.labels.tolist())) == list(range(len(KEYWORDS)))
    assert "bundled" in found.source


def test_bundled_clips_are_small_and_say_how_they_were_made() -> None:
    assert sum(f.stat().st_size for f in BUNDLED.iterdir()) < 600_000
    assert "make_bundled_clips.py" in (BUNDLED / "README.md").read_text()


def test_bundled_speech_is_not_silent_and_silence_has_no_speech() -> None:
    found = keyword_clips()
    loudest = np.abs(found.clips.astype(int)).max(axis=1)
    silent = found.labels == KEYWORDS.index("_silence_")

    assert loudest[~silent].min() > 5000
    assert loudest[silent].max() < 1000


def test_a_named_folder_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = make_folder(tmp_path / "named", ROW)
    other = make_folder(tmp_path / "other", ROW, ROW)
    monkeypatch.setenv("TINYSNN_DATA", str(other))

    assert len(keyword_clips(data_dir=named).clips) == 1
    assert len(keyword_clips().clips) == 2
    assert str(other) in keyword_clips().source


def test_a_named_folder_without_recordings_is_an_error_not_another_source(tmp_path: Path) -> None:
    with pytest.raises(StimulusError, match=r"must hold kws/speech_commands/index\.csv"):
        keyword_clips(data_dir=tmp_path)


def test_limit_takes_the_classes_in_turn() -> None:
    found = keyword_clips(limit=13)

    assert found.labels.tolist() == [*range(12), 0]
    assert in_turn([0, 0, 0, 1], 3) == [0, 3, 1]
    assert in_turn([1, 0], None) == [0, 1]


@pytest.mark.parametrize(
    ("split", "limit", "message"),
    [("holdout", None, "unknown split"), ("testing", 0, "limit"), ("training", None, "no clips")],
)
def test_what_cannot_be_given_is_said(split: str, limit: int | None, message: str) -> None:
    with pytest.raises(StimulusError, match=message):
        keyword_clips(split, limit=limit)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("yes", "../yes.flac", "0", "testing"), "not a .flac file of this folder"),
        (("yes", "/etc/passwd", "0", "testing"), "not a .flac file of this folder"),
        (("yes", "..\\yes.flac", "0", "testing"), "not a .flac file of this folder"),
        (("yes", "", "0", "testing"), "not a .flac file of this folder"),
        (("yes", "no.flac", "0", "testing"), "cannot be read as audio"),
        (("yes", "yes.flac", "2", "testing"), "asks for clip 2, the file has 2"),
        (("yes", "yes.flac", "-1", "testing"), "not a number"),
        (("yes", "yes.flac", "9" * 30, "testing"), "not a number"),
        (("yes", "yes.flac", "٣", "testing"), "not a number"),
        (("nonsense", "yes.flac", "0", "testing"), "unknown label"),
        (("yes", "yes.flac", "0", "elsewhere"), "unknown split"),
        (("yes",), "unknown split"),
    ],
)
def test_hostile_index_is_refused(tmp_path: Path, row: tuple[str, ...], message: str) -> None:
    with pytest.raises(StimulusError, match=message):
        keyword_clips(data_dir=make_folder(tmp_path, row))


@pytest.mark.parametrize(
    ("samples", "rate", "message"),
    [
        (16_001, 16_000, "not a multiple"),
        (0, 16_000, "cannot be read as audio"),
        (16_000, 8_000, "8000 Hz"),
    ],
)
def test_wrong_sizes_and_rates_are_refused(
    tmp_path: Path, samples: int, rate: int, message: str
) -> None:
    with pytest.raises(StimulusError, match=message):
        keyword_clips(data_dir=make_folder(tmp_path, ROW, samples=samples, rate=rate))


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    top = make_folder(tmp_path, ROW)
    flac = top / "kws" / "speech_commands" / "yes.flac"
    whole = flac.read_bytes()
    for content in (b"", b"fLaC", whole[: len(whole) // 2]):
        flac.write_bytes(content)
        with pytest.raises(TinysnnError, match=r"yes\.flac"):
            keyword_clips(data_dir=top)


@pytest.mark.parametrize("content", [b"", b"label,flac\n", b"\xff\xfe\x00", b'label,"\n\0'])
def test_damaged_index_is_refused(tmp_path: Path, content: bytes) -> None:
    top = make_folder(tmp_path, ROW)
    (top / "kws" / "speech_commands" / "index.csv").write_bytes(content)
    with pytest.raises(StimulusError, match=r"index\.csv"):
        keyword_clips(data_dir=top)


def test_without_soundfile_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "soundfile", None)
    with pytest.raises(ToolMissing, match="pip install soundfile"):
        keyword_clips()


@pytest.mark.data
def test_split_rule_is_that_of_the_recordings(recordings: Path) -> None:
    with (recordings / "kws" / "speech_commands" / "index.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            owner = row["speaker"] or Path(row["origin_file"]).name
            assert split_of(owner) == row["split"]


def test_class_order_is_in_the_model_card() -> None:
    assert " ".join(KEYWORDS) in (models_dir() / "keyword" / "keyword.toml").read_text()
