"""Words found and false alarms in continuous sound, from what a device decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from tinysnn.data.scene import Scene
from tinysnn.decision import NEVER
from tinysnn.listen import Heard, in_chunks, listen
from tinysnn.pack import Pack
from tinysnn.run.base import Listener
from tinysnn.seal import sealed

CLIP_S = 1.0
LATE_S = 1.0
"""A decision belongs to a clip from its beginning until so long after its end."""


@dataclass(frozen=True)
class Tally:
    """What came of some continuous sound; sums with others."""

    seconds: float = 0.0
    words: int = 0
    """Clips of classes that can be reported."""
    found: int = 0
    """Of these: clips whose class was decided."""
    wrong: int = 0
    """Decisions within a word that are another class."""
    others: int = 0
    """Clips of classes that are never reported (other words)."""
    on_others: int = 0
    """Decisions within those."""
    elsewhere: int = 0
    """Decisions that belong to no clip, or are a second one of a clip's class."""
    delay_s: float = 0.0
    """Sum over found words of the time from the clip's beginning to the decision."""

    def __add__(self, other: Tally) -> Tally:
        pairs = zip(_values(self), _values(other), strict=True)
        return Tally(*(a + b for a, b in pairs))  # type: ignore[arg-type]

    @property
    def false_alarms(self) -> int:
        """All decisions that should not have been."""
        return self.wrong + self.on_others + self.elsewhere

    @property
    def per_hour(self) -> float:
        """False alarms per hour of sound."""
        return 3600 * self.false_alarms / self.seconds if self.seconds else 0.0

    @property
    def detection(self) -> float | None:
        """Part of the words that were found."""
        return self.found / self.words if self.words else None

    @property
    def mean_delay_s(self) -> float | None:
        """Mean time from a clip's beginning to its decision."""
        return self.delay_s / self.found if self.found else None


def _values(tally: Tally) -> list[float]:
    return [getattr(tally, name) for name in tally.__dataclass_fields__]


def run_scene(pack: Pack, listener: Listener, scene: Scene) -> Tally:
    """Let a device hear a scene from a reset on.

    Raises
    ------
    PackError: the pack cannot listen.
    DeviceError: the device is gone.

    """
    decision = pack.decision
    words = list(listen(pack, listener, in_chunks(scene.samples)))
    never = [] if decision is None else [t == NEVER for t in decision.thresholds]
    return tally(words, scene, [k for k, is_never in enumerate(never) if is_never])


def tally(words: Sequence[Heard], scene: Scene, silent: Sequence[int]) -> Tally:
    """Compare decisions with what lies in a scene.

    Parameters
    ----------
    words: decisions, in the order of time.
    silent: classes that are never reported.

    """
    counts = dict.fromkeys(("words", "found", "wrong", "others", "on_others"), 0)
    times = np.array([word.time_s for word in words])
    taken, delay = 0, 0.0
    for start, label in zip(scene.starts_s.tolist(), scene.labels.tolist(), strict=True):
        inside = np.flatnonzero((times > start) & (times <= start + CLIP_S + LATE_S))
        if label in silent:
            counts["others"] += 1
            counts["on_others"] += inside.size
            taken += inside.size
            continue
        counts["words"] += 1
        right = [k for k in inside.tolist() if words[k].number == label]
        wrong = inside.size - len(right)
        counts["wrong"] += wrong
        taken += wrong + bool(right)
        if right:
            counts["found"] += 1
            delay += words[right[0]].time_s - start
    return Tally(scene.seconds, **counts, elsewhere=len(words) - taken, delay_s=delay)


def with_threshold(pack: Pack, factor: float) -> Pack:
    """The pack with all its thresholds times `factor`."""
    decision = pack.decision
    if decision is None:
        return pack
    changed = tuple(t if t == NEVER else round(t * factor) for t in decision.thresholds)
    given = msgspec.structs.replace(decision, thresholds=changed)
    return sealed(msgspec.structs.replace(pack.meta, decision=given), pack.layers)
