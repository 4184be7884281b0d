"""What a device keeps of what it learned, byte by byte (SPEC.md 4.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from tinysnn.learn.plastic import head_of, room_of
from tinysnn.learn.spec import RULES

if TYPE_CHECKING:
    from tinysnn.pack import Pack, PackedLayer

DType = Literal["u4", "i4", "u2", "i2", "u1", "i1"]
Entry = tuple[str, DType, int]


@dataclass(frozen=True)
class LearnField:
    """One array of what is learned, or of an example that is being learned."""

    name: str
    dtype: DType
    count: int
    """Entries, without padding."""
    offset: int
    """Byte offset in its struct."""

    @property
    def n_bytes(self) -> int:
        """Size in bytes, padded to a multiple of 4."""
        return -(-int(self.dtype[1]) * self.count // 4) * 4

    @property
    def padded(self) -> int:
        """Entries with those that are padding, always 0."""
        return self.n_bytes // int(self.dtype[1])


def learned_layout(pack: Pack) -> tuple[LearnField, ...]:
    """What outlives an example: it is saved, pulled and hashed."""
    head: list[Entry] = [("rng", "u4", 1), ("n_classes", "u4", 1), ("n_examples", "u4", 1)]
    return _placed([*head, *(e for k, layer in _plastic(pack) for e in _learned(k, layer))])


def learning_layout(pack: Pack) -> tuple[LearnField, ...]:
    """What belongs to the example that is being learned."""
    head: list[Entry] = [("armed", "u4", 1), ("label", "i4", 1), ("reward", "i4", 1)]
    head.append(("n_ticks", "u4", 1))
    return _placed([*head, *(e for k, layer in _plastic(pack) for e in _learning(k, layer))])


def kept_fields(pack: Pack) -> dict[str, npt.NDArray[Any]]:
    """Fields that a pulled pack brings with it, by name; none in other packs."""
    for layer in pack.layers:
        if layer.learned is not None:
            record = np.ascontiguousarray(layer.learned)
            return {
                e.name: np.frombuffer(record, f"<{e.dtype}", e.count, e.offset)
                for e in learned_layout(pack)
            }
    return {}


def learned_bytes(pack: Pack) -> int:
    """Size of what is learned."""
    return sum(entry.n_bytes for entry in learned_layout(pack))


def learning_bytes(pack: Pack) -> int:
    """Size of what an example needs."""
    return sum(entry.n_bytes for entry in learning_layout(pack))


def _plastic(pack: Pack) -> list[tuple[int, PackedLayer]]:
    return [(k, layer) for k, layer in enumerate(pack.layers) if layer.spec.learn is not None]


def _placed(entries: list[Entry]) -> tuple[LearnField, ...]:
    ordered = [e for size in "421" for e in entries if e[1][1] == size]
    offset, placed = 0, []
    for name, dtype, count in ordered:
        placed.append(LearnField(name, dtype, count, offset))
        offset += placed[-1].n_bytes
    return tuple(placed)


def _learned(k: int, layer: PackedLayer) -> list[Entry]:
    learn = layer.spec.learn
    assert learn is not None
    n, n_rows = layer.n, layer.spec.n_rows
    entries: list[Entry] = [_weights(k, layer)]
    if RULES[learn.rule].role == "head":
        entries.append((f"l{k}_b", "i4", n))
    if learn.rule == "familiar":
        entries.append((f"l{k}_d", "u1", n_rows * n))
    if learn.rule in ("few-shot", "familiar"):
        entries.append((f"l{k}_uses", "u1", n))
    if learn.rule == "stdp":
        entries.append((f"l{k}_h", "i4", n))
    if learn.parameters.get("buffer") or learn.parameters.get("packed"):
        entries.append((f"l{k}_turn", "u4", 1))
    if learn.rule == "rewire":
        entries.append((f"l{k}_from", "u2", n * learn.parameters["synapses"]))
    if learn.rule == "rstdp":
        entries.append((f"l{k}_mean", "i4", 1))
    if learn.parameters.get("buffer"):
        room = room_of(layer)
        entries.append((f"l{k}_kept", "u1", room))
        entries.append((f"l{k}_buffer", "i1", room * learn.parameters["buffer"] * (n_rows + 1)))
    return entries


def _weights(k: int, layer: PackedLayer) -> Entry:
    learn = layer.spec.learn
    assert learn is not None
    bits = RULES[learn.rule].bits
    if learn.rule == "rewire":
        return f"l{k}_w", "i1", layer.n * learn.parameters["synapses"]
    if bits == 8:
        return f"l{k}_w", "i1", layer.spec.n_rows * layer.n
    return f"l{k}_w", "u1", layer.spec.n_rows * -(-layer.n * bits // 8)


def _learning(k: int, layer: PackedLayer) -> list[Entry]:
    learn = layer.spec.learn
    assert learn is not None
    n, n_rows = layer.n, layer.spec.n_rows
    entries: dict[str, list[Entry]] = {
        "delta": [(f"l{k}_z", "i4", n_rows), (f"l{k}_x", "i1", n_rows + 1), (f"l{k}_e", "i4", n)],
        "few-shot": [(f"l{k}_z", "i4", n_rows), (f"l{k}_x", "i1", n_rows + 1)],
        "familiar": [(f"l{k}_z", "i4", n_rows), (f"l{k}_x", "i1", n_rows + 1)],
        "rewire": [(f"l{k}_z", "i4", n_rows), (f"l{k}_x", "i1", n_rows + 1), (f"l{k}_e", "i4", n)],
        "sdsp": [(f"l{k}_u", "i4", n), (f"l{k}_ca", "i4", n), (f"l{k}_dir", "i1", n)],
        "stdp": [(f"l{k}_u", "i4", n), (f"l{k}_t", "u1", n_rows), (f"l{k}_y", "u1", n)],
        "rstdp": [
            (f"l{k}_u", "i4", n),
            (f"l{k}_el", "i2", n_rows * n),
            (f"l{k}_t", "u1", n_rows),
            (f"l{k}_y", "u1", n),
        ],
        "drtp": [(f"l{k}_z", "i4", n_rows), (f"l{k}_near", "i4", n)],
        "eprop": [(f"l{k}_t", "i2", n_rows), (f"l{k}_el", "i2", n_rows * n)],
    }
    if learn.parameters.get("adapt"):
        entries["eprop"].append((f"l{k}_ea", "i2", n_rows * n))
    return entries[learn.rule.removesuffix("-1bit")]


__all__ = [
    "LearnField",
    "head_of",
    "kept_fields",
    "learned_bytes",
    "learned_layout",
    "learning_layout",
]
