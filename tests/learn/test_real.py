"""That it is the rule that learns: on, off, and with wrong labels; through the command line too."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.learn.scenes import adaptive_pack, base_pack, plastic, task
from tests.tools import need
from tinysnn.cli.learn import arranged
from tinysnn.cli.main import run
from tinysnn.learn.calls import Call
from tinysnn.learn.course import Plan, Teacher, hold_course
from tinysnn.learn.lesson import ReferencePupil
from tinysnn.pack_file import load, save
from tinysnn.run import open_runner

LEAST = {"delta": 0.85, "few-shot": 0.85, "rstdp": 0.6, "rewire": 0.6, "eprop": 0.6}
"""Part that is right in the end, of three classes; rules without a buffer take more epochs."""


def fresh(rule: str):
    if rule == "eprop":
        hidden = ("eprop", {"width": 200, "adapt": 40, "adapt_shift": 4, "shift": 11})
        return plastic(adaptive_pack("real"), "delta", hidden, fresh=3, buffer=0)
    return plastic(base_pack("real"), rule, fresh=3, per_class=4 if rule == "few-shot" else 1)


def save_clips(path, clips):
    rasters = np.stack([clip.raster for clip in clips])
    np.savez(path, raster=rasters, labels=[clip.label for clip in clips])


@pytest.mark.host
@pytest.mark.parametrize("rule", LEAST)
def test_on_off_and_wrong_labels(rule, tmp_path):
    need("cc")
    pack, train, test = fresh(rule), task(90, seed=5), task(120, seed=6)
    wrong = arranged(train, order="recorded", wrong_labels=True)
    final = {}
    epochs = 1 if rule in ("delta", "few-shot") else 3
    known = 0 if rule == "few-shot" else 3
    ways = {"on": (train, True), "off": (train, False), "wrong": (wrong, True)}
    with open_runner("host", packs=[pack], work_dir=tmp_path) as runner:
        for name, (clips, learning) in ways.items():
            pupil = runner.pupil()
            pupil.call(Call.INIT)
            teacher = Teacher(pack, pupil, ReferencePupil(pack), known)
            course = hold_course(
                teacher, clips, test, Plan(epochs if learning else 1, 90, learning)
            )
            final[name] = course.points[-1].test
            assert course.mismatches == 0
            if name == "off":
                assert final["off"] == course.points[0].test
    assert final["on"] >= LEAST[rule]
    assert final["off"] <= 0.55
    assert final["wrong"] <= 0.55


@pytest.mark.host
def test_command_line(tmp_path, capsys):
    need("cc")
    save(fresh("delta"), tmp_path / "net.tsnn")
    save_clips(tmp_path / "train.npz", task(60, seed=5))
    save_clips(tmp_path / "test.npz", task(60, seed=6))
    words = ["learn", str(tmp_path / "net.tsnn"), "--on", "host", "--data"]
    words += [str(tmp_path / "train.npz"), "--test", str(tmp_path / "test.npz"), "--every", "20"]
    learned = tmp_path / "learned.tsnn"
    assert run([*words, "-o", str(learned), "--json", "-"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert [point["examples"] for point in first["points"]] == [0, 20, 40, 60]
    assert first["mismatches"] == 0
    assert first["points"][-1]["test"] > first["points"][0]["test"] + 0.3
    # what was learned is a pack: its accuracy is there from the start
    words[1] = str(learned)
    assert run([*words, "--no-learning", "--json", "-"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert {point["test"] for point in again["points"]} == {first["points"][-1]["test"]}
    assert load(learned).layers[-1].spec.learn.base == load(tmp_path / "net.tsnn").digest
