"""What is to be flashed and how it shall reach the board."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tinysnn.boards import Board
from tinysnn.choose import Ask
from tinysnn.errors import BoardError
from tinysnn.flash.intel_hex import intel_hex
from tinysnn.flash.segments import flat, read_segments
from tinysnn.flash.uf2 import uf2

Kind = Literal["elf", "bin", "hex", "uf2"]
KINDS: tuple[Kind, ...] = ("elf", "bin", "hex", "uf2")


@dataclass(frozen=True)
class FlashJob:
    """One image for one board."""

    elf: Path
    board: Board
    folder: Path
    """Where files in other formats are put."""
    port: str | None = None
    """Serial port that a loader uses; None: it finds one."""
    probe: str | None = None
    """Serial number of the debug probe, or the beginning of it."""
    volume: Path | None = None
    """The drive; None: it is looked for."""
    command: str | None = None
    """The user's command."""
    gdb: str | None = None
    """HOST:PORT of a GDB server."""
    ask: Ask | None = None
    """Who picks one of several probes or drives."""

    def file(self, kind: Kind) -> Path:
        """The image in a format, written into `folder` unless it is the ELF file.

        Raises
        ------
        BuildError: the ELF file cannot be read, or makes no flat binary.
        BoardError: the board's file names no UF2 family.

        """
        if kind == "elf":
            return self.elf
        segments = read_segments(self.elf)
        if kind == "bin":
            data = flat(segments)
        elif kind == "hex":
            data = intel_hex(segments).encode("ascii")
        else:
            data = uf2(segments, _family(self.board))
        return _replaced(self.folder / f"{self.elf.stem}.{kind}", data)


def _family(board: Board) -> int:
    family = board.flasher.uf2_family if board.flasher else None
    if family is None:
        raise BoardError(
            "its file names no UF2 family",
            where=board.id,
            fix="Add [flasher] 'uf2_family', or flash it in another way.",
        )
    return family


def _replaced(path: Path, data: bytes) -> Path:
    """Write a file completely or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".new")
    with os.fdopen(handle, "wb") as file:
        file.write(data)
    return Path(name).replace(path)
