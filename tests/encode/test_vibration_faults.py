"""Faults planted in the generated vibration front end: each must be noticed against numpy."""

from __future__ import annotations

import re

import pytest

from tests.encode.test_vibration import EARS, clips, feeler
from tests.tools import need
from tinysnn.build_host import build_host
from tinysnn.emit import emit
from tinysnn.reference import run
from tinysnn.run.base import expected_model
from tinysnn.run.host import HostModel

MODEL, ROTATION = "tsnn_feeler.c", "tsnn_rotation.h"
FAULTS = (
    ("graded", ROTATION, r"by_real, 16384", "by_real, 0"),
    ("graded", ROTATION, r"tsnn_clip16\(\(tsnn_smlad\(z, by_real", "((tsnn_smlad(z, by_real"),
    ("graded", MODEL, r"sum \* 9362 \+ 32768", "sum * 9362"),
    ("graded", MODEL, r"e->begun == 0u", "e->begun > 1u"),
    ("full step", ROTATION, r"\(samples\[k\] \* up\) >> down", "(samples[k] >> down) * up"),
    ("full step with values", MODEL, r"> 127\) \? 127", "> 126) ? 126"),
    ("delta", MODEL, r"\(away < 0\) \? -\(-away >> 6\)", "(away < 0) ? (away >> 6)"),
    ("latency", MODEL, r"early < 0\) \? 0", "early < 1) ? 1"),
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "file", "pattern", "fault"), FAULTS, ids=[f[2][:24] for f in FAULTS]
)
def test_fault_is_noticed(name, file, pattern, fault, tmp_path):
    need("cc")
    ear = EARS[name.partition(" with")[0]]
    graded = ear.needs_values or name.endswith("values")
    pack, felt = (make(ear, graded=graded) for make in (feeler, clips))
    emit([pack], tmp_path / "c", core="cortex-m3")
    text, places = re.subn(pattern, fault, (tmp_path / "c" / file).read_text())
    assert places, "the fault no longer applies"
    (tmp_path / "c" / file).write_text(text)
    device = HostModel(build_host(tmp_path / "c", tmp_path / "built"), expected_model(pack), 0)
    traces = ((run(pack, clip), device.run(clip, keep_states=False)) for clip in felt)

    assert any((ours.hashes != theirs.hashes).any() for ours, theirs in traces)
