"""Ticks in which most rows are active: the same bits, and only where it pays."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np
import pytest

from benchmarks.dense import measure
from tests.kernels.arm import assert_exact
from tests.kernels.row_scenes import (
    EMULATED,
    assert_exact_on_host,
    assert_found_in_header,
    core_texts,
    drawn_scenes,
    emulated_differences,
    pruned,
    ticks,
    wide_scenes,
)
from tests.make_packs import EMPTY_REPORT, Corner, make_layer, make_pack, with_spec
from tests.tools import need
from tinysnn.emit import render
from tinysnn.pack import Pack, PackedLayer
from tinysnn.views.row_cost import threshold
from tinysnn.views.row_options import RowOptions

DENSE = RowOptions(rows="dense", dense_fallback="always")
SPARSE = RowOptions(rows="sparse", dense_fallback="always")


# ---- the same bits ----


@pytest.mark.emu
@pytest.mark.parametrize("options", [DENSE, SPARSE], ids=["dense", "sparse"])
@pytest.mark.parametrize("core", EMULATED)
def test_random_layers_and_all_sources(core, options, tmp_path):
    assert_exact([*wide_scenes(), *drawn_scenes(41, 8)], core, tmp_path, options)


@pytest.mark.host
@pytest.mark.parametrize("options", [DENSE, SPARSE], ids=["dense", "sparse"])
def test_in_c_under_the_sanitizers(options, tmp_path):
    text = assert_exact_on_host([*wide_scenes(), *drawn_scenes(42, 2)], tmp_path, options)
    for function in ("gather_silent", "list_silent", "take_from_words", "take_from_pairs"):
        assert f"tsnn_{function}(" in text


@pytest.mark.slow
@pytest.mark.emu
@pytest.mark.parametrize("seed", range(50, 51))
@pytest.mark.parametrize("options", [DENSE, SPARSE], ids=["dense", "sparse"])
@pytest.mark.parametrize("core", EMULATED)
def test_more_random_layers(core, options, seed, tmp_path):
    assert_exact(drawn_scenes(seed, 20), core, tmp_path, options)


# ---- where it is generated ----


def busy(events: float | None, **fields: Any) -> PackedLayer:
    """A layer of 128 rows, with a mean of events on the calibration data."""
    layer = make_layer(pruned(128, 64, 0.0, 7), **{"theta": 200, **fields})
    report = msgspec.structs.replace(EMPTY_REPORT, events_per_tick=events)
    return with_spec(layer, report=report)


def c_of(pack: Pack, core: str = "cortex-m4", **options: Any) -> str:
    """The C of a model."""
    return render([pack], core=core, options=RowOptions(**options))[f"tsnn_{pack.name}.c"]


def limit_in(text: str) -> int:
    """The number of events beyond which silent rows are added; 0: never."""
    found = set(re.findall(r"if \(n_events > (\d+)u\)", text))
    assert len(found) <= 1
    return int(found.pop()) if found else 0


@pytest.mark.parametrize("core", EMULATED)
def test_generated_where_calibration_saw_full_ticks(core):
    limit = limit_in(c_of(make_pack(busy(110.0)), core))
    assert limit == threshold(busy(None), core, windows=0)
    assert 64 < limit < 110
    for events in (None, 10.0, 55.0):
        assert limit_in(c_of(make_pack(busy(events)), core)) == 0
    assert limit_in(c_of(make_pack(busy(110.0)), core, dense_fallback="never")) == 0
    assert limit_in(c_of(make_pack(busy(None)), core, dense_fallback="always")) > 0


def test_silent_ticks_do_not_hide_full_ones():
    report = msgspec.structs.replace(EMPTY_REPORT, events_per_tick=11.0, quiet_ticks=0.9)
    assert limit_in(c_of(make_pack(with_spec(busy(None), report=report)))) > 0


def test_not_where_rows_are_so_short_that_a_list_costs_more():
    small = make_layer(np.ones((128, 2)), theta=200)
    report = msgspec.structs.replace(EMPTY_REPORT, events_per_tick=128.0)
    pack = make_pack(with_spec(small, report=report))
    assert limit_in(c_of(pack, "cortex-m3")) == 0  # assembly adds no fewer than 16 neurons


def test_not_for_graded_input():
    graded = make_pack(busy(120.0, graded=True, state_bits=32), graded=True)
    assert limit_in(c_of(graded, dense_fallback="always")) == 0


@pytest.mark.emu
@pytest.mark.parametrize(("core", "bits"), [("cortex-m4", 8), ("cortex-m0plus", 4)])
def test_full_ticks_get_faster(core, bits):
    need("gcc-arm")
    need("unicorn")
    rows = [row for row in measure(core, bits) if row.neurons == 128]
    assert len(rows) == 8
    for row in rows:
        assert row.silent_rows < row.active_rows * (0.25 if row.events == 128 else 1), row


# ---- faults ----

MODEL = [
    ("all sums less nothing", r"tsnn_take_from_\w+\((?=tsnn)", "(void)("),
    ("totals of another row", r"(_totals\[\d+u\] = \{\s+0x)\w{8}", r"\g<1>00010001"),
    ("silent inputs have the rows of spikes", r"in->count, (\d+)u, (\d\d)u", r"in->count, \1u, 0u"),
    ("the silent list is not used", r"added = st->work_events;", "added = events;"),
]
HEADER = [
    ("silent inputs after the last active one are missed", r"first_row \+ n, event\)",
     "first_row, event)"),
    ("the active one is listed", r"row = end \+ 1u;", "row = end;"),
    ("neurons that are not there are silent", r"tsnn_spike_mask\(tsnn_least\(n - first, 32u\)\)",
     "0xFFFFFFFFu"),
    ("odd numbers of neurons lose one", r"\(1u << \(\(n \+ 1u\) >> 1\)\)", "(1u << (n >> 1))"),
    ("halves borrow", r"sums\[w\] = \(\(a - b\) & 65535u\) \| [^;]+;", "sums[w] = a - b;"),
    ("words the wrong way round", r"totals\[w\] - sums\[w\]", "sums[w] - totals[w]"),
]  # fmt: skip


@pytest.mark.host
@pytest.mark.parametrize(("name", "pattern", "new"), HEADER, ids=[h[0] for h in HEADER])
def test_faults_in_c_are_found(name, pattern, new, tmp_path):
    assert_found_in_header(name, pattern, new, SPARSE, tmp_path)


@pytest.mark.emu
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
@pytest.mark.parametrize(("name", "pattern", "new"), MODEL, ids=[m[0] for m in MODEL])
def test_faults_in_models_are_found(name, pattern, new, core, tmp_path):
    scenes = [*wide_scenes(), mixed()]
    texts = core_texts(scenes, core, DENSE)
    texts["all.c"], count = re.subn(pattern, new, texts["all.c"])
    assert count > 0, f"{name}: does not apply any more: write it anew"
    assert emulated_differences(scenes, texts, core, tmp_path)


def mixed() -> Corner:
    """A layer whose membranes stay below the threshold, so that all sums show in them."""
    layer = make_layer(pruned(60, 20, 0.2, 9), theta=30000, beta=30000)
    return Corner(make_pack(layer, name="mixed"), ticks(60, 9))
