"""Memory that packs take on a board before they are compiled, by layer, and what would help.

All layers share one work area: sums and lists of events live no longer than their layer's tick, so
that the area is as large as the largest of each, not their sum.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinysnn.boards import Core
from tinysnn.footprint import WINDOWS_BYTES
from tinysnn.pack import Pack
from tinysnn.state import state_layout
from tinysnn.views.model import FieldView, ModelView, view_image, view_model
from tinysnn.views.row_options import AUTO, RowOptions

HARNESS_BYTES = 40
"""Variables of the wire server, at most."""
RING_BYTES = 140
"""More of these where the UART interrupts."""
HALF_STATE = 2
"""Membranes of 16 bits take so many times less than those of 32."""


@dataclass(frozen=True)
class LayerMemory:
    """One layer of a model."""

    name: str
    state_bytes: int
    """RAM that it keeps from tick to tick."""
    sums_bytes: int
    """RAM of its sums; shared with the other layers."""
    table_bytes: int
    """Flash of its weights and tables."""
    bits: int
    state_bits: int
    fires: bool


@dataclass(frozen=True)
class MemoryPlan:
    """The variables of an image, without its stack."""

    layers: tuple[LayerMemory, ...]
    """Of all models."""
    state_bytes: int
    work_bytes: int
    """What the layers of each model share."""
    buffers_bytes: int
    """Frames, inputs and outputs of the firmware; an application has its own."""
    ring_bytes: int

    @property
    def ram_bytes(self) -> int:
        """All variables."""
        kept = self.state_bytes + self.work_bytes + self.buffers_bytes
        return kept + HARNESS_BYTES + self.ring_bytes


def plan(
    packs: Sequence[Pack], core: Core, options: RowOptions = AUTO, *, interrupts: bool = False
) -> MemoryPlan:
    """The plan of an image with some models.

    `interrupts`: the board's UART does, and has a ring for what it receives.
    """
    views = [view_model(pack, core, options) for pack in packs]
    image = view_image(list(packs))
    buffers = 2 * image.n_in + image.n_in_values + 2 * image.n_out_spikes + 4 * image.n_out_values
    state = sum(view.state_bytes for view in views)
    return MemoryPlan(
        tuple(
            layer for pack, view in zip(packs, views, strict=True) for layer in _layers(pack, view)
        ),
        state,
        sum(_struct_bytes(view) for view in views) - state,
        buffers + 2 * image.max_payload,
        RING_BYTES * interrupts,
    )


def _layers(pack: Pack, view: ModelView) -> list[LayerMemory]:
    found = []
    for k, (layer, seen) in enumerate(zip(pack.layers, view.layers, strict=True)):
        windows = sum(m.down.length + m.right.length for m in seen.maps) * WINDOWS_BYTES
        found.append(
            LayerMemory(
                name=layer.name,
                state_bytes=sum(f.n_bytes for f in state_layout(pack) if f.layer == k),
                sums_bytes=4 * seen.rows.sums_length,
                table_bytes=windows + sum(_bytes(t.ctype) * t.length for t in seen.tables),
                bits=layer.spec.bits,
                state_bits=layer.spec.state_bits,
                fires=layer.spec.fires,
            )
        )
    return found


def _struct_bytes(view: ModelView) -> int:
    """Size of the model's struct: state, then the work area, each field where its type may lie."""
    end = view.state_bytes
    for field in view.work:
        width = _bytes(field.ctype)
        end = -(-end // width) * width + width * _length(field)
    return -(-end // 4) * 4


def _length(field: FieldView) -> int:
    return 1 if field.single else field.length + field.padded


def _bytes(ctype: str) -> int:
    return int(np.dtype(ctype.removesuffix("_t")).itemsize)


def advice(found: MemoryPlan, *, ram: bool) -> str:
    """What takes most of a memory that is too small, and what would help; in words."""
    if ram:
        worst = max(found.layers, key=lambda layer: layer.state_bytes + layer.sums_bytes)
        took = f"{worst.state_bytes:,} bytes of state and {worst.sums_bytes:,} of sums"
        help_with = _less_ram(worst)
    else:
        worst = max(found.layers, key=lambda layer: layer.table_bytes)
        took, help_with = f"{worst.table_bytes:,} bytes of tables", _less_flash(worst)
    return f"Layer {worst.name!r} takes most: {took}. {help_with}, or choose a larger board"


def _less_ram(layer: LayerMemory) -> str:
    smaller = "Give it fewer neurons: a larger stride, or a pool ahead of it"
    if layer.state_bits == 32 and layer.fires:
        saved = layer.state_bytes // HALF_STATE
        return f"--state-bits 16 would save about {saved:,} bytes, if its membranes fit. {smaller}"
    return smaller


def _less_flash(layer: LayerMemory) -> str:
    if layer.bits > 1:
        half = layer.bits // 2
        saved = layer.table_bytes // 2
        return f"--layer-bits {layer.name}={half} would save about {saved:,} bytes"
    return "Prune it, or give it fewer neurons"
