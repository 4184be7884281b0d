"""The QEMU runner: the board's image on one of QEMU's machines, its UART on a local socket.

The instructions of each step are counted exactly by a plugin (`qemu_count`) where this machine has
a C compiler and QEMU takes plugins. Elsewhere the firmware's timer counts them: QEMU runs with
`-icount shift=0`, one instruction takes one nanosecond of virtual time, so the timer counts as
coarsely as its clock ticks.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinysnn.errors import BoardError, BuildError, DeviceError, ToolMissing
from tinysnn.image import Image
from tinysnn.link import SocketLink
from tinysnn.run.base import Job, RunnerInfo, WiredRunner
from tinysnn.run.blocks import one_each
from tinysnn.run.process import HOST, Emulator
from tinysnn.run.qemu_count import StepCounter, plugin_for
from tinysnn.session_checks import Timing
from tinysnn.stimulus import Stimulus
from tinysnn.trace import Trace

PROGRAM = "qemu-system-arm"
_START_LIMIT_S = 20.0
_NS = 1_000_000_000


def find_qemu() -> str:
    """Path of the emulator.

    Raises
    ------
    ToolMissing: it is not on PATH.

    """
    found = shutil.which(PROGRAM)
    if found is None:
        raise ToolMissing(
            f"{PROGRAM} is not on PATH",
            fix="Debian, Ubuntu: apt install qemu-system-arm; macOS: brew install qemu.",
        )
    return found


def qemu_version() -> str:
    """Version of the emulator, such as 7.2.22.

    Raises
    ------
    ToolMissing: it is not on PATH, or does not start.

    """
    try:
        done = subprocess.run(
            [find_qemu(), "--version"], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolMissing(f"{PROGRAM} does not start ({error})", fix="Install it again.") from None
    match = re.search(r"version (\S+)", done.stdout)
    return match.group(1) if match else done.stdout.strip()


class QemuRunner(WiredRunner):
    """An image on a machine of QEMU's."""

    runner = "qemu"

    def __init__(self, job: Job, *, exact_counts: bool | None = None) -> None:
        """Start the emulator.

        Parameters
        ----------
        exact_counts: count by the plugin (True), by the firmware's timer (False), or by the
            plugin where that is possible (None).

        Raises
        ------
        BoardError: QEMU has no such board.
        ToolMissing: no QEMU is here; or exact counts were asked for and are not possible here.
        DeviceError: the device does not answer, or runs another model.

        """
        super().__init__(job, Timing(answer_s=20.0))
        image = job.need_image(self.runner)
        self._image, self._board = image, image.board
        if image.board.qemu is None:
            raise BoardError(
                "QEMU has no such board",
                where=image.board.id,
                fix="Choose a board that `tinysnn boards` marks with qemu, or another runner.",
            )
        program, name = find_qemu(), f"qemu, {image.board.qemu.machine}"
        self._emulator = Emulator(name, "Check that this QEMU knows the machine.")
        try:
            self._counter = _counter(program, image, job.slot, wanted=exact_counts)
            if self._counter is not None:
                self._stack.callback(self._counter.close)
            self._stack.callback(self._emulator.stop)
            self._start(program, name)
        except DeviceError as error:
            blamed = self._emulator.blame(error)
            self.close()
            raise blamed from None
        except BaseException:
            self.close()
            raise

    def _start(self, program: str, name: str) -> None:
        assert self._board.qemu is not None
        args = (*self._board.qemu.args, *(self._counter.arguments if self._counter else ()))
        with socket.create_server((HOST, 0)) as server:
            port = server.getsockname()[1]
            line = command(program, self._board.qemu.machine, self._image.elf, port, args)
            self._emulator.start(line)
            link = SocketLink(self._emulator.accept(server, _START_LIMIT_S), name)
        self.start(link, name)

    @property
    def info(self) -> RunnerInfo:
        """See `Runner`; timer ticks are given in instructions."""
        info = super().info
        if self._counter is not None:
            return replace(info, count_kind="instructions", clock_hz=self._board.clock_hz)
        if info.count_kind != "timer":
            return info
        return replace(info, count_kind="instructions", count_resolution=self._resolution)

    @property
    def _resolution(self) -> int:
        return max(_NS // self._board.counter_hz, 1)

    def run(self, stimulus: Stimulus, keep_states: bool = False) -> Trace:  # noqa: FBT001, FBT002
        """See `Runner`; exact counts are from the call of the model's step to its return."""
        trace = super().run(stimulus, keep_states)
        if self._counter is not None:
            counts = one_each(self._counter.step_counts(), stimulus.n_ticks, "qemu")
            return replace(trace, counts=counts)
        if trace.counts is None or super().info.count_kind != "timer":
            return trace
        nanoseconds = trace.counts.astype(np.uint64) * _NS // self._board.counter_hz
        return replace(trace, counts=nanoseconds.astype(np.uint32))

    def profile(self) -> dict[str, int]:
        """Instructions within all steps so far by function, most first; empty without a plugin."""
        return {} if self._counter is None else self._counter.profile(self._image.symbols)


def _counter(program: str, image: Image, slot: int, *, wanted: bool | None) -> StepCounter | None:
    """The plugin for a model, or None if it is not wanted, or not needed and not possible."""
    if wanted is False:
        return None
    try:
        return StepCounter(plugin_for(program, qemu_version()), image, slot)
    except (ToolMissing, BuildError):
        if wanted:
            raise
        return None


def command(
    program: str, machine: str, elf: Path, port: int, args: tuple[str, ...] = ()
) -> list[str]:
    """Command line that runs an image and connects its UART to a port of this machine."""
    line = [program, "-machine", machine, "-nographic", "-monitor", "none", "-no-reboot"]
    # nodelay: the UART sends byte by byte, and TCP would hold each back for 40 ms.
    line += ["-icount", "shift=0", "-serial", f"tcp:{HOST}:{port},nodelay=on"]
    return [*line, *args, "-kernel", str(elf)]
