"""What a session expects of a device, how long it waits, and the words when it is let down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinysnn import wire
from tinysnn.errors import DeviceError, StimulusError
from tinysnn.stimulus import Stimulus
from tinysnn.wire import ErrorCode, HelloAnswer, Type


class SessionLost(DeviceError):  # noqa: N818 (an event of the session, caught within it)
    """The device no longer knows the session: it has restarted, or met another host."""


class NoAnswer(DeviceError):  # noqa: N818 (says what happened)
    """Nobody has answered HELLO; `heard` says whether any bytes came at all."""

    def __init__(self, what: str, *, where: str, fix: str, heard: bool) -> None:
        self.heard = heard
        super().__init__(what, where=where, fix=fix)


class OtherModel(DeviceError):  # noqa: N818 (says what happened)
    """The device is a tinysnn device, but holds another model or no such slot."""


@dataclass(frozen=True)
class Expected:
    """The model that the host wants to talk to; a device with another one is refused."""

    name: str
    digest: bytes
    """SHA-256 of the pack, 32 bytes."""
    n_in: int
    n_out: int
    graded_input: bool
    value_output: bool
    state_bytes: int
    learned_bytes: int = 0
    """Size of what the model learns; 0: nothing."""
    hop: int = 0
    """Raw samples of a tick, for models with a front end."""
    decision_at: int | None = None
    """Offset in the state of what was decided; None: the model decides nothing."""

    @property
    def decides(self) -> bool:
        """Whether ticks end with a decision."""
        return self.decision_at is not None


@dataclass(frozen=True)
class Timing:
    """How long and how often a session tries; seconds."""

    hello_s: float = 0.02
    """First waits for a HELLO answer: bytes sent before the UART is enabled are lost."""
    hello_slow_s: float = 0.5
    """Longest wait between two HELLO frames."""
    hello_tries: int = 24
    answer_s: float = 5.0
    quiet_s: float = 0.05
    """Wait after a damaged frame or a BAD_FRAME hint before asking again."""
    tries: int = 12
    """How often one request is sent before the session gives up."""
    replays: int = 4
    """How often a clip is begun again after the device has restarted."""
    batch_ticks: int = 64


@dataclass
class SessionStats:
    """What it took to get the answers."""

    requests: int = 0
    received: int = 0
    """Bytes from the device, damaged ones included."""
    resent: int = 0
    hints: int = 0
    ignored: int = 0
    sessions: int = 0
    replays: int = 0


def encoded(stimulus: Stimulus, expected: Expected) -> tuple[Type, list[bytes]]:
    """A clip's ticks as requests carry them: as raw samples if it has them and the model hears."""
    samples, hop = stimulus.samples, expected.hop
    if samples is not None and hop:
        starts = range(0, samples.size - hop + 1, hop)
        return Type.SAMPLES, [wire.encode_samples(samples[at : at + hop]) for at in starts]
    graded = expected.graded_input
    return Type.TICKS, [wire.encode_tick(row, graded=graded) for row in stimulus.raster]


def check_heard(n_ticks: int, expected: int, where: str) -> None:
    """Refuse a front end that made another number of ticks of the samples."""
    if n_ticks != expected:
        raise DeviceError(
            f"the front end gave events for {n_ticks} ticks, {expected} were expected",
            where=where,
            fix="Flash the firmware of this pack again.",
        )


def exactly(length: int) -> Callable[[bytes], bytes]:
    """A decoder that takes exactly length bytes."""

    def decode(body: bytes) -> bytes:
        if len(body) != length:
            raise wire.WireError(f"{len(body)} of {length} state bytes")
        return body

    return decode


def greeting(body: bytes, nonce: int) -> HelloAnswer | None:
    """The answer to our HELLO; None if it answers somebody else's.

    The wire version is looked at first: nothing else of another version can be understood.
    """
    if body and body[0] != wire.WIRE_VERSION:
        raise other_version(body[0])
    hello = wire.decode_hello(body)
    return hello if hello.nonce == nonce else None


def other_version(version: int) -> DeviceError:
    """The device speaks another wire version."""
    return DeviceError(
        f"the device speaks wire version {version}, this tinysnn version {wire.WIRE_VERSION}",
        fix="Flash firmware of this tinysnn version, or install the matching tinysnn.",
    )


def refusal(kind: Type, code: int, detail: int, where: str, slot: int) -> DeviceError:
    """What an ERROR answer means, in words."""
    if code == ErrorCode.BAD_VERSION:
        return other_version(detail)
    if code == ErrorCode.BAD_SLOT:
        return OtherModel(
            f"there is no model slot {slot}, the device has {detail}",
            where=where,
            fix=f"Choose a slot from 0 to {detail - 1}, or flash the image that has the model.",
        )
    what = f"the device refused {kind.name} with {wire.error_name(code)} (detail {detail})"
    return DeviceError(what, where=where, fix="Flash the firmware of this tinysnn version.")


def check_model(hello: HelloAnswer, expected: Expected, where: str) -> None:
    """Refuse a device that runs another model than the expected one."""
    flags = expected.graded_input * wire.FLAG_GRADED_INPUT
    flags |= expected.value_output * wire.FLAG_VALUE_OUTPUT
    flags |= expected.decides * wire.FLAG_DECIDES
    if hello.digest != expected.digest:
        raise OtherModel(
            f"the device runs model {hello.name!r} (digest {hello.digest.hex()[:12]}), "
            f"not {expected.name!r} (digest {expected.digest.hex()[:12]})",
            where=where,
            fix="Build the image from this pack and flash it again.",
        )
    theirs = (hello.n_in, hello.n_out, hello.flags, hello.state_bytes)
    ours = (expected.n_in, expected.n_out, flags, expected.state_bytes)
    if theirs != ours:
        raise DeviceError(
            f"the device's model has the right digest but other sizes: inputs, outputs, flags, "
            f"state bytes {theirs}, not {ours}",
            where=where,
            fix="Generate, build and flash again with this tinysnn version.",
        )


def check_raster(stimulus: Stimulus, expected: Expected) -> None:
    """Refuse input that the model cannot take."""
    raster = stimulus.raster
    if raster.ndim != 2 or raster.shape[1] != expected.n_in:
        raise StimulusError(
            f"raster of shape {raster.shape}, the model takes [T, {expected.n_in}]",
            where=stimulus.name,
            fix="Use input of the model's width.",
        )
    if not expected.graded_input and raster.size and (raster.min() < 0 or raster.max() > 1):
        raise StimulusError(
            "values other than 0 and 1, but the model takes spikes",
            where=stimulus.name,
            fix="Use a raster of 0 and 1, or a pack with graded input.",
        )
