"""Sparse rows: the same bits as dense ones, stored and chosen as the numbers say."""

from __future__ import annotations

import re
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.sparse import measure, pruned_pack
from tests.kernels.arm import assert_exact
from tests.kernels.row_scenes import (
    EMULATED,
    assert_exact_on_host,
    assert_found_in_header,
    core_texts,
    drawn_scenes,
    emulated_differences,
    pruned,
    wide_scenes,
)
from tests.make_packs import EMPTY_REPORT, make_layer, make_pack, with_spec
from tests.tools import need
from tinysnn.emit import render
from tinysnn.pack import Pack
from tinysnn.views.row_options import RowOptions
from tinysnn.views.sparse import choose_sparse, pack_sparse

SPARSE = RowOptions(rows="sparse", dense_fallback="never")


# ---- the same bits ----


@pytest.mark.emu
@pytest.mark.parametrize("core", EMULATED)
def test_random_layers(core, tmp_path):
    ran = assert_exact(drawn_scenes(21, 14), core, tmp_path, SPARSE)
    assert core == "cortex-m3" or sum("sparse" in name for name in ran) >= 3


@pytest.mark.emu
@pytest.mark.parametrize("core", EMULATED)
def test_wide_layers_and_all_sources(core, tmp_path):
    ran = assert_exact(wide_scenes(), core, tmp_path, SPARSE)
    if core != "cortex-m3":
        family = "dsp" if core == "cortex-m4" else "v6m"
        for sums in ("wide", "lanes", "s3"):
            done, all_of_it = ran[f"tsnn_add_sparse_{sums}_{family}"]
            assert done == all_of_it, sums


@pytest.mark.host
def test_in_c_under_the_sanitizers(tmp_path):
    text = assert_exact_on_host([*wide_scenes(), *drawn_scenes(22, 2)], tmp_path, SPARSE)
    assert "tsnn_add_sparse_lanes(" in text
    assert "tsnn_add_sparse_wide(" in text


@pytest.mark.slow
@pytest.mark.emu
@pytest.mark.parametrize("seed", range(30, 31))
@pytest.mark.parametrize("core", EMULATED)
def test_more_random_layers(core, seed, tmp_path):
    assert_exact(drawn_scenes(seed, 20), core, tmp_path, SPARSE)


# ---- the table ----


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 128), st.sampled_from([1, 2]))
def test_a_table_says_what_the_rows_are(seed, n_rows, n, step):
    rng = np.random.default_rng(seed)
    rows = (rng.integers(-128, 128, (n_rows, n)) * (rng.random((n_rows, n)) < rng.random())).astype(
        np.int8
    )
    words, starts = pack_sparse(rows, step)
    read = np.zeros_like(rows)
    for r in range(n_rows):
        entries = np.ascontiguousarray(words[starts[r] : starts[r + 1]]).view(np.uint16)
        for entry in entries:
            read[r, (entry & 255) // step] += np.int8(entry >> 8)
    assert np.array_equal(read, rows)
    assert words.size == ((np.count_nonzero(rows, axis=1) + 1) // 2).sum() == starts[-1]


def test_flash_shrinks_with_the_weights():
    size = {zeros: pack_sparse(pruned(128, 128, zeros, 3).astype(np.int8), 1)[0].nbytes
            for zeros in (0.5, 0.9)}  # fmt: skip
    assert size[0.9] < 128 * 128 / 4 < size[0.5]


# ---- the choice ----


def kernels(pack: Pack, core: str = "cortex-m4", **options: Any) -> str:
    """The C of a model."""
    return render([pack], core=core, options=RowOptions(**options))[f"tsnn_{pack.name}.c"]


def is_sparse(text: str) -> bool:
    return "tsnn_sparse_t" in text


@pytest.mark.parametrize("core", EMULATED)
@pytest.mark.parametrize("bits", [8, 4, 2])
def test_sparse_where_nearly_all_is_pruned(core, bits):
    few, many = (
        make_pack(make_layer(pruned(128, 128, zeros, 4, 1), bits=bits)) for zeros in (0.99, 0.3)
    )
    assert is_sparse(kernels(few, core))
    assert not is_sparse(kernels(many, core))
    assert not is_sparse(kernels(few, core, rows="dense"))
    assert is_sparse(kernels(many, core, rows="sparse"))


def test_what_is_never_sparse():
    one_bit = make_pack(make_layer(np.ones((4, 8)), bits=1))
    graded = make_pack(make_layer(pruned(40, 40, 0.99, 5), graded=True), graded=True)
    assert not is_sparse(kernels(one_bit, rows="sparse"))
    assert not is_sparse(kernels(graded, rows="sparse"))


def test_activity_moves_the_choice():
    """Before the first event sparse rows cost more: some pay only where many events share that."""
    chosen = set()
    for zeros in np.arange(0.86, 0.96, 0.005):
        layer = make_layer(pruned(200, 128, zeros, 6), bits=4, frac_bits=2)
        seen = [
            with_spec(layer, report=msgspec.structs.replace(EMPTY_REPORT, events_per_tick=events))
            for events in (8.0, 150.0)
        ]
        how = {"form": "auto", "graded": False}
        chosen.add(tuple(choose_sparse(one, "cortex-m4", "", **how) is not None for one in seen))
    assert chosen == {(False, False), (False, True), (True, True)}


@pytest.mark.emu
@pytest.mark.parametrize(("core", "bits"), [("cortex-m4", 8), ("cortex-m0plus", 4)])
def test_the_choice_is_the_faster_one(core, bits):
    """Away from where both cost about the same."""
    need("gcc-arm")
    need("unicorn")
    for row in measure(core, bits, zeros=(50, 75, 95, 99)):
        pack = pruned_pack(bits, row.pruned_percent)
        faster = row.sparse_instructions < row.dense_instructions
        assert is_sparse(kernels(pack, core)) == faster, row


# ---- faults ----

ASSEMBLY = [
    ("dsp: second weight has the first one's neuron", r"uxtb    r5, r4, ror #16", "uxtb    r5, r4"),
    ("dsp: weight without its sign", r"sxtab   (r7, r7, r4, ror #8)", r"uxtab   \1"),
    ("dsp: rows one word too long", r"ldrh    r4, \[r4, #2\]", "ldrh    r4, [r4, #4]"),
    ("dsp: sums are not cleared", r"stm     r10!, \{r4, r5, r7, r8\}", "add     r10, r10, #16"),
    ("dsp: halves are not cut after the shift", r"and     (r5), r4, r5, lsl", r"lsl     \1, r5,"),
    ("v6m: no borrow between halves", r"subs    r4, r2\n", "movs    r4, r4\n"),
    ("v6m: an odd row loses its first word", r"bcs     4f", "bcs     44f"),
    ("v6m: weight without its sign", r"ldrsb   (r5, \[r0, r3\])", r"ldrb    \1"),
]  # fmt: skip
HEADER = [
    ("weights without their sign", r"\(int8_t\)\(\(word >> 8\) & 255u\)", "((word >> 8) & 255u)"),
    ("sums of the last tick stay", r"(rows->n_words; w\+\+\) \{\n +sums\[w\]) = 0u", r"\1 |= 0u"),
    ("last event is missed", r"event != &events\[n_events\]", "event + 1 < &events[n_events]"),
    ("second neuron is the first", r"lanes\[high\] = ", "lanes[low] = "),
    ("a row goes on in the next", r"starts\[\*event \+ 1u\]", "starts[*event + 2u]"),
]


@pytest.mark.emu
@pytest.mark.parametrize(("name", "pattern", "new"), ASSEMBLY, ids=[a[0] for a in ASSEMBLY])
def test_faults_in_assembly_are_found(name, pattern, new, tmp_path):
    core = "cortex-m4" if name.startswith("dsp") else "cortex-m0plus"
    scenes = [*wide_scenes(), *drawn_scenes(23, 6)]
    texts = core_texts(scenes, core, SPARSE)
    parts = texts["kernels.S"].split("    .section")
    changed = [re.sub(pattern, new, p) if "tsnn_add_sparse" in p else p for p in parts]
    assert changed != parts, "does not apply any more: write it anew"
    texts["kernels.S"] = "    .section".join(changed)
    assert emulated_differences(scenes, texts, core, tmp_path)


@pytest.mark.host
@pytest.mark.parametrize(("name", "pattern", "new"), HEADER, ids=[h[0] for h in HEADER])
def test_faults_in_c_are_found(name, pattern, new, tmp_path):
    assert_found_in_header(name, pattern, new, SPARSE, tmp_path)
