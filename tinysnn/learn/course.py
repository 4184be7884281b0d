"""A training session: examples in their order, and the accuracy on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tinysnn.errors import MismatchError, OptionError, StimulusError
from tinysnn.learn.calls import Call, expect
from tinysnn.learn.lesson import Lesson, Outputs, Pupil, answer_to
from tinysnn.learn.plastic import head_of, learns_by_reward, per_class, room_of
from tinysnn.ops.fixed import ONE_Q16
from tinysnn.stimulus import Stimulus

if TYPE_CHECKING:
    from tinysnn.pack import Pack

Progress = Callable[[int, int], None]
REWARD = 64


@dataclass(frozen=True)
class Point:
    """Accuracy on the way: after some examples, before the next is learned."""

    examples: int
    online: float | None
    """Right answers among the examples since the last point, given before each was learned."""
    test: float | None
    """Right answers among the test clips, with learning off."""


@dataclass(frozen=True)
class Course:
    """What came of a training session."""

    points: tuple[Point, ...]
    examples: int
    classes: int
    mismatches: int | None
    """Examples after which the device differed from the reference; None: not compared."""
    counts: tuple[int, ...]
    """What learning from each example took, as the device counts; zeros if nothing counts."""


@dataclass(frozen=True)
class Plan:
    """How a training session goes."""

    epochs: int = 1
    every: int = 0
    """Examples from one point to the next; 0: 10 points in all."""
    learning: bool = True
    """False: the same without learning, to see that nothing else makes the accuracy rise."""


def decide(pack: Pack, output: Outputs) -> int:
    """Class that a clip's output [T, n_out] says; the lowest wins a tie.

    A readout that forgets nothing is read after the last tick, another is summed over time.
    """
    layer = pack.output_layer
    keeps = not layer.spec.fires and bool((layer.wide("beta") == ONE_Q16).all())
    score = output[-1] if keeps and len(output) else output.astype(np.int64).sum(axis=0)
    head = head_of(pack)
    count = 1 if head is None else per_class(pack.layers[head])
    return int(np.argmax(score)) // count


def reward_of(said: int, label: int) -> int:
    """What an answer is worth: right ones as much as wrong ones cost."""
    return REWARD if said == label else -REWARD


@dataclass
class Teacher:
    """Teaches a device, and the reference beside it."""

    pack: Pack
    pupil: Pupil
    reference: Pupil | None
    """None: nothing is compared."""
    classes: int = 0
    mismatches: int = 0
    counts: list[int] = field(default_factory=list)

    def learn(self, clip: Stimulus) -> bool:
        """Let it learn one labelled clip; whether it knew the answer before."""
        label = _label(clip)
        while label >= self.classes:
            self._add_class()
        lesson = self._taught(self.pupil, clip, label)
        if lesson.answer is not None:
            self.counts.append(lesson.answer.count)
        if self.reference is not None:
            same = self._taught(self.reference, clip, label)
            equal = bool((same.output == lesson.output).all())
            differs = same.answer is None or lesson.answer is None
            differs = differs or same.answer.hash != lesson.answer.hash  # type: ignore[union-attr]
            self.mismatches += differs or not equal
        return decide(self.pack, lesson.output) == label

    def _taught(self, pupil: Pupil, clip: Stimulus, label: int) -> Lesson:
        """One example with its label, or with a reward of the answer where that is what counts."""
        if not learns_by_reward(self.pack):
            return answer_to(pupil, clip, label)
        return answer_to(pupil, clip, reward=lambda out: reward_of(decide(self.pack, out), label))

    def knows(self, clip: Stimulus) -> bool:
        """Whether it knows the answer; nothing is learned."""
        return decide(self.pack, answer_to(self.pupil, clip).output) == _label(clip)

    def _add_class(self) -> None:
        answer = expect(self.pupil.call(Call.ADD_CLASS), Call.ADD_CLASS, "learner")
        if self.reference is not None:
            self.reference.call(Call.ADD_CLASS)
        self.classes = answer.value + 1


def _label(clip: Stimulus) -> int:
    if clip.label is None:
        raise StimulusError(
            "the clip has no label", where=clip.name or "input", fix="Add labels to the .npz file."
        )
    return clip.label


def check_labels(pack: Pack, clips: Sequence[Stimulus]) -> None:
    """Refuse labels that the head has no neurons for.

    Raises
    ------
    OptionError: the pack learns no classes.
    StimulusError: a clip without a label, or with one that is out of range.

    """
    head = head_of(pack)
    if head is None:
        raise OptionError(
            "no layer of this pack learns classes", fix="Pack it with --learn LAYER=RULE."
        )
    room = room_of(pack.layers[head])
    for clip in clips:
        if not 0 <= _label(clip) < room:
            raise StimulusError(
                f"class {clip.label}, but there is room for {room} classes",
                where=clip.name or "input",
                fix="Pack with spare=N for N more classes.",
            )


def hold_course(
    teacher: Teacher,
    train: Sequence[Stimulus],
    test: Sequence[Stimulus],
    plan: Plan,
    progress: Progress | None = None,
) -> Course:
    """Teach all training clips in their order, and look at the accuracy on the way.

    Raises
    ------
    StimulusError: a clip does not fit the model.
    DeviceError: the learner refused, or the device is gone.
    MismatchError: the device did not learn what the reference did.

    """
    total = plan.epochs * len(train)
    every = plan.every or max(1, -(-total // 10))
    points = [Point(0, None, _accuracy(teacher, test))]
    right = since = 0
    for done in range(1, total + 1):
        clip = train[(done - 1) % len(train)]
        right += teacher.learn(clip) if plan.learning else teacher.knows(clip)
        since += 1
        if since == every or done == total:
            points.append(Point(done, right / since, _accuracy(teacher, test)))
            right = since = 0
        if progress is not None:
            progress(done, total)
    _same_bytes(teacher)
    compared = None if teacher.reference is None else teacher.mismatches
    return Course(tuple(points), total, teacher.classes, compared, tuple(teacher.counts))


def _accuracy(teacher: Teacher, clips: Sequence[Stimulus]) -> float | None:
    return sum(map(teacher.knows, clips)) / len(clips) if clips else None


def _same_bytes(teacher: Teacher) -> None:
    if teacher.reference is None:
        return
    same = teacher.reference.learned() == teacher.pupil.learned()
    if not same or teacher.mismatches:
        raise MismatchError(
            f"the device learned something else than the reference after "
            f"{teacher.mismatches} examples",
            fix="Build the image again from this pack.",
        )
