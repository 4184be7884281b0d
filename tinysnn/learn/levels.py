"""Weights as levels of a few bits: w = 2 q - top (SPEC.md 4.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tinysnn.learn.base import BiasedHead, Fields, Shared
from tinysnn.learn.spec import RULES

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer


class LevelHead(BiasedHead):
    """A head whose weights are levels."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        assert layer.spec.learn is not None
        self.bits = RULES[layer.spec.learn.rule].bits
        self.top = (1 << self.bits) - 1

    def add_class(self, label: int) -> None:
        """See `Plastic`."""
        self.set_b(self.neurons(label), 0)

    def fields(self) -> Fields:
        """See `Plastic`; the levels, low bits first."""
        levels = (self.rows.astype(np.int64) + self.top) // 2
        per_byte = 8 // self.bits
        padded = np.zeros((levels.shape[0], -(-self.layer.n // per_byte) * per_byte), np.int64)
        padded[:, : self.layer.n] = levels
        shifts = np.arange(per_byte) * self.bits
        packed = (padded.reshape(levels.shape[0], -1, per_byte) << shifts).sum(axis=2)
        return {**super().fields(), f"l{self.k}_w": packed}

    def restore(self, fields: Fields) -> None:
        """See `Plastic`."""
        packed = fields[f"l{self.k}_w"].reshape(self.rows.shape[0], -1, 1).astype(np.int64)
        levels = (packed >> np.arange(0, 8, self.bits)) & self.top
        flat = levels.reshape(self.rows.shape[0], -1)[:, : self.layer.n]
        own = {**fields, f"l{self.k}_w": (2 * flat - self.top).astype(np.int8)}
        super().restore(own)
