"""What stands before a network on a device: raw samples to events. A value, kept in packs."""

from __future__ import annotations

from typing import Annotated

import msgspec

BANDS = 32
_Octaves = Annotated[int, msgspec.Meta(ge=-8192, le=8191)]
"""A level in 1/256 of an octave of power."""


class LogMel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="log_mel"):
    """The audio front end (SPEC.md 5): how the levels of 32 mel bands become graded events.

    Levels are in 1/256 of an octave of power.
    """

    lookahead_ticks: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    """How long events wait until the level of what follows is known."""
    decay: Annotated[int, msgspec.Meta(ge=0, le=8191)] = 15
    """How far the level sinks in a tick."""
    quietest: _Octaves = 1664
    """The level sinks no further, so that a silent room gives no events."""
    below: Annotated[int, msgspec.Meta(ge=0, le=8191)] = 2048
    """What lies more than this below the level is no event."""
    step_bits: Annotated[int, msgspec.Meta(ge=1, le=12)] = 5
    """One step of an event's value is 2^step_bits."""
    context_ticks: Annotated[int, msgspec.Meta(ge=1, le=16)] = 4
    """Every band is an input of its own for this tick and each of the ones before it."""
    shape: Annotated[tuple[_Octaves, ...], msgspec.Meta(min_length=BANDS, max_length=BANDS)] = (
        0,
    ) * BANDS
    """Mean level of each band over what is listened for, less the mean over the bands."""

    @property
    def n_in(self) -> int:
        """Inputs of the network behind it."""
        return self.context_ticks * BANDS
