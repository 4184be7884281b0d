"""The hand-written C: strict warnings of every compiler, cppcheck, layout, licence."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.tools import need
from tinysnn.board_files import board_header
from tinysnn.boards import Board, list_boards, load_board
from tinysnn.firmware_sources import port_sources
from tinysnn.paths import firmware_dir
from tinysnn.toolchain import find_toolchain

STRICT = [
    "-std=c11",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wshadow",
    "-Wundef",
    "-Wstrict-prototypes",
    "-Wmissing-prototypes",
    "-Wcast-qual",
    "-Wvla",
    "-Werror",
    "-O2",
]
FIRMWARE = firmware_dir()
TESTS = Path(__file__).parent
PORTABLE = [
    *sorted(path for path in (FIRMWARE / "src").rglob("*.c")),
    *sorted(TESTS.rglob("*.c")),
]
PORT = sorted((FIRMWARE / "port").glob("*.c"))
TARGET = [*PORTABLE, *PORT]
ASSEMBLY = sorted(FIRMWARE.rglob("*.S"))
KERNELS = [path for path in ASSEMBLY if path.parent.name != "port"]
ALL = [*TARGET, *sorted(FIRMWARE.rglob("*.h")), *sorted(TESTS.rglob("*.h"))]
INCLUDES = [f"-I{path}" for path in (FIRMWARE / "include", FIRMWARE / "src", TESTS / "model")]
# These only mean something on the target.
ARM_ONLY = {"startup.c", "tsnn_mem.c", "tsnn_image.c"}


def _each_port_file_once() -> list[tuple[Board, list[Path]]]:
    """Boards, and those files of their ports that no board before them has."""
    seen: set[str] = set()
    found = []
    for board in list_boards():
        fresh = [name for name in port_sources(board) if name not in seen and name.endswith(".c")]
        seen.update(fresh)
        if fresh:
            found.append((board, [FIRMWARE / name for name in fresh]))
    return found


NO_COUNTER = FIRMWARE / "port" / "counter_none.c"
"""For boards of users: none here lacks a counter."""
PORTS = _each_port_file_once()


def passes(*command: object) -> None:
    done = subprocess.run(
        [str(word) for word in command], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.host
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_host_compilers_have_nothing_to_say(compiler: str) -> None:
    need("cc" if compiler == "gcc" else "clang")
    portable = [path for path in PORTABLE if path.name not in ARM_ONLY]
    posix = sorted((FIRMWARE / "port" / "posix").glob("*.c"))
    flags = [*STRICT, "-fsyntax-only", "-D_POSIX_C_SOURCE=200809L", *INCLUDES]

    passes(compiler, *flags, *portable, *posix, TESTS / "model" / "tsnn_image.c")


@pytest.mark.parametrize("chain", ["gcc", "zig"])
@pytest.mark.parametrize("core", ["m0", "m0plus", "m3", "m4", "m7", "m33"])
def test_arm_compilers_have_nothing_to_say(chain: str, core: str, tmp_path: Path) -> None:
    need("gcc-arm" if chain == "gcc" else "zig")
    board = load_board(f"generic_{core}")
    tool = find_toolchain(chain)
    (tmp_path / "tsnn_board.h").write_text(board_header(board))
    flags = [*STRICT, *tool.target_flags(board.core), *INCLUDES, f"-I{FIRMWARE / 'port'}"]

    generic = [FIRMWARE / name for name in port_sources(board)]
    for source in [
        *PORTABLE,
        *generic,
        NO_COUNTER,
        *KERNELS,
    ]:  # zig cannot check without writing an object
        passes(*tool.command, *flags, f"-I{tmp_path}", "-c", source, "-o", tmp_path / "object.o")


def test_every_file_of_the_ports_belongs_to_a_board() -> None:
    assert sorted(path for _, paths in PORTS for path in paths) == sorted(set(PORT) - {NO_COUNTER})


@pytest.mark.parametrize(
    "chain", [pytest.param("gcc"), pytest.param("zig", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize(("board", "paths"), PORTS, ids=[board.id for board, _ in PORTS])
def test_every_port_has_nothing_to_say(
    chain: str, board: Board, paths: list[Path], tmp_path: Path
) -> None:
    need("gcc-arm" if chain == "gcc" else "zig")
    tool = find_toolchain(chain)
    (tmp_path / "tsnn_board.h").write_text(board_header(board))
    includes = [*INCLUDES, f"-I{FIRMWARE / 'port'}", f"-I{tmp_path}"]
    flags = [*STRICT, *tool.target_flags(board.core), *includes]

    for source in paths:
        passes(*tool.command, *flags, "-c", source, "-o", tmp_path / "object.o")


def test_headers_stand_alone_and_are_cpp_too() -> None:
    need("cc")
    for header in sorted((FIRMWARE / "include").glob("*.h")):
        passes(
            "gcc", *STRICT, "-fsyntax-only", *INCLUDES, "-x", "c", "-include", header, "/dev/null"
        )
    for name in ("tsnn.h", "tsnn_image.h", "tsnn_crc32.h"):
        header = FIRMWARE / "include" / name
        passes("g++", "-fsyntax-only", *INCLUDES, "-x", "c++", "-include", header, "/dev/null")


def test_cppcheck_has_nothing_to_say(tmp_path: Path) -> None:
    need("cppcheck")
    checks = ["--enable=warning,style,performance,portability", "--std=c11", "--error-exitcode=1"]
    quiet = ["--quiet", "--inline-suppr", "--suppress=missingIncludeSystem"]
    # Registers and linker symbols are integers turned into pointers: that is the point of them.
    quiet += ["--suppress=comparePointers"]
    includes = [*INCLUDES, f"-I{FIRMWARE / 'port'}", f"-I{tmp_path}"]
    rest = [FIRMWARE / "src", FIRMWARE / "include", FIRMWARE / "port" / "posix"]
    for board, paths in PORTS:
        (tmp_path / "tsnn_board.h").write_text(board_header(board))
        passes("cppcheck", *checks, *quiet, *includes, *paths, *rest)
        rest = []


def test_the_layout_is_clang_formats() -> None:
    need("clang-format")

    passes("clang-format", "--dry-run", "-Werror", *ALL)


@pytest.mark.parametrize("path", [*ALL, *ASSEMBLY], ids=lambda path: path.name)
def test_every_file_names_its_licence_and_is_plain(path: Path) -> None:
    text = path.read_text(encoding="ascii")

    assert text.startswith("/* SPDX-License-Identifier: Apache-2.0 */\n")
    assert "\t" not in text
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) <= 100
