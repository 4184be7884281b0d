"""Rings of past ticks, and the C that reads them (SPEC.md 1.5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.pack import Pack
from tinysnn.past import late_reads, slots
from tinysnn.state import spike_words
from tinysnn.views.table import TableView


@dataclass(frozen=True)
class RingView:
    """The ring of one source: C of what a tick does to it."""

    layer: int | None
    """None: the input."""
    at: str
    turn: str
    keep: str
    """Statement that puts this tick's spikes or values into their slot."""


@dataclass(frozen=True)
class LateView:
    """A source of a layer that is read late."""

    spikes: str
    """Where its spikes are, words as in a `spikes` field; empty for values."""
    values: str
    """Where its values are, int8_t [n]; empty for spikes."""
    prepare: str
    """Statement to go before; empty: none."""
    work_words: int = 0
    work_values: int = 0
    """Room that `prepare` needs in `work_late` or `work_late_values`."""
    table: str = ""
    """The `tsnn_late_t` that `prepare` refers to: its symbol."""
    n_delays: int = 0


NOT_LATE = LateView("", "", "")


def view_rings(pack: Pack) -> tuple[RingView, ...]:
    """All rings of a model, that of the input first."""
    kept = slots(pack.layers)
    return tuple(_ring(pack, k, kept[k]) for k in (None, *range(len(pack.layers))) if k in kept)


def _ring(pack: Pack, k: int | None, n_slots: int) -> RingView:
    name = _name(k)
    n = pack.meta.n_in if k is None else pack.layers[k].n
    words = -(-n // 32)
    values = _has_values(pack, k)
    slot = f"&st->{name}_past[st->{name}_at * {n if values else words}u]"
    if k is not None and values:
        keep = f"tsnn_keep_counts({slot}, st->{name}_counts, {n}u);"
    elif k is not None:
        keep = f"tsnn_keep_spikes({slot}, st->{name}_spikes, {words}u);"
    elif values:
        keep = f"tsnn_keep_values({slot}, in, {n}u);"
    else:
        keep = f"tsnn_keep_events({slot}, in, {words}u);"
    turn = f"st->{name}_at = tsnn_next_slot(st->{name}_at, {n_slots}u);"
    return RingView(k, f"{name}_at", turn, keep)


def _name(k: int | None) -> str:
    return "in" if k is None else f"l{k}"


def _has_values(pack: Pack, k: int | None) -> bool:
    return pack.graded_input if k is None else pack.layers[k].spec.counts


def view_late(
    pack: Pack, k: int, prefix: str
) -> tuple[tuple[LateView | None, ...], tuple[TableView, ...]]:
    """Layer k's sources, None for those that are not read late, and the tables they need."""
    views: list[LateView | None] = []
    tables: list[TableView] = []
    sources = pack.layers[k].spec.sources
    for place, delays in enumerate(late_reads(pack.layers)[k]):
        if delays is None:
            views.append(None)
            continue
        found, needed = _late(pack, sources[place].layer, delays, f"{prefix}_late{place}")
        views.append(found)
        tables += needed
    return tuple(views), tuple(tables)


def _late(
    pack: Pack, source: int | None, delays: npt.NDArray[np.int64], symbol: str
) -> tuple[LateView, tuple[TableView, ...]]:
    name, n_slots, values = _name(source), slots(pack.layers)[source], _has_values(pack, source)
    size = delays.size if values else -(-delays.size // 32)
    if bool((delays == delays[0]).all()):
        slot = f"tsnn_slot_before(st->{name}_at, {delays[0]}u, {n_slots}u)"
        where = f"&st->{name}_past[{slot} * {size}u]"
        return (LateView("", where, "") if values else LateView(where, "", "")), ()
    ring = f"st->{name}_past, st->{name}_at, {n_slots}u, {size}u"
    if values:
        table = TableView(
            "uint16_t", f"{symbol}_ticks", tuple(delays.tolist()), "ticks that each unit is late"
        )
        prepare = f"tsnn_read_late_values(st->work_late_values, {ring},\n        {table.symbol});"
        return LateView("", "st->work_late_values", prepare, work_values=size), (table,)
    prepare = f"tsnn_read_late(st->work_late, {ring},\n        &{symbol});"
    tables = _masks(delays, symbol)
    view = LateView(
        "st->work_late",
        "",
        prepare,
        work_words=size,
        table=symbol,
        n_delays=tables[0].length,
    )
    return view, tables


def _masks(delays: npt.NDArray[np.int64], symbol: str) -> tuple[TableView, TableView]:
    """Every delay that occurs, and the units that have it as words of spikes."""
    ticks = np.unique(delays)
    masks = np.concatenate([spike_words(delays == tick) for tick in ticks])
    doc = "delays in ticks", "units that have each of them, as spikes"
    return (
        TableView("uint16_t", f"{symbol}_ticks", tuple(ticks.tolist()), doc[0]),
        TableView("uint32_t", f"{symbol}_masks", tuple(masks.tolist()), doc[1], "hex"),
    )
