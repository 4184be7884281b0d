"""The main job: a keyword network from its file to verified spikes on a device.

load -> lower -> quantise -> emit -> build -> run -> compare, on recorded speech.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from tinysnn.deploy_serial import Line
    from tinysnn.pack import Pack
    from tinysnn.stimulus import Stimulus
    from tinysnn.verify import Report

MODEL = "keyword"
CALIBRATION_CLIPS = 12
DEFAULT_CLIPS = 96


@dataclass(frozen=True)
class DemoReport:
    """What came of it."""

    report: Report
    model: str
    data_source: str
    words: tuple[str, ...]
    """Class names, in the order of the outputs."""
    labels: tuple[int, ...]
    """Spoken class of each clip."""
    ticks_per_second: float

    @property
    def accuracy(self) -> float:
        """Part of the clips whose word the device found, 0..1."""
        found = np.array(self.report.predictions) == np.array(self.labels)
        return float(found.mean())

    @property
    def instructions_per_second(self) -> float | None:
        """Instructions per second of audio; None where the runner does not count them."""
        per_tick = self.report.instructions_per_tick
        return None if per_tick is None else per_tick * self.ticks_per_second

    def as_json(self) -> dict[str, Any]:
        """The outcome for machines."""
        report, info = self.report, self.report.info
        first = report.first_divergence
        return {
            "model": self.model,
            "data_source": self.data_source,
            "clips": report.clips,
            "ticks": report.ticks,
            "accuracy": self.accuracy,
            "mismatches": report.mismatches,
            "first_divergence": None if first is None else str(first),
            "instructions_per_tick": report.instructions_per_tick,
            "instructions_per_second": self.instructions_per_second,
            "flash_bytes": info.flash_bytes,
            "ram_bytes": info.ram_bytes,
            "runner": info.runner,
            "board": info.board,
            "core": info.core,
            "compiler": info.compiler,
        }


@dataclass(frozen=True)
class DemoOptions:
    """What can be chosen."""

    runner: str = "unicorn"
    board: str | None = None
    toolchain: str | None = None
    data_dir: Path | None = None
    clips: int | None = DEFAULT_CLIPS
    """At most so many clips of the testing split, from all classes in turn; None: all."""
    line: Line | None = None
    """How a board on the desk is reached, for serial."""


def keyword_pack(calibration: list[Stimulus], tell: Callable[[str], None]) -> Pack:
    """The keyword network that comes with tinysnn, packed as `tinysnn pack` does.

    Firing rates before and after are compared on some clips, and a silenced layer is refused; the
    pack itself does not depend on the clips, so that a board needs to be flashed only once.
    """
    from tinysnn.load import load_network
    from tinysnn.lower import lower
    from tinysnn.options import load_options
    from tinysnn.paths import models_dir
    from tinysnn.quantise import quantise

    folder = models_dir() / MODEL
    options = load_options(folder / f"{MODEL}.toml")
    graph = lower(load_network(folder / f"{MODEL}.nir"), options)
    checked = quantise(graph, calibration=calibration)
    rates = [(layer.name, layer.spec.report) for layer in checked.layers if layer.spec.fires]
    changes = (f"{name} {r.rate_float:.4f} -> {r.rate_packed:.4f}" for name, r in rates)
    tell(f"rates     spikes per neuron and tick, float -> packed: {', '.join(changes)}")
    return quantise(graph)


def run_demo(
    options: DemoOptions,
    *,
    tell: Callable[[str], None],
    progress: Callable[[int, int], None] | None = None,
) -> DemoReport:
    """Run it.

    Parameters
    ----------
    options: where it runs and on what.
    tell: is given one line per stage.
    progress: called after each clip with clips done and clips in all.

    Raises
    ------
    TinysnnError: a tool is missing, or the data cannot be read.

    """
    from tinysnn.data import keyword_clips
    from tinysnn.data.labels import KEYWORDS
    from tinysnn.deploy import deployed, pick_board
    from tinysnn.encode.keyword import TICK_S, heard
    from tinysnn.verify import verify

    board = pick_board(options.runner, options.board)
    spoken = keyword_clips("testing", options.data_dir, options.clips)
    tell(f"data      {len(spoken.clips)} clips, {spoken.source}")
    stimuli = [
        heard(clip, KEYWORDS[label], int(label))
        for clip, label in zip(spoken.clips, spoken.labels, strict=True)
    ]
    pack = keyword_pack(stimuli[:CALIBRATION_CLIPS], tell)
    weights = sum(layer.n_weights for layer in pack.layers)
    tell(
        f"pack      {pack.name}: {len(pack.layers)} layers, {weights:,} weights, {pack.digest[:12]}"
    )
    with deployed(
        [pack],
        runner=options.runner,
        board=board,
        line=options.line,
        toolchain=options.toolchain,
    ) as runner:
        tell(f"device    {runner.info.runner}, {runner.info.board} ({runner.info.core})")
        report = verify(pack, runner, stimuli, progress=progress)
    return DemoReport(
        report=report,
        model=f"{MODEL} {pack.digest[:12]}",
        data_source=spoken.source,
        words=KEYWORDS,
        labels=tuple(int(label) for label in spoken.labels),
        ticks_per_second=1 / TICK_S,
    )
