"""The QEMU runner: the board's image on one of QEMU's machines, its UART on a local socket.

QEMU runs with `-icount shift=0`: one instruction takes one nanosecond of virtual time, so the
firmware's timer counts instructions, as coarsely as its clock ticks.
"""

from __future__ import annotations

import atexit
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

import numpy as np

from tinysnn.errors import BoardError, DeviceError, ToolMissing
from tinysnn.link import SocketLink
from tinysnn.run.base import Job, RunnerInfo, WiredRunner
from tinysnn.session import Timing
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


class Emulator:
    """A subprocess that connects to a socket of ours; its end is certain."""

    def __init__(self, command: Callable[[int], list[str]], name: str) -> None:
        """Start command(port) and wait until it has connected to that port of this machine.

        Raises
        ------
        DeviceError: it ended, or did not connect; with what it said on stderr.

        """
        self._name = name
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed in `stop`)
        self._process: subprocess.Popen[bytes] | None = None
        atexit.register(self.stop)
        try:
            with socket.create_server(("127.0.0.1", 0)) as server:
                self._process = subprocess.Popen(
                    command(server.getsockname()[1]),
                    stdin=subprocess.DEVNULL,
                    stdout=self._log,
                    stderr=self._log,
                )
                self.socket = self._accept(server)
        except OSError as error:
            self.stop()
            raise DeviceError(f"cannot be started ({error})", where=name) from None
        except BaseException:
            self.stop()
            raise

    def _accept(self, server: socket.socket) -> socket.socket:
        server.settimeout(0.05)
        deadline = time.monotonic() + _START_LIMIT_S
        while time.monotonic() < deadline and self._running():
            with suppress(TimeoutError):
                return server.accept()[0]
        raise DeviceError(
            f"did not start: {self.said() or 'no message'}",
            where=self._name,
            fix="Check that this version knows the machine (`tinysnn doctor`).",
        )

    def _running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def said(self) -> str:
        """Return the end of what the emulator wrote, as one line."""
        if self._log.closed:
            return ""
        self._log.seek(0)
        text = self._log.read()[-2000:].decode("utf-8", "replace")
        return " / ".join(line.strip() for line in text.splitlines() if line.strip())[-500:]

    def stop(self) -> None:
        """End the process, at once if need be; harmless when repeated."""
        atexit.unregister(self.stop)
        if self._process is not None:
            if self._running():
                self._process.terminate()
            try:
                self._process.wait(2)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()


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
        self._emulator = Emulator(
            lambda port: command(program, machine, image.elf, port, args), name
        )
        self._stack.callback(self._emulator.stop)
        try:
            self.start(SocketLink(self._emulator.socket, name), name)
        except DeviceError as error:
            said = self._emulator.said()
            self.close()
            what = f"{error.what} (QEMU said: {said})" if said else error.what
            raise DeviceError(what, where=error.where, fix=error.fix) from None
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
    line += ["-icount", "shift=0", "-serial", f"tcp:127.0.0.1:{port}"]
    return [*line, *args, "-kernel", str(elf)]
