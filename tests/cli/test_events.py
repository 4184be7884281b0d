"""`tinysnn events`, and events as input of check, pack, inspect and run."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.cli.conftest import write_nir, write_options
from tests.events import files

TICKS = ["--events", "tick_us=1000", "--events", "n_ticks=25"]


@pytest.fixture(scope="session")
def recordings(tmp_path_factory):
    """A folder of two N-MNIST files with labels 0 and 4."""
    folder = tmp_path_factory.mktemp("recordings")
    for label in (0, 4):
        (folder / str(label)).mkdir()
        files.nmnist(folder / str(label) / "1.bin", files.some_events(1500, seed=label))
    return folder


@pytest.fixture(scope="session")
def net(tmp_path_factory):
    """A network of 2 x 34 x 34 inputs and 5 outputs, flat, with options beside it."""
    folder = tmp_path_factory.mktemp("net")
    write_options(folder / "flat.toml")
    weight = np.random.default_rng(2).normal(0.05, 0.1, (5, 2312)).astype(np.float32)
    return write_nir(folder / "flat.nir", [weight])


def test_summary_picture_and_ticks(cli, recordings, tmp_path):
    out = tmp_path / "clips.npz"
    done = cli("events", recordings, *TICKS, "-o", out, "--json", tmp_path / "a.json")
    assert done.code == 0, done
    assert "N-MNIST" in done.out
    assert "after the last tick" in done.out
    assert "@" in done.out
    content = json.loads((tmp_path / "a.json").read_text())
    assert (content["clips"], content["events"], content["labels"]) == (2, 3000, [0, 4])
    assert content["in_ticks"]["ticks"] == 50
    with np.load(out) as saved:
        assert saved["labels"].tolist() == [0, 4]
        assert saved["n_ticks"].tolist() == [25, 25]
    assert list(tmp_path.glob("*.part")) == []


def test_events_and_their_ticks_run_alike(cli, recordings, net, tmp_path):
    """check, pack, inspect and run take the recording; what `events -o` wrote gives the same."""
    given = ["--input", recordings, *TICKS]
    checked = cli("check", net, *given, "--json", "-")
    assert checked.code == 0, checked
    assert json.loads(checked.out)["input"]["ticks_per_clip"] == [25, 25]
    pack = tmp_path / "flat.tsnn"
    assert cli("pack", net, "-o", pack, "--calibrate", recordings, *TICKS).code == 0
    assert cli("inspect", pack, *given).code == 0
    assert cli("events", recordings, *TICKS, "-o", tmp_path / "clips.npz").code == 0
    results = []
    for arguments in (given, ["--input", tmp_path / "clips.npz"]):
        done = cli("run", pack, "--on", "host", *arguments, "--json", "-")
        assert done.code == 0, done
        results.append(json.loads(done.out))
    first, second = results
    assert first["mismatches"] == 0
    assert first["output_spikes"] == second["output_spikes"] != [0] * 5
    assert first["right"] == second["right"] is not None
    assert any("left out" in remark for remark in first["remarks"])


def test_mistakes(refused, recordings, net, packed, spikes, tmp_path):
    refused(2, "events", tmp_path / "none.npy", says=["none.npy", "no such file"])
    small = ["--events", "sensor=20x20x2", *TICKS]
    refused(2, "events", recordings, *small, says=[str(recordings), "the sensor is 20 x 20"])
    refused(2, "events", recordings, "-o", tmp_path / "a.npz", says=["tick_us=1000"])
    refused(2, "events", recordings, *TICKS, "-o", tmp_path / "a.txt", says=["clips.npz"])
    refused(2, "run", packed, "--input", recordings, *TICKS, says=["the network takes [12]"])
    refused(2, "run", packed, "--input", spikes, *TICKS, says=["no file of events"])
    refused(2, "check", net, *TICKS, says=["--input"])
    refused(2, "pack", net, "-o", tmp_path / "a.tsnn", *TICKS, says=["--calibrate"])
    refused(2, "inspect", packed, *TICKS, says=["--input"])
    assert list(tmp_path.iterdir()) == []
