"""What makes a layer plastic: its rule and the rule's parameters (SPEC.md 4.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

Rule = Literal["delta", "few-shot", "sdsp", "sdsp-1bit", "stdp", "drtp", "eprop"]
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


_CLASSES = {
    "classes": Parameter(0, 0, 255, "classes known at first"),
    "per_class": Parameter(1, 1, 64, "neurons of each class, one after another"),
}
_HEAD = {
    **_CLASSES,
    "z_shift": Parameter(0, 0, 12, "counts are halved so often before they are learned from"),
}
_BUFFER = {
    "buffer": Parameter(8, 0, 64, "examples of each class that the device keeps"),
    "rehearsals": Parameter(4, 0, 64, "examples learned again after each new one"),
}

_LIMIT = 1 << 24


def _sdsp(theta: int, teacher: int, others: int, chance: int) -> dict[str, Parameter]:
    return {
        **_CLASSES,
        "theta": Parameter(theta, 1, _LIMIT, "threshold of the membrane that learning watches"),
        "middle": Parameter(theta // 2, -_LIMIT, _LIMIT, "membrane from which on weights go up"),
        "floor": Parameter(theta, 0, _LIMIT, "the membrane is at least -floor"),
        "teacher": Parameter(teacher, 0, _LIMIT, "added each tick to neurons of the class"),
        "others": Parameter(others, 0, _LIMIT, "taken each tick from neurons of other classes"),
        "gate": Parameter(1, 0, 1, "1: only neurons of the class go up, only others go down"),
        "chance": Parameter(chance, 1, 256, "of 256: how likely an event moves a weight"),
        "settle": Parameter(11, 0, 24, "the chance is halved after each 2^settle examples; 0: never"),
        "least": Parameter(1, 1, 256, "what the chance does not fall below"),
        "up_low": Parameter(2, 0, 256, "calcium from which on weights may go up"),
        "up_high": Parameter(5, 0, 256, "calcium from which on they may not"),
        "down_low": Parameter(1, 0, 256, "the same for going down"),
        "down_high": Parameter(3, 0, 256, "the same for going down"),
        "ca_ticks": Parameter(4, 1, 128, "ticks after which calcium falls by 1; a power of two"),
    }


_HIDDEN = {
    "width": Parameter(1 << 10, 1, _LIMIT, "distance from the threshold, state units, to count"),
    "feedback": Parameter(1, 1, (1 << 31) - 1, "seed of the fixed random feedback"),
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
    "sdsp": RuleInfo("spike-driven, calcium windows", "head", 4, _sdsp(280, 86, 32, 30)),
    "sdsp-1bit": RuleInfo("the same on one bit per weight", "head", 1, _sdsp(64, 21, 0, 8)),
    "stdp": RuleInfo(
        "pair STDP with traces; neurons of a class compete, with homeostatic thresholds",
        "head",
        4,
        {
            **_CLASSES,
            "theta": Parameter(-_LIMIT, -_LIMIT, _LIMIT, "membrane above its threshold that fires"),
            "every": Parameter(4, 1, 128, "ticks from one winner to the next; a power of two"),
            "leak": Parameter(3, 1, 30, "membranes lose 2^-leak in a tick"),
            "trace_shift": Parameter(3, 1, 7, "traces lose 2^-trace_shift in a tick"),
            "trace_gain": Parameter(48, 1, 255, "a spike adds so much to its trace, up to 255"),
            "up": Parameter(24, 0, 256, "of 256, per level below the trace: the chance to rise"),
            "silent": Parameter(
                24, 0, 256, "of 256, per level above the trace: the chance to fall"
            ),
            "norm": Parameter(
                17, 0, 64, "of 256, times the squared levels: what holds a neuron back"
            ),
            "down": Parameter(0, 0, 256, "of 256, times the trace of the neuron: input too late"),
            "h_up": Parameter(32, 0, _LIMIT, "a neuron that fires raises its threshold by this"),
            "h_decay": Parameter(7, 1, 30, "thresholds lose 2^-h_decay with an example"),
        },
    ),
    "drtp": RuleInfo(
        "direct random target projection: the class is the signal",
        "hidden",
        8,
        {**_HIDDEN, "shift": Parameter(8, 1, 20, "the rate: steps are halved so often")},
    ),
    "eprop": RuleInfo(
        "e-prop: errors of the readout and a trace per synapse",
        "hidden",
        8,
        {
            **_HIDDEN,
            "trace_shift": Parameter(4, 1, 15, "traces of what comes in lose 2^-trace_shift"),
            "trace_gain": Parameter(16, 1, 127, "an event adds so much to its trace"),
            "el_shift": Parameter(4, 0, 15, "traces of synapses are halved so often"),
            "shift": Parameter(11, 1, 20, "the rate: steps are halved so often"),
        },
    ),
}
"""Every rule by name."""
