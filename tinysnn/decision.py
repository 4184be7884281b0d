"""What a device decides from a network's outputs over time: words heard, not clips classified."""

from __future__ import annotations

import math
from typing import Annotated

import msgspec

from tinysnn.errors import OptionError

NEVER = (1 << 31) - 1
"""Threshold of a class that is never reported: no margin reaches it."""
SPIKE_SHIFT = 8
"""Spikes, and numbers of spikes up to 127, enter times 2^8."""
MAX_LABEL = 40

Label = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_LABEL, pattern="^[ -~]+$")]


class Decision(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How smoothed outputs become decisions, in the integers of SPEC.md 6. Kept in packs."""

    smooth: Annotated[int, msgspec.Meta(ge=0, le=7)]
    """Outputs are smoothed twice, with a time constant of 2^smooth ticks each."""
    shift: Annotated[int, msgspec.Meta(ge=-30, le=SPIKE_SHIFT)]
    """Outputs enter times 2^shift."""
    rest_ticks: Annotated[int, msgspec.Meta(ge=0, le=65535)]
    """Ticks after a decision in which there is no other."""
    thresholds: tuple[Annotated[int, msgspec.Meta(ge=0, le=NEVER)], ...]
    """Least lead over the runner-up at its peak, [n_out]; NEVER: the class is not reported."""
    labels: tuple[Label, ...]
    """Names of the classes, [n_out]."""


class DecisionOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The same in real units, as a model's options say it (``[decision]``)."""

    labels: tuple[Label, ...]
    """Names of the outputs, in their order."""
    threshold: float
    """Least lead of the smoothed output of a class over the runner-up's, in the outputs' unit."""
    thresholds: dict[str, float] = {}
    """Of classes that have one of their own."""
    silent: tuple[str, ...] = ()
    """Classes that are never reported: other words, silence."""
    smooth_ticks: Annotated[int, msgspec.Meta(ge=1, le=128)] = 8
    """Time constant of each of the two stages of smoothing, a power of 2."""
    rest_ticks: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 40
    """Ticks after a decision in which there is no other."""

    def __post_init__(self) -> None:
        """Refuse what contradicts itself.

        Raises
        ------
        OptionError: a label twice or unknown, a threshold below 0, no power of 2.

        """
        if len(set(self.labels)) != len(self.labels) or len(self.labels) < 2:
            raise OptionError(
                "needs two labels or more, all different", where="decision", fix="Name each output."
            )
        for name in (*self.thresholds, *self.silent):
            if name not in self.labels:
                raise OptionError(
                    f"{name!r} is no label", where="decision", fix=f"One of {list(self.labels)}."
                )
        for value in (self.threshold, *self.thresholds.values()):
            if not (math.isfinite(value) and value >= 0):
                raise OptionError(
                    f"a threshold of {value}", where="decision", fix="It is a lead: 0 or above."
                )
        if self.smooth_ticks & (self.smooth_ticks - 1):
            raise OptionError(
                f"smooth_ticks is {self.smooth_ticks}",
                where="decision",
                fix="It must be a power of 2: a device smooths by shifting.",
            )

    def of(self, label: str) -> float | None:
        """Threshold of a class in real units; None: it is never reported."""
        return None if label in self.silent else self.thresholds.get(label, self.threshold)
