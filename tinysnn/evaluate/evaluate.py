"""The entrance: a pack on labelled clips, on a device, to an `Evaluation`."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tinysnn.errors import OptionError, StimulusError
from tinysnn.evaluate.clip import Chunk, Task
from tinysnn.evaluate.partial import Header, Partial, partial_path
from tinysnn.evaluate.pool import Target, cores, devices
from tinysnn.evaluate.result import EVALUATION_FORMAT, ClipResult, Evaluation
from tinysnn.evaluate.summary import Subject, summarise
from tinysnn.reference import check_stimulus

if TYPE_CHECKING:
    from tinysnn.data.labelled import LabelledClips
    from tinysnn.image import Image
    from tinysnn.pack import Pack
    from tinysnn.stimulus import Stimulus

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class EvaluateOptions:
    """Where it runs."""

    runner: str = "host"
    board: str | None = None
    toolchain: str | None = None
    port: str | None = None
    jobs: int | None = None
    """Processes; None: one per core, 1 for serial."""
    result: Path | None = None
    """Where the JSON will lie: partial results are kept beside it. None: they are not kept."""
    resume: bool = False


def evaluate(
    pack: Pack,
    clips: LabelledClips,
    options: EvaluateOptions,
    *,
    dataset: str = "",
    split: str = "",
    progress: Progress | None = None,
) -> Evaluation:
    """Run every clip, compare it with the reference, and sum up.

    Parameters
    ----------
    pack: the network.
    clips: inputs with their classes.
    options: the device, how many of it, and where partial results lie.
    dataset, split: for the result.
    progress: called with clips done and clips in all.

    Raises
    ------
    StimulusError: a clip does not fit the pack, or a class that it has no output for.
    OptionError: options that contradict each other, or a partial result of something else.
    ToolMissing, BuildError, BoardError, DeviceError: no device can be had, or it is gone.

    """
    _check(pack, clips)
    jobs = _jobs(options)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tinysnn-")))
        target = _target(pack, options, folder)
        partial = None
        if options.result is not None:
            header = _header(pack, clips.stimuli, target)
            partial = stack.enter_context(
                Partial(partial_path(options.result), header, resume=options.resume)
            )
        done = list(partial.chunks) if partial else []
        tasks = _left(clips.stimuli, done)
        info, chunks = stack.enter_context(devices(pack, target, tasks, jobs))
        done += _collect(chunks, partial, len(clips.stimuli), len(tasks), progress)
        subject = Subject(pack, clips, dataset, split, info, target.image)
        return summarise(subject, done)


def forget_partial(result: Path) -> None:
    """Remove the partial result once the whole one is written."""
    partial_path(result).unlink(missing_ok=True)


def _collect(
    chunks: Iterable[Chunk],
    partial: Partial | None,
    total: int,
    left: int,
    progress: Progress | None,
) -> list[Chunk]:
    found, done = [], total - left
    for chunk in chunks:
        found.append(chunk)
        if partial is not None:
            partial.add(chunk)
        done += len(chunk.clips)
        if progress is not None:
            progress(done, total)
    return found


def _check(pack: Pack, clips: LabelledClips) -> None:
    if not clips.stimuli:
        raise StimulusError("there are no clips", where=clips.source)
    for stimulus in clips.stimuli:
        check_stimulus(pack, stimulus)
    if pack.n_out != len(clips.classes):
        raise StimulusError(
            f"the clips are of {len(clips.classes)} classes, the model has {pack.n_out} outputs",
            where=pack.name,
            fix="Check that model and data set belong together.",
        )


def _jobs(options: EvaluateOptions) -> int:
    if options.runner == "serial":
        if options.jobs not in (None, 1):
            raise OptionError(
                f"{options.jobs} jobs on one board", where="--jobs", fix="Leave it out on serial."
            )
        return 1
    return options.jobs or cores()


def _target(pack: Pack, options: EvaluateOptions, folder: Path) -> Target:
    from tinysnn.deploy import pick_board

    board = pick_board(options.runner, options.board)
    image = None
    if board is not None and options.runner != "serial":
        from tinysnn.build import build
        from tinysnn.toolchain import find_toolchain

        image = build([pack], board, folder, toolchain=find_toolchain(options.toolchain))
    return Target(options.runner, board, image, options.port)


def _header(pack: Pack, stimuli: Sequence[Stimulus], target: Target) -> Header:
    digest = hashlib.sha256()
    for stimulus in stimuli:
        raster = np.ascontiguousarray(stimulus.raster)
        digest.update(f"{raster.shape} {stimulus.label}".encode())
        digest.update(raster.tobytes())
    image: Image | None = target.image
    return Header(
        format=EVALUATION_FORMAT,
        digest=pack.digest,
        clips=digest.hexdigest(),
        runner=target.runner,
        board=target.board.id if target.board else "",
        compiler=image.compiler if image else "",
    )


def _left(stimuli: Sequence[Stimulus], done: Sequence[Chunk]) -> list[Task]:
    """Clips that no chunk holds yet.

    Raises
    ------
    OptionError: the partial result holds a clip twice, or one that there is not.

    """
    seen: list[ClipResult] = [clip for chunk in done for clip in chunk.clips]
    numbers = [clip.clip for clip in seen]
    if len(set(numbers)) != len(numbers) or any(not 0 <= n < len(stimuli) for n in numbers):
        raise OptionError("the partial result is damaged", fix="Remove the .part file.")
    known = set(numbers)
    return [(n, stimulus) for n, stimulus in enumerate(stimuli) if n not in known]
