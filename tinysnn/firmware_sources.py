"""Which sources of the firmware belong to what is built."""

from __future__ import annotations

from typing import Literal

from tinysnn.boards import Board
from tinysnn.paths import firmware_dir

Part = Literal["models", "server", "image"]
"""What firmware sources are for: generated models alone, the server as a process of this machine,
an image for a board."""

_SERVER = (
    *("tsnn_crc32", "tsnn_wire", "tsnn_wire_ticks", "tsnn_wire_samples", "tsnn_reply"),
    *("tsnn_cobs", "main", "tsnn_wire_learn", "tsnn_wire_store", "tsnn_store"),
)
_SOURCES: dict[Part, tuple[str, ...]] = {
    "models": ("tsnn_crc32",),
    "server": _SERVER,
    "image": (*_SERVER, "tsnn_mem", "startup"),
}
HOST_PORT = ("port/posix/port.c", "port/posix/flash.c")
"""Port of the server as a process, relative to the firmware's folder."""
INCLUDES = ("firmware/include", "firmware/src", "model")
"""Where headers are, relative to a build folder."""
_QUICK = "src/kernels/"
"""Firmware sources that a step of a model spends its time in; the others are compiled for size."""


def firmware_sources(part: Part) -> tuple[str, ...]:
    """Sources of `part`, relative to the firmware's folder; ports are not among them.

    Kernels (``src/kernels``) belong to every part: their C always, their assembly only to an image.
    """
    folder = firmware_dir()
    suffixes = (".c", ".S") if part == "image" else (".c",)
    kernels = [p for p in (folder / "src" / "kernels").glob("*") if p.suffix in suffixes]
    named = (f"src/{name}.c" for name in _SOURCES[part])
    return (*named, *sorted(path.relative_to(folder).as_posix() for path in kernels))


def port_sources(board: Board) -> tuple[str, ...]:
    """Sources of a board's port, relative to the firmware's folder."""
    names = [
        "board",
        "wait_for",
        f"uart_{board.uart.driver}",
        "receive_poll" if board.uart.irq is None else "receive_ring",
        f"counter_{board.counter.driver}",
        f"clock_{board.clock.driver}" if board.clock else "clock_none",
        *(("flash", f"flash_{board.storage.driver}") if board.storage else ("flash_none",)),
    ]
    sources = [f"port/{name}.c" for name in names]
    if board.boot:  # C or assembly
        found = (firmware_dir() / "port").glob(f"boot_{board.boot.driver}.[cS]")
        sources += [f"port/{path.name}" for path in found]
    return tuple(sources)


def is_quick(name: str) -> bool:
    """Whether a firmware source (as of `firmware_sources`) is made for speed, not for size."""
    return name.startswith(_QUICK)


def image_sources(board: Board) -> tuple[str, ...]:
    """Sources of an image for a board, its port included, relative to the firmware's folder."""
    return (*firmware_sources("image"), *port_sources(board))
