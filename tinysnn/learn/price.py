"""About what learning costs, before anything is built; docs/learning.md says how it was counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinysnn.learn.layout import learned_layout
from tinysnn.learn.plastic import parameters_of
from tinysnn.learn.spec import RULES

if TYPE_CHECKING:
    from tinysnn.pack import Pack, PackedLayer

PER_WEIGHT = {
    "stdp": 1.9,
    "few-shot": 2.0,
    "familiar": 2.8,
    "drtp": 11.3,
    "sdsp-1bit": 16.9,
    "rstdp": 17.6,
    "delta": 19.8,
    "sdsp": 33.8,
    "eprop": 49.3,
    "rewire": 91.6,
}
"""Instructions of a Cortex-M4 per weight and example, counted by unicorn on the digits of
scikit-learn (16 ticks, 64 inputs): right within a factor of two on other data."""
PER_PART = 11.1
"""The same for each row and direction that is taken out of an example."""
PER_REHEARSED = 9.0
"""The same for an example that is learned again, counted on spoken digits (192 inputs)."""


def _rehearsals(layer: PackedLayer) -> int:
    """Examples that a layer learns again after each new one."""
    parameters = parameters_of(layer)
    kept = parameters.get("buffer", 0) or parameters.get("packed", 0)
    return parameters["rehearsals"] if kept else 0


def instructions(pack: Pack) -> int:
    """About how many an example takes to be learned, beside its ticks without learning; 0: none."""
    weights = {entry.name: entry.n_bytes for entry in learned_layout(pack)}
    total = 0.0
    for k, layer in enumerate(pack.layers):
        learn = layer.spec.learn
        if learn is not None:
            per_byte = 8 // RULES[learn.rule].bits
            per_weight = PER_WEIGHT[learn.rule] + PER_REHEARSED * _rehearsals(layer)
            total += per_weight * weights[f"l{k}_w"] * per_byte
            total += PER_PART * (0 if layer.nuisance is None else layer.nuisance.size)
    return round(total)
