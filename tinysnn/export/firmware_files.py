"""The hand-written C that an export takes along, and the flags it is compiled with."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import cast

from tinysnn.board_files import board_header, memory_script
from tinysnn.boards import Board, Core
from tinysnn.firmware_sources import HOST_PORT, firmware_sources, image_sources, is_quick
from tinysnn.paths import firmware_dir
from tinysnn.toolchain import COMPILE_FLAGS, Toolchain

INCLUDE_LINE = "INCLUDE board/memory.ld\n"


@dataclass(frozen=True)
class Sources:
    """Files to compile, relative to the project."""

    quick: tuple[str, ...]
    """What a step of a model runs through: -O2."""
    small: tuple[str, ...]
    """All else: -Os."""
    includes: tuple[str, ...]
    """Folders with headers."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every file to compile."""
        return (*self.quick, *self.small)


def headers(folders: Iterable[str] = ("include", "src", "port")) -> dict[str, str]:
    """Headers of the firmware, by path relative to it."""
    root = firmware_dir()
    found = (path for folder in folders for path in sorted((root / folder).glob("*.h")))
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in found}


def sources(names: Iterable[str]) -> dict[str, str]:
    """Sources of the firmware, by path relative to it."""
    return {name: (firmware_dir() / name).read_text("utf-8") for name in names}


def board_project(board: Board, models: Sequence[str]) -> tuple[dict[str, str], Sources]:
    """Files of a firmware for a board beside ``model/``, and what is compiled."""
    names = image_sources(board)
    files = {f"firmware/{n}": text for n, text in {**headers(), **sources(names)}.items()}
    files["board/tsnn_board.h"] = board_header(board)
    files["tinysnn.ld"] = linker_script(board)
    return files, _sorted(names, models, ("firmware/port", "board"))


def host_project(models: Sequence[str]) -> tuple[dict[str, str], Sources]:
    """Files of the server as a process of this machine, and what is compiled."""
    names = (*firmware_sources("server"), *HOST_PORT)
    found = {**headers(("include", "src")), **sources(names)}
    return {f"firmware/{n}": text for n, text in found.items()}, _sorted(names, models, ())


def server_sources() -> tuple[str, ...]:
    """The wire server without a main program and without a port, relative to the firmware."""
    return tuple(name for name in firmware_sources("server") if name != "src/main.c")


def _sorted(names: Sequence[str], models: Sequence[str], more: tuple[str, ...]) -> Sources:
    compiled = tuple(name for name in models if name.endswith((".c", ".S")))
    return Sources(
        quick=(*compiled, *(f"firmware/{name}" for name in names if is_quick(name))),
        small=tuple(f"firmware/{name}" for name in names if not is_quick(name)),
        includes=("firmware/include", "firmware/src", "model", *more),
    )


def linker_script(board: Board) -> str:
    """One script with the board's memory in it, so that it can lie anywhere."""
    text = (firmware_dir() / "ld" / "tsnn.ld").read_text("utf-8")
    if INCLUDE_LINE not in text:
        raise AssertionError("firmware/ld/tsnn.ld includes no memory script")
    return text.replace(INCLUDE_LINE, memory_script(board))


def target_flags(core: str) -> tuple[str, ...]:
    """Flags of arm-none-eabi-gcc that choose the core and the ABI."""
    chain = Toolchain("gcc", ("arm-none-eabi-gcc",), "")
    return chain.target_flags(cast("Core", core))


def common_flags() -> tuple[str, ...]:
    """Flags for every file."""
    return COMPILE_FLAGS
