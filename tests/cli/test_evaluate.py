"""`tinysnn evaluate`: on emulated devices side by side, with mistakes, and when bits differ."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from tests.evaluate.made import ByReference, clips_of, made
from tests.tools import need, need_arm_compiler
from tinysnn.evaluate import pool
from tinysnn.evaluate.partial import partial_path
from tinysnn.evaluate.result import load_evaluation
from tinysnn.pack_file import save


@pytest.fixture
def files(tmp_path):
    """The pack of `made` and 20 labelled clips for it, two of them wrong."""
    save(made(), tmp_path / "made.tsnn")
    labels = np.arange(20) % 3
    seen = labels.copy()
    seen[[4, 11]] = 0
    clips = clips_of(labels.tolist(), seen.tolist())
    rasters = np.stack([s.raster for s in clips.stimuli])
    np.savez(tmp_path / "clips.npz", raster=rasters, labels=labels)
    return tmp_path


@pytest.mark.emu
def test_command_on_two_devices_at_once(cli, files):
    need_arm_compiler()
    need("unicorn")
    result = files / "out.json"
    arguments = ("evaluate", files / "made.tsnn", "--input", files / "clips.npz")
    outcome = cli(*arguments, "--on", "unicorn", "--jobs", "2", "--json", result)
    assert outcome.code == 0, outcome.err
    assert "90.00 %" in outcome.out

    found = load_evaluation(result)
    assert (found.accuracy, found.mismatches, len(found.clips)) == (0.9, 0, 20)
    assert [c.clip for c in found.clips] == list(range(20))
    counts = [c.count for c in found.clips]
    assert all(n is not None and 100 < n < 20_000 for n in counts)
    steps = sum(n for name, n in found.profile.items() if "made" in name)
    assert 0 < steps <= sum(n or 0 for n in counts) + 1000
    memory = found.device.memory
    assert memory is not None
    assert memory.symbols["tsnn_made_state"][0] == "ram"
    assert not partial_path(result).exists()
    alone = cli(*arguments, "--on", "unicorn", "--jobs", "1", "--json", "-")
    assert msgspec.json.decode(alone.out.encode(), type=type(found)) == found


def test_mistakes(refused, files, tmp_path):
    pack, clips = files / "made.tsnn", files / "clips.npz"
    refused(2, "evaluate", pack, says=["--dataset", "--input"])
    refused(2, "evaluate", pack, "--input", clips, "--dataset", "fsdd", says=["exactly one"])
    refused(2, "evaluate", pack, "--input", clips, "--resume", says=["--json"])
    refused(2, "evaluate", pack, "--input", clips, "--port", "x", says=["--port"])
    refused(2, "evaluate", pack, "--dataset", "fsdd", "--data", tmp_path, says=["kws/fsdd"])
    np.savez(tmp_path / "far.npz", raster=np.zeros((1, 4, 3), np.int8), labels=[3])
    refused(2, "evaluate", pack, "--input", tmp_path / "far.npz", says=["label 3"])
    serial = ("--on", "serial", "--board", "bluepill_f103", "--port", "x", "--jobs", "2")
    refused(2, "evaluate", pack, "--input", clips, *serial, says=["--jobs"])


def test_difference_is_exit_code_1_with_a_whole_result(refused, files, monkeypatch):
    device = ByReference(made(), wrong=("clips[3]",))
    monkeypatch.setattr(pool.Target, "open", lambda *_: device)
    pack, clips, result = files / "made.tsnn", files / "clips.npz", files / "bad.json"
    outcome = refused(
        1, "evaluate", pack, "--input", clips, "--on", "host", "--jobs", "1", "--json", result,
        says=["1 of 20 clips", "tick 3"],
    )  # fmt: skip
    assert outcome.out
    assert load_evaluation(result).mismatches == 1
