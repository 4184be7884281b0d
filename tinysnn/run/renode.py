"""The Renode runner: generates a script (and a platform, for generic boards) and runs it."""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from tinysnn.boards import Board
from tinysnn.errors import BoardError, DeviceError, ToolMissing
from tinysnn.link import SocketLink
from tinysnn.paths import templates_dir
from tinysnn.run.base import Job, RunnerInfo, WiredRunner
from tinysnn.run.process import Emulator, free_port
from tinysnn.session_checks import Timing

_START_LIMIT_S = 90.0
_BAD_WORD = "There was an error"
"""What Renode prints when a script fails; it stays up then, and the port never opens."""
_CPUS = {
    # The model of cortex-m0+ has instructions of an M3: the M0 is the honest choice for both.
    "cortex-m0plus": "cortex-m0",
}


def find_renode() -> list[str]:
    """Command of Renode: `RENODE` (a path, or a command line), else `renode` on PATH.

    Raises
    ------
    ToolMissing: neither is there.

    """
    named = shlex.split(os.environ.get("RENODE", ""))
    found = shutil.which(named[0] if named else "renode")
    if found is None:
        what = f"RENODE names {named[0]!r}, which is not a program" if named else "no `renode` here"
        raise ToolMissing(
            what, fix="Get it from renode.io (it is in no registry) and put it on PATH or in RENODE"
        )
    return [found, *named[1:]]


def render_platform(board: Board) -> str:
    """Text of a platform file with a board's core, memories and UART.

    Raises
    ------
    BoardError: the UART is not the one the platform has.

    """
    if board.uart.driver != "pl011":
        raise BoardError(
            f"Renode's generic platform has a pl011, not a {board.uart.driver}",
            where=board.id,
            fix="Name one of Renode's own platform files in [renode] of the board's file.",
        )
    cpu = _CPUS.get(board.core, board.core)
    return _render("generic.repl.jinja", board=_facts(board), cpu=cpu)


def render_script(board: Board, elf: Path, port: int, platform: str) -> str:
    """Text of the script that runs an image and offers its UART at a port of this machine.

    Raises
    ------
    BoardError: the board's file says nothing about Renode.

    """
    if board.renode is None:
        raise BoardError(
            "its file says nothing about Renode",
            where=board.id,
            fix="Choose a board that `tinysnn boards` marks with renode, or another runner.",
        )
    return _render(
        "run.resc.jinja",
        board=_facts(board),
        platform=platform.replace(" ", "\\ "),
        mips=max(board.clock_hz // 1_000_000, 1),
        port=port,
        uart=board.renode.uart,
        elf=str(elf).replace(" ", "\\ "),
    )


def _facts(board: Board) -> dict[str, object]:
    names = ("id", "clock_hz", "flash_base", "flash_bytes", "ram_base", "ram_bytes")
    facts = {name: getattr(board, name) for name in names}
    return {**facts, "uart_base": board.uart.base, "dwt": board.counter.driver == "dwt"}


def _render(name: str, **values: object) -> str:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_dir() / "renode"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 (Renode scripts, not HTML)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["hex"] = "0x{:08X}".format
    return environment.get_template(name).render(**values)


def write_scripts(board: Board, elf: Path, port: int, folder: Path) -> Path:
    """Write the script, and the platform of a generic board, into folder; path of the script."""
    platform = board.renode.platform if board.renode else ""
    if platform == "generic":
        repl = folder / f"{board.id}.repl"
        repl.write_text(render_platform(board), encoding="utf-8")
        platform = str(repl.resolve())
    script = folder / f"{board.id}.resc"
    script.write_text(render_script(board, elf.resolve(), port, platform), encoding="utf-8")
    return script


class RenodeRunner(WiredRunner):
    """An image in Renode."""

    runner = "renode"

    def __init__(self, job: Job, work_dir: Path | None = None) -> None:
        super().__init__(job, Timing(answer_s=30.0, hello_tries=60))
        image = job.need_image(self.runner)
        self._board = image.board
        program = find_renode()
        name = f"renode, {image.board.id}"
        try:
            folder = work_dir or Path(tempfile.mkdtemp(prefix="tinysnn-renode-"))
            if work_dir is None:
                self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
            port = free_port()
            script = write_scripts(image.board, image.elf, port, folder)
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
        uart = emulator.connect(port, _START_LIMIT_S, _BAD_WORD)
        try:
            self.start(SocketLink(uart, name), name)
        except DeviceError as error:
            raise emulator.blame(error) from None

    @property
    def info(self) -> RunnerInfo:
        """See `Runner`; the DWT that the script adds counts instructions."""
        info = super().info
        if self._board.counter.driver == "dwt":
            return replace(info, count_kind="instructions")
        return info
