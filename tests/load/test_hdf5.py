"""Files that are no HDF5, damaged, or reach out of themselves."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.load.files import fc, write
from tinysnn.errors import ModelError, TinysnnError
from tinysnn.load import hdf5, load_network
from tinysnn.network import Network


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        load_network(path)
    assert caught.value.exit_code == 2
    return str(caught.value)


def test_missing_file(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.nir")


def test_folder(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path)


@pytest.mark.parametrize("data", [b"", b"\x80\x04pickle", b"PK\x03\x04", b"text" * 1000])
def test_other_formats(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "net.nir"
    path.write_bytes(data)
    assert "not an HDF5 file" in refused(path)


def test_hdf5_that_is_no_nir(tmp_path: Path) -> None:
    path = tmp_path / "net.nir"
    with h5py.File(path, "w") as file:
        file["x"] = 1
    assert "not a NIR graph" in refused(path)


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "net.nir", fc())
    data = path.read_bytes()
    with pytest.raises(ModelError, match="larger than"):
        hdf5.read_bytes(path, ModelError, limit=len(data) - 1)
    assert hdf5.read_bytes(path, ModelError, limit=len(data)) == data


def test_declared_size_is_checked_before_reading(tmp_path: Path) -> None:
    path = write(tmp_path / "net.nir", fc())
    with h5py.File(path, "a") as file:
        del file["node/nodes/fc/weight"]
        file.create_dataset(
            "node/nodes/fc/weight", shape=(1 << 30, 1 << 10), dtype="f4", chunks=(1024, 1024)
        )
    assert path.stat().st_size < 1 << 20
    assert "MiB of data" in refused(path)


@pytest.mark.parametrize("kind", ["external link", "soft link", "external data", "virtual data"])
def test_nothing_outside_the_file_is_followed(tmp_path: Path, kind: str) -> None:
    secret = tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["w"] = np.ones((3, 2))
    path = write(tmp_path / "net.nir", fc())
    with h5py.File(path, "a") as file:
        node = file["node/nodes/fc"]
        del node["weight"]
        if kind == "external link":
            node["weight"] = h5py.ExternalLink(str(secret), "/w")
        elif kind == "soft link":
            node["weight"] = h5py.SoftLink("/node/nodes/lif/tau")
        elif kind == "external data":
            node.create_dataset(
                "weight", (3, 2), "f8", external=[(str(secret), 0, h5py.h5f.UNLIMITED)]
            )
        else:
            layout = h5py.VirtualLayout((3, 2), "f8")
            layout[:] = h5py.VirtualSource(str(secret), "w", (3, 2))
            node.create_virtual_dataset("weight", layout)
    text = refused(path)
    assert "not followed" in text
    assert "weight" in text


def test_group_that_contains_itself(tmp_path: Path) -> None:
    path = write(tmp_path / "net.nir", fc())
    with h5py.File(path, "a") as file:
        file["node/nodes/fc/again"] = file["node"]
    assert "nested deeper" in refused(path)


def test_other_value_types(tmp_path: Path) -> None:
    path = write(tmp_path / "net.nir", fc())
    with h5py.File(path, "a") as file:
        del file["node/nodes/fc/weight"]
        file["node/nodes/fc/weight"] = np.ones((3, 2), dtype=np.complex64)
    assert "complex64" in refused(path)


def outcome(path: Path) -> str:
    """Loads a damaged file: anything but a network or a clear error fails the test."""
    try:
        network = load_network(path)
    except TinysnnError:
        return "refused"
    assert isinstance(network, Network)
    return "loaded"


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    data = write(tmp_path / "whole.nir", fc()).read_bytes()
    path = tmp_path / "net.nir"
    for length in [*range(0, 200, 40), *range(200, len(data), 997), len(data) - 1]:
        path.write_bytes(data[:length])
        assert outcome(path) == "refused", length


def damaged(data: bytes, seed: int, n: int) -> Iterator[bytes]:
    """Copies of a file with one to eight bytes changed."""
    random = np.random.default_rng(seed)
    for _ in range(n):
        bad = bytearray(data)
        for place in random.integers(0, len(data), size=random.integers(1, 9)):
            bad[place] = random.integers(0, 256)
        yield bytes(bad)


def count_outcomes(tmp_path: Path, seed: int, n: int) -> list[str]:
    data = write(tmp_path / "whole.nir", fc()).read_bytes()
    path = tmp_path / "net.nir"
    seen = []
    for bad in damaged(data, seed, n):
        path.write_bytes(bad)
        seen.append(outcome(path))
    return seen


def test_damaged_bytes_never_escape_as_another_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hdf5, "TIME_LIMIT_S", 5.0)
    seen = count_outcomes(tmp_path, 20240607, 40)
    assert set(seen) == {"refused", "loaded"}


@pytest.mark.slow
def test_many_damaged_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5, "TIME_LIMIT_S", 5.0)
    seen = count_outcomes(tmp_path, 5, 400)
    assert seen.count("refused") > 40


def test_reader_that_hangs_or_crashes_is_a_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "net.nir", fc())
    monkeypatch.setattr(hdf5, "_CHILD", "while True: pass")
    monkeypatch.setattr(hdf5, "TIME_LIMIT_S", 0.5)
    assert "did not end in 0.5 s" in refused(path)
    monkeypatch.setattr(hdf5, "TIME_LIMIT_S", 30.0)
    monkeypatch.setattr(hdf5, "_CHILD", "import os; os.abort()")
    assert "the reader ended with" in refused(path)


def test_planted_module_in_the_current_folder_is_not_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "net.nir", fc())
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.path", [entry for entry in sys.path if entry])
    assert outcome(path) == "loaded"
