"""What makes a layer plastic: its rule and the rule's parameters (SPEC.md 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

Rule = Literal["delta", "few-shot"]
Role = Literal["head", "hidden"]
Storage = Literal[8, 4, 1]


class LearnSpec(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How a layer learns."""

    rule: Rule
    parameters: dict[str, int]
    """All parameters of the rule by name, see `RULES`."""
    seed: int = 1
    """First state of the device's generator, 1 .. 2^32 - 1; of the first plastic layer counts."""
    base: str = ""
    """Digest of the pack that the device runs, in a pack that `tinysnn pull` made; else empty."""


@dataclass(frozen=True)
class Parameter:
    """An integer that a rule has: its default, its range, what it is."""

    default: int
    low: int
    high: int
    words: str


@dataclass(frozen=True)
class RuleInfo:
    """A rule: what it is for and what can be chosen."""

    words: str
    role: Role
    bits: Storage
    """Width of a learned weight in RAM."""
    parameters: dict[str, Parameter]


_HEAD = {
    "classes": Parameter(0, 0, 255, "classes known at first; 0: as many as there is room for"),
    "per_class": Parameter(1, 1, 64, "neurons of each class, one after another"),
    "z_shift": Parameter(0, 0, 12, "counts are halved so often before they are learned from"),
}
_BUFFER = {
    "buffer": Parameter(8, 0, 64, "examples of each class that the device keeps"),
    "rehearsals": Parameter(4, 0, 64, "examples learned again after each new one"),
}

RULES: dict[str, RuleInfo] = {
    "delta": RuleInfo(
        "supervised delta rule with a margin and a class-balanced buffer",
        "head",
        8,
        {
            **_HEAD,
            **_BUFFER,
            "score_shift": Parameter(6, 0, 20, "a score is halved so often before its error"),
            "shift": Parameter(7, 1, 16, "an error times a count is halved so often: the rate"),
            "margin": Parameter(64, 1, 127, "scores to reach: +margin by the class, else -margin"),
        },
    ),
    "few-shot": RuleInfo(
        "prototypes of each class, moved ever more slowly; other classes are not touched",
        "head",
        8,
        {
            **_HEAD,
            "slowest": Parameter(6, 1, 8, "a prototype moves by at least 2^-slowest of the way"),
            "novelty": Parameter(
                0, 0, 1 << 30, "squared distance beyond which a free one is taken"
            ),
        },
    ),
}
"""Every rule by name."""
