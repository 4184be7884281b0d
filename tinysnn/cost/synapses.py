"""What drives the cost of a layer's events and rows."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from tinysnn.cost.activity import WINDOWS, LayerActivity, SourceActivity, sparse_words
from tinysnn.cost.bill import Bill
from tinysnn.cost.coefficients import coefficients
from tinysnn.cost.rows import variant_of
from tinysnn.pack import PackedLayer
from tinysnn.views.graded import PASS_NEURONS, GradedKernel
from tinysnn.views.layer import LayerView
from tinysnn.views.sparse import SparseKernel


def list_spikes(bill: Bill, source: SourceActivity, n_words: int, kernel: str) -> None:
    """Charge for listing who fired: `kernel` is the family of the assembly, empty for C."""
    prefix = f"{kernel}/list" if kernel else "list"
    bill.charge(f"{prefix}.call", 1.0)
    bill.charge(f"{prefix}.word", float(n_words))
    bill.charge(f"{prefix}.active word", source.words)
    bill.charge(f"{prefix}.active evens", source.evens)
    bill.charge(f"{prefix}.active odds", source.odds)
    bill.charge(f"{prefix}.event", source.events)


def events(bill: Bill, view: LayerView, activity: LayerActivity, kernel: str) -> None:
    """Charge for bringing a layer's events together, which every tick does."""
    if view.direct_input:
        return
    for source, active in zip(view.sources, activity.sources, strict=True):
        graded = " graded" * view.graded
        if source.is_input:
            bill.charge("copy", 1.0)
            bill.charge(f"copy.event{graded}", active.events)
            continue
        if kernel:
            bill.charge("list", 1.0)
        list_spikes(bill, active, source.n_words, kernel)
        if view.graded:
            bill.charge("spike value", np.minimum(active.events, 1.0))  # filled by memset
            bill.charge("spike value.event", active.events)


def rows(bill: Bill, view: LayerView, layer: PackedLayer, activity: LayerActivity) -> None:
    """Charge for adding rows, in ticks that are not skipped."""
    if view.learn is not None:
        return  # not measured, and said so (`not_measured`)
    if view.fallback is not None:
        activity = _silent_rows(bill, view, layer, activity)
    if view.rows.windows:
        _sparse(bill, view, activity)
    elif view.rows.kernel:
        bill.charge("rows.kernel", activity.ran)
        bill.charge("rows.kernel, graded", activity.ran * view.graded)
        if view.graded:
            _graded_kernel(bill, view, activity)
        else:
            _kernel(bill, view, activity)
    elif view.graded:
        _graded(bill, view, activity)
    else:
        _lanes(bill, view, activity)


def _silent_rows(
    bill: Bill, view: LayerView, layer: PackedLayer, activity: LayerActivity
) -> LayerActivity:
    """Charge for the fall-back in busy ticks; the activity with the rows that are added then."""
    assert view.fallback is not None
    busy = activity.events > view.fallback.threshold
    some = busy * activity.ran
    bill.charge("silent", activity.ran)
    for view_source, source in zip(view.sources, activity.sources, strict=True):
        kind = "input" if view_source.is_input else "spikes"
        bill.charge(f"silent.{kind}", some)
        bill.charge(f"silent.{kind}.unit", some * view_source.n)
        bill.charge(f"silent.{kind}.listed", some * (view_source.n - source.events))
    bill.charge(f"silent.{view.fallback.take}", some * view.fallback.n_words)
    count = view.n_rows - activity.events
    rest = sparse_words(layer).sum(axis=-1)[..., None] - activity.added
    added = SourceActivity(np.where(busy, count, activity.events), *(activity.ran,) * 3)
    return replace(activity, sources=(added,), added=np.where(busy, rest, activity.added))


def _sparse(bill: Bill, view: LayerView, activity: LayerActivity) -> None:
    """A window of neurons after the other, each walks all events."""
    symbol, windows = view.rows.kernel, view.rows.windows
    family = symbol.rpartition("_")[2] if symbol.endswith(("_dsp", "_v6m")) else ""
    name = f"{family}/sparse" if family else "sparse wide" if view.rows.wide else "sparse lanes"
    sums = activity.ran * sum(window.n_words for window in windows)
    every = activity.ran * len(windows)
    if family:
        bill.charge("rows.kernel", every)
    bill.charge(f"{name}.call", every)
    bill.charge(f"{name}.clear", sums)
    bill.charge(f"{name}.event", every * activity.events)
    words, twos, fours = activity.added[:, WINDOWS.index(_window(view))]
    bill.charge(f"{name}.word", activity.ran * words)
    if family:
        bill.charge(f"{name}.run", activity.ran * (twos if family == "v6m" else fours))
    scaled = re.search(r"_s(\d+)_", symbol)
    if scaled:
        bill.charge(f"{name}.scaled", sums)
        if scaled[1] != "0":
            some = 1.0 if family == "v6m" else np.minimum(activity.events, 1.0)
            bill.charge(f"{name}.shift", sums * some)
            bill.charge(f"{name}.shift.call", every * some)


def _window(view: LayerView) -> int:
    """Neurons that the places of its sparse rows tell apart."""
    kernel = next((k for k in view.kernels if isinstance(k, SparseKernel)), None)
    return WINDOWS[-1] if kernel is None else kernel.window


def _kernel(bill: Bill, view: LayerView, activity: LayerActivity) -> None:
    cost = coefficients().rows.get(variant_of(view.rows.kernel))
    if cost is None:
        bill.unknown = view.rows.kernel
        return
    blocks = -(-view.n // cost.neurons)
    low = np.floor(activity.events).astype(np.int64)
    part = activity.events - low  # made-up ticks have broken numbers of events
    each = [cost.call.at(count) + blocks * cost.block.at(count) for count in (low, low + 1)]
    bill.exact += activity.ran * (each[0] * (1 - part) + each[1] * part)


def _graded(bill: Bill, view: LayerView, activity: LayerActivity) -> None:
    """Compiled C that multiplies; for weights below 8 bits it does nothing without an event."""
    origin = " of input" * view.direct_input
    if view.rows.signed_lanes:
        _passes(bill, view, activity, f"graded8{origin}", activity.ran)
        return
    bill.charge("rows.begin", activity.ran)
    bill.charge("rows.begin.sum", activity.ran * view.rows.sums_length)
    bill.charge("rows.value", activity.ran * activity.events)
    narrow = "4" if view.rows.pairs_per_word == 4 else "below 4"
    chunks = activity.ran * np.ceil(activity.sizes / view.rows.cap)
    bill.charge("rows.call, graded", chunks)
    _passes(bill, view, activity, f"graded {narrow}{origin}", chunks)


def _graded_kernel(bill: Bill, view: LayerView, activity: LayerActivity) -> None:
    """Makes a list of events and values, then walks it for eight neurons after the other."""
    kernel = next((k for k in view.kernels if isinstance(k, GradedKernel)), None)
    if kernel is None:
        bill.unknown = view.rows.kernel
        return
    name, blocks, one_bit = "dsp/graded", view.rows.n_blocks, kernel.bits == 1
    some = activity.ran * np.minimum(activity.events, 1.0)
    bill.charge(f"{name}.silent", activity.ran - some)
    bill.charge(f"{name}.silent.word", (activity.ran - some) * 4 * blocks)
    bill.charge(f"{name} {kernel.bits}", some)
    bill.charge(f"{name}, rounded, 1 bit", some * (one_bit and kernel.rounding > 0))
    bill.charge(f"{name}.event", some * activity.events)
    bill.charge(f"{name}.event, 1 bit", some * activity.events * one_bit)
    bill.charge(f"{name}.block {kernel.bits}", some * blocks)
    bill.charge(f"{name}.block, shifted", some * blocks * (kernel.frac_bits != 0))
    bill.charge(f"{name}.block, in two words", some * blocks * (kernel.top < 32))
    bill.charge(f"{name}.add {kernel.bits}", some * blocks * activity.events)
    bill.charge(f"{name}.run", some * blocks * np.ceil(activity.events / 4))


def _lanes(bill: Bill, view: LayerView, activity: LayerActivity) -> None:
    """Compiled C that sums in lanes, in chunks of events where these are narrow."""
    form = "wide" if view.rows.wide else "signed" if view.rows.signed_lanes else "lanes"
    chunks = activity.ran
    if view.rows.wide:
        chunks = activity.ran * np.ceil(activity.events / view.rows.cap)
        bill.charge_memset(view.rows.sums_length, activity.ran)
        bill.charge("rows.call", chunks)
    elif view.rows.chunked:
        form = "chunks"
        chunks = activity.ran * np.maximum(1, np.ceil(activity.events / view.rows.cap))
        bill.charge("rows.call", activity.ran)
        bill.charge("rows.call, later", chunks - activity.ran)
    bits = 32 // (view.rows.pairs_per_word * 2)
    _passes(bill, view, activity, f"{form}{bits}", chunks)


def _passes(
    bill: Bill, view: LayerView, activity: LayerActivity, form: str, chunks: np.ndarray
) -> None:
    """A pass walks the events for a block of row words; blocks of some widths follow each other."""
    bill.charge(f"rows.{form}", chunks)
    odd_pitch = view.rows.row_words & (view.rows.row_words - 1) != 0
    for block in view.rows.blocks:
        times = (block.end - block.first) // block.width
        walked = activity.ran * activity.events * times
        bill.charge("rows.loop", chunks)
        bill.charge("rows.pass", chunks * times)
        bill.charge(f"rows.{form}.sums", chunks * times * (len(block.lanes) or PASS_NEURONS // 2))
        bill.charge(f"rows.{form} x{block.width}.event", walked)
        if odd_pitch:
            bill.charge("rows.event, rows of no power of 2", walked)
