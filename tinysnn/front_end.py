"""What stands before a network on a device: raw samples to events. A value, kept in packs."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

BANDS = 32
Code = Literal["graded", "delta", "rate", "latency", "population"]
"""How levels become events (SPEC.md 5.2 step 5)."""
_FrameTicks = Annotated[int, msgspec.Meta(ge=1, le=127)]
_Thresholds = Annotated[int, msgspec.Meta(ge=1, le=64)]


class LevelCode(NamedTuple):
    """A code and its numbers."""

    code: Code
    step_bits: int
    frame_ticks: int
    thresholds: int

    @property
    def n_each(self) -> int:
        """Inputs of the network for each channel."""
        return {"delta": 2, "population": self.thresholds}.get(self.code, 1)


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
    code: Literal["delta", "rate", "latency", "population"] | UnsetType = UNSET
    """Another code for what is above the level, in steps of 2^step_bits; then there is no context.
    Fields that came after the first packs are left out of the JSON text where they are not set."""
    frame_ticks: _FrameTicks | UnsetType = UNSET
    """Code `latency`: ticks of a frame, in which each band spikes once or never."""
    thresholds: _Thresholds | UnsetType = UNSET
    """Code `population`: inputs of each band."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense together."""
        for broken, words in (
            (self.code is not UNSET and self.context_ticks != 1, "with a code, context_ticks is 1"),
            ((self.code == "latency") != (self.frame_ticks is not UNSET), "latency: frame_ticks"),
            (
                (self.code == "population") != (self.thresholds is not UNSET),
                "population: thresholds",
            ),
        ):
            if broken:
                raise ValueError(f"audio front end: {words}")

    @property
    def level_code(self) -> LevelCode | None:
        """The code; None: graded events with their context."""
        if self.code is UNSET:
            return None
        frame_ticks = 1 if self.frame_ticks is UNSET else self.frame_ticks
        thresholds = 1 if self.thresholds is UNSET else self.thresholds
        return LevelCode(self.code, self.step_bits, frame_ticks, thresholds)

    @property
    def n_in(self) -> int:
        """Inputs of the network behind it."""
        code = self.level_code
        return BANDS * (self.context_ticks if code is None else code.n_each)

    @property
    def samples_per_tick(self) -> int:
        """Samples that a device takes for one tick."""
        return 320

    @property
    def needs_values(self) -> bool:
        """Whether the network has to take graded events."""
        return self.code is UNSET


_Coefficient = Annotated[int, msgspec.Meta(ge=-32767, le=32767)]


class Rotation(msgspec.Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """A damped rotation, the band filter of SPEC.md 5.2; in files ``[cos, sin, up, down]``."""

    cos: _Coefficient
    """Radius times cosine of the angle per sample, Q0.15."""
    sin: _Coefficient
    """Radius times sine of the angle per sample, Q0.15."""
    up: Annotated[int, msgspec.Meta(ge=0, le=8)] = 0
    """What enters is multiplied by 2^up."""
    down: Annotated[int, msgspec.Meta(ge=0, le=15)] = 0
    """What enters is then shifted right by this."""

    def __post_init__(self) -> None:
        """Refuse a rotation that does not die away."""
        if self.cos**2 + self.sin**2 >= 1 << 30:
            raise ValueError("the radius of a rotation must be below 1")


Source = Literal["bands", "envelope", "raw"]
MAX_CHANNELS = 256
MAX_SAMPLES = 2048
"""Samples of all axes in a tick: what a frame on the wire can hold."""


class Vibration(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="vibration"
):
    """The front end for accelerometers (SPEC.md 5.2): band levels of 1 to 3 axes as events.

    Levels are in 1/256 of an octave of amplitude, raw samples in counts.
    """

    axes: Annotated[int, msgspec.Meta(ge=1, le=3)] = 1
    """Axes; their samples come interleaved."""
    hop: Annotated[int, msgspec.Meta(ge=1, le=MAX_SAMPLES)]
    """Samples of each axis in a tick."""
    dc_shift: Annotated[int, msgspec.Meta(ge=0, le=15)] = 8
    """The mean of an axis follows it by 2^-dc_shift a sample and is taken off; 0: it stays."""
    source: Source = "bands"
    """What has levels: bands of each axis, bands of the envelope of each carrier of each axis, or
    the samples themselves, with code `delta` (level crossing)."""
    carriers: Annotated[tuple[Rotation, ...], msgspec.Meta(max_length=16)] = ()
    """Bands whose envelope is taken."""
    decimate: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    """Samples that make one value of an envelope."""
    envelope_dc_shift: Annotated[int, msgspec.Meta(ge=0, le=15)] = 8
    """As `dc_shift`, for the logarithm of envelopes."""
    bands: Annotated[tuple[Rotation, ...], msgspec.Meta(max_length=64)] = ()
    """Band filters, at the rate of the samples or of the envelopes."""
    floor: Annotated[int, msgspec.Meta(ge=1, le=1 << 24)] = 1
    """Added to the sum of a band's magnitudes in a tick: what is below it is noise."""
    relative: Literal["none", "signal", "all"] = "none"
    """Whether the mean level of the bands of the signal, or of all, is taken off."""
    shape: Annotated[tuple[_Octaves, ...], msgspec.Meta(max_length=MAX_CHANNELS)] = ()
    """Taken off each channel's level; empty: nothing."""
    code: Code = "graded"
    """How levels become events."""
    step_bits: Annotated[int, msgspec.Meta(ge=0, le=14)] = 5
    """One step of the code is 2^step_bits."""
    frame_ticks: _FrameTicks = 16
    """Code `latency`: ticks of a frame, in which each channel spikes once or never."""
    thresholds: _Thresholds = 8
    """Code `population`: inputs of each channel."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense together."""
        for broken, words in (
            (self.axes * self.hop > MAX_SAMPLES, f"at most {MAX_SAMPLES} samples in a tick"),
            (self.channels > MAX_CHANNELS, f"at most {MAX_CHANNELS} channels"),
            ((self.source == "raw") != (not self.bands), "bands, unless the source is raw"),
            ((self.source == "envelope") != bool(self.carriers), "carriers for envelopes only"),
            (self.hop % self.decimate != 0, "a tick must be whole steps of `decimate`"),
            (self.source != "envelope" and self.decimate != 1, "`decimate` is for envelopes"),
            (self.source == "raw" and self.code != "delta", "raw samples have the code delta"),
            (self.shape and len(self.shape) != self.channels, "one shape for each channel"),
        ):
            if broken:
                raise ValueError(f"vibration front end: {words}")

    @property
    def signals(self) -> int:
        """What the bands filter: axes, or envelopes of them."""
        return self.axes * max(1, len(self.carriers))

    @property
    def channels(self) -> int:
        """What has a level: first all bands of the first signal."""
        return self.signals * max(1, len(self.bands))

    @property
    def level_code(self) -> LevelCode:
        """The code of the levels."""
        return LevelCode(self.code, self.step_bits, self.frame_ticks, self.thresholds)

    @property
    def n_in(self) -> int:
        """Inputs of the network behind it."""
        return self.level_code.n_each * self.channels

    @property
    def samples_per_tick(self) -> int:
        """Samples that a device takes for one tick, of all axes."""
        return self.axes * self.hop

    @property
    def needs_values(self) -> bool:
        """Whether the network has to take graded events."""
        return self.code == "graded"


FrontEnd = LogMel | Vibration
"""Any front end; `front_end.type` in options and packs tells which."""
