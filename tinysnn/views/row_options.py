"""How the rows of a model's layers are stored and walked, where that is not left to costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RowsForm = Literal["auto", "dense", "sparse"]
Fallback = Literal["auto", "never", "always"]
DotsForm = Literal["auto", "never", "always"]


@dataclass(frozen=True)
class RowOptions:
    """Choices for all layers of a model; no choice changes a bit of what it computes."""

    rows: RowsForm = "auto"
    """Store all weights, or those that are not 0; auto: what takes fewer instructions."""
    dense_fallback: Fallback = "auto"
    """Subtract what is silent in ticks in which most of a layer's rows are active; auto: where such
    ticks were seen on the calibration data."""
    dots: DotsForm = "auto"
    """Multiply windows of input values with kernels; auto: where it takes fewer instructions than
    going by events."""


AUTO = RowOptions()
