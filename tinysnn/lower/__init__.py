"""Float network -> discretised graph: time steps, resting potentials, folded weights, schedule."""

from __future__ import annotations

from tinysnn.lower.build import lower
from tinysnn.lower.questions import Question, missing_options

__all__ = ["Question", "lower", "missing_options"]
