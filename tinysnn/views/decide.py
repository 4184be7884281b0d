"""What the template of decisions sees (SPEC.md 6)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinysnn.pack import Pack
from tinysnn.views.table import TableView


@dataclass(frozen=True)
class DecideView:
    """The decisions of one model."""

    n: int
    smooth: int
    value: str
    """C of what enters of output c, before it is clipped."""
    rest_ticks: int
    thresholds: TableView
    labels: tuple[str, ...]
    """C string literals."""
    words: str


def view_decision(prefix: str, pack: Pack) -> DecideView | None:
    """View of what a model decides; None if it decides nothing."""
    decision = pack.decision
    if decision is None:
        return None
    values = np.array(decision.thresholds, np.int64)
    doc = f"least lead of a class, 1/{1 << (2 * decision.smooth)} of what enters, [{pack.n_out}]"
    return DecideView(
        n=pack.n_out,
        smooth=decision.smooth,
        value=_value(pack, decision.shift),
        rest_ticks=decision.rest_ticks,
        thresholds=TableView("int32_t", f"{prefix}_threshold", tuple(values.tolist()), doc),
        labels=tuple(_literal(label) for label in decision.labels),
        words=", ".join(decision.labels).replace("*/", "* /"),
    )


def _value(pack: Pack, shift: int) -> str:
    spec, k = pack.output_layer.spec, pack.meta.output
    if spec.fires and not spec.counts:
        fired = f"(st->l{k}_spikes[c >> 5] & tsnn_spike_bit(c)) != 0u"
        return f"(({fired}) ? {align_one(shift)} : 0)"
    value = f"(int32_t)st->l{k}_{'counts' if spec.counts else 'v'}[c]"
    if shift == 0:
        return f"({value})"
    if shift > 0:
        return f"({value} * {1 << shift})"
    return f"(({value} + {1 << (-shift - 1)}) >> {-shift})"


def align_one(shift: int) -> int:
    """What a spike enters as: 1 times 2^shift, rounded."""
    return 1 << shift if shift >= 0 else (1 + (1 << (-shift - 1))) >> -shift


def _literal(label: str) -> str:
    escaped = label.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    return f'"{escaped}"'
