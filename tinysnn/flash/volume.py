"""Drag and drop: boards that show themselves as a drive and flash what is copied onto it."""

from __future__ import annotations

import os
import platform
import re
import string
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tinysnn.boards import Board
from tinysnn.choose import Choice, one_of
from tinysnn.errors import BoardError, DeviceError
from tinysnn.flash.job import FlashJob, Kind

_SYSTEM = platform.system()
SETTLE_S = 12.0
"""How long a drive may take to swallow a file and to come back or go away."""
_POLL_S = 0.1
_INFO = "INFO_UF2.TXT"
_FAIL = "FAIL.TXT"
_READ_MOST = 2000


def mounted_volumes() -> list[Path]:
    """Removable drives that are mounted on this machine: FAT file systems, or anything in Volumes.

    What cannot be read is left out.
    """
    if _SYSTEM == "Windows":
        drives = (Path(f"{letter}:/") for letter in string.ascii_uppercase[3:])
        return [drive for drive in drives if drive.exists()]
    if _SYSTEM == "Darwin":
        return sorted(Path("/Volumes").glob("*"))
    return sorted(_fat_mounts(Path("/proc/self/mounts")))


def _fat_mounts(table: Path) -> Iterator[Path]:
    try:
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        fields = line.split()
        if len(fields) > 2 and fields[2] in ("vfat", "msdos", "exfat"):
            # Blanks and backslashes in names are octal there.
            yield Path(re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), fields[1]))


def label_of(volume: Path) -> str:
    """Label of a drive: the name of its mount point, or on Windows what the system says."""
    if _SYSTEM != "Windows":
        return volume.name
    import ctypes

    buffer = ctypes.create_unicode_buffer(261)
    kernel: Any = vars(ctypes)["windll"].kernel32  # there on Windows only
    kernel.GetVolumeInformationW(str(volume), buffer, len(buffer), None, None, None, None, 0)
    return buffer.value


def find_volumes(board: Board, volumes: Sequence[Path] | None = None) -> list[Path]:
    """Drives that can be the board: by label (a system adds a digit to the second of two)."""
    wanted = board.flasher.volume if board.flasher else None
    if wanted is None:
        return []
    here = mounted_volumes() if volumes is None else volumes
    pattern = re.compile(rf"{re.escape(wanted)}[ _]?\d?", re.IGNORECASE)
    return [volume for volume in here if pattern.fullmatch(label_of(volume))]


def flash_volume(job: FlashJob, volumes: Sequence[Path] | None = None) -> str:
    """Copy the image onto the board's drive and see what becomes of it; what was done.

    Parameters
    ----------
    volumes: the machine's drives; by default they are looked up.

    Raises
    ------
    BoardError: the board has no drive, or the named drive is not the board's.
    DeviceError: no such drive is mounted, it cannot be written, or the board refused the file.
    OptionError: several drives, and nobody to ask.

    """
    kind = _kind(job.board)
    volume = _check_named(job.board, job.volume, kind) if job.volume else _pick(job, volumes)
    image = job.file(kind)
    before = _read(volume / _FAIL)
    _copy(image.read_bytes(), volume / image.name)
    _settle(job.board, volume, kind, before)
    return f"copied {image.name} to {volume}"


def _kind(board: Board) -> Kind:
    kind = board.flasher.volume_format if board.flasher else None
    if kind is None:
        raise BoardError(
            "shows no drive to drop files on",
            where=board.id,
            fix="Flash it in another way: --method pyocd, platformio, command or gdb.",
        )
    return kind


def _check_named(board: Board, volume: Path, kind: Kind) -> Path:
    """A drive that the user named; one for UF2 files must have a UF2 boot loader on it."""
    if not volume.is_dir():
        raise DeviceError("there is no such folder", where=str(volume), fix=_how(board))
    if kind == "uf2" and not _read(volume / _INFO):
        raise DeviceError(
            f"has no {_INFO}, so it is no UF2 boot loader", where=str(volume), fix=_how(board)
        )
    return volume


def _pick(job: FlashJob, volumes: Sequence[Path] | None) -> Path:
    found = find_volumes(job.board, volumes)
    if not found:
        label = job.board.flasher.volume if job.board.flasher else ""
        raise DeviceError(
            f"no drive named {label} is mounted", where=job.board.id, fix=_how(job.board)
        )
    choices = [Choice(str(path), _model(path)) for path in found]
    option = "--volume"
    return Path(one_of(choices, what=f"drive of {job.board.id}", option=option, ask=job.ask))


def _how(board: Board) -> str:
    """How to get the board to show its drive."""
    said = board.flasher.bootloader if board.flasher else ""
    return said or "Plug the board in, mount its drive, or name it with --volume."


def _model(volume: Path) -> str:
    """What a UF2 boot loader says the board is."""
    match = re.search(r"^Board-ID: *(\S.*)$", _read(volume / _INFO), re.MULTILINE)
    return "".join(c for c in match[1] if c.isprintable())[:60] if match else ""


def _read(path: Path) -> str:
    """The beginning of a small text file; empty if it is not there."""
    try:
        with path.open("rb") as file:
            return file.read(_READ_MOST).decode("utf-8", "replace")
    except OSError:
        return ""


def _copy(data: bytes, path: Path) -> None:
    """Write the file in one go: the drive flashes blocks as they come, a rename means nothing."""
    try:
        with path.open("wb", buffering=0) as file:
            file.write(data)
            os.fsync(file.fileno())
    except OSError as error:
        if not path.parent.exists():
            return  # a boot loader restarts with the last block, before the file is closed
        raise DeviceError(
            f"cannot be written ({error.strerror or error})",
            where=str(path),
            fix="Check that the drive is mounted for you to write, and not full.",
        ) from None


def _settle(board: Board, volume: Path, kind: Kind, before: str) -> None:
    """Wait until the board has taken the file, or says why not."""
    deadline = time.monotonic() + SETTLE_S
    gone = False
    while time.monotonic() < deadline:
        if not volume.exists():
            gone = True
            if kind == "uf2":
                return
        elif (why := _read(volume / _FAIL)) and why != before:
            raise DeviceError(
                f"the board refused the file: {_line(why)}",
                where=board.id,
                fix="Check that it is this board; update the firmware of its interface chip.",
            )
        elif gone:
            return
        time.sleep(_POLL_S)
    if kind == "uf2":
        raise DeviceError(
            "the boot loader did not take the file: its drive is still there",
            where=str(volume),
            fix="Check that it is this board (the UF2 family must fit) and repeat.",
        )


def _line(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:300]
