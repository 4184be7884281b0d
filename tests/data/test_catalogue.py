"""Fetching data sets: from a server of our own into the layout, and hostile archives."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import tarfile
import threading
import wave
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest

from tests.tools import require
from tinysnn.data import arrange_cwru, arrange_nmnist, catalogue
from tinysnn.data.arrange_cwru import Recording, as_counts
from tinysnn.data.download import RemoteFile
from tinysnn.data.labelled import read_labelled
from tinysnn.errors import StimulusError, ToolMissing

SOUND = (4000 * np.sin(np.arange(4000) * 0.5)).astype("<i2")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TINYSNN_DATA", raising=False)
    monkeypatch.setenv("TINYSNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder whose files are what the catalogue fetches."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as http:
        thread = threading.Thread(target=partial(http.serve_forever, poll_interval=0.05))
        thread.start()
        base = f"http://127.0.0.1:{http.server_port}"

        def files(_: str) -> tuple[RemoteFile, ...]:
            return tuple(
                RemoteFile(
                    f"{base}/{path.name}",
                    path.name,
                    f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
                )
                for path in sorted(folder.iterdir())
            )

        monkeypatch.setattr(catalogue, "files_of", files)
        yield folder
        http.shutdown()
        thread.join()


def wav(samples: np.ndarray[tuple[int, ...], np.dtype[np.int16]], rate: int = 8000) -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return out.getvalue()


def tar(path: Path, files: dict[str, bytes]) -> None:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("top/recordings/1_eve_0.wav")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)


def test_digits_from_their_archive(serve: Path, cache: Path) -> None:
    names = ("7_ann_0", "7_ann_9", "3_bob_4")
    files = {f"top/recordings/{name}.wav": wav(SOUND) for name in names}
    files["../../escape/recordings/9_mal_1.txt"] = b"no sound"
    files["top/readme.wav"] = wav(SOUND)
    tar(serve / "fsdd.tar.gz", files)
    found = catalogue.get(catalogue.find("fsdd"))

    assert found == cache / "kws" / "fsdd"
    assert sorted(p.name for p in found.iterdir()) == ["ann.flac", "bob.flac", "index.csv"]
    clips = read_labelled("fsdd", "testing")
    assert [clip.label for clip in clips.stimuli] == [7, 3]
    assert clips.stimuli[0].raster.any()
    np.testing.assert_array_equal(clips.stimuli[0].raster, clips.stimuli[1].raster)
    assert [clip.label for clip in read_labelled("fsdd", "training").stimuli] == [7]
    (serve / "fsdd.tar.gz").unlink()
    assert catalogue.get(catalogue.find("fsdd")) == found  # not fetched again


def nmnist_file(*events: tuple[int, int, int, int]) -> bytes:
    packed = [bytes([x, y, p << 7 | t >> 16 & 127, t >> 8 & 255, t & 255]) for x, y, p, t in events]
    return b"".join(packed)


def test_camera_from_its_archive(serve: Path) -> None:
    with zipfile.ZipFile(serve / "Test.zip", "w") as archive:
        archive.writestr("Test/4/00002.bin", nmnist_file((1, 2, 1, 1500), (33, 33, 0, 2500)))
        archive.writestr("Test/9/00001.bin", nmnist_file((0, 0, 0, 0)))
        archive.writestr("../Test/../../evil.bin", b"12345")
    catalogue.get(catalogue.find("nmnist"))

    nine, four = read_labelled("nmnist", "testing").stimuli
    assert (nine.label, four.label) == (9, 4)
    places = [(1, 1 + 34 * 2 + 1156), (2, 33 + 34 * 33)]
    assert [tuple(spike) for spike in np.argwhere(four.raster).tolist()] == places


@pytest.mark.parametrize("content", [b"\x22\x01\x00\x00\x00", b"1234"])
def test_hostile_camera_file_leaves_no_folder(serve: Path, cache: Path, content: bytes) -> None:
    with zipfile.ZipFile(serve / "Test.zip", "w") as archive:
        archive.writestr("Test/4/00002.bin", content)
    with pytest.raises(StimulusError, match=r"00002\.bin"):
        catalogue.get(catalogue.find("nmnist"))
    assert not (cache / "events" / "nmnist").exists()


def test_zip_that_would_grow_is_refused(serve: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrange_nmnist, "MAX_MEMBER_BYTES", 1 << 12)
    with zipfile.ZipFile(serve / "Test.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("Test/4/00002.bin", bytes(1 << 13))
    with pytest.raises(StimulusError, match="too large"):
        catalogue.get(catalogue.find("nmnist"))


@pytest.mark.parametrize("name", ["fsdd", "nmnist"])
@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nothing", b"\x1f\x8b nothing"])
def test_archives_that_are_none(serve: Path, cache: Path, name: str, content: bytes) -> None:
    (serve / "archive").write_bytes(content)
    with pytest.raises(StimulusError, match="readable archive"):
        catalogue.get(catalogue.find(name))
    assert not (cache / catalogue.find(name).place).exists()


def test_other_bytes_than_published(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = RemoteFile("http://127.0.0.1:9/nothing", "x", "md5:" + "0" * 32)
    monkeypatch.setattr(catalogue, "files_of", lambda _: (wrong,))
    with pytest.raises(ToolMissing, match="cannot be fetched"):
        catalogue.get(catalogue.find("nmnist"))
    assert not [path for path in cache.rglob("*") if path.is_file()]


def test_bearings_from_their_files(serve: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = importlib.util.find_spec("scipy") is not None
    require("scipy", here, "scipy is not installed")
    from scipy.io import savemat

    step = 0.00016243512974051905
    counts = np.random.default_rng(1).integers(-9000, 9000, 500).astype(np.int16)
    content = {"X007_FE_time": np.zeros((4, 1)), "X007_DE_time": step * counts[:, None]}
    savemat(serve / "cwru-7.mat", content)
    fields = {"key": "a", "fault": "ball", "or_position_oclock": "", "diameter_mil": "7",
              "load_hp": "0", "nominal_rpm": "1797"}  # fmt: skip
    monkeypatch.setattr(arrange_cwru, "recordings", lambda: [Recording(7, 0, "", fields)])
    folder = catalogue.get(catalogue.find("cwru"))

    with np.load(folder / arrange_cwru.FILE_NAME) as file:
        np.testing.assert_array_equal(file["a"], counts)
    header, row = (folder / "index.csv").read_text().splitlines()
    found = dict(zip(header.split(","), row.split(","), strict=True))
    assert float(found["scale_g_per_count"]) == pytest.approx(step, rel=1e-12)
    assert (found["fault"], found["cwru_mat_number"], found["n_samples"]) == ("ball", "7", "500")


@pytest.mark.parametrize(
    "signal", [np.zeros(9), np.array([0, 1e-4, 30.0]), np.array([0.0, 1.0, 2.3, 9.7])]
)
def test_signals_without_equal_steps(
    signal: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> None:
    with pytest.raises(StimulusError):
        as_counts(signal, "x.mat")


def test_folder_of_the_user_comes_first(tmp_path: Path, cache: Path) -> None:
    known = catalogue.find("cwru")
    assert catalogue.where(known) is None
    for top in (cache, tmp_path / "mine"):
        (top / known.place).mkdir(parents=True)
    assert catalogue.where(known) == cache / known.place
    assert catalogue.where(known, tmp_path / "mine") == tmp_path / "mine" / known.place
