"""Faults in decisions over time."""

from __future__ import annotations

from tests.mutants.mutants import Mutant


def _mutant(name: str, pattern: str, new: str, *corners: str) -> Mutant:
    return Mutant(name, "model", pattern, new, corners or ("decide_",))


DECISIONS = (
    _mutant("outputs are not clipped", r"x = tsnn_sat16", "x = ", "decide_clipped"),
    _mutant("outputs are cut, not rounded", r"\(int32_t\)st->l0_v\[c\] \+ 1", r"st->l0_v[c]"),
    _mutant("smoothed once", r"d_second\[c\] \+= [^;]*;", "d_second[c] = st->d_first[c];"),
    _mutant("the old first enters the second",
            r"(st->d_first\[c\] \+= [^;]*;)(\s+)(st->d_sec[^;]*;)", r"\3\2\1"),
    _mutant("the last of several", r"if \(score > most\)", "if (score >= most)"),
    _mutant("no runner-up behind the best", r"else if \(score > next\)", "else if (c > 99u)"),
    _mutant("the best does not become the runner-up", r"next = most;", ""),
    _mutant("more than the threshold", r"margin >= (\w+_threshold)", r"margin > \1"),
    _mutant("found before the peak", r"margin <= before\) && ", "margin >= 0) && "),
    _mutant("found behind the peak only", r"margin <= before", "margin < before"),
    _mutant("one threshold for all", r"_threshold\[best\]", "_threshold[0]"),
    _mutant("no rest", r"st->d_rest = \d+u;", "", "decide_spikes"),
    _mutant("a rest that does not end", r"st->d_rest--;", ""),
    _mutant("what was found stays", r"st->d_found = -1;\n    if", "if", "decide_spikes"),
)  # fmt: skip
