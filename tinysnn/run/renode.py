"""The Renode runner: generates a script (and a platform, for generic boards) and runs it."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from tinysnn.errors import DeviceError
from tinysnn.link import SocketLink
from tinysnn.renode.monitor import BAD_WORD, Monitor
from tinysnn.renode.program import check_release, find_renode
from tinysnn.renode.scripts import write_scripts
from tinysnn.renode.stepped import SteppedLink
from tinysnn.run.base import Job, RunnerInfo, WiredRunner
from tinysnn.run.process import Emulator, free_port, plain
from tinysnn.session_checks import Timing

_START_LIMIT_S = 90.0
_BOOT_S = 0.01
"""Virtual time for the firmware to switch its UART on: bytes before that are lost."""
_TIMING = Timing(answer_s=20.0, hello_s=1.0, hello_slow_s=2.0, hello_tries=6, tries=4)
"""Virtual time: nothing gets lost on this line, an answer comes or does not."""


class RenodeRunner(WiredRunner):
    """An image in Renode."""

    runner = "renode"

    def __init__(self, job: Job, work_dir: Path | None = None) -> None:
        super().__init__(job, _TIMING)
        image = job.need_image(self.runner)
        self._board = image.board
        program = find_renode()
        name = f"renode, {image.board.id}"
        try:
            folder = work_dir or Path(tempfile.mkdtemp(prefix="tinysnn-renode-"))
            if work_dir is None:
                self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
            port = free_port()
            script = write_scripts(image.board, image.elf, port, folder, start=False)
            self._boot(program, script, port, name)
        except BaseException:
            self.close()
            raise

    def _boot(self, program: list[str], script: Path, port: int, name: str) -> None:
        """Start Renode with the script and greet the firmware in it."""
        emulator = Emulator(name, f"Look at the script: {script}.")
        self._stack.callback(emulator.stop, b"quit\n")
        emulator.start(
            [*program, "--disable-xwt", "--console", "--plain", str(script.resolve())],
            script.parent,
        )
        uart = emulator.connect(port, _START_LIMIT_S, BAD_WORD)
        self._monitor = Monitor(emulator, name)
        link = SteppedLink(SocketLink(uart, name), self._monitor, self._board.uart.baud)
        self._stack.callback(link.close)
        try:
            self._monitor.ready(_START_LIMIT_S)
            check_release(plain(emulator.output()), self._board.core)
            self._monitor.run_for(_BOOT_S)
            self.start(link, name)
        except DeviceError as error:
            raise emulator.blame(error) from None

    @property
    def executed(self) -> int:
        """Instructions that the core has executed since its start, waiting for bytes included."""
        return self._monitor.executed

    @property
    def info(self) -> RunnerInfo:
        """See `Runner`; the DWT that the script adds counts instructions."""
        info = super().info
        if self._board.counter.driver == "dwt":
            return replace(info, count_kind="instructions")
        return info
