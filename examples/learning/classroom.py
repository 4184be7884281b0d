"""Teaching the generated C on this machine: many clips, no comparison with the reference."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tinysnn.learn.calls import Call, expect
from tinysnn.learn.course import decide, reward_of
from tinysnn.learn.learner import Learner
from tinysnn.learn.lesson import Lesson, Outputs, Pupil, answer_to
from tinysnn.learn.plastic import learns_by_reward
from tinysnn.run import open_runner
from tinysnn.stimulus import Stimulus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tinysnn.pack import Pack


class Room:
    """A network that is taught on this machine."""

    def __init__(self, pack: Pack, pupil: Pupil) -> None:
        self.pack, self.pupil = pack, pupil
        self.classes = Learner(pack).shared.n_classes

    def teach(self, clips: Sequence[Stimulus], epochs: int = 1) -> list[int]:
        """Learn clips in their order; new classes are added as they come.

        What the end of each took comes back, as the device counts.
        """
        ends = []
        for clip in [clip for _ in range(epochs) for clip in clips]:
            assert clip.label is not None
            while clip.label >= self.classes:
                answer = expect(self.pupil.call(Call.ADD_CLASS), Call.ADD_CLASS, "learner")
                self.classes = answer.value + 1
            lesson = self._taught(clip, clip.label)
            ends.append(0 if lesson.answer is None else lesson.answer.count)
        return ends

    def _taught(self, clip: Stimulus, label: int) -> Lesson:
        if not learns_by_reward(self.pack):
            return answer_to(self.pupil, clip, label)
        return answer_to(self.pupil, clip, reward=lambda out: self.reward(out, label))

    def reward(self, output: Outputs, label: int) -> int:
        """What an answer is worth."""
        return reward_of(decide(self.pack, output), label)

    def answers(self, clips: Sequence[Stimulus]) -> list[int]:
        """The classes that it says; nothing is learned."""
        return [decide(self.pack, answer_to(self.pupil, clip).output) for clip in clips]

    def accuracy(self, clips: Sequence[Stimulus]) -> float:
        """Right answers, 0 to 1."""
        said = self.answers(clips)
        return sum(a == clip.label for a, clip in zip(said, clips, strict=True)) / len(clips)


@contextmanager
def classroom(pack: Pack) -> Iterator[Room]:
    """A network compiled for this machine."""
    with open_runner("host", packs=[pack]) as runner:
        yield Room(pack, runner.pupil())
