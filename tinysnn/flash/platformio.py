"""Flashing with PlatformIO's uploader: a small project that holds our image instead of building.

`pio run -t nobuild -t upload` uploads the files that it finds in the build folder; PlatformIO's
platforms take the .elf, .bin or .hex there, whichever suits the uploader of the board.
"""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

from tinysnn.boards import Board
from tinysnn.errors import BoardError, ToolMissing
from tinysnn.flash.job import FlashJob, Kind
from tinysnn.flash.tool import Complaint, failure, run_tool

LIMIT_S = 1200.0
"""The first upload to a board fetches PlatformIO's packages for it."""
_PROGRAM = "firmware"
"""What PlatformIO calls a built program."""
_COMPLAINTS = (
    Complaint(
        r"UnknownBoard|Unknown board ID|UnknownPlatform|Unknown development platform",
        "this PlatformIO does not know the board or its platform",
        "Update it: `pio pkg update -g`.",
    ),
    Complaint(
        r"HTTPClientError|InternetConnectionError|Please check your internet|"
        r"UnknownPackageError|Could not find (?:the )?package",
        "PlatformIO cannot fetch its packages for the board",
        "Check the connection to the internet; they are fetched once.",
    ),
)


def find_platformio() -> list[str] | None:
    """Command of PlatformIO: the program on PATH, else the package of this Python; or None."""
    program = shutil.which("pio") or shutil.which("platformio")
    if program is not None:
        return [program]
    if importlib.util.find_spec("platformio") is None:
        return None
    return [sys.executable, "-m", "platformio"]


def flash_platformio(job: FlashJob) -> str:
    """Upload the image with PlatformIO; what was done.

    Raises
    ------
    ToolMissing: PlatformIO is not here.
    BoardError: the board's file names no board of PlatformIO.
    DeviceError: the upload failed.

    """
    if job.board.platformio is None:
        raise BoardError(
            "its file names no board of PlatformIO",
            where=job.board.id,
            fix="Add [platformio] to it, or flash in another way.",
        )
    pio = find_platformio()
    if pio is None:
        raise ToolMissing("platformio is not here", fix="pip install 'tinysnn[platformio]'")
    project = _lay_out(job)
    command = [*pio, "run", "--disable-auto-clean", "-d", str(project), "-e", job.board.id]
    command += ["-t", "nobuild", "-t", "upload"]
    if job.port:
        command += ["--upload-port", job.port]
    finished = run_tool(command, limit_s=LIMIT_S)
    if finished.code != 0:
        raise failure("platformio", finished, extra=_COMPLAINTS)
    return f"platformio, board {job.board.platformio.board}"


def project_file(board: Board) -> str:
    """Text of ``platformio.ini``."""
    assert board.platformio is not None
    lines = (f"[env:{board.id}]", f"platform = {board.platformio.platform}")
    return "\n".join([*lines, f"board = {board.platformio.board}", ""])


def _lay_out(job: FlashJob) -> Path:
    """The project with the image in all formats where PlatformIO expects built files."""
    project = job.folder / "platformio"
    built = project / ".pio" / "build" / job.board.id
    built.mkdir(parents=True, exist_ok=True)
    (project / "src").mkdir(exist_ok=True)
    (project / "platformio.ini").write_text(project_file(job.board), encoding="utf-8")
    kinds: list[Kind] = ["elf", "bin", "hex"]
    if job.board.flasher and job.board.flasher.uf2_family is not None:
        kinds.append("uf2")
    for kind in kinds:
        shutil.copyfile(job.file(kind), built / f"{_PROGRAM}.{kind}")
    return project
