"""Runs clips on a runner and compares each with the reference, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.compare import Divergence, compare
from tinysnn.stimulus import Stimulus
from tinysnn.trace import Trace

if TYPE_CHECKING:
    from tinysnn.pack import Pack
    from tinysnn.run.base import Runner, RunnerInfo


@dataclass(frozen=True)
class ClipDivergence:
    """Where and in which clip a device first left the reference."""

    clip: int
    clip_name: str
    divergence: Divergence

    def __str__(self) -> str:
        """One line for people."""
        name = f" ({self.clip_name})" if self.clip_name else ""
        return f"clip {self.clip}{name}, {self.divergence}"


@dataclass(frozen=True)
class Report:
    """What came of some clips."""

    info: RunnerInfo
    clips: int
    ticks: int
    mismatches: int
    """Clips in which anything differed from the reference."""
    first_divergence: ClipDivergence | None
    output_spikes: tuple[int, ...] | None
    """Spikes per output over all clips, as the device sent them; None for membranes."""
    counts_per_tick: float | None
    """Mean of `Trace.counts`, in units of `info.count_kind`."""
    instructions_per_tick: float | None
    """The same in instructions; None if the runner counts cycles, or nothing."""
    predictions: tuple[int, ...]
    """Per clip, from the device's output; see `predict`."""

    @property
    def ok(self) -> bool:
        """Whether the device did exactly what the reference does."""
        return self.mismatches == 0


def predict(output: npt.NDArray[np.int32]) -> int:
    """Class of a clip: the output with most spikes, or with the highest membrane summed over time.

    output is [T, n_out]. The lowest index wins a tie; a silent clip is class 0.
    """
    return int(np.argmax(output.astype(np.int64).sum(axis=0)))


def verify(
    pack: Pack,
    runner: Runner,
    stimuli: Sequence[Stimulus],
    *,
    keep_states: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Run clips and compare.

    Parameters
    ----------
    pack: the pack that the runner runs.
    runner: an open runner.
    stimuli: clips, each from a reset.
    keep_states: compare all state after every tick, not only its hash (slower; the hash covers
        the same bytes). A clip that differs is run again with states in any case, to name the
        neuron.
    progress: called after each clip with clips done and clips in all.

    Raises
    ------
    StimulusError: a clip does not fit the pack.
    DeviceError: the device is gone.

    """
    from tinysnn.reference import run as run_reference

    traces: list[Trace] = []
    mismatches, first = 0, None
    for number, stimulus in enumerate(stimuli):
        expected = run_reference(pack, stimulus, keep_states=keep_states)
        actual = runner.run(stimulus, keep_states)
        divergence = compare(pack, expected, actual)
        if divergence is not None:
            mismatches += 1
            if first is None:
                divergence = _closer(pack, runner, stimulus, divergence)
                first = ClipDivergence(number, stimulus.name, divergence)
        traces.append(replace(actual, states=None))
        if progress is not None:
            progress(number + 1, len(stimuli))
    return _report(pack, runner.info, traces, mismatches, first)


def _closer(pack: Pack, runner: Runner, stimulus: Stimulus, coarse: Divergence) -> Divergence:
    """The divergence with layer and neuron, from a second run with states.

    The second run may not show it again (a flaky device): then the coarse one stands.
    """
    from tinysnn.reference import run as run_reference

    if coarse.field not in ("hash", "output"):
        return coarse
    expected = run_reference(pack, stimulus, keep_states=True)
    actual = runner.run(stimulus, keep_states=True)
    return compare(pack, expected, actual) or coarse


def _report(
    pack: Pack,
    info: RunnerInfo,
    traces: list[Trace],
    mismatches: int,
    first: ClipDivergence | None,
) -> Report:
    fires = pack.output_layer.spec.fires
    totals = sum((t.output.astype(np.int64).sum(axis=0) for t in traces), np.zeros(pack.n_out))
    counts = [t.counts for t in traces if t.counts is not None and t.counts.size]
    per_tick = float(np.concatenate(counts).mean()) if counts else None
    return Report(
        info=info,
        clips=len(traces),
        ticks=sum(t.output.shape[0] for t in traces),
        mismatches=mismatches,
        first_divergence=first,
        output_spikes=tuple(int(n) for n in totals) if fires else None,
        counts_per_tick=per_tick,
        instructions_per_tick=per_tick if info.count_kind == "instructions" else None,
        predictions=tuple(predict(t.output) for t in traces),
    )
