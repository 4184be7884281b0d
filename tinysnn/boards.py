"""Boards: what the firmware, the linker and the runners have to know, from ``boards/<id>.toml``.

The keys are explained in ``boards/README.md``. Nothing else in the project knows a board by name.
"""

from __future__ import annotations

import sys
from difflib import get_close_matches
from pathlib import Path

import msgspec

from tinysnn.board_schema import Board, Core, Counts, Setup, Storage
from tinysnn.errors import BoardError
from tinysnn.paths import boards_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Board", "Core", "Counts", "Setup", "Storage", "list_boards", "load_board"]


def _memory_problem(board: Board) -> str:
    """What is wrong with the memory map; empty if nothing is."""
    for kind, base, size in (
        ("flash", board.flash_base, board.flash_bytes),
        ("ram", board.ram_base, board.ram_bytes),
    ):
        if base + size > 1 << 32:
            return f"'{kind}_base' + '{kind}_bytes' is beyond the 32-bit address space"
    if board.ram_base < board.flash_base + board.flash_bytes and (
        board.flash_base < board.ram_base + board.ram_bytes
    ):
        return "the ranges of flash and RAM overlap ('flash_base', 'ram_base')"
    if board.stack_bytes >= board.ram_bytes:
        return "'stack_bytes' leaves no RAM for the model"
    if board.boot and board.boot.config_offset >= board.flash_bytes:
        return "'boot.config_offset' is beyond the flash"
    return _storage_problem(board, board.storage) if board.storage else ""


def _storage_problem(board: Board, storage: Storage) -> str:
    """What is wrong with where weights are saved; empty if nothing is."""
    first, end = storage.base, storage.base + storage.bytes
    flash_end = board.flash_base + board.flash_bytes
    if end > 1 << 32 or first % storage.sector_bytes:
        return "'storage.base' is no multiple of 'storage.sector_bytes', or too high"
    if storage.sector_bytes % storage.write_bytes:
        return "'storage.sector_bytes' is no multiple of 'storage.write_bytes'"
    if board.flash_base <= first < flash_end and end < flash_end:
        return "'storage' lies within the flash but not at its end"
    if first <= board.flash_base < end:
        return "'storage' leaves no flash for the image"
    if first < board.ram_base + board.ram_bytes and board.ram_base < end:
        return "'storage' overlaps the RAM"
    return ""


def _problem(board: Board) -> str:
    """What does not go together in a board file; empty if all does."""
    if (board.counter.driver == "none") != (board.counter.counts == "nothing"):
        return "'counter.driver' none and 'counter.counts' nothing go together"
    energy = board.energy
    if energy is not None and (energy.sleep_ua is None) != (energy.sleep_source == ""):
        return "'energy.sleep_ua' and 'energy.sleep_source' go together"
    flasher = board.flasher
    if flasher is not None:
        if ("pyocd" in flasher.methods) != (flasher.pyocd_target is not None):
            return "'flasher.methods' pyocd and 'flasher.pyocd_target' go together"
        if ("volume" in flasher.methods) != (flasher.volume is not None):
            return "'flasher.methods' volume and 'flasher.volume' go together"
        if (flasher.volume is None) != (flasher.volume_format is None):
            return "'flasher.volume' and 'flasher.volume_format' go together"
        if (flasher.volume_format == "uf2") != (flasher.uf2_family is not None):
            return "'flasher.volume_format' uf2 and 'flasher.uf2_family' go together"
        if "platformio" in flasher.methods and board.platformio is None:
            return "'flasher.methods' platformio needs a section [platformio]"
    return _memory_problem(board)


def _read(path: Path) -> Board:
    """Read and check one board file; BoardError names the file and the key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        board = msgspec.convert(table, Board)
    except (OSError, UnicodeDecodeError) as error:
        raise BoardError(f"cannot be read ({error})", where=str(path)) from None
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"is not TOML ({error})", where=str(path)) from None
    except msgspec.ValidationError as error:
        raise BoardError(
            f"is no board description: {error}",
            where=str(path),
            fix="The keys are listed in boards/README.md.",
        ) from None
    problem = _problem(board)
    if problem:
        raise BoardError(problem, where=str(path))
    return board


def load_board(name: str) -> Board:
    """The board of this id, or described by this file (anything that ends in ``.toml``).

    Raises
    ------
    BoardError
        There is no such board, or its file breaks a rule (names file and key).
    """
    if name.endswith(".toml"):
        return _read(Path(name))
    path = boards_dir() / f"{name}.toml"
    if name not in _ids():
        raise BoardError(f"there is no board '{name}'", fix=_what_there_is(name))
    board = _read(path)
    if board.id != name:
        raise BoardError(f"'id' is '{board.id}', not the name of the file", where=str(path))
    return board


def _what_there_is(name: str) -> str:
    """What to write instead of a name that is no board: those like it first."""
    ids = _ids()
    plain = name.lower().replace("-", "_")
    like = [i for i in ids if len(plain) > 2 and plain in i] or get_close_matches(plain, ids)
    meant = f"Did you mean {' or '.join(like)}? " if like else ""
    return f"{meant}Boards: {', '.join(ids)}; or give the path of your own .toml file."


def _ids() -> list[str]:
    return sorted(path.stem for path in boards_dir().glob("*.toml"))


def list_boards() -> list[Board]:
    """All boards that come with tinysnn, by id."""
    return [load_board(name) for name in _ids()]
