"""One example after another: how a device, of any kind, is taught."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from tinysnn.learn.calls import Answer, Call, expect
from tinysnn.learn.learner import Learner, Status
from tinysnn.stimulus import Stimulus

if TYPE_CHECKING:
    from tinysnn.pack import Pack

Outputs = npt.NDArray[np.int32]


class Pupil(Protocol):
    """Something that runs clips and learns from them: the reference, or a runner."""

    def reset(self) -> None:
        """The model's state before the first tick; what is learned stays."""

    def ticks(self, stimulus: Stimulus) -> Outputs:
        """Run a clip from the present state on; [T, n_out]."""

    def call(self, call: Call, value: int = 0) -> Answer:
        """Call the learner."""

    def learned(self) -> bytes:
        """What is learned, byte by byte."""

    def teach(self, learned: bytes) -> Answer:
        """Put `learned` in the place of what was learned; refused if it is no such thing."""


@dataclass(frozen=True, eq=False)
class Lesson:
    """What came of one example."""

    output: Outputs
    """[T, n_out], before the example was learned from."""
    answer: Answer | None
    """That of END; None if nothing was to be learned."""


def answer_to(
    pupil: Pupil,
    stimulus: Stimulus,
    label: int | None = None,
    reward: Callable[[Outputs], int] | None = None,
) -> Lesson:
    """Run one clip, and learn from it if it has a label or a reward.

    reward: says the reward, -128 to 127, of what came out; it is said after the ticks.

    Raises
    ------
    DeviceError: the learner refused, or the device is gone.

    """
    pupil.reset()
    if label is None and reward is None:
        return Lesson(pupil.ticks(stimulus), None)
    where = stimulus.name or "example"
    expect(pupil.call(Call.BEGIN), Call.BEGIN, where)
    if label is not None:
        expect(pupil.call(Call.LABEL, label), Call.LABEL, where)
    output = pupil.ticks(stimulus)
    if reward is not None:
        expect(pupil.call(Call.REWARD, reward(output)), Call.REWARD, where)
    return Lesson(output, expect(pupil.call(Call.END), Call.END, where))


class ReferencePupil:
    """The integer reference as a pupil."""

    def __init__(self, pack: Pack) -> None:
        from tinysnn.reference import Simulation

        self.pack = pack
        self.learner = Learner(pack)
        self._simulation = Simulation(pack, self.learner)

    def reset(self) -> None:
        """See `Pupil`."""
        from tinysnn.reference import Simulation

        self._simulation = Simulation(self.pack, self.learner)

    def ticks(self, stimulus: Stimulus) -> Outputs:
        """See `Pupil`."""
        out = [self._simulation.tick(row) for row in stimulus.raster]
        return np.array(out, np.int32).reshape(-1, self.pack.n_out)

    def call(self, call: Call, value: int = 0) -> Answer:
        """See `Pupil`."""
        learner, found = self.learner, 0
        status = Status.ARG
        if call is Call.INIT:
            self.learner = learner = Learner(self.pack)
            self.reset()
            status = Status.OK
        elif call is Call.BEGIN:
            status = learner.begin()
        elif call is Call.LABEL:
            status = learner.label(value)
        elif call is Call.REWARD:
            status = learner.reward(value)
        elif call is Call.END:
            status = learner.end()
        elif call is Call.ADD_CLASS:
            status, found = learner.add_class()
        return Answer(int(status), found, 0, learner.hash())

    def learned(self) -> bytes:
        """See `Pupil`."""
        return self.learner.learned()

    def teach(self, learned: bytes) -> Answer:
        """See `Pupil`."""
        self.learner.restore(learned)
        return Answer(0, 0, 0, self.learner.hash())
