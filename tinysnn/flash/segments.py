"""What of an ELF file goes into flash, by load address, and as one flat binary."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tinysnn.boards import Board
from tinysnn.errors import BoardError, BuildError

MOST_BYTES = 64 << 20
"""No board here has more flash; an ELF file that claims more is damaged."""


@dataclass(frozen=True)
class Segment:
    """Bytes and where in flash they go."""

    address: int
    data: bytes

    @property
    def end(self) -> int:
        """Address behind the last byte."""
        return self.address + len(self.data)


def read_segments(elf: Path) -> tuple[Segment, ...]:
    """Segments that a loader writes, by ascending load address.

    Raises
    ------
    BuildError: the file is no 32-bit little-endian ARM ELF file, loads nothing, or its segments
        overlap.

    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as file:
            image = ELFFile(file)
            if (image.elfclass, image.little_endian, image["e_machine"]) != (32, True, "EM_ARM"):
                raise BuildError("is no 32-bit little-endian ARM image", where=str(elf))
            loads = [s for s in image.iter_segments() if s["p_type"] == "PT_LOAD" and s["p_filesz"]]
            if sum(s["p_filesz"] for s in loads) > MOST_BYTES:
                raise BuildError(f"holds more than {MOST_BYTES} bytes", where=str(elf))
            found = sorted((s["p_paddr"], s.data()) for s in loads)
    except (OSError, ELFError, AttributeError, ValueError) as error:
        raise BuildError(f"is no usable ELF file ({error})", where=str(elf)) from None
    segments = tuple(Segment(address, data) for address, data in found)
    if not segments:
        raise BuildError("loads nothing into memory", where=str(elf))
    for before, after in pairwise(segments):
        if after.address < before.end:
            raise BuildError(f"loads 0x{after.address:08X} twice", where=str(elf))
    return segments


def check_board(elf: Path, segments: tuple[Segment, ...], board: Board) -> None:
    """Refuse an image that is not for this board.

    Raises
    ------
    BoardError: it says that it was built for another board, or goes beyond this board's flash.

    """
    built_for = built_board(elf)
    if built_for and built_for != board.id:
        raise BoardError(
            f"is an image for the board '{built_for}', not '{board.id}'",
            where=str(elf),
            fix=f"Name --board {built_for}, or build the pack for {board.id}.",
        )
    end = board.flash_base + board.flash_bytes
    for segment in segments:
        if segment.address < board.flash_base or segment.end > end:
            raise BoardError(
                f"loads 0x{segment.address:08X} to 0x{segment.end:08X}, but the flash of "
                f"'{board.id}' is 0x{board.flash_base:08X} to 0x{end:08X}",
                where=str(elf),
                fix="Build it for this board.",
            )


def built_board(elf: Path) -> str:
    """Id of the board that a firmware of ours was built for; empty if the image does not say."""
    from tinysnn.image import ElfView

    try:
        view = ElfView(elf)
        return view.text(view.symbol("tsnn_port_board").address)
    except BuildError:
        return ""


def flat(segments: tuple[Segment, ...]) -> bytes:
    """The flash from the first segment's address to the end of the last; gaps are 0xFF (erased).

    Raises
    ------
    BuildError: the segments lie so far apart that the file would be unreasonable.

    """
    base, end = segments[0].address, segments[-1].end
    if end - base > MOST_BYTES:
        raise BuildError(
            f"segments from 0x{base:08X} to 0x{end:08X} make no flat binary",
            fix="Flash the ELF file or Intel HEX instead.",
        )
    memory = bytearray(b"\xff" * (end - base))
    for segment in segments:
        memory[segment.address - base : segment.end - base] = segment.data
    return bytes(memory)
