"""What makes a layer plastic: its rule and the rule's parameters (SPEC.md 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

Rule = Literal[
    "delta",
    "few-shot",
    "familiar",
    "sdsp",
    "sdsp-1bit",
    "stdp",
    "rstdp",
    "rewire",
    "drtp",
    "eprop",
]
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
    later: bool = False
    """Came after the first packs: where it has its default, a pack does not name it."""


@dataclass(frozen=True)
class RuleInfo:
    """A rule: what it is for and what can be chosen."""

    words: str
    role: Role
    bits: Storage
    """Width of a learned weight in RAM."""
    parameters: dict[str, Parameter]


@dataclass(frozen=True)
class Wish:
    """What `--learn` says of one layer."""

    rule: str
    parameters: Mapping[str, int] = field(default_factory=dict)
    """Parameters that are not to have their default, and `spare`, `fresh`, `seed`."""


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
    "rehearsals": Parameter(4, 0, 1024, "examples learned again after each new one"),
    "packed": Parameter(0, 0, 64, "examples of each class in the pack, rehearsed too", later=True),
    "old": Parameter(128, 0, 256, "of 256: how often one of these and not a new one", later=True),
    "anchor": Parameter(
        0, 0, 15, "after each example weights go 2^-anchor of the way back; 0: not", later=True
    ),
}

_LIMIT = 1 << 24


def _sdsp(**defaults: int) -> dict[str, Parameter]:
    def own(name: str, low: int, high: int, words: str) -> tuple[str, Parameter]:
        return name, Parameter(defaults[name], low, high, words)

    return {
        **_CLASSES,
        **dict(
            [
                own("theta", 1, _LIMIT, "threshold of the membrane that learning watches"),
                own("middle", -_LIMIT, _LIMIT, "membrane from which on weights go up"),
                own("floor", 0, _LIMIT, "the membrane is at least -floor"),
                own("teacher", 0, _LIMIT, "added each tick to neurons of the class"),
                own("others", 0, _LIMIT, "taken each tick from neurons of other classes"),
                own("gate", 0, 1, "1: only neurons of the class go up, only others go down"),
                own("chance", 1, 256, "of 256: how likely an event moves a weight"),
                own("excite", 0, 256, "of 256: how likely a tick moves a bias"),
                own("settle", 0, 24, "chances are halved after each 2^settle examples; 0: never"),
                own("least", 1, 256, "what the chance of a weight does not fall below"),
                own("up_low", 0, 256, "calcium from which on weights may go up"),
                own("up_high", 0, 256, "calcium from which on they may not"),
                own("down_low", 0, 256, "the same for going down"),
                own("down_high", 0, 256, "the same for going down"),
                own("ca_ticks", 1, 128, "ticks after which calcium falls by 1; a power of two"),
            ]
        ),
    }


_SDSP = _sdsp(
    theta=180, middle=145, floor=495, teacher=86, others=0, gate=1, chance=30, excite=64,
    settle=11, least=1, up_low=3, up_high=8, down_low=1, down_high=15, ca_ticks=8,
)  # fmt: skip
_SDSP_1BIT = _sdsp(
    theta=39, middle=24, floor=33, teacher=51, others=10, gate=1, chance=8, excite=0,
    settle=11, least=1, up_low=0, up_high=10, down_low=1, down_high=12, ca_ticks=8,
)  # fmt: skip
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
            "nuisance": Parameter(
                0, 0, 16, "directions that are taken out of examples", later=True
            ),
            "fraction": Parameter(0, 0, 4, "fraction bits of prototypes", later=True),
            "scatter": Parameter(
                0, 0, _LIMIT, "squared distance of examples from their prototype", later=True
            ),
        },
    ),
    "familiar": RuleInfo(
        "prototypes with deviations: the membrane says how far the input is from what is known",
        "head",
        8,
        {
            **_HEAD,
            "slowest": Parameter(6, 1, 8, "a prototype moves by at least 2^-slowest of the way"),
            "novelty": Parameter(0, 0, 1 << 30, "distance beyond which a free one is taken"),
            "spread": Parameter(32, 0, 255, "deviation of a new prototype, 1/16 of a value"),
        },
    ),
    "sdsp": RuleInfo("spike-driven, calcium windows", "head", 4, _SDSP),
    "sdsp-1bit": RuleInfo("the same on one bit per weight", "head", 1, _SDSP_1BIT),
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
    "rstdp": RuleInfo(
        "reward-modulated STDP: a trace per synapse, turned into weights by a reward",
        "head",
        8,
        {
            **_CLASSES,
            "theta": Parameter(-_LIMIT, -_LIMIT, _LIMIT, "membrane from which on the best fires"),
            "every": Parameter(16, 1, 128, "ticks from one winner to the next; a power of two"),
            "leak": Parameter(5, 1, 30, "membranes lose 2^-leak in a tick"),
            "trace_shift": Parameter(3, 1, 7, "traces lose 2^-trace_shift in a tick"),
            "trace_gain": Parameter(48, 1, 255, "a spike adds so much to its trace, up to 255"),
            "silent": Parameter(140, 0, 255, "trace below which an input weighs against it"),
            "down": Parameter(0, 0, 256, "of 256, times the trace of the neuron: input too late"),
            "fade": Parameter(0, 0, 15, "traces of synapses lose 2^-fade in a tick; 0: nothing"),
            "el_shift": Parameter(4, 0, 15, "traces of synapses are halved so often"),
            "shift": Parameter(10, 1, 20, "the rate: steps are halved so often"),
            "baseline": Parameter(6, 0, 16, "the expected reward follows by 2^-baseline; 0: none"),
        },
    ),
    "rewire": RuleInfo(
        "delta rule on few synapses per neuron, which move to where errors are",
        "head",
        8,
        {
            **_HEAD,
            "synapses": Parameter(16, 1, 255, "synapses of each neuron"),
            "tries": Parameter(4, 0, 32, "rows looked at after an error, for a synapse to regrow"),
            "prune": Parameter(4, 0, 127, "weights up to this size, either sign, can be pruned"),
            "score_shift": Parameter(6, 0, 20, "a score is halved so often before its error"),
            "shift": Parameter(7, 1, 16, "an error times a count is halved so often: the rate"),
            "margin": Parameter(64, 1, 127, "scores to reach: +margin by the class, else -margin"),
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
            "adapt": Parameter(0, 0, 255, "of 256: jump / (2 width) of thresholds that adapt"),
            "adapt_shift": Parameter(4, 1, 15, "their traces lose 2^-adapt_shift in a tick"),
            "el_shift": Parameter(4, 0, 15, "traces of synapses are halved so often"),
            "shift": Parameter(11, 1, 20, "the rate: steps are halved so often"),
        },
    ),
}
"""Every rule by name."""
