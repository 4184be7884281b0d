"""Figures of docs/learning.md on recordings: one speaker, two digits, two words, one user."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import data_dir, need

SCRIPTS = Path(__file__).parents[2] / "examples" / "learning"


def said(script: str, *arguments: str) -> str:
    """The last line that a script prints."""
    need("cc")
    pytest.importorskip("sklearn", reason="readouts are fitted with scikit-learn")
    command = [sys.executable, str(SCRIPTS / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


def figure(line: str, name: str) -> tuple[float, float]:
    """Accuracy on what is new and on what is old."""
    found = re.search(rf"{name}: ([0-9.]+) \(\w+ ([0-9.]+)\)", line)
    assert found is not None, line
    return float(found[1]), float(found[2])


@pytest.mark.slow
@pytest.mark.host
def test_speaker():
    line = said("speakers.py", str(data_dir() / "kws" / "fsdd"), "--only", "george")
    before, others = figure(line, "before")
    after, kept = figure(line, "3 shots")
    assert after >= before + 0.08
    assert kept >= others - 0.015
    assert figure(line, "10 shots")[0] >= 0.93


@pytest.mark.slow
@pytest.mark.host
def test_user():
    line = said("emg.py", str(data_dir() / "events" / "emg_myo"), "--only", "45612")
    before, after, linear = (float(a) for a in re.findall(r"[a-zA-Z] ([0-9.]+)", line)[-3:])
    assert after >= max(0.86, before + 0.1)
    assert after >= linear - 0.03


@pytest.mark.slow
@pytest.mark.host
def test_two_digits_more():
    line = said("adding.py", "digits", str(data_dir() / "kws" / "fsdd"), "--pairs", "1",
                "--rule", "delta")  # fmt: skip
    known = re.search(r"old ([0-9.]+) before", line)
    assert known is not None
    new, old = figure(line, "10 shots")
    assert new >= 0.85
    assert old >= float(known[1]) - 0.03
    assert new >= figure(line, "1 shots")[0] + 0.2


@pytest.mark.slow
@pytest.mark.host
def test_two_words_more():
    line = said("adding.py", "words", str(data_dir()), "--draws", "2", "--split", "validation")
    known = re.search(r"old ([0-9.]+) before", line)
    assert known is not None
    new, old = figure(line, "5 shots")
    assert new >= 0.75
    assert old >= float(known[1]) - 0.02
