"""Layers whose events have values: the C on this machine, C and assembly on bare cores."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

from tests.kernels import arm, harness
from tests.kernels.graded import graded_scenes
from tests.make_packs import Corner
from tinysnn.views.graded import pack_graded
from tinysnn.views.model import view_model

SLOW = ("cortex-m0", "cortex-m7", "cortex-m33")
CORES = [
    *("cortex-m0plus", "cortex-m3", "cortex-m4"),
    *(pytest.param(core, marks=pytest.mark.slow) for core in SLOW),
]


@cache
def scenes() -> tuple[Corner, ...]:
    return tuple(graded_scenes())


@pytest.mark.host
def test_generated_c(tmp_path):
    harness.assert_exact([s.pack for s in scenes()], [s.raster for s in scenes()], tmp_path)


@pytest.mark.emu
@pytest.mark.parametrize("core", CORES)
def test_on_a_bare_core(core, tmp_path):
    executed = arm.assert_exact(scenes(), core, tmp_path)
    rows = {name: ran for name, ran in executed.items() if name.startswith("tsnn_graded")}
    if core in ("cortex-m0", "cortex-m0plus", "cortex-m3"):
        assert not rows
        return
    for bits in (8, 4, 2, 1):
        places = {re.sub(r"_dsp$|^tsnn_graded\d_", "", n) for n in rows if f"graded{bits}_" in n}
        assert any(p.startswith("m") for p in places), f"{bits} bits: no sums are rounded: {places}"
        assert any(p.startswith("s") for p in places), f"{bits} bits: none are shifted: {places}"
        whole = [n for n, (done, total) in rows.items() if f"graded{bits}_" in n and done == total]
        assert whole, f"{bits} bits: no kernel has run to its last instruction: {rows}"


def test_both_forms_are_met():
    """The assembly takes what fits it; rows too many, odd layers and wide states are left to C."""
    forms = {
        name: view_model(scene.pack, "cortex-m4").layers[0].rows.variant
        for scene in scenes()
        for name in [scene.pack.name]
    }
    for bits in (8, 4, 2, 1):
        mine = [form for name, form in forms.items() if name.startswith(f"graded{bits}_")]
        assert mine.count(f"graded{bits}") >= 5, mine
        assert sum(form.endswith("_dsp") for form in mine) >= 15, mine


@pytest.mark.parametrize("bits", [8, 4, 2, 1])
def test_fields_of_blocks(bits):
    """Turned right, a field is at bit 0 (even neurons) and another, signed, at the top (odd)."""
    rng = np.random.default_rng(bits)
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    rows = rng.integers(low, high + 1, (5, 16)) if bits > 1 else rng.choice([-1, 1], (5, 16))
    stored = pack_graded(rows.astype(np.int8), bits).view(np.uint8)[: 2 * 5 * bits]
    for block in range(2):
        for r in range(5):
            row = stored[(block * 5 + r) * bits :][:bits]
            value = int.from_bytes(row.tobytes(), "little")
            for j in range(8):
                field = value >> bits * (j ^ 1) & (1 << bits) - 1
                w = int(rows[r, 8 * block + j])
                up = (1 << bits - 1) if bits > 1 else 1
                if j % 2:  # signed
                    field -= (field >> bits - 1) << bits
                    assert w == (field if bits > 1 else 2 * field + 1)
                else:
                    assert w == (field - up if bits > 1 else 2 * field - up)
