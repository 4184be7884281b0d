"""Looks at the machine: which compilers, emulators, probes and packages are here."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal

Kind = Literal["compiler", "emulator", "probe", "package", "port"]


@dataclass(frozen=True)
class Finding:
    """One tool: whether it is here, and if not, how to get it."""

    kind: Kind
    name: str
    found: bool
    version: str
    path: str
    use: str
    """What tinysnn does with it."""
    get: str
    """How to get it, in one line."""


@dataclass(frozen=True)
class _Program:
    kind: Kind
    names: tuple[str, ...]
    use: str
    get: str


_PROGRAMS = (
    _Program(
        "compiler",
        ("arm-none-eabi-gcc",),
        "builds images (first choice)",
        "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi",
    ),
    _Program("compiler", ("cc", "gcc", "clang"), "host runner", "apt install gcc"),
    _Program("emulator", ("qemu-system-arm",), "qemu runner", "apt install qemu-system-arm"),
    _Program("emulator", ("renode",), "renode runner", "release packages at https://renode.io"),
    _Program("probe", ("pyocd",), "flashing through a debug probe", "pip install pyocd"),
    _Program("probe", ("openocd",), "flashing through a debug probe", "apt install openocd"),
    _Program("probe", ("pio", "platformio"), "PlatformIO", "pip install 'tinysnn[platformio]'"),
)
_PACKAGES: tuple[tuple[Kind, str, str, str], ...] = (
    ("compiler", "ziglang", "builds images (where no ARM gcc is)", "pip install 'tinysnn[zig]'"),
    ("emulator", "unicorn", "unicorn runner (the default)", "pip install unicorn"),
    ("package", "numpy", "everything", "pip install numpy"),
    ("package", "nir", "reading .nir files", "pip install nir"),
    ("package", "soundfile", "reading recordings", "pip install soundfile"),
    ("package", "pyserial", "serial runner", "pip install pyserial"),
    ("package", "pooch", "fetching data sets", "pip install pooch"),
    ("package", "matplotlib", "reports", "pip install 'tinysnn[report]'"),
    ("package", "torch", "training the example", "pip install 'tinysnn[train]'"),
)
_OPTIONAL_MODULES = {"pyserial": "serial"}
_VERSION = re.compile(r"\d+\.\d+[\w.+-]*")


def _first_version(program: str) -> str:
    """Version a program states, or an empty text if it states none in time."""
    try:
        done = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    # The last number of the first line: what stands in brackets before it is a packager's.
    lines = (done.stdout or done.stderr).splitlines()
    plain = re.sub(r"\([^)]*\)", " ", lines[0]) if lines else ""
    match = _VERSION.search(plain)
    return match.group().rstrip(".") if match else ""


def _look_for_program(wanted: _Program) -> Finding:
    names = list(wanted.names)
    if wanted.names == ("renode",) and os.environ.get("RENODE"):
        names.insert(0, os.environ["RENODE"])
    path = next((found for name in names if (found := shutil.which(name))), None)
    return Finding(
        kind=wanted.kind,
        name=wanted.names[0],
        found=path is not None,
        version=_first_version(path) if path else "",
        path=path or "",
        use=wanted.use,
        get=wanted.get,
    )


def _look_for_package(kind: Kind, name: str, use: str, get: str) -> Finding:
    module = _OPTIONAL_MODULES.get(name, name)
    spec = importlib.util.find_spec(module)
    try:
        version = importlib.metadata.version(name) if spec else ""
    except importlib.metadata.PackageNotFoundError:
        version = ""
    path = (spec.origin or "") if spec else ""
    return Finding(kind, name, spec is not None, version, path, use, get)


def _serial_ports() -> list[Finding]:
    if importlib.util.find_spec("serial") is None:
        return []
    from serial.tools import list_ports

    return [
        Finding("port", port.device, True, "", port.device, port.description or "", "")
        for port in list_ports.comports()
    ]


def examine() -> list[Finding]:
    """All tools that tinysnn knows how to use, compilers first, then the serial ports."""
    found = [_look_for_program(wanted) for wanted in _PROGRAMS]
    found += [_look_for_package(*wanted) for wanted in _PACKAGES]
    order = ("compiler", "emulator", "probe", "package", "port")
    return sorted([*found, *_serial_ports()], key=lambda finding: order.index(finding.kind))


def missing_for_demo(findings: list[Finding]) -> list[str]:
    """What the main job still needs, in words; empty if it can run here."""
    have = {finding.name for finding in findings if finding.found}
    problems = []
    if not have & {"arm-none-eabi-gcc", "ziglang"}:
        problems.append("an ARM compiler: pip install 'tinysnn[zig]', or arm-none-eabi-gcc")
    if not have & {"unicorn", "qemu-system-arm", "renode"}:
        problems.append("an emulator: pip install unicorn, or qemu-system-arm")
    return problems


def python_line() -> str:
    """The interpreter in one line."""
    return f"Python {sys.version.split()[0]} ({sys.executable}) on {sys.platform}"
