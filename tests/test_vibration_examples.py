"""The vibration examples: recordings through the generated C, from raw samples."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.tools import data_dir, need
from tinysnn.paths import models_dir

RECIPES = Path(__file__).parents[1] / "examples" / "vibration"


@pytest.fixture
def example(monkeypatch):
    """Import a script of the example folder by its name."""

    def load(name: str) -> ModuleType:
        monkeypatch.syspath_prepend(str(RECIPES))
        for stale in (name, "model_files"):
            sys.modules.pop(stale, None)
        return importlib.import_module(name)

    return load


def test_the_committed_bearing_model_is_packed(example):
    bearing = example("bearing")
    pack = bearing.packed(models_dir() / "bearing")

    assert pack.front_end == bearing.FRONT_END
    assert pack.n_out == len(bearing.FAULTS)


@pytest.mark.slow
def test_unseen_bearings(example, tmp_path):
    """21 mil left out; .863 of it is found, a third would be chance."""
    need("cc")
    bearing = example("bearing")
    clips = bearing.read(data_dir() / "vibration" / "cwru")
    keep = np.arange(clips.mil.size) % 3 == 0
    found = bearing.leave_out(clips.where(keep), 21, tmp_path, "host", None)

    assert found > 0.75


@pytest.mark.slow
def test_a_weight_on_the_fan_is_noticed(example, tmp_path):
    """Ten seconds learned, random gain: AUC .99 and .97, where loudness says nothing."""
    need("cc")
    fan = example("fan")
    clips = fan.read(data_dir() / "vibration" / "fan")
    fan.write(tmp_path)
    with fan.open_runner("host", packs=[fan.packed(tmp_path)]) as runner:
        for speed, aim in (("low", 0.99), ("high", 0.97)):
            rng = np.random.default_rng(5)
            watch = fan.Watch(runner.pupil())
            known = fan.louder(clips.of(f"{speed}_0_weight", "training")[: fan.SECONDS], rng)
            watch.learn(known)
            normal, odd = (
                fan.louder(clips.of(f"{speed}_{w}_weight", "validation"), rng) for w in (0, 1)
            )
            away = [watch.distances(c)[:, 0] for c in (normal, odd)]
            assert fan.auc(*away) > aim
            loud = [fan.baseline(known, c, fan.effective) for c in (normal, odd)]
            assert fan.auc(*loud) < 0.7
