"""Runs clips on a device, compares each with the reference and counts what it costs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from tinysnn.compare import Divergence, compare
from tinysnn.evaluate.fan_out import fan_out
from tinysnn.evaluate.operations import work
from tinysnn.evaluate.result import ClipResult, Place
from tinysnn.pack import Pack
from tinysnn.reference import run as run_reference
from tinysnn.stimulus import Stimulus
from tinysnn.verify import predict

if TYPE_CHECKING:
    from tinysnn.run.base import Runner

Task = tuple[int, Stimulus]
"""A clip and its position in the data set."""


class Chunk(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What came of some clips."""

    clips: tuple[ClipResult, ...]
    profile: dict[str, int]
    """Instructions by function."""


class Clips:
    """An open runner with its pack; runs clips in chunks."""

    def __init__(self, pack: Pack, runner: Runner) -> None:
        self.pack, self.runner = pack, runner
        self._fans = fan_out(pack)

    def chunk(self, tasks: Sequence[Task]) -> Chunk:
        """Run some clips.

        Raises
        ------
        StimulusError: a clip does not fit the pack.
        DeviceError: the device is gone.

        """
        before = self._profile()
        found = tuple(self._clip(number, stimulus) for number, stimulus in tasks)
        after = self._profile()
        spent = {name: n - before.get(name, 0) for name, n in after.items()}
        return Chunk(found, {name: n for name, n in spent.items() if n})

    def _clip(self, number: int, stimulus: Stimulus) -> ClipResult:
        expected = run_reference(self.pack, stimulus, keep_states=True)
        actual = self.runner.run(stimulus)
        differs = compare(self.pack, expected, actual)
        if differs is not None:  # once more with states, which name the neuron
            traced = self.runner.run(stimulus, keep_states=True)
            differs = compare(self.pack, expected, traced) or differs
        states = expected.states
        assert states is not None
        done = work(self.pack, stimulus, states, self._fans)
        return ClipResult(
            clip=number,
            name=stimulus.name,
            label=stimulus.label,
            prediction=predict(actual.output),
            ticks=stimulus.n_ticks,
            count=None if actual.counts is None else int(actual.counts.sum(dtype=np.int64)),
            effective_acs=done.effective_acs,
            effective_macs=done.effective_macs,
            spikes=done.spikes,
            divergence=None if differs is None else _place(differs),
        )

    def _profile(self) -> dict[str, int]:
        """Instructions by function so far, where the runner knows them."""
        from tinysnn.run.unicorn import UnicornRunner

        return self.runner.profile() if isinstance(self.runner, UnicornRunner) else {}


def _place(divergence: Divergence) -> Place:
    return Place(**asdict(divergence), text=str(divergence))
