"""From clips to figures: accuracy, confusion matrix, NeuroBench's metrics, memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from tinysnn import __version__
from tinysnn.evaluate.clip import Chunk
from tinysnn.evaluate.fan_out import weights
from tinysnn.evaluate.operations import dense
from tinysnn.evaluate.result import (
    EVALUATION_FORMAT,
    ClipResult,
    Device,
    Evaluation,
    Example,
    LayerFacts,
    Memory,
    NeuroBench,
    SynapticOperations,
    confusion,
    wilson,
)
from tinysnn.footprint import table_bytes
from tinysnn.pack import Pack
from tinysnn.state import state_bytes, state_layout

if TYPE_CHECKING:
    from tinysnn.data.labelled import LabelledClips
    from tinysnn.image import Image
    from tinysnn.run.base import RunnerInfo
    from tinysnn.stimulus import Stimulus

EXAMPLE_EVENTS = 20_000
"""A clip with more events is not kept as the example."""


@dataclass(frozen=True, eq=False)
class Subject:
    """What was evaluated."""

    pack: Pack
    clips: LabelledClips
    dataset: str
    split: str
    info: RunnerInfo
    image: Image | None


def summarise(subject: Subject, chunks: Sequence[Chunk]) -> Evaluation:
    """Sum up chunks that hold every clip once."""
    clips = sorted((clip for chunk in chunks for clip in chunk.clips), key=lambda c: c.clip)
    labelled = [c for c in clips if c.label is not None]
    right = sum(c.label == c.prediction for c in labelled)
    accuracy = right / len(labelled) if labelled else None
    counts = [c.count for c in clips if c.count is not None]
    whole = len(counts) == len(clips)
    ticks = sum(c.ticks for c in clips)
    exact = whole and subject.info.count_kind == "instructions" and ticks
    bad = [c.clip for c in clips if c.divergence is not None]
    pack = subject.pack
    return Evaluation(
        format=EVALUATION_FORMAT,
        tinysnn=__version__,
        pack=pack.name,
        digest=pack.digest,
        dt_s=pack.meta.dt_s,
        dataset=subject.dataset,
        split=subject.split,
        source=subject.clips.source,
        classes=tuple(subject.clips.classes),
        device=_device(subject),
        accuracy=accuracy,
        accuracy_interval=wilson(right, len(labelled)) if labelled else None,
        confusion=_confusion(labelled, len(subject.clips.classes)),
        mismatches=len(bad),
        first_divergence=bad[0] if bad else None,
        counts_per_clip=sum(counts) / len(clips) if whole else None,
        instructions_per_tick=sum(counts) / ticks if exact else None,
        neurobench=_neurobench(pack, clips, accuracy),
        layers=_layers(pack, clips),
        profile=_profile(chunks),
        example=_example(subject.clips.stimuli),
        clips=tuple(clips),
    )


def _confusion(labelled: Sequence[ClipResult], n: int) -> tuple[tuple[int, ...], ...]:
    if not labelled:
        return ()
    table = confusion([c.label or 0 for c in labelled], [c.prediction for c in labelled], n)
    return tuple(tuple(row) for row in table.tolist())


def _neurobench(pack: Pack, clips: Sequence[ClipResult], accuracy: float | None) -> NeuroBench:
    tables = [table for layer in pack.layers for table in weights(layer)]
    total = sum(table.size for table in tables)
    used = sum(int(np.count_nonzero(table)) for table in tables)
    ticks = sum(c.ticks for c in clips)
    cells = sum(layer.n for layer in pack.layers if layer.spec.fires) * ticks
    spikes = sum(sum(c.spikes) for c in clips)
    operations = SynapticOperations(
        Effective_MACs=sum(c.effective_macs for c in clips) / len(clips),
        Effective_ACs=sum(c.effective_acs for c in clips) / len(clips),
        Dense=dense(pack) * ticks / len(clips),
    )
    return NeuroBench(
        footprint=sum(table_bytes(layer) for layer in pack.layers) + state_bytes(pack),
        connection_sparsity=1 - used / total,
        activation_sparsity=1 - spikes / cells if cells else 0.0,
        synaptic_operations=operations,
        classification_accuracy=accuracy,
    )


def _layers(pack: Pack, clips: Sequence[ClipResult]) -> tuple[LayerFacts, ...]:
    ticks = max(1, sum(c.ticks for c in clips))
    layout = state_layout(pack)
    return tuple(
        LayerFacts(
            name=layer.name,
            n=layer.n,
            n_rows=layer.spec.n_rows,
            bits=layer.spec.bits,
            fires=layer.spec.fires,
            rate=sum(c.spikes[k] for c in clips) / (layer.n * ticks) if layer.spec.fires else None,
            table_bytes=table_bytes(layer),
            state_bytes=sum(f.n_bytes for f in layout if f.layer == k),
        )
        for k, layer in enumerate(pack.layers)
    )


def _profile(chunks: Sequence[Chunk]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for chunk in chunks:
        total.update(chunk.profile)
    return dict(total.most_common())


def _example(stimuli: Sequence[Stimulus]) -> Example | None:
    """The first clip, unless it is too long to be kept."""
    raster = stimuli[0].raster
    tick, index = np.nonzero(raster)
    if tick.size > EXAMPLE_EVENTS:
        return None
    value = raster[tick, index]
    return Example(0, raster.shape[0], tick.tolist(), index.tolist(), value.tolist())


def _device(subject: Subject) -> Device:
    info = subject.info
    return Device(
        runner=info.runner,
        board=info.board,
        core=info.core,
        compiler=info.compiler,
        clock_hz=info.clock_hz,
        count_kind=info.count_kind,
        memory=None if subject.image is None else _memory(subject.image),
    )


def _memory(image: Image) -> Memory:
    board = image.board
    ram = range(board.ram_base, board.ram_base + board.ram_bytes)
    symbols: dict[str, tuple[Literal["flash", "ram"], int]] = {
        name: ("ram" if symbol.address in ram else "flash", symbol.size)
        for name, symbol in sorted(image.symbols.items(), key=lambda item: -item[1].size)
        if symbol.size
    }
    return Memory(
        flash_bytes=image.flash_bytes,
        ram_bytes=image.ram_bytes,
        stack_bytes=image.stack_bytes,
        board_flash_bytes=board.flash_bytes,
        board_ram_bytes=board.ram_bytes,
        sections=dict(image.sections),
        symbols=symbols,
    )
