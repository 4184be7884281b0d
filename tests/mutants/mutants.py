"""Faults to plant in the generated C and in the kernel header.

Each is a regular expression that must match somewhere in its files, so that a mutant which no
longer applies is noticed, and names the corner models that are compiled with it, one of which must
then differ from the reference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Mutant:
    """One fault."""

    name: str
    where: Literal["model", "kernel", "past"]
    """The models' C, or a header: tsnn_kernel.h, tsnn_past.h."""
    pattern: str
    replacement: str
    corners: tuple[str, ...]
    """Beginnings of names of corner models."""


def _model(name: str, pattern: str, new: str, *corners: str) -> Mutant:
    return Mutant(name, "model", pattern, new, corners)


def _kernel(name: str, pattern: str, new: str, *corners: str) -> Mutant:
    return Mutant(name, "kernel", pattern, new, corners)


_FIRING = (
    _model("ge becomes gt", r"if \(v >= ", "if (v > ", "threshold_ge"),
    _model("gt becomes ge", r"if \(v > ", "if (v >= ", "threshold_gt"),
    _model("no subtraction at reset", r"v -= [^;]+;", ";", "reset_subtract_same"),
    _model(
        "no reset to a value", r"(\n +v = \(int32_t\)\w+_reset_to\[j\];)", ";", "reset_zero_same"
    ),
    _model(
        "no reset in the next tick",
        r"if \(\(before & bit\) != 0u\)",
        "if (before == 1234567u)",
        "reset_zero_next",
        "reset_subtract_next",
    ),
    _model(
        "next tick's reset reads the first word",
        r"before = st->l0_spikes\[first >> 5\]",
        "before = st->l0_spikes[0]",
        "each_lif_32",
    ),
    _model("a spike is not stored", r"fired \|= bit", "fired |= 0u", "fan_in_one"),
    _kernel(
        "spike bits in plain order",
        r"\(bit << 16\) \| \(\(bit >> 16\) << 1\)",
        "bit << 1",
        "threshold_ge",
    ),
)

_LEAK = (
    _kernel(
        "16-bit leak rounds down",
        r"\(\(v \* \(int32_t\)decay\) \+ 32768\) >> 16",
        "(v * (int32_t)decay) >> 16",
        "leak_lif_16",
    ),
    _kernel(
        "32-bit leak rounds down",
        r"(\* decay\)) \+ 32768u;",
        r"\1;",
        "leak_lif_32",
    ),
    _kernel(
        "current's leak rounds down",
        r"\(product \+ \(\(product >> 31\) & 65535\)\) >> 16",
        "product >> 16",
        "leak_cuba_lif_16",
    ),
    _kernel(
        "readout's leak rounds away from zero",
        r"\(v < 0\) \? -\(int32_t\)left",
        "(v < 0) ? -1 - (int32_t)left",
        "leak_li_32",
    ),
    _model(
        "current leaks like a membrane",
        r"tsnn_leak16_zero\(",
        "tsnn_leak16_nearest(",
        "leak_cuba_lif_16",
    ),
    _kernel(
        "decay squared without rounding",
        r"\(\(p \* p\) \+ 32768u\) >> 16",
        "(p * p) >> 16",
        "idle_lif",
    ),
)

_SATURATION = (
    _kernel("wraps at 16 bits", r"int32_t y = x;\n    if \(y > 32767\)",
            "int32_t y = (int16_t)x;\n    if (y > 32767)", "saturate_"),
    _kernel("no upper end at 16 bits", r"if \(y > 32767\)", "if (y > 2147483646)", "saturate_"),
    _kernel("no lower end at 16 bits", r"if \(y < -32768\)", "if (y < -2147483647)", "saturate_"),
    _kernel("no upper end at 32 bits", r"if \(y > 1073741823\)", "if (y > 2147483646)",
            "saturate_"),
    _kernel("no lower end at 32 bits", r"if \(y < -1073741824\)", "if (y < -2147483647)",
            "saturate_"),
)  # fmt: skip

_SUMS = (
    _model(
        "last event is missed", r"event != end", "event + 1 < end", "fan_in_one", "chunks_8_mixed"
    ),
    _model(
        "chunks overlap", r"(tsnn_least\(n_events - done, )(\d+)u", r"\1\2u + 1u", "chunks_8_high"
    ),
    _model("4-bit lanes overflow", r"\b17u\b", "18u", "chunks_4_high"),
    _model("2-bit lanes overflow", r"\b5u\b", "6u", "chunks_2_high"),
    _model("1-bit lanes overflow", r"\b15u\b", "16u", "chunks_1_high"),
    _model("later chunks replace earlier ones", r"(pairs\[\d+\]) \+=", r"\1 =", "chunks_4_high"),
    _kernel("lanes swapped", r"sums\[0\] \+= (.*)\n(\s+)sums\[1\] \+=",
            r"sums[1] += \1\n\2sums[0] +=", "chunks_8_mixed"),
    _model("lanes keep their offset", r"\* \d+\);(\n[^\n]*any)", r"* 0);\1", "threshold_ge"),
    _model("bias dropped", r" \+ \(int32_t\)\w+_bias\[j\]", "", "bias_", "each_"),
    _model("value of an event ignored", r"int32_t value = \(int32_t\)values\[e\];",
           "int32_t value = (values[e] != 0) ? 1 : 0;", "graded_"),
    _model("spikes in a graded layer have value 1", r"work_values\[e\] = 127;",
           "work_values[e] = 1;", "graded_recurrent"),
    _model("shift right without rounding", r"\(\(int32_t\)sums\[j\] \+ \d+\) >>",
           "((int32_t)sums[j]) >>", "graded_"),
    _model("second source has the first one's rows",
           r"(tsnn_gather\(st->l0_spikes, 1u, )1u", r"\g<1>0u", "self_recurrent"),
    _kernel("all bytes like the lowest", r"\(word >> bit\) & 255u", "word & 255u", "graded_"),
    _model("values of narrow weights without sign", r"\(uint32_t\)\(int32_t\)values\[e\]",
           "(uint32_t)(uint8_t)values[e]", "graded_narrow"),
    _model("more values than 16 bits hold", r"\b2184u\b", "2400u", "graded_narrow"),
    _model("sums of values keep their offset", r"int32_t excess = \d+ \*", "int32_t excess = 0 *",
           "graded_narrow"),
    _kernel("upper sum without its borrow", r"\(int32_t\)\(pair - \(uint32_t\)low\) >> 16",
            "(int32_t)pair >> 16", "graded_narrow"),
)  # fmt: skip

_IDLING = (
    _model("idle counter not reset", r"st->l\d+_idle = 0u;\n\}", "}", "idle_lif"),
    _model("idle counter not counted", r"st->l\d+_idle\+\+;", ";", "silence"),
    _model("idle counter wraps", r"if \(st->l0_idle != UINT32_MAX\)", "if (st != NULL)", "idle_"),
    _model("catch-up one tick short", r"left = st->l0_idle;", "left = st->l0_idle - 1u;",
           "idle_lif"),
    _model("catch-up one tick too far", r"left = st->l0_idle;", "left = st->l0_idle + 1u;",
           "idle_lif"),
    _model("never caught up", r"if \(st->l0_idle != 0u\)", "if (st->l0_idle == UINT32_MAX)",
           "idle_lif"),
    _model("hot never set", r"_hot = \(.*\) \? 1u : 0u;", "_hot = 0u;", "reset_subtract",
           "v_init", "leak_li", "idle_cuba"),
    _model("hot always set", r"_hot = \(.*\) \? 1u : 0u;", "_hot = 1u;", "idle_lif"),
    _model("hot layers are skipped", r" && \(st->l0_hot == 0u\)", "", "reset_subtract_same"),
    _model("never skipped", r"\(n_events == 0u\) &&", "(n_events > 70000u) &&", "silence"),
    _model("spikes stay when skipped", r"(l\d+_spikes)\[w\] = 0u;", r"\1[w] |= 0u;",
           "spikes_cleared"),
    _model("a current does not keep a layer hot", r" \|\| \(active != 0\)", "", "idle_cuba"),
)  # fmt: skip

_INIT = (
    _model("init leaves membranes", r"(_init\(\w+ \*st\)\n\{(?:.*\n)*?.*st->l0_v\[j\]) = [^;]+;",
           r"\1 |= 0;", "silence", "v_init"),
    _model("init clears nothing", r"bytes\[b\] = 0u;", "bytes[b] |= 0u;", "silence", "idle_cuba",
           "shape_5", "late_"),
    _model("init leaves the first byte", r"(uint32_t b = )0u(; b < \w+_STATE_BYTES)", r"\g<1>1u\2",
           "silence"),
    _model("init leaves the last byte", r"b < (\w+_STATE_BYTES);", r"b + 1u < \1;", "silence"),
    _model("init forgets that membranes are hot", r"_hot = 1u;", "_hot = 0u;", "v_init"),
)  # fmt: skip


def _past(name: str, pattern: str, new: str, *corners: str) -> Mutant:
    return Mutant(name, "past", pattern, new, corners or ("late_",))


_LATE = (
    _past("ring has a slot too many", r"\(at \+ 1u\) == slots", "at == slots"),
    _past("wraps a slot off", r"\(at \+ slots\) - ticks", "(at + slots) - ticks - 1u"),
    _past("reads a tick early", r"\? \(at - ticks\)", "? ((at + 1u) - ticks)"),
    _past("spikes are not kept", r"slot\[w\] = spikes\[w\];", ";"),
    _past("old input stays", r"slot\[w\] = 0u;", ";", "late_input"),
    _past("input in plain order", r"tsnn_spike_bit\(in->index\[e\]\)",
          "(1u << (in->index[e] & 31u))", "late_input"),
    _past("old values stay", r"slot\[j\] = 0;", ";", "late_graded"),
    _past("masks are not applied", r"slot\[w\] & \*mask", "slot[w] & (*mask | 1u)",
          "late_by_unit"),
    _past("the mask of the first delay only", r"mask\+\+;", ";", "late_by_unit"),
    _past("spikes of the last source stay", r"spikes\[w\] = 0u;", ";", "late_by_unit"),
    _past("values of one delay", r"ticks\[j\], slots", "ticks[0], slots", "late_by_unit_graded"),
    _past("rows from 0 on", r"\(uint16_t\)\(first_row \+ j\)", "(uint16_t)j",
          "late_graded", "late_by_unit_graded"),
    _model("the ring does not turn", r"st->(in|l\d)_at = tsnn_next_slot[^;]*;", ";", "late_"),
    _model("kept before the layer has run",
           r"(    tsnn_\w+_l0_tick\([^;]*;\n)(    tsnn_keep_spikes[^;]*;\n)", r"\2\1", "late_"),
)  # fmt: skip

_MAPS = (
    _model("a row of windows is missed", r"y = down->count; y != 0u", "y = down->count; y > 1u",
           "map_padded"),
    _model("a column of windows is missed", r"x = right->count; x != 0u",
           "x = right->count; x > 1u", "map_strided"),
    _model("all rows see the first row of a kernel", r"line \+= \d+;", "line += 0;", "map_plain"),
    _model("all places see the first weight", r" weights \+= \d+;", " weights += 0;", "map_plain"),
    _model("all rows of windows lie together", r" row \+= \d+;", " row += 1;", "map_dilated"),
    _model("the excess of weights is kept", r" - excess;", ";", "map_plain", "map_bits_4"),
    _model("half a weight", r"in_register\(0x00FF00FFu", "in_register(0x007F007Fu", "map_plain"),
    _model("one bit is not doubled", r"\(weights\[0\] << 1\)", "weights[0]", "map_bits_1"),
    _model("units outside of the map", r"if \(unit >= 12u\)", "if (unit >= 14u)", "map_part"),
    _model("a map that begins elsewhere", r"\*event - 3u", "*event - 2u", "map_part"),
    _model("groups as one", r"(right->sums) \+ \(\(channel >> 1\) \* 2u\)", r"\1", "map_groups"),
    _model("all channels see the first one's kernel", r"\(channel \* (\d+)u\) \+ down", "down",
           "map_plain", "map_line"),
    _model("later words are listed as the first", r"w \* 32u", "0u * w", "map_deep_8"),
    _model("only the first words are listed", r"w \+= 8u", "w += 64u", "map_deep_8"),
    _model("sums are cleared by every list", r"if \(n_events == 0u\) \{(\n +tsnn_fill)",
           r"if (st != NULL) {\1", "map_deep_8"),
    _model("sums are not cleared", r"tsnn_fill\(st->work_pairs, (\d+)u",
           "tsnn_fill(st->work_pairs, 0u", "map_plain", "map_odd"),
    _model("events do not count", r"n_events \+= \w+(->count|\d);", ";", "map_deep_8"),
    _model("lanes keep what they begin with", r"constant = -32768;", "constant = 0;", "map_plain"),
    _model("one threshold for all channels", r"_theta\[[^]]+\]", "_theta[0]", "map_plain"),
    _model("values of a map's events ignored", r"\+= value \* weights", "+= weights", "map_graded"),
    _kernel("a word of four is not cleared", r"word\[3\] = value;", ";", "map_plain"),
)  # fmt: skip

MUTANTS = (*_LATE, *_FIRING, *_LEAK, *_SATURATION, *_SUMS, *_IDLING, *_INIT, *_MAPS)
