"""Files of events: every format gives the same events; damaged and hostile ones are refused."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.events import files
from tinysnn.errors import StimulusError, TinysnnError
from tinysnn.events.options import EventOptions, event_options
from tinysnn.load import event_arrays
from tinysnn.load.event_files import read_events

EVENTS = files.some_events()
ADDRESSES = EventOptions(address="x=34,y=34,p=2")


def assert_same(stream: Any, events: Iterable[np.ndarray]) -> None:
    for found, wanted in zip((stream.x, stream.y, stream.p, stream.t), events, strict=True):
        assert found.dtype == np.int64
        np.testing.assert_array_equal(found, wanted)


@pytest.mark.parametrize("name", list(files.WRITERS))
def test_every_format_gives_the_same_events(tmp_path: Path, name: str) -> None:
    stream = read_events(files.WRITERS[name](tmp_path / name, EVENTS), EventOptions())
    assert_same(stream, EVENTS)
    assert stream.names == (name[0],)
    assert stream.sensor == ((34, 34, 2) if name.endswith("bin") else None)


def test_addresses_and_differences_of_several_clips(tmp_path: Path) -> None:
    stream = read_events(files.npz_addresses(tmp_path / "a.npz", EVENTS), ADDRESSES)
    assert_same(stream, EVENTS)
    assert (stream.names, stream.labels, stream.sensor) == (("a[0]", "a[1]"), (7, 3), (34, 34, 2))
    assert stream.offset.tolist() == [0, 100, 200]
    second = read_events(tmp_path / "a.npz", EventOptions(address="x=34,y=34,p=2", clips="1:2"))
    assert_same(second, tuple(part[100:] for part in EVENTS))
    assert second.labels == (3,)


def test_bit_fields_with_a_gap(tmp_path: Path) -> None:
    x, y, p, t = EVENTS
    table = np.stack([t, p << 16 | y << 8 | x << 1], axis=1)
    np.save(tmp_path / "a.npy", table)
    options = EventOptions(columns="t,address", address="-=1b,x=7b,y=7b,-=1b,p=1b")
    assert_same(read_events(tmp_path / "a.npy", options), EVENTS)


@pytest.mark.parametrize(
    ("head", "mark", "columns"),
    [
        ("# recorded\nTime;X;Y;Polarity\n", ";", None),
        ("", ",", "t,x,y,p"),
        ("", " ", "t,x,y,p"),
        ("", "\t", "t,x,y,on"),
    ],
)
def test_text(tmp_path: Path, head: str, mark: str, columns: str | None) -> None:
    path = files.csv(tmp_path / "a.csv", EVENTS, head=head, mark=mark)
    assert_same(read_events(path, EventOptions(columns=columns)), EVENTS)


def test_overflow_events_of_nmnist(tmp_path: Path) -> None:
    rows = [
        (1, 2, 0x80, 0, 5), (0, 240, 0, 0, 9), (3, 4, 0, 1, 0), (0, 240, 0, 0, 0), (5, 6, 0, 0, 1),
    ]  # fmt: skip
    (tmp_path / "a.bin").write_bytes(bytes(byte for row in rows for byte in row))
    stream = read_events(tmp_path / "a.bin", EventOptions())
    assert_same(
        stream,
        tuple(map(np.array, ([1, 3, 5], [2, 4, 6], [1, 0, 0], [5, 256 + 8192, 1 + 2 * 8192]))),
    )  # fmt: skip


def test_folder_takes_labels_from_its_folders(tmp_path: Path) -> None:
    for label in ("3", "0"):
        (tmp_path / label).mkdir()
        files.nmnist(tmp_path / label / "00001.bin", EVENTS)
    (tmp_path / "0" / "readme.md").write_text("not events")
    (tmp_path / "0" / "link.bin").symlink_to("/etc/hostname")
    stream = read_events(tmp_path, EventOptions())
    assert (stream.n_clips, stream.labels) == (2, (0, 3))
    assert stream.t.size == 400


def _table(**columns: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **columns)
    return file.getvalue()


def _npy(array: Any, **more: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **more)
    return file.getvalue()


def _huge() -> bytes:
    head = "{'descr': '<i8', 'fortran_order': False, 'shape': (1099511627776,), }"
    text = head.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def _bomb() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.npy", b"\0" * (2 << 20))
        archive.writestr("t.npy", b"")
    return file.getvalue()


ONE = np.array([1])
REFUSED: dict[str, tuple[str, Any, dict[str, Any], str]] = {
    "objects": ("a.npy", lambda: _npy(np.array([{}]), allow_pickle=True), {}, "plain numbers"),
    "header of a huge array": ("a.npy", _huge, {}, "does not hold"),
    "compressed zeros": ("a.npz", _bomb, {}, "larger than"),
    "columns without names": ("a.npy", lambda: _npy(np.zeros((3, 4))), {}, "columns=t,x,y,p"),
    "too few names": ("a.npy", lambda: _npy(np.zeros((3, 4))), {"columns": "t,x"}, "4 columns"),
    "unknown name": ("a.npy", lambda: _npy(np.zeros((3, 2))), {"columns": "t,q"}, "'q'"),
    "a name twice": ("a.npy", lambda: _npy(np.zeros((3, 3))), {"columns": "t,x,x"}, "named twice"),
    "two kinds of time": ("a.npz", lambda: _table(x=ONE, t=ONE, ts=ONE), {}, "two columns of 't'"),
    "lengths that differ": ("a.npz", lambda: _table(x=ONE, t=np.arange(2)), {}, "shapes"),
    "place with fractions": ("a.npz", lambda: _table(x=ONE / 2, t=ONE), {}, "x with fractions"),
    "polarities -1, 0": (
        "a.npz", lambda: _table(x=np.arange(2), t=np.arange(2), p=-np.arange(2)), {}, "-1 and 0",
    ),
    "polarity 300": ("a.npz", lambda: _table(x=ONE, t=ONE, p=300 * ONE), {}, "300"),
    "time that is not a number": ("a.npz", lambda: _table(x=ONE, t=ONE * np.nan), {}, "finite"),
    "address without a map": ("a.npz", lambda: _table(addr=ONE, t=ONE), {}, "address=x=34"),
    "address beyond the map": (
        "a.npz", lambda: _table(addr=5000 * ONE, t=ONE), {"address": "x=34,y=34"}, "0 to 1155",
    ),
    "offset that leads elsewhere": (
        "a.npz", lambda: _table(x=ONE, t=ONE, offset=np.array([0, 2])), {}, "from 0 to 1",
    ),
    "labels for other clips": (
        "a.npz", lambda: _table(x=ONE, t=ONE, label=np.arange(3)), {}, "labels of shape [3]",
    ),
    "text that is none": ("a.csv", lambda: b"t,x\n1,2\n3\n", {}, "table of numbers"),
    "bytes that are no text": ("a.csv", lambda: b"t,x\n\xff\xfe1,2", {}, "not text"),
    "empty text": ("a.csv", lambda: b"", {}, ""),
    "cut N-MNIST": ("a.bin", lambda: b"\0" * 12, {}, "multiple of 5"),
    "N-MNIST outside the sensor": ("a.bin", lambda: bytes([40, 2, 0, 0, 0]), {}, "x 40, y 2"),
    "unknown kind": ("a.dat", lambda: b"hello", {}, "docs/events.md"),
    "clips beyond the end": ("a.npz", lambda: _table(x=ONE, t=ONE), {"clips": "0:2"}, "0:1"),
}  # fmt: skip


@pytest.mark.parametrize("what", list(REFUSED))
def test_refused_with_a_reason(tmp_path: Path, what: str, monkeypatch: Any) -> None:
    monkeypatch.setattr(event_arrays, "MAX_ARRAY_BYTES", 1 << 20)
    name, content, options, says = REFUSED[what]
    (tmp_path / name).write_bytes(content())
    with pytest.raises(StimulusError) as caught:
        read_events(tmp_path / name, EventOptions(**options))
    assert says in str(caught.value)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("name", [*files.WRITERS, "c.npz"])
def test_damaged_files_are_refused_or_read(tmp_path: Path, name: str) -> None:
    """Flipped, cut and doubled bytes never end in anything but events or one clean error."""
    rng = np.random.default_rng(len(name))
    write = files.WRITERS.get(name, files.npz_addresses)
    good = write(tmp_path / name, files.some_events(20)).read_bytes()
    refused = 0
    for _ in range(150):
        data = bytearray(good)
        for place in rng.integers(0, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(0, 256)
        if rng.random() < 0.3:
            del data[rng.integers(0, len(data)) :]
        (tmp_path / name).write_bytes(bytes(data))
        try:
            read_events(tmp_path / name, ADDRESSES)
        except TinysnnError:
            refused += 1
    assert refused > 0


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        (["tick_us=0"], "above 0"),
        (["tick_us=soon"], "tick_us"),
        (["colour=red"], "unknown option"),
        (["n_ticks=-3"], "1 to"),
        (["downscale=2.5"], "downscale"),
        (["t0=nan"], "finite"),
        (["missing.toml"], "neither NAME=VALUE nor a TOML file"),
        (["order=xyz"], "order"),
    ],
)
def test_wrong_options(texts: list[str], says: str) -> None:
    with pytest.raises(TinysnnError, match="--events") as caught:
        event_options(texts)
    assert says in str(caught.value)


def test_options_of_a_file_and_over_it(tmp_path: Path) -> None:
    file = tmp_path / "events.toml"
    file.write_text('tick_us = 1000\nt0 = "zero"\n')
    options = event_options([str(file), "t0=2.5", "n-ticks=7"])
    assert options == EventOptions(tick_us=1000, t0=2.5, n_ticks=7)
    assert event_options([]) is None
