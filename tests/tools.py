"""What tests need from the machine: a missing tool skips, or fails where it was promised.

``TINYSNN_REQUIRE=gcc-arm,qemu`` lists tools that must be here: a test that would skip for want of
one of them fails instead, so that a green run in CI never means "nothing ran".
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parent.parent
_PROGRAMS = {
    "cc": ("cc", "gcc", "clang"),
    "gcc-arm": ("arm-none-eabi-gcc",),
    "qemu": ("qemu-system-arm",),
    "renode": ("renode",),
    "clang": ("clang",),
    "cmake": ("cmake",),
    "cppcheck": ("cppcheck",),
    "clang-format": ("clang-format",),
    "espeak": ("espeak-ng",),
}
_MODULES = {
    "zig": "ziglang",
    "unicorn": "unicorn",
    "torch": "torch",
    "platformio": "platformio",
    "scons": "SCons",
}


def required() -> frozenset[str]:
    """Tools that ``TINYSNN_REQUIRE`` names."""
    names = os.environ.get("TINYSNN_REQUIRE", "").split(",")
    return frozenset(name.strip() for name in names if name.strip())


def require(tool: str, available: bool, reason: str) -> None:
    """Go on if `available`; else skip with `reason`, or fail if the tool was promised."""
    if available:
        return
    if tool in required():
        pytest.fail(f"TINYSNN_REQUIRE names '{tool}', but: {reason}", pytrace=False)
    pytest.skip(reason)


def have(tool: str) -> bool:
    """Whether a tool of this machine is present (compilers, emulators, Python packages)."""
    if tool == "renode" and os.environ.get("RENODE"):
        return True
    if tool in _MODULES:
        return importlib.util.find_spec(_MODULES[tool]) is not None
    return any(shutil.which(program) for program in _PROGRAMS[tool])


def need(tool: str) -> None:
    """Skip or fail unless `tool` is present."""
    require(
        tool, have(tool), f"{tool} is not on this machine (`tinysnn doctor` says how to get it)"
    )


def data_dir() -> Path:
    """Recordings of the project's developers: ``TINYSNN_DATA``, else ``../shared/data``."""
    folder = Path(os.environ.get("TINYSNN_DATA") or _ROOT.parent / "shared" / "data")
    require("data", folder.is_dir(), f"no recordings in {folder} (set TINYSNN_DATA)")
    return folder


def need_arm_compiler() -> None:
    """Skip or fail unless some ARM compiler is present."""
    require("gcc-arm", have("gcc-arm") or have("zig"), "neither arm-none-eabi-gcc nor ziglang")
