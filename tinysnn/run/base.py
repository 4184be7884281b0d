"""What every runner has in common: the protocol, and a device that is reached over a link."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np
import numpy.typing as npt

from tinysnn.errors import OptionError
from tinysnn.link import Link
from tinysnn.link_faults import Faults, FaultyLink
from tinysnn.session import Session
from tinysnn.session_checks import Expected, Timing
from tinysnn.stimulus import Stimulus
from tinysnn.trace import Trace
from tinysnn.wire import Counter

if TYPE_CHECKING:
    from tinysnn.image import Image
    from tinysnn.learn.lesson import Pupil
    from tinysnn.pack import Pack

CountKind = Literal["instructions", "cycles", "timer"]


@dataclass(frozen=True)
class RunnerInfo:
    """Where a trace comes from."""

    runner: str
    board: str
    core: str
    compiler: str
    clock_hz: int
    """Core clock; 0 where there is none (host)."""
    count_kind: CountKind | None
    """What `Trace.counts` counts; None: nothing."""
    count_resolution: int = 1
    """Smallest step of a count; a count may be off by this much."""
    flash_bytes: int | None = None
    ram_bytes: int | None = None


Decided = tuple[int, int]
"""Class decided in a tick (-1: none) and margin."""


class Listener(Protocol):
    """A model with a front end and decisions that is given samples without end."""

    def reset(self) -> object:
        """Forget everything that was heard."""

    def hear(self, samples: npt.NDArray[np.int16]) -> list[Decided | None]:
        """Take whole ticks of samples; what each decided, None before the first events."""


class Runner(Protocol):
    """Something that runs a model clip by clip; a context manager."""

    @property
    def info(self) -> RunnerInfo:
        """What runs here."""

    def run(self, stimulus: Stimulus, keep_states: bool = False) -> Trace:  # noqa: FBT001, FBT002
        """Reset the model (memory poisoned first) and run one clip."""

    def pupil(self) -> Pupil:
        """The same model as something that learns (SPEC.md 4)."""

    def listener(self) -> Listener:
        """The same model as something that hears without end (SPEC.md 6)."""

    def close(self) -> None:
        """Stop the emulator, or let go of the port; harmless when repeated."""

    def __enter__(self) -> Runner: ...  # noqa: PYI034 (typing.Self needs Python 3.11)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def expected_model(pack: Pack) -> Expected:
    """What a device with this pack says of itself."""
    from tinysnn.learn.layout import learned_bytes
    from tinysnn.learn.plastic import is_plastic
    from tinysnn.state import state_bytes, state_layout

    decided = [entry.offset for entry in state_layout(pack) if entry.name == "d_found"]
    return Expected(
        name=pack.name,
        digest=bytes.fromhex(pack.digest),
        n_in=pack.meta.n_in,
        n_out=pack.n_out,
        graded_input=pack.graded_input,
        value_output=pack.output_layer.spec.gives_values,
        state_bytes=state_bytes(pack),
        learned_bytes=learned_bytes(pack) if is_plastic(pack) else 0,
        hop=pack.front_end.samples_per_tick if pack.front_end else 0,
        decision_at=decided[0] if decided else None,
    )


@dataclass(frozen=True)
class Job:
    """What is to be run: a slot of an image, or of a device, and the pack that must be in it."""

    expected: Expected
    slot: int = 0
    image: Image | None = None
    faults: Faults | None = None

    def need_image(self, runner: str) -> Image:
        """The image.

        Raises
        ------
        OptionError: there is none.

        """
        if self.image is None:
            raise OptionError(
                f"the runner {runner!r} needs a firmware image",
                fix="Build one for a board first.",
            )
        return self.image


class WiredRunner:
    """A device at the other end of a link, driven by a `Session`."""

    runner = "device"

    def __init__(self, job: Job, timing: Timing | None = None) -> None:
        self._job = job
        self._timing = timing or Timing()
        self._stack = ExitStack()
        self._session: Session | None = None

    def start(self, link: Link, where: str) -> None:
        """Greet the device; whatever fails, nothing stays open."""
        self._stack.callback(link.close)
        faulty = FaultyLink(link, self._job.faults) if self._job.faults else link
        self.link = faulty
        self._session = Session(faulty, self._job.expected, self._job.slot, self._timing, where)
        self._session.connect()

    @property
    def session(self) -> Session:
        """The session.

        Raises
        ------
        OptionError: the runner is closed.

        """
        if self._session is None:
            raise OptionError("the runner is closed", fix="Open it again.")
        return self._session

    @property
    def info(self) -> RunnerInfo:
        """See `Runner`; what the device says about itself."""
        device, image = self.session.device, self._job.image
        return RunnerInfo(
            runner=self.runner,
            board=device.board,
            core=device.core,
            compiler=image.compiler if image else device.compiler,
            clock_hz=device.clock_hz,
            count_kind=count_kind(device.counter),
            flash_bytes=image.flash_bytes if image else None,
            ram_bytes=image.ram_bytes if image else None,
        )

    def run(self, stimulus: Stimulus, keep_states: bool = False) -> Trace:  # noqa: FBT001, FBT002
        """See `Runner`."""
        return self.session.run_clip(stimulus, keep_states=keep_states)

    def pupil(self) -> Pupil:
        """See `Runner`."""
        from tinysnn.learn.wired import WiredPupil

        return WiredPupil(self.session, self._job.expected.learned_bytes)

    def listener(self) -> Listener:
        """See `Runner`."""
        return self.session

    def close(self) -> None:
        """See `Runner`."""
        self._session = None
        self._stack.close()

    def __enter__(self) -> WiredRunner:  # noqa: PYI034 (see Runner)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def count_kind(counter: Counter) -> CountKind | None:
    """What a device's counter counts, in a word."""
    kinds: dict[Counter, CountKind] = {
        Counter.INSTRUCTIONS: "instructions",
        Counter.CYCLES: "cycles",
        Counter.TIMER: "timer",
    }
    return kinds.get(counter)
