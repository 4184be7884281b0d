"""The generated C as a library or a process of this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tinysnn.build_folder import emit_models, lay_out
from tinysnn.errors import ToolMissing
from tinysnn.firmware_sources import HOST_PORT, INCLUDES, firmware_sources
from tinysnn.toolchain import run_compiler

if TYPE_CHECKING:
    from tinysnn.pack import Pack

HOST_CORE = "cortex-m3"
"""The core to emit for when this machine runs the C: plain C, nothing of one instruction set."""


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
        return lay_out(model, out_dir)
    emit_models(model, out_dir / "model", HOST_CORE)
    return lay_out(out_dir / "model", out_dir)


def _host_compile(
    sources: Sequence[str], output: str, out_dir: Path, flags: Sequence[str], cc: str | None
) -> Path:
    """Compile and link with the compiler of this machine."""
    command = [find_cc(cc), "-std=c11", "-O2", "-g", "-Wall", "-Wextra", *flags]
    command += [*(f"-I{path}" for path in INCLUDES), *sources, "-o", f"{output}.new"]
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
