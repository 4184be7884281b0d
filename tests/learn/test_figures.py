"""The figures of docs/learning.md, by fewer epochs: what a rule reaches on the digits."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import need

SCRIPT = Path(__file__).parents[2] / "examples" / "learning" / "digits.py"
LEAST = {
    "stdp": 0.95,
    "rstdp": 0.6,
    "sdsp": 0.81,
    "sdsp-1bit/256": 0.66,
    "rewire": 0.85,
    "drtp": 0.92,
    "eprop": 0.94,
}
"""After the second epoch; no rule is right in more than some .15 with wrong labels."""


def accuracies(*arguments: str) -> dict[str, float]:
    """By rule, after the last epoch."""
    command = [sys.executable, str(SCRIPT), *LEAST, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.findall(r"^(\S+) +\w+ +epoch \d+: ([0-9.]+)", done.stdout, re.MULTILINE)
    return {rule: float(accuracy) for rule, accuracy in found}


@pytest.mark.slow
@pytest.mark.host
def test_digits():
    need("cc")
    pytest.importorskip("sklearn", reason="the digits are those of scikit-learn")
    reached = accuracies("--epochs", "2")
    assert reached.keys() == LEAST.keys()
    assert {rule: a for rule, a in reached.items() if a < LEAST[rule]} == {}
    chance = accuracies("--epochs", "1", "--wrong-labels")
    assert {rule: a for rule, a in chance.items() if a > 0.25} == {}
