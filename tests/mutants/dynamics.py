"""Faults in neurons that do more than leak, fire and reset, and in what reads their counts."""

from __future__ import annotations

from tests.mutants.mutants import Mutant


def _mutant(name: str, pattern: str, new: str, *corners: str) -> Mutant:
    return Mutant(name, "model", pattern, new, corners)


DYNAMICS = (
    _mutant("no lower bound", r"v = tsnn_most_signed\(v, [^;]*;", ";", "v_min"),
    _mutant("bound before the reset only", r"(v = tsnn_most_signed\(v, )", r"if (fired == 0u) \1",
            "v_min_subtract"),
    _mutant("adaptation does not decay",
            r"tsnn_leak(16|32)_zero\(\(int32_t\)(st->l0_a\[j\]), [^;]*;",
            r"(int32_t)\2;", "adapt_subtract", "adapt_zero"),
    _mutant("adaptation leaks to nearest", r"a = tsnn_leak(16|32)_zero", r"a = tsnn_leak\1_nearest",
            "adapt_"),
    _mutant("spikes do not raise the threshold",
            r"a = tsnn_sat\d+\(a \+ [^;]*;", ";", "adapt_zero"),
    _mutant("adaptation wraps", r"a = tsnn_sat\d+\(a \+ ([^;]*)\);", r"a = a + \1;",
            "adapt_saturates"),
    _mutant("threshold at rest", r"threshold \+= a;", ";", "adapt_none"),
    _mutant("takes off the threshold at rest", r"tsnn_sat\d+\(v - threshold\)",
            "(v - (threshold - a))", "adapt_raised"),
    _mutant("adaptation is not made good",
            r"left = st->l0_idle; left != 0u; left >>= 1\) "
            r"\{\n\s+if \(\(left & 1u\) != 0u\) \{\n\s+a =",
            "left = 0u; left != 0u; left >>= 1) {\n if ((left & 1u) != 0u) { a =", "adapt_idle"),
    _mutant("quiet layers forget that they may fire", r"active = 1;", ";", "adapt_", "rest_"),
    _mutant("moves while it waits", r"\(wait != 0\) \? v : ", "", "rest_"),
    _mutant("fires while it waits", r"\} else if \(v >", "} if (v >", "rest_none"),
    _mutant("waits a tick less", r"wait = (\(int32_t\)\w+_refractory\[j\]|\d+);",
            r"wait = tsnn_most_signed(\1 - 1, 0);", "rest_"),
    _mutant("who waits may be skipped", r"active \|= wait;", ";", "adapt_idle_rest", "rest_"),
    _mutant("input survives the reset", r"(st->l0_v\[j\];\n)(\s+v = [^;]*;)(\n\s+if \(\(before & "
            r"bit\) != 0u\) \{[^}]*\})", r"\1\3\2", "lost_input"),
    _mutant("one spike at a time", r"count < \d+", "count < 1", "count_"),
    _mutant("a count too many", r"count < 3\)", "count < 4)", "count_"),
    _mutant("takes off one threshold", r"v = left;",
            "v -= (count > 1) ? left : 0;", "count_subtract"),
    _mutant("a spike is worth one",
            r"st->l0_counts\[\(uint32_t\)events\[e\] - \d+u\]", "1", "count"),
    _mutant("counts of the wrong rows", r"(_counts\[\(uint32_t\)events\[e\] - )\d+u",
            r"\g<1>(uint32_t)events[0]", "counted"),
    _mutant("old counts stay",
            r"st->l0_counts\[j\] = 0;(?=\n        \}\n        return)", ";", "count"),
    _mutant("the output is who fired", r"out->value\[j\] = st->l1_counts\[j\];",
            "out->value[j] = (st->l1_counts[j] != 0);", "counted"),
)  # fmt: skip
