"""The state of a pack in memory: its fields, where they lie, and how spikes are laid out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tinysnn.pack import Pack, PackedLayer
from tinysnn.past import slots

Dtype = Literal["u4", "i4", "i2", "i1"]
Fields = Iterator[tuple[str, Dtype, int]]
"""Name, type and number of entries."""


@dataclass(frozen=True)
class StateField:
    """One array of the model's state (SPEC.md 1.5)."""

    name: str
    layer: int | None
    """Index of the layer; None: of the input, or of the decision."""
    dtype: Dtype
    count: int
    """Entries, padding included."""
    offset: int
    """Byte offset in the state."""

    @property
    def n_bytes(self) -> int:
        """Size in bytes, a multiple of 4."""
        return int(self.dtype[1]) * self.count

    @property
    def kind(self) -> str:
        """What it holds: `v`, `spikes`, .. (the names of SPEC.md 1.5 without their beginning)."""
        return self.name.split("_", 1)[1]

    @property
    def decides(self) -> bool:
        """Whether it is of the decision (SPEC.md 6)."""
        return self.name.startswith("d_")


def state_layout(pack: Pack) -> tuple[StateField, ...]:
    """Fields of the state in memory order: 4-byte ones, then 2-byte ones, then bytes."""
    kept = slots(pack.layers)
    parts: list[tuple[int | None, Fields]] = [(None, _past(kept.get(None), pack))]
    for k, layer in enumerate(pack.layers):
        ring = _ring(kept.get(k), layer.n, "i1" if layer.spec.counts else "u4")
        parts += [(k, _of_layer(layer)), (k, ring)]
    wanted = [(_prefix(k), k, *entry) for k, fields in parts for entry in fields]
    wanted += [("d", None, *entry) for entry in _of_decision(pack)]
    offset, layout = 0, []
    for prefix, place, kind, dtype, count in sorted(wanted, key=lambda w: -int(w[3][1])):
        entry = StateField(f"{prefix}_{kind}", place, dtype, count, offset)
        layout.append(entry)
        offset += entry.n_bytes
    return tuple(layout)


def _prefix(k: int | None) -> str:
    return "in" if k is None else f"l{k}"


def _of_layer(layer: PackedLayer) -> Fields:
    narrow = layer.spec.state_bits == 16
    value: Dtype = "i2" if narrow else "i4"
    count = layer.n + layer.n % 2 if narrow else layer.n
    if layer.spec.fires:
        yield "spikes", "u4", -(-layer.n // 32)
    if layer.spec.may_skip:
        yield from (("idle", "u4", 1), ("hot", "u4", 1))
    yield "v", value, count
    if layer.spec.has_current:
        yield "i", value, count
    if layer.rho is not None:
        yield "a", value, count
    if layer.refractory is not None:
        yield "wait", "i2", layer.n + layer.n % 2
    if layer.spec.counts:
        yield "counts", "i1", -(-layer.n // 4) * 4


def _of_decision(pack: Pack) -> Fields:
    if pack.decision is not None:
        yield from (("first", "i4", pack.n_out), ("second", "i4", pack.n_out))
        yield from (("rest", "u4", 1), ("found", "i4", 1), ("margin", "i4", 1))


def _past(kept: int | None, pack: Pack) -> Fields:
    yield from _ring(kept, pack.meta.n_in, "i1" if pack.graded_input else "u4")


def _ring(kept: int | None, n: int, dtype: Dtype) -> Fields:
    """A ring of so many ticks of n units, spikes or values; nothing without it."""
    if kept is not None:
        words = -(-n // 32) * kept if dtype == "u4" else -(-n * kept // 4) * 4
        yield from (("at", "u4", 1), ("past", dtype, words))


def state_bytes(pack: Pack) -> int:
    """Size of the state in bytes, a multiple of 4."""
    return sum(entry.n_bytes for entry in state_layout(pack))


def spike_words(fired: npt.NDArray[np.bool_]) -> npt.NDArray[np.uint32]:
    """Spikes [n] as the words of a state's `spikes` field (SPEC.md 1.5)."""
    padded = np.zeros((-(-fired.size // 32), 16, 2), np.uint8)
    padded.reshape(-1)[: fired.size] = fired
    halves = np.packbits(padded.transpose(0, 2, 1), axis=-1, bitorder="little")
    return np.ascontiguousarray(halves).reshape(-1).view("<u4")


def spikes_of(words: npt.NDArray[np.uint32], n: int) -> npt.NDArray[np.bool_]:
    """The spikes [n] that the words of a `spikes` field say; inverse of `spike_words`."""
    halves = np.ascontiguousarray(words.astype("<u4")).reshape(-1).view(np.uint8).reshape(-1, 2, 2)
    bits = np.unpackbits(halves, axis=-1, bitorder="little")
    return bits.transpose(0, 2, 1).reshape(-1)[:n].astype(np.bool_)
