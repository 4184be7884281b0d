"""Faults to plant in the assembly of kernels, and the layers that must show them.

A fault is a regular expression that must match in a kernel whose name matches; every match is
replaced.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.kernels.arm import wanted_of
from tests.kernels.dots import dots_scene
from tests.kernels.graded import graded_scene
from tests.kernels.scenes import random_scene
from tests.make_packs import Corner

M0, M4 = "cortex-m0plus", "cortex-m4"
C = ""
"""In place of a kernel's name: the generated C."""


@dataclass(frozen=True)
class Mutant:
    """One fault."""

    name: str
    core: str
    kernel: str
    """Regular expression of names of kernels, or C."""
    pattern: str
    replacement: str


_ANY = r".*"
_BYTES, _NIBBLES, _TWO_BITS, _ONE_BIT = (rf"tsnn_rows{bits}_.*" for bits in (8, 4, 2, 1))
_NEURONS = r"tsnn_lif_.*"
_DOTS = r"tsnn_dots.*"
_VALUES = r"tsnn_graded\d_.*"

_ROWS_M4 = (
    Mutant("even bytes as odd ones", M4, _BYTES, r"(sxtab16 r\d+, r\d+, r4), ror #8", r"\1"),
    Mutant("odd bytes a nibble off", M4, _BYTES, r"(sxtab16 .*), ror #8", r"\1, ror #16"),
    Mutant("bytes without sign", M4, _BYTES, r"sxtab16", "uxtab16"),
    Mutant("first bytes without sign", M4, _BYTES, r"sxtb16", "uxtb16"),
    Mutant("bytes: words swapped", M4, _BYTES, r"ldrd    r4, r5, \[r3\]", "ldrd    r5, r4, [r3]"),
    Mutant("rows a word apart", M4, _BYTES, r"add     r3, r2, r3, lsl #4",
           "add     r3, r2, r3, lsl #3"),
    Mutant("nibbles: wide mask", M4, _NIBBLES, r"#0x0F0F0F0F", "#0x1F1F1F1F"),
    Mutant("nibbles: words swapped", M4, _NIBBLES, r"ldrd    r3, r4, \[r3\]",
           "ldrd    r4, r3, [r3]"),
    Mutant("nibbles: wrong shift", M4, _NIBBLES, r"lsr #4", "lsr #3"),
    Mutant("two bits: wide mask", M4, _TWO_BITS, r"#0x33333333", "#0x77777777"),
    Mutant("one bit: wide mask", M4, _ONE_BIT, r"#0x55555555", "#0xFFFFFFFF"),
    Mutant("one bit: wrong shift", M4, _ONE_BIT, r"(ands?     r5, r10, r4), lsr #1", r"\1, lsr #2"),
    Mutant("halves of sums carry", M4, r"tsnn_rows[124]_.*", r"uadd16  (\w+), (\w+), (\w+)",
           r"orr     \1, \2, \3"),
    Mutant("state units are half", M4, r"tsnn_rows4_s3_.*", r"lsl #3$", "lsl #2"),
    Mutant("wrong mask of what is shifted", M4, r"tsnn_rows\d_s[1-9].*", r"movt    (\w+), #0x\w+",
           r"movt    \1, #0x0F00"),
)  # fmt: skip

_CHUNKS = tuple(
    Mutant(f"{bits} bits, {core}: a chunk holds one more", core, rf"tsnn_rows{bits}_.*",
           rf"#{2 * cap}\b", f"#{2 * cap + 2}")
    for core in (M4, M0)
    for bits, cap in ((4, 17), (2, 85))
)  # fmt: skip

_NEURONS_M4 = (
    Mutant("wraps in place of saturating", M4, _NEURONS, r"qadd16", "sadd16"),
    Mutant("saturates the sum with the leak twice", M4, _NEURONS, r"qadd16", "qsub16"),
    Mutant("no rounding", M4, _NEURONS, r"mov     r9, #0x8000 ", "mov     r9, #0 "),
    Mutant("halves swapped", M4, _NEURONS, r"pkhtb   (\w+), r7, r6, asr #16",
           r"pkhbt   \1, r7, r6, lsl #16"),
    Mutant("low half twice", M4, _NEURONS, r"smlatt", "smlabb"),
    Mutant("decay of the high half for both", M4, r"tsnn_lif_.*_beta_.*", r"smlabb  (.*)",
           r"smlabt  \1"),
    Mutant("ge: choice swapped", M4, r"tsnn_lif_.*_ge_subtract_.*", r"sel     (\w+), r6, \1",
           r"sel     \1, \1, r6"),
    Mutant("gt: choice swapped", M4, r"tsnn_lif_.*_gt_subtract_.*", r"sel     (\w+), \1, r6",
           r"sel     \1, r6, \1"),
    Mutant("flags of an unsigned difference", M4, _NEURONS, r"ssub16", "usub16"),
    Mutant("spikes two places on", M4, _NEURONS, r"(orrs?\s+r12, r7, r12), lsr #1", r"\1, lsr #2"),
    Mutant("marker a place off", M4, _NEURONS, r"mov     r12, #0x8000", "mov     r12, #0x4000"),
    Mutant("last word not moved down", M4, _NEURONS, r"lsr     r12, r12, r6\n    str ", "str "),
    Mutant("a word of spikes after 8 pairs", M4, _NEURONS, r"bic     r5, r4, #15",
           "bic     r5, r4, #31"),
    Mutant("spike bits in one half only", M4, _NEURONS, r"#0x80008000", "#0x00008000"),
    Mutant("K of the bias", M4, C, r"(tsnn_pair\()(-?\d+)", r"\g<1>1 + \2"),
    Mutant("K without events", M4, C, r"\(n_events \* 0x\w+u\)", "0u"),
    Mutant("16-bit sums without sign", M4, C, r"\(int32_t\)\(int16_t\)sums\[j\]",
           "(int32_t)sums[j]"),
)  # fmt: skip

_ROWS_M0 = (
    Mutant("bytes: wide mask, M0", M0, _BYTES, r"=0x00FF00FF", "=0x01FF01FF"),
    Mutant("nibbles: wide mask, M0", M0, _NIBBLES, r"=0x0F0F0F0F", "=0x1F1F1F1F"),
    Mutant("two bits: wide mask, M0", M0, _TWO_BITS, r"=0x33333333", "=0x77777777"),
    Mutant("one bit: wide mask, M0", M0, _ONE_BIT, r"=0x55555555", "=0xFFFFFFFF"),
    Mutant("two bits: odd fields not taken off, M0", M0, _TWO_BITS, r"subs    r4, r3",
           "subs    r4, r2"),
    Mutant("later chunks replace earlier ones, M0", M0, r"tsnn_rows[124]_.*",
           r"ldr     r1, (\[r0, #\d+\])\n    adds    r6, r1", r"ldr     r1, \1"),
    Mutant("wrong mask of what is shifted, M0", M0, r"tsnn_rows4_s[1-9].*",
           r"ldr     r7, =0x\w\w\w\w", "ldr     r7, =0x0F00"),
)  # fmt: skip

_NEURONS_M0 = (
    Mutant("no rounding, M0", M0, r"tsnn_lif_mul.*_pair_.*", r"lsls    r4, #15", "lsls    r4, #14"),
    Mutant("shift without rounding, M0", M0, r"tsnn_lif_shift[2-9].*", r"adds    r7, r2, r6",
           "movs    r7, r2"),
    Mutant("shift a place too far, M0", M0, r"tsnn_lif_shift.*", r"lsrs    r7, #\d$",
           "lsrs    r7, #9"),
    Mutant("low sum with a sign, M0", M0, r"tsnn_lif_.*_rounding_.*", r"lsrs    r7, r6, #16",
           "asrs    r7, r6, #16"),
    Mutant("low sum without sign, M0", M0, r"tsnn_lif_.*_pair_.*", r"asrs    r7, r6, #16",
           "lsrs    r7, r6, #16"),
    Mutant("wraps in place of saturating, M0", M0, r"tsnn_lif_.*_sat_.*", r"bvs     \w+", "nop"),
    Mutant("saturates at the other end, M0", M0, r"tsnn_lif_.*_sat_.*",
           r"(asrs    r\d, #31 .*\n    movs    r6), #1", r"\1, #0"),
    Mutant("compares without sign, M0", M0, r"tsnn_lif_mul_.*", r"bge     ", "bhs     "),
    Mutant("spikes of pairs four bytes apart, M0", M0, _NEURONS, r"(subs .*\n    lsrs    r\d), #2",
           r"\1, #3"),
    Mutant("a word of spikes after 8 pairs, M0", M0, _NEURONS, r"(movs    r2|subs    r3), #16",
           r"\1, #8"),
    Mutant("both halves reset, M0", M0, r"tsnn_lif_.*p_.*", r"ands    r3, r6", "mvns    r6, r3"),
    Mutant("threshold of gt stays raised, M0", M0, r"tsnn_lif_.*_gt_subtract.*",
           r"adds    r2, r(4|7)( .*)?$", "nop"),
    Mutant("high half not noted, M0", M0, r"tsnn_lif_mul_.*",
           r"movs    r6, #1\n    lsls    r6, #16", "movs    r6, #0"),
    Mutant("K without events, M0", M0, C, r"\(n_events \* 0x\w+u\)", "0u"),
    Mutant("hi register not kept, M0", M0, _ANY, r"mov     r9, r5\n", ""),
)  # fmt: skip

_GRADED = (
    Mutant("values without sign", M4, _VALUES, r"ldrsb", "ldrb"),
    Mutant("odd weights without sign", M4, _VALUES, r"smlal ", "umlal "),
    Mutant("upper sums not rounded", M4, r"tsnn_graded\d_m.*", r"mov     r7, #\d+",
           "mov     r7, #0"),
    Mutant("offset of weights kept", M4, _VALUES, r"sub     r8, r8, r7.*$", "nop"),
    Mutant("lower sum borrows", M4, _VALUES, r"movt    r8, #0x\w+", "movt    r8, #0"),
    Mutant("values of one bit not doubled", M4, r"tsnn_graded1_.*", r"lsl     r9, r9, #1", "nop"),
    Mutant("events left over", M4, _VALUES, r"cmp     r3, #2", "cmp     r3, #1"),
    Mutant("twice the product not halved", M4, r"tsnn_lif_mulb_.*", r"asr     r6, r6, #1", "nop"),
    Mutant("twice the product not rounded", M4, r"tsnn_lif_mulb_.*", r"mov     r9, #1 ",
           "mov     r9, #0 "),
    Mutant("windows never from their end", M4, _DOTS, r"ldmdb ", "ldm "),
    Mutant("sums of windows not rounded", M4, _DOTS, r"mov     (r3|lr), #\d+$", r"mov     \1, #0"),
    Mutant("low sums of windows not shifted", M4, _DOTS, r"asr     r12,.*", "nop"),
    Mutant("sums of windows a bit too high", M4, r"tsnn_dots4.*", r"lsl #10$", "lsl #11"),
    Mutant("values of windows without sign", M4, C, r"\(tsnn_lane_t\)\(int16_t\)values",
           "(tsnn_lane_t)(uint8_t)values"),
    Mutant("values of ticks before stay", M4, C, r"tsnn_fill\(st->work_inputs, \d+u, 0u\);", ""),
    Mutant("values do not go to their places", M4, C, r"_places\[unit\]", "_places[unit] ^ 1u"),
    Mutant("windows do not go down", M4, C, r"row \+= \d+;", ""),
)  # fmt: skip

MUTANTS = (*_ROWS_M4, *_GRADED, *_CHUNKS, *_NEURONS_M4, *_ROWS_M0, *_NEURONS_M0)

SUMS: tuple[dict[str, Any], ...] = (
    {"bits": 8, "n": 66, "n_rows": 40, "frac_bits": 2},
    {"bits": 4, "n": 36, "n_rows": 60, "frac_bits": 3},
    {"bits": 4, "n": 62, "n_rows": 60, "frac_bits": 2},
    {"bits": 4, "n": 16, "n_rows": 40, "frac_bits": 2, "weights": "high"},
    {"bits": 4, "n": 32, "n_rows": 40, "frac_bits": 2, "weights": "high"},
    {"bits": 2, "n": 68, "n_rows": 200, "frac_bits": 3, "recurrent": True},
    {"bits": 2, "n": 18, "n_rows": 180, "frac_bits": 1, "weights": "high"},
    {"bits": 2, "n": 18, "n_rows": 180, "frac_bits": 1, "weights": "columns"},
    {"bits": 1, "n": 70, "n_rows": 60, "frac_bits": 5},
)
_KINDS: tuple[dict[str, Any], ...] = (
    {"decay": "shift", "compare": "gt", "reset": "subtract"},
    {"decay": "shift", "theta": "each", "reset": "zero"},
    {"decay": "zero", "compare": "gt", "reset": "zero"},
    {"decay": "one", "compare": "gt", "calm": False},
    {"decay": "high", "calm": False, "bits": 8},
    {"decay": "each high", "calm": False, "reset": "zero", "bias": "each", "theta": "each",
     "reset_to": "each"},
    {"decay": "each low", "compare": "gt", "reset": "none"},
    {"decay": "low", "compare": "gt", "bits": 8},
    {"decay": "high", "compare": "gt", "theta": "each", "bits": 1},
    {"decay": "each", "bits": 8},
    {"decay": "low", "calm": False, "n_rows": 60, "frac_bits": 6},
)  # fmt: skip


def scenes() -> list[Corner]:
    """Layers of all kinds whose neurons often fire, and not all of them."""
    usual: dict[str, Any] = {
        "recurrent": False, "v_init": True, "weights": "random", "theta": "same", "bias": "same",
        "compare": "ge", "reset": "subtract", "reset_to": "same", "calm": True, "decay": "high",
    }  # fmt: skip
    neurons: list[dict[str, Any]] = [
        {"bits": 4, "n": 70 - 2 * (k % 3), "n_rows": 21, "frac_bits": 4} for k in range(11)
    ]
    kinds = [*SUMS, *({**shape, **kind} for shape, kind in zip(neurons, _KINDS, strict=True))]
    kinds += [{"n": 6, "n_rows": 9, "bits": 4, "frac_bits": 3, **kind} for kind in _KINDS[:5]]
    valued = [
        graded_scene(f"valued{bits}", 4, bits, bits=bits, n=18, n_rows=17, mixed=True,
                     decays="both", weights="random")
        for bits in (8, 4, 2, 1)
    ]  # fmt: skip
    lively = [_lively(f"kind{k}", {**usual, **kind}, k) for k, kind in enumerate(kinds)]
    pulled: dict[str, Any] = {  # to both ends of 16 bits
        **usual, "bits": 8, "n": 44, "n_rows": 40, "frac_bits": 6, "weights": "columns",
        "calm": False, "bias": "none", "theta": "top",
    }  # fmt: skip
    above: dict[str, Any] = {**pulled, "compare": "gt", "n": 40}
    each: dict[str, Any] = {**above, "theta": "each"}
    odd: dict[str, Any] = {**usual, "bits": 8, "n": 7, "n_rows": 20, "frac_bits": 2}  # runs C
    ends = [
        random_scene(name, 4, seed, **fixed)
        for name, seed, fixed in (
            ("pulled", 90, pulled), ("odd", 91, odd), ("above", 92, above), ("each", 93, each)
        )
    ]  # fmt: skip
    dots = [dots_scene(name) for name in ("keyword", "long", "strided")]
    return [*lively, *ends, *valued, *dots]


def _lively(name: str, fixed: dict[str, Any], k: int) -> Corner:
    """The liveliest of some draws: a third of the neurons fires in a tick."""
    drawn = [random_scene(name, 4, k, seed, **fixed) for seed in range(12)]
    return min(drawn, key=lambda scene: abs(float(np.mean(wanted_of(scene).output)) - 0.33))
