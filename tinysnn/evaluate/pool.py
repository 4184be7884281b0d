"""Runs chunks of clips on devices side by side, one process each.

An emulator keeps one core busy, so clips are shared out to processes; each opens its own device in
an image that was built once. Processes are spawned, not forked: emulators have threads.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

from tinysnn.errors import DeviceError
from tinysnn.evaluate.clip import Chunk, Clips, Task
from tinysnn.pack import Pack
from tinysnn.run import open_runner
from tinysnn.run.base import Runner, RunnerInfo

if TYPE_CHECKING:
    from tinysnn.boards import Board
    from tinysnn.image import Image

CHUNK = 8
"""Clips of a task: enough to hide what a task costs, few enough to lose when interrupted."""


@dataclass(frozen=True)
class Target:
    """What a process needs to open its device."""

    runner: str
    board: Board | None
    image: Image | None
    port: str | None

    def open(self, pack: Pack) -> Runner:
        """A runner with `pack`; see `tinysnn.run.open_runner`."""
        return open_runner(
            self.runner, packs=[pack], image=self.image, board=self.board, port=self.port
        )


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def in_chunks(tasks: Sequence[Task]) -> list[Sequence[Task]]:
    """Tasks cut into chunks."""
    return [tasks[first : first + CHUNK] for first in range(0, len(tasks), CHUNK)]


@contextmanager
def devices(
    pack: Pack, target: Target, tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[RunnerInfo, Iterator[Chunk]]]:
    """What the device is, and the chunks as they are done (in any order).

    Raises
    ------
    DeviceError: a process ended (killed, or out of memory), or a device is gone.

    """
    with target.open(pack) as runner:
        if jobs == 1 or len(tasks) <= CHUNK:
            clips = Clips(pack, runner)
            yield runner.info, (clips.chunk(some) for some in in_chunks(tasks))
            return
        info = runner.info
    yield info, _parallel(pack, target, tasks, jobs)


def _parallel(pack: Pack, target: Target, tasks: Sequence[Task], jobs: int) -> Iterator[Chunk]:
    chunks = in_chunks(tasks)
    pool = ProcessPoolExecutor(
        max_workers=min(jobs, len(chunks)),
        mp_context=get_context("spawn"),
        initializer=_start,
        initargs=(pack, target),
    )
    try:
        futures: list[Future[Chunk]] = [pool.submit(_run, some) for some in chunks]
        for future in as_completed(futures):
            yield future.result()
    except BrokenProcessPool as error:
        raise DeviceError(
            "a process that ran clips has ended",
            where=target.runner,
            fix="Take fewer --jobs if memory is short; --resume goes on from what is done.",
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


class _Worker:
    """The device of this process."""

    clips: Clips | None = None
    failed: Exception | None = None


def _start(pack: Pack, target: Target) -> None:
    """Open the device of a process; what fails is told by the first task."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent is interrupted and ends us
    try:
        runner = target.open(pack)
    except Exception as error:  # noqa: BLE001 (an initializer that raises breaks the pool silently)
        _Worker.failed = error
        return
    Finalize(None, runner.close, exitpriority=10)  # processes of a pool run no atexit functions
    _Worker.clips = Clips(pack, runner)


def _run(tasks: Sequence[Task]) -> Chunk:
    if _Worker.failed is not None:
        raise _Worker.failed
    assert _Worker.clips is not None
    return _Worker.clips.chunk(tasks)
