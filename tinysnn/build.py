"""Packs to a firmware image for a board, or to a library or process of this machine.

The build folder is a project of its own: ``model/`` (generated), ``firmware/`` (copied),
``board/`` (the board's facts for the compiler and the linker), ``obj/`` and ``tinysnn.elf``.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from tinysnn.boards import Board, Storage
from tinysnn.errors import BoardError, BuildError, ToolMissing
from tinysnn.image import Image, read_image
from tinysnn.paths import firmware_dir
from tinysnn.toolchain import Toolchain, find_toolchain, run_compiler
from tinysnn.views.row_options import AUTO, RowOptions

if TYPE_CHECKING:
    from tinysnn.pack import Pack

ELF_NAME = "tinysnn.elf"
HOST_CORE = "cortex-m3"
"""The core to emit for when this machine runs the C: plain C, nothing of one instruction set."""

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
_INCLUDES = ("firmware/include", "firmware/src", "model")
_QUICK = "src/kernels/"
"""Firmware sources that a step of a model spends its time in; the others are compiled for size."""
_TRAVELS = (".c", ".h", ".S", ".ld")
"""Files of the firmware that a build folder gets."""
_OVERFLOW = re.compile(r"region [`'](\w+)'.*?overflowed by (\d+) bytes")


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


def _replace_text(path: Path, text: str) -> None:
    """Write a file unless it says so already; never half of it."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _storage_facts(storage: Storage | None) -> dict[str, str]:
    """What ``tsnn_board.h`` says of the flash for saved weights."""
    if storage is None:
        return {}
    facts = {
        "STORAGE_BASE": f"0x{storage.base:08X}u",
        "STORAGE_SECTOR_BYTES": f"{storage.sector_bytes}u",
        "STORAGE_SECTORS": f"{storage.sectors}u",
        "STORAGE_WRITE_BYTES": f"{storage.write_bytes}u",
        "STORAGE_ERASED": f"0x{storage.erased:02X}u",
        "STORAGE_FIRST_SECTOR": f"{storage.first_sector}u",
    }
    if storage.controller is not None:
        facts["STORAGE_CONTROLLER"] = f"0x{storage.controller:08X}u"
    return facts


def board_header(board: Board) -> str:
    """Text of ``tsnn_board.h``: the board's facts for firmware/port."""
    setup = " ".join(
        f"{{0x{step.register:08X}u, 0x{step.clear:08X}u, 0x{step.set:08X}u}},"
        for step in board.setup
    )
    facts = {
        "ID": f'"{board.id}"',
        "CLOCK_HZ": f"{board.clock_hz}u",
        "CORE": f'"{board.core}"',
        "UART_BASE": f"0x{board.uart.base:08X}u",
        "UART_BAUD": f"{board.uart.baud}u",
        "UART_CLOCK_HZ": f"{board.uart_clock_hz}u",
        **({} if board.uart.irq is None else {"UART_IRQ": f"{board.uart.irq}u"}),
        "COUNTER_KIND": f"{board.counter_kind}u",
        "COUNTER_HZ": f"{board.counter_hz}u",
        **_storage_facts(board.storage),
        "SETUP": setup,
    }
    lines = [f"#define TSNN_BOARD_{key} {value}".rstrip() for key, value in facts.items()]
    guard = "TSNN_BOARD_H_INCLUDED"
    head = f"/* Generated by tinysnn from the board file of {board.id}. */"
    return "\n".join([head, f"#ifndef {guard}", f"#define {guard}", *lines, "#endif", ""])


def memory_script(board: Board) -> str:
    """Text of ``memory.ld``, which firmware/ld/tsnn.ld includes."""
    boot = board.boot
    return (
        f"/* Generated by tinysnn from the board file of {board.id}. */\n"
        "MEMORY\n{\n"
        f"    FLASH (rx) : ORIGIN = 0x{board.flash_base:08X}, LENGTH = {board.image_bytes}\n"
        f"    RAM (rwx) : ORIGIN = 0x{board.ram_base:08X}, LENGTH = {board.ram_bytes}\n"
        "}\n"
        f"tsnn_stack_bytes = {board.stack_bytes};\n"
        f"tsnn_vectors_offset = {boot.vectors_offset if boot else 0};\n"
        f"tsnn_config_offset = {boot.config_offset if boot else 0};\n"
    )


def _copy_tree(source: Path, target: Path) -> None:
    """Make the C files under `target` those under `source`; files that are the same stay."""
    if source.resolve() == target.resolve():
        return
    wanted = {p.relative_to(source) for p in source.rglob("*") if p.suffix in _TRAVELS}
    for stale in [p for p in target.rglob("*") if p.is_file()]:
        if stale.relative_to(target) not in wanted:
            stale.unlink()
    for name in sorted(wanted):
        _replace_text(target / name, (source / name).read_text(encoding="utf-8"))


def _emit(packs: Sequence[Pack], model_dir: Path, core: str, options: RowOptions = AUTO) -> None:
    """Generate the C of `packs` and remove that of models built here before."""
    from tinysnn.emit import emit

    files = {path.resolve() for path in emit(packs, model_dir, core=core, options=options)}
    for path in model_dir.resolve().iterdir():
        if path.suffix in (".c", ".h", ".S") and path not in files:
            path.unlink()


def _lay_out(model_dir: Path, out_dir: Path) -> list[str]:
    """Bring models and firmware into `out_dir`; the models' sources, relative to it."""
    if not model_dir.is_dir():
        raise BuildError("there is no such folder of generated C", where=str(model_dir))
    _copy_tree(model_dir, out_dir / "model")
    _copy_tree(firmware_dir(), out_dir / "firmware")
    sources = sorted(f"model/{path.name}" for path in (out_dir / "model").glob("*.[cS]"))
    if "model/tsnn_image.c" not in sources:
        raise BuildError("holds no tsnn_image.c", where=str(model_dir))
    return sources


class TooSmallError(BoardError):
    """A memory of the board does not hold the image."""

    def __init__(self, regions: frozenset[str], what: str, *, where: str, fix: str) -> None:
        self.regions = regions
        super().__init__(what, where=where, fix=fix)


def _advised(
    error: TooSmallError, packs: Sequence[Pack], board: Board, options: RowOptions
) -> BoardError:
    """The error with the layer that takes most of the memory, and what would help."""
    from tinysnn.memory import advice, plan

    found = plan(packs, board.core, options)
    fix = advice(found, ram="RAM" in error.regions)
    return BoardError(error.what, where=error.where, fix=fix)


def _too_small(board: Board, text: str) -> BoardError | None:
    """What the linker's complaint says about a memory that is too small."""
    excess: dict[str, int] = {}
    for region, count in _OVERFLOW.findall(text):
        excess[region] = max(excess.get(region, 0), int(count))
    if not excess:
        return None
    words = {"FLASH": ("flash", board.image_bytes), "RAM": ("RAM", board.ram_bytes)}
    parts = [
        f"{words[region][0]} is {count} bytes too small (it has {words[region][1]})"
        for region, count in sorted(excess.items())
    ]
    return TooSmallError(
        frozenset(excess),
        "the image does not fit: " + ", ".join(parts),
        where=board.id,
        fix="Choose a larger board, or a smaller model or frame size.",
    )


def is_quick(name: str) -> bool:
    """Whether a firmware source (as of `firmware_sources`) is made for speed, not for size."""
    return name.startswith(_QUICK)


def image_sources(board: Board) -> tuple[str, ...]:
    """Sources of an image for a board, its port included, relative to the firmware's folder."""
    return (*firmware_sources("image"), *port_sources(board))


def _compile(sources: list[str], board: Board, out_dir: Path, chain: Toolchain, opt: str) -> None:
    """Compile and link into ``tinysnn.elf``, which appears only when it is whole."""
    firmware = image_sources(board)
    try:
        chain.compile_and_link(
            [*(f"firmware/{name}" for name in firmware), *sources],
            core=board.core,
            includes=[*_INCLUDES, "firmware/port", "board"],
            script="firmware/ld/tsnn.ld",
            output=f"{ELF_NAME}.new",
            cwd=out_dir,
            optimise=opt,
            small=[f"firmware/{name}" for name in firmware if not is_quick(name)],
        )
    except BuildError as error:
        raise _too_small(board, error.what) or error from None


def build_sources(
    model_dir: Path,
    board: Board,
    out_dir: Path,
    *,
    toolchain: Toolchain | None = None,
    optimise: str = "-O2",
) -> Image:
    """Build the firmware with the models whose C lies in `model_dir` (with its tsnn_image.c).

    Raises
    ------
    BuildError
        The compiler refused, or the image breaks a rule (a table in RAM).
    BoardError
        The board's flash, RAM or stack is too small; says by how many bytes.
    ToolMissing
        There is no ARM compiler.
    """
    chain = toolchain or find_toolchain()
    sources = _lay_out(model_dir, out_dir)
    _replace_text(out_dir / "board" / "tsnn_board.h", board_header(board))
    _replace_text(out_dir / "board" / "memory.ld", memory_script(board))
    _compile(sources, board, out_dir, chain, optimise)
    fresh = out_dir / f"{ELF_NAME}.new"
    try:
        read_image(fresh, board, compiler=chain.version, optimise=optimise)
    except (BuildError, BoardError):
        fresh.unlink()
        raise
    elf = fresh.replace(out_dir / ELF_NAME)
    return read_image(elf, board, compiler=chain.version, optimise=optimise)


def build(
    packs: Sequence[Pack],
    board: Board,
    out_dir: Path,
    *,
    toolchain: Toolchain | None = None,
    optimise: str = "-O2",
    options: RowOptions = AUTO,
) -> Image:
    """Generate the C of `packs` into ``out_dir/model`` and build the firmware for `board`.

    `options`: how rows are stored and walked, see `emit`. Raises as `build_sources`, and as `emit`.
    """
    _emit(packs, out_dir / "model", board.core, options)
    models = out_dir / "model"
    try:
        return build_sources(models, board, out_dir, toolchain=toolchain, optimise=optimise)
    except TooSmallError as error:
        raise _advised(error, packs, board, options) from None


def find_cc(name: str | None = None) -> str:
    """The C compiler of this machine: `name`, else CC, cc, gcc or clang; ToolMissing if none."""
    for candidate in [name] if name else [os.environ.get("CC", ""), "cc", "gcc", "clang"]:
        found = shutil.which(candidate) if candidate else None
        if found:
            return found
    raise ToolMissing(
        f"no C compiler is here ({name or 'cc, gcc or clang'})", fix="Install gcc or clang."
    )


def _host_model(model: Path | Sequence[Pack], out_dir: Path) -> list[str]:
    """Models' sources in ``out_dir/model``, emitted if packs are given."""
    if isinstance(model, Path):
        return _lay_out(model, out_dir)
    _emit(model, out_dir / "model", HOST_CORE)
    return _lay_out(out_dir / "model", out_dir)


def _host_compile(
    sources: Sequence[str], output: str, out_dir: Path, flags: Sequence[str], cc: str | None
) -> Path:
    """Compile and link with the compiler of this machine."""
    command = [find_cc(cc), "-std=c11", "-O2", "-g", "-Wall", "-Wextra", *flags]
    command += [*(f"-I{path}" for path in _INCLUDES), *sources, "-o", f"{output}.new"]
    run_compiler(command, out_dir, where=output, compiler=command[0])
    return (out_dir / f"{output}.new").replace(out_dir / output)


def build_host(
    model: Path | Sequence[Pack], out_dir: Path, *, sanitize: bool = False, cc: str | None = None
) -> Path:
    """Shared library of the models' C: exports tsnn_slots, tsnn_slot_count and tsnn_crc32.

    `model` is a folder of generated C or packs. With `sanitize` undefined behaviour ends the
    process by a trap, which needs no run-time library (for messages and the address sanitizer see
    `build_host_server`).
    """
    checks = ("-fsanitize=undefined", "-fsanitize-undefined-trap-on-error") if sanitize else ()
    sources = _host_model(model, out_dir)
    sources += [f"firmware/{name}" for name in firmware_sources("models")]
    return _host_compile(sources, "tinysnn.so", out_dir, ("-shared", "-fPIC", *checks), cc)


def build_host_server(
    model: Path | Sequence[Pack], out_dir: Path, *, sanitize: bool = False, cc: str | None = None
) -> Path:
    """The firmware as a process that speaks the wire protocol on stdin and stdout.

    With `sanitize` a wrong access or undefined behaviour ends it.
    """
    checks = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all") if sanitize else ()
    firmware = (*firmware_sources("server"), *HOST_PORT)
    sources = [*_host_model(model, out_dir), *(f"firmware/{name}" for name in firmware)]
    return _host_compile(
        sources, "tinysnn-server", out_dir, ("-D_POSIX_C_SOURCE=200809L", *checks), cc
    )
