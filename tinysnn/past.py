"""Which sources are read late, and how many ticks of them are kept (SPEC.md 1.5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from tinysnn.pack import PackedLayer

Ints = npt.NDArray[np.int64]


def delays_of(layer: PackedLayer, place: int) -> Ints:
    """How many ticks ago each unit of the layer's source number ``place`` is read, int64 [n]."""
    sources = layer.spec.sources
    source = sources[place]
    first = sum(other.n for other in sources[:place])
    ticks = np.full(source.n, source.delay_ticks, np.int64)
    return ticks if layer.delays is None else ticks + layer.delays[first : first + source.n]


def is_late(k: int, layer: PackedLayer, place: int) -> bool:
    """Whether layer k reads its source number ``place`` from a ring of past ticks.

    A layer that has not run yet in this tick holds the spikes of the tick before by itself.
    """
    source = layer.spec.sources[place]
    held = 0 if source.layer is None or source.layer < k else 1
    return bool((delays_of(layer, place) != held).any())


def late_reads(layers: Sequence[PackedLayer]) -> tuple[tuple[Ints | None, ...], ...]:
    """By layer and place of the source: delays by unit of what is read late, None for the rest."""
    return tuple(
        tuple(
            delays_of(layer, place) if is_late(k, layer, place) else None
            for place in range(len(layer.spec.sources))
        )
        for k, layer in enumerate(layers)
    )


def slots(layers: Sequence[PackedLayer]) -> dict[int | None, int]:
    """Ticks that the ring of each source that is read late holds, this one included."""
    kept: dict[int | None, int] = {}
    for layer, reads in zip(layers, late_reads(layers), strict=True):
        for source, delays in zip(layer.spec.sources, reads, strict=True):
            if delays is not None:
                kept[source.layer] = max(kept.get(source.layer, 0), int(delays.max()) + 1)
    return kept
