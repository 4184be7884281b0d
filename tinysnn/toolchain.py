"""Finding an ARM compiler and calling it: arm-none-eabi-gcc, else clang from the ziglang package.

Both get the same sources, the same linker script and the soft-float ABI: the firmware is integer
only, and so runs on every Cortex-M and in every emulator.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

from tinysnn.boards import Core
from tinysnn.errors import BuildError, ToolMissing

ToolchainName = Literal["gcc", "zig"]

COMPILE_FLAGS = (
    "-std=c11",
    "-ffunction-sections",
    "-fdata-sections",
    "-fomit-frame-pointer",
    "-fno-common",
    "-Wall",
    "-Wextra",
)
"""Flags for every file of an image, whatever its core."""
# A bare zig core has fewer features than gcc's core of that name.
_ZIG_CPUS: dict[Core, str] = {
    "cortex-m0": "cortex_m0",
    "cortex-m0plus": "cortex_m0plus",
    "cortex-m3": "cortex_m3",
    "cortex-m4": "cortex_m4",
    "cortex-m7": "cortex_m7",
    "cortex-m33": "cortex_m33+dsp",
    "cortex-m55": "cortex_m55+dsp",
}
_HELIUM_CORES: tuple[Core, ...] = ("cortex-m55",)
_ERROR_LINES = 8
SMALL = "-Os"
"""How code is compiled whose size matters more than its time."""


@dataclass(frozen=True)
class Toolchain:
    """A compiler for Cortex-M that is here."""

    name: ToolchainName
    command: tuple[str, ...]
    """How to start it."""
    version: str
    """For people: name and version."""

    def target_flags(self, core: Core) -> tuple[str, ...]:
        """Flags for compiling and for linking that choose the core and the ABI."""
        # Compilers must not use MVE by themselves: nothing may run before it is switched on.
        # So __ARM_FEATURE_MVE is not defined, and the kernels that do use it need a word.
        helium = ("-DTSNN_HELIUM=1",) if core in _HELIUM_CORES else ()
        if self.name == "gcc":
            return (f"-mcpu={core}", "-mthumb", "-mfloat-abi=soft", *helium)
        # -fhosted: else a 4-byte memcpy becomes a call; UBSan would be on at -O0 and -Og.
        return (
            *helium,
            "-target",
            "thumb-freestanding-eabi",
            f"-mcpu={_ZIG_CPUS[core]}",
            "-fhosted",
            "-fno-sanitize=undefined",
        )

    def link_flags(self) -> tuple[str, ...]:
        """Flags for linking without a C library but with the compiler's run-time library."""
        common = ("-Wl,--gc-sections", "-Wl,--entry=Reset_Handler")
        if self.name == "gcc":
            return ("-nostartfiles", "-nostdlib", *common)
        # -Os: the smaller run-time library; -g: keep the symbols (see firmware/ld/tsnn.ld).
        return ("-Os", "-g", *common)

    def libraries(self) -> tuple[str, ...]:
        """What comes after the objects."""
        return ("-lgcc",) if self.name == "gcc" else ()

    def compile_and_link(
        self,
        sources: Sequence[str],
        *,
        core: Core,
        includes: Sequence[str],
        script: str,
        output: str,
        cwd: Path,
        optimise: str = "-O2",
        small: Sequence[str] = (),
        flags: Sequence[str] = (),
    ) -> None:
        """Make an ELF file of C and assembly (``.S``) sources, with objects in ``obj/``.

        All paths are relative to `cwd`, so that none of this machine's gets into the file. Sources
        also named in `small` are compiled for size instead of with `optimise`.

        Raises
        ------
        BuildError
            With the first lines the compiler or linker wrote.
        """
        target = self.target_flags(core)
        compile_flags = (*COMPILE_FLAGS, *target, *flags, *(f"-I{path}" for path in includes))
        objects = [f"obj/{source.replace('/', '_')}.o" for source in sources]
        (cwd / "obj").mkdir(exist_ok=True)

        def compile_one(pair: tuple[str, str]) -> None:
            level = SMALL if pair[0] in small else optimise
            self._call((*compile_flags, level, "-c", pair[0], "-o", pair[1]), cwd, where=pair[0])

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            list(pool.map(compile_one, zip(sources, objects, strict=True)))
        link = (*target, *self.link_flags(), "-T", script, *objects, *self.libraries())
        self._call((*link, "-o", output), cwd, where="linking")

    def _call(self, arguments: Sequence[str], cwd: Path, *, where: str) -> None:
        run_compiler((*self.command, *arguments), cwd, where=where, compiler=self.version)


def run_compiler(command: Sequence[str], cwd: Path, *, where: str, compiler: str) -> None:
    """Start a compiler; BuildError with its first lines of complaint if it fails."""
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ToolMissing(f"{command[0]} cannot be started ({error})") from None
    if done.returncode == 0:
        return
    text = (done.stderr or done.stdout).splitlines()
    wanted = [line for line in text if "error" in line or "undefined" in line or "overflow" in line]
    first = "\n".join((wanted or text)[:_ERROR_LINES]) or f"exit status {done.returncode}"
    raise BuildError(f"{compiler} refused:\n{first}", where=where)


@lru_cache(maxsize=8)
def _version(command: tuple[str, ...], argument: str) -> str:
    """First line of what a compiler says of its version; empty if it does not start."""
    try:
        done = subprocess.run(
            (*command, argument), capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.splitlines()
    return lines[0].strip() if done.returncode == 0 and lines else ""


def find_gcc() -> Toolchain | None:
    """arm-none-eabi-gcc: what TINYSNN_GCC names, else from PATH; None if there is none."""
    path = os.environ.get("TINYSNN_GCC") or shutil.which("arm-none-eabi-gcc")
    version = _version((path,), "-dumpfullversion") if path else ""
    if not path or not version:
        return None
    return Toolchain("gcc", (path,), f"arm-none-eabi-gcc {version}")


def find_zig() -> Toolchain | None:
    """Clang of the ziglang package in this Python; None if it is not installed."""
    if importlib.util.find_spec("ziglang") is None:
        return None
    command = (sys.executable, "-m", "ziglang")
    version = _version(command, "version")
    return Toolchain("zig", (*command, "cc"), f"zig {version}") if version else None


def find_toolchain(name: str | None = None) -> Toolchain:
    """The ARM compiler to use: `name` is ``gcc``, ``zig``, or None for the first that is here.

    Raises
    ------
    ToolMissing
        It is not here, or there is none at all.
    """
    finders = {"gcc": find_gcc, "zig": find_zig}
    if name is not None and name not in finders:
        raise ToolMissing(f"there is no toolchain '{name}'", fix="Choose gcc or zig.")
    for finder in [finders[name]] if name else finders.values():
        found = finder()
        if found is not None:
            return found
    raise ToolMissing(
        f"no ARM compiler is here ({name or 'gcc or zig'})",
        fix="Run 'pip install ziglang', or install arm-none-eabi-gcc (Debian: gcc-arm-none-eabi).",
    )
