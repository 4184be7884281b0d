"""The QEMU runner: the board's image on one of QEMU's machines, its UART on a local socket.

QEMU runs with `-icount shift=0`: one instruction takes one nanosecond of virtual time, so the
firmware's timer counts instructions, as coarsely as its clock ticks.
"""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np

from tinysnn.errors import BoardError, DeviceError, ToolMissing
from tinysnn.link import SocketLink
from tinysnn.run.base import Job, RunnerInfo, WiredRunner
from tinysnn.run.process import HOST, Emulator
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

    def __init__(self, job: Job) -> None:
        super().__init__(job, Timing(answer_s=20.0))
        image = job.need_image(self.runner)
        self._board = board = image.board
        if board.qemu is None:
            raise BoardError(
                "QEMU has no such board",
                where=board.id,
                fix="Choose a board that `tinysnn boards` marks with qemu, or another runner.",
            )
        name = f"qemu, {board.qemu.machine}"
        program, machine, args = find_qemu(), board.qemu.machine, board.qemu.args
        self._emulator = Emulator(name, "Check that this QEMU knows the machine.")
        self._stack.callback(self._emulator.stop)
        try:
            with socket.create_server((HOST, 0)) as server:
                port = server.getsockname()[1]
                self._emulator.start(command(program, machine, image.elf, port, args))
                link = SocketLink(self._emulator.accept(server, _START_LIMIT_S), name)
            self.start(link, name)
        except DeviceError as error:
            blamed = self._emulator.blame(error)
            self.close()
            raise blamed from None
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> RunnerInfo:
        """See `Runner`; timer ticks are given in instructions."""
        info = super().info
        if info.count_kind != "timer":
            return info
        return replace(info, count_kind="instructions", count_resolution=self._resolution)

    @property
    def _resolution(self) -> int:
        return max(_NS // self._board.counter_hz, 1)

    def run(self, stimulus: Stimulus, keep_states: bool = False) -> Trace:  # noqa: FBT001, FBT002
        """See `Runner`."""
        trace = super().run(stimulus, keep_states)
        if trace.counts is None or super().info.count_kind != "timer":
            return trace
        counts = trace.counts.astype(np.uint64) * _NS // self._board.counter_hz
        return replace(trace, counts=counts.astype(np.uint32))


def command(
    program: str, machine: str, elf: Path, port: int, args: tuple[str, ...] = ()
) -> list[str]:
    """Command line that runs an image and connects its UART to a port of this machine."""
    line = [program, "-machine", machine, "-nographic", "-monitor", "none", "-no-reboot"]
    # nodelay: the UART sends byte by byte, and TCP would hold each back for 40 ms.
    line += ["-icount", "shift=0", "-serial", f"tcp:{HOST}:{port},nodelay=on"]
    return [*line, *args, "-kernel", str(elf)]
