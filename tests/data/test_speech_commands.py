"""The official archive: fetched from a server of our own, read without unpacking."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
import wave
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinysnn.data import keyword_clips, speech_commands
from tinysnn.data.labels import KEYWORDS, split_of
from tinysnn.errors import StimulusError, ToolMissing

TESTING = next(f"{n:08x}" for n in range(1000) if split_of(f"{n:08x}") == "testing")
TRAINING = next(f"{n:08x}" for n in range(1000) if split_of(f"{n:08x}") == "training")


def wav(value: int, samples: int = 16_000, rate: int = 16_000, channels: int = 1) -> bytes:
    """A WAV file of one constant value."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(np.full(samples * channels, value, "<i2").tobytes())
    return file.getvalue()


def member(name: str, **fields: Any) -> tarfile.TarInfo:
    """A header of the archive."""
    info = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(info, key, value)
    return info


def write_archive(path: Path, files: dict[str, bytes]) -> str:
    """A .tar.gz with these files; its SHA-256."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            archive.addfile(member(name, size=len(content)), io.BytesIO(content))
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("TINYSNN_DATA", raising=False)
    monkeypatch.setenv("TINYSNN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def place(cache: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put an archive where a fetched one would be."""

    def put(files: dict[str, bytes]) -> Path:
        path = cache / speech_commands.FILE_NAME
        monkeypatch.setattr(speech_commands, "SHA256", write_archive(path, files))
        return path

    return put


def test_fetched_archive_is_used_with_the_split_by_speaker(place: Any) -> None:
    place(
        {
            f"yes/{TESTING}_nohash_0.wav": wav(1),
            f"no/{TRAINING}_nohash_0.wav": wav(2),
            f"_unknown_/bed_{TESTING}_nohash_1.wav.wav": wav(3, samples=9000),
            "LICENSE": b"CC BY 4.0",
            "README.md": b"",
        }
    )
    found = keyword_clips("testing")

    assert "official" in found.source
    assert found.labels.tolist() == [KEYWORDS.index("_unknown_"), KEYWORDS.index("yes")]
    assert found.clips[1].tolist() == [1] * 16_000
    assert (found.clips[0, :9000] == 3).all()
    assert not found.clips[0, 9000:].any()


@pytest.mark.parametrize(
    "info",
    [
        member(f"../yes/{TESTING}_nohash_0.wav"),
        member(f"/yes/{TESTING}_nohash_0.wav"),
        member(f"yes/../{TESTING}_nohash_0.wav"),
        member(f"yes/{TESTING}_nohash_0.wav", type=tarfile.SYMTYPE, linkname="/etc/passwd"),
        member(f"yes/{TESTING}_nohash_0.wav", type=tarfile.DIRTYPE),
        member(f"yes/{TESTING}_nohash_0.wav", size=1 << 40),
        member(f"else/{TESTING}_nohash_0.wav"),
        member("yes/anonymous.wav"),
    ],
    ids=["above", "absolute", "dots", "link", "folder", "huge", "class", "speaker"],
)
def test_odd_members_are_passed_over(info: tarfile.TarInfo) -> None:
    assert speech_commands.member_label(info, "testing") is None


def test_plain_member_is_taken() -> None:
    info = member(f"./yes/{TESTING}_nohash_0.wav", size=32_044)

    assert speech_commands.member_label(info, "testing") == 0
    assert speech_commands.member_label(info, "training") is None


@pytest.mark.parametrize(
    "content", [b"RIFF", wav(1, rate=8000), wav(1, channels=2)], ids=["cut", "rate", "stereo"]
)
def test_damaged_clips_are_refused_by_name(place: Any, content: bytes) -> None:
    place({f"yes/{TESTING}_nohash_0.wav": content})
    with pytest.raises(StimulusError, match=rf"yes/{TESTING}"):
        keyword_clips("testing")


def test_another_archive_in_its_place_is_refused(place: Any) -> None:
    path = place({f"yes/{TESTING}_nohash_0.wav": wav(1)})
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(StimulusError, match="wrong SHA-256"):
        keyword_clips("testing")


def test_a_cut_archive_with_the_right_digest_is_refused(
    place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place({f"yes/{TESTING}_nohash_0.wav": wav(1)})
    path.write_bytes(path.read_bytes()[:40])
    monkeypatch.setattr(speech_commands, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest())
    with pytest.raises(StimulusError, match="no readable archive"):
        keyword_clips("testing")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A web server on this machine: its folder and address."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as http:
        thread = threading.Thread(target=http.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{http.server_port}/archive.tar.gz"
        http.shutdown()
        thread.join()


class Bar:
    """What pooch asks of a progress bar."""

    def __init__(self) -> None:
        self.total = 0
        self.done = 0

    def update(self, amount: int) -> None:
        self.done += amount

    def reset(self) -> None:
        self.done = 0

    def close(self) -> None:
        pass


def test_fetch_downloads_once_and_checks(
    cache: Path, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, url = server
    served = folder / "archive.tar.gz"
    digest = write_archive(served, {f"yes/{TESTING}_nohash_0.wav": wav(1)})
    monkeypatch.setattr(speech_commands, "URL", url)
    monkeypatch.setattr(speech_commands, "SHA256", digest)
    bar = Bar()
    path = speech_commands.fetch(bar)

    assert path.read_bytes() == served.read_bytes()
    assert bar.total == bar.done == path.stat().st_size

    served.unlink()
    assert speech_commands.fetch() == path
    assert keyword_clips("testing").labels.tolist() == [0]


@pytest.mark.parametrize("served", [b"something else", None], ids=["other bytes", "not there"])
def test_a_failed_fetch_leaves_nothing(
    cache: Path, server: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, served: bytes | None
) -> None:
    folder, url = server
    if served is not None:
        (folder / "archive.tar.gz").write_bytes(served)
    monkeypatch.setattr(speech_commands, "URL", url)
    with pytest.raises(ToolMissing, match="cannot be fetched"):
        speech_commands.fetch()

    assert not [path for path in cache.rglob("*") if path.is_file()]
