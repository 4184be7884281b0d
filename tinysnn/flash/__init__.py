"""Flashing: an image onto a board, by whichever way the board and this machine have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tinysnn.boards import Board
from tinysnn.errors import BoardError, OptionError, ToolMissing
from tinysnn.flash.command import flash_command
from tinysnn.flash.gdb import flash_gdb
from tinysnn.flash.job import FlashJob
from tinysnn.flash.platformio import find_platformio, flash_platformio
from tinysnn.flash.pyocd import find_pyocd, flash_pyocd
from tinysnn.flash.segments import check_board, read_segments
from tinysnn.flash.volume import find_volumes, flash_volume

__all__ = ["METHODS", "FlashJob", "Flashed", "flash", "pick_method"]

METHODS: dict[str, Callable[[FlashJob], str]] = {
    "pyocd": flash_pyocd,
    "volume": flash_volume,
    "platformio": flash_platformio,
    "command": flash_command,
    "gdb": flash_gdb,
}
"""Ways to flash; each takes a job and gives back what it did."""


@dataclass(frozen=True)
class Flashed:
    """What was done."""

    method: str
    how: str
    board: str
    flash_bytes: int


def flash(job: FlashJob, method: str | None = None) -> Flashed:
    """Flash an image, after a check that it is one for this board.

    Parameters
    ----------
    method: one of `METHODS`; by default what `pick_method` says.

    Raises
    ------
    BuildError: the file is no usable image.
    BoardError: the image is for another board, or the board cannot be flashed in this way.
    OptionError: an option is missing.
    ToolMissing: the program for it is not here.
    DeviceError: no probe or drive, no permission, or the board or program refused.

    """
    segments = read_segments(job.elf)
    check_board(job.elf, segments, job.board)
    name = method or pick_method(job)
    how = METHODS[name](job)
    return Flashed(name, how, job.board.id, sum(len(segment.data) for segment in segments))


def pick_method(job: FlashJob) -> str:
    """The way to take if none is named: an option that says it, else the best that is possible.

    Raises
    ------
    BoardError: the board's file says nothing about flashing.
    ToolMissing: nothing that the board takes is possible here; says what each way needs.

    """
    for name, value in (("command", job.command), ("gdb", job.gdb), ("volume", job.volume)):
        if value is not None:
            return name
    if job.board.flasher is None:
        raise BoardError(
            "its file says nothing about flashing",
            where=job.board.id,
            fix="Name --command, or --gdb with the address of a GDB server.",
        )
    needs = {name: _need(name, job.board) for name in job.board.flasher.methods}
    possible = [name for name, need in needs.items() if not need]
    if possible:
        return possible[0]
    listed = "; ".join(f"{name}: {need}" for name, need in needs.items())
    raise ToolMissing(
        "nothing is here to flash it with", where=job.board.id, fix=f"Needed is one of - {listed}."
    )


def passed_over(name: str, board: Board) -> str:
    """What the board's ways before this one lack here, in words; empty if it is the first."""
    methods = board.flasher.methods if board.flasher else ()
    if name not in methods:
        return ""
    before = methods[: methods.index(name)]
    return "; ".join(f"{method}: {_need(method, board)}" for method in before)


def _need(method: str, board: Board) -> str:
    """What a method lacks on this machine, and how to get it; empty: nothing."""
    if method == "pyocd":
        return "" if find_pyocd() else "pip install 'tinysnn[pyocd]'"
    if method == "platformio":
        return "" if find_platformio() else "pip install 'tinysnn[platformio]'"
    if method == "volume":
        how = board.flasher.bootloader if board.flasher else ""
        return "" if find_volumes(board) else f"its drive ({how or 'plug it in'})"
    return f"--{method} 'PROGRAM ... {{elf}} ...'"


def check_method(name: str, job: FlashJob) -> None:
    """Refuse options that the named method does not take.

    Raises
    ------
    OptionError: names the first.

    """
    takes = {"command": "command", "gdb": "gdb", "volume": "volume", "probe": "pyocd"}
    for option, method in takes.items():
        if getattr(job, option) is not None and name != method:
            raise OptionError(
                f"--{option} is for --method {method}, not for {name}", fix="Leave one out."
            )
