"""A PlatformIO project: bare metal for boards of the registry, else on the Arduino framework.

With `Request.offline` the project brings what PlatformIO's registry would provide but compilers:
a platform of its own and a script that makes PlatformIO find its build tool in this Python.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.boards import Board
from tinysnn.errors import BoardError
from tinysnn.export.firmware_files import board_project, target_flags
from tinysnn.export.request import (
    ProjectView,
    Request,
    fill,
    license_text,
    model_files,
    project_view,
)

if TYPE_CHECKING:
    from tinysnn.pack import Pack

BARE_PLATFORMS = ("freescalekinetis", "nordicnrf51", "nordicnrf52", "ststm32")
"""PlatformIO platforms that build without a framework (builder/frameworks/_bare.py) and bring a
linker and uploader that suit: projects for each were built with the platform's own scripts."""
OFFLINE_PLATFORM = "symlink://platform"
ANY_BOARD = "generic_m0"
"""What `tinysnn run --on serial` is told of a board that it does not know: all it takes from it is
the baud rate, and a device that calls itself `arduino` is taken for any board."""
TEST_TICKS = 50
TEST_DENSITY = 0.1
TEST_SEED = 20261121


def files(request: Request) -> dict[str, str | bytes]:
    """Every file of the project, by path.

    Raises
    ------
    BoardError: no board was named, or PlatformIO cannot build for it.

    """
    if request.board is None and not request.pio_board:
        raise BoardError(
            "a PlatformIO project is for a board",
            fix="Name one with --board; `tinysnn boards` lists them. Others go by PlatformIO's "
            "names, --board PLATFORM/BOARD.",
        )
    platform, name = _known(request)
    on_arduino = platform != OFFLINE_PLATFORM and platform not in BARE_PLATFORMS
    view = project_view(request, board_id=ANY_BOARD)
    facts = {
        "offline": "yes" if request.offline else "",
        "arduino": "yes" if on_arduino else "",
        "asked": request.board.id if request.board else f"{platform}/{name}",
    }
    return {
        **(_on_arduino(request, view) if on_arduino else _bare(request, view)),
        **_test(request, view),
        "README.md": fill("platformio/README.md", view, **facts),
        "LICENSE": license_text(),
    }


def _known(request: Request) -> tuple[str, str]:
    """How PlatformIO calls the platform and the board.

    Raises
    ------
    BoardError: it does not know the board, or builds neither without a framework nor on Arduino's.

    """
    board = request.board
    if board is None:
        if request.offline:
            raise BoardError(
                "an offline project needs a board whose facts tinysnn knows",
                where=request.pio_board,
                fix="Name one of `tinysnn boards`, or a board file of your own.",
            )
        platform, _, name = request.pio_board.partition("/")
        return platform, name
    if request.offline:
        return OFFLINE_PLATFORM, board.id
    known = board.platformio
    if known is None:
        raise BoardError(
            "PlatformIO's registry has no such board",
            where=board.id,
            fix="Add --offline for a project that brings its own platform.",
        )
    if known.platform not in BARE_PLATFORMS and "arduino" not in known.frameworks:
        raise BoardError(
            f"PlatformIO's platform {known.platform} does not build without a framework, and has "
            "no Arduino framework for this board",
            where=board.id,
            fix="Add --offline for a project that brings its own platform.",
        )
    return known.platform, known.board


def _bare(request: Request, view: ProjectView) -> dict[str, str]:
    """The firmware of `tinysnn build`, without a framework."""
    board = request.board
    assert board is not None
    project, _ = board_project(board, [])
    platform, name = _known(request)
    facts = {
        "platform": platform,
        "pio_board": name,
        "offline": "yes" if request.offline else "",
        "target": target_flags(view.core),
        "includes": ("src/firmware/include", "src/firmware/src", "src/firmware/port", "src/model"),
    }
    return {
        **model_files(request, "src/model/"),
        **{_place(path): text for path, text in project.items()},
        **(_offline(board, view) if request.offline else {}),
        "platformio.ini": fill("platformio/platformio.ini", view, **facts),
        "link_flags.py": fill("platformio/link_flags.py", view),
    }


def _on_arduino(request: Request, view: ProjectView) -> dict[str, str]:
    """The Arduino library in ``lib/``, and its sketch as the program."""
    from tinysnn.export import arduino

    library = arduino.files(request)
    prefix, name = view.first.prefix, view.first.name
    platform, board = _known(request)
    facts = {"platform": platform, "pio_board": board}
    return {
        **{f"lib/{prefix}/{path}": text for path, text in library.items()},
        "src/main.cpp": library[f"examples/{name}/{name}.ino"],
        "platformio.ini": fill("platformio/arduino.ini", view, **facts),
    }


def _place(name: str) -> str:
    """Where a file of the firmware lies in a PlatformIO project."""
    if name.startswith("firmware/"):
        return f"src/{name}"
    return name.replace("board/", "include/")


def _offline(board: Board, view: ProjectView) -> dict[str, str]:
    """A platform of the project's own, and a script that starts PlatformIO with it."""
    platform = {
        "name": "tinysnn",
        "title": "Cortex-M with the compiler on PATH",
        "description": "Builds with arm-none-eabi-gcc, uploads through a GDB server.",
        "version": view.generator,
        "license": "Apache-2.0",
        "engines": {"platformio": "^6"},
        "packages": {},
    }
    manifest = {
        "name": board.name,
        "vendor": "tinysnn",
        "url": "",
        "frameworks": [],
        "build": {"cpu": board.core, "f_cpu": f"{board.clock_hz}L", "mcu": board.id},
        "upload": {
            "maximum_size": board.flash_bytes,
            "maximum_ram_size": board.ram_bytes - board.stack_bytes,
            "protocol": "custom",
        },
    }
    return {
        "platform/platform.json": json.dumps(platform, indent=2) + "\n",
        "platform/platform.py": fill("platformio/platform/platform.py", view),
        "platform/builder/main.py": fill("platformio/platform/builder/main.py", view),
        f"platform/boards/{board.id}.json": json.dumps(manifest, indent=2) + "\n",
        "offline.py": fill("platformio/offline.py", view),
    }


def _test(request: Request, view: ProjectView) -> dict[str, str | bytes]:
    """A test that has tinysnn compare the board with the reference."""
    from tinysnn.pack_file import to_bytes

    name = view.first.name
    return {
        "test/test_custom_runner.py": fill("platformio/test_custom_runner.py", view),
        "test/test_bit_exact/sizes.c": fill("platformio/sizes.c", view),
        f"test/{name}.tsnn": to_bytes(request.packs[0]),
        f"test/{name}.npz": _clips(request),
    }


def _clips(request: Request) -> bytes:
    """Input of the test as an .npz file: the clips of the request, or one of random events."""
    rasters = [clip.raster for clip in request.clips] or [_random_raster(request.packs[0])]
    found = [np.nonzero(raster) for raster in rasters]
    arrays = {
        "clip": np.repeat(np.arange(len(rasters)), [t.size for t, _ in found]),
        "t": np.concatenate([t for t, _ in found]),
        "index": np.concatenate([index for _, index in found]),
        "value": np.concatenate([r[where] for r, where in zip(rasters, found, strict=True)]),
        "n_ticks": np.array([raster.shape[0] for raster in rasters]),
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _random_raster(pack: Pack) -> npt.NDArray[np.int8]:
    """[T, N] of events that come from a fixed seed."""
    rng = np.random.default_rng(TEST_SEED)
    events = rng.random((TEST_TICKS, pack.meta.n_in)) < TEST_DENSITY
    values = rng.integers(-31, 32, events.shape) if pack.graded_input else np.ones(events.shape)
    return (events * values).astype(np.int8)
