"""Exact instruction counts in QEMU: a plugin (qemu_count.c), built with this machine's compiler.

What is counted is said in docs/counting.md; it is the same as in the unicorn runner.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tinysnn.build_host import find_cc
from tinysnn.errors import ToolMissing
from tinysnn.image import HANDLERS, ElfView, Image, Symbol
from tinysnn.run.blocks import by_function
from tinysnn.run.entries import find_entries
from tinysnn.toolchain import run_compiler

_SOURCE = Path(__file__).with_suffix(".c")
_INIT = np.uint64(2**64 - 1)
"""Record that stands for a call of init."""
_BLOCK = np.dtype([("address", "<u8"), ("instructions", "<u8"), ("hits", "<u8")])
_MAX_BLOCKS = 1 << 18
"""A firmware has a few thousand; QEMU sometimes translates a block anew."""
_HANDLED = (*HANDLERS, "tsnn_ring_fill", "tsnn_uart_take")
"""What can run within a step because of an exception: handlers and what they call."""
_LOADED = "tinysnn counter: loaded"
_PROBE_LIMIT_S = 20
_FOLDERS: list[tempfile.TemporaryDirectory[str]] = []
"""Keeps the built plugin until this process ends."""


@lru_cache(maxsize=4)
def plugin_for(qemu: str, version: str) -> Path:
    """The plugin, built and known to load into this QEMU.

    Parameters
    ----------
    qemu: path of the emulator.
    version: what it says of itself, such as 7.2.22.

    Raises
    ------
    ToolMissing: no C compiler is here, or this QEMU was built without plugins.
    BuildError: the compiler refuses.

    """
    folder = tempfile.TemporaryDirectory(prefix="tinysnn-counter-")
    _FOLDERS.append(folder)
    path = Path(folder.name) / "counter.so"
    api = 1 if int(version.partition(".")[0]) < 9 else 2
    command = [find_cc(), "-std=c11", "-O2", "-shared", "-fPIC", f"-DTSNN_PLUGIN_API={api}"]
    if sys.platform == "darwin":
        command += ["-undefined", "dynamic_lookup"]  # QEMU itself has the functions
    command += [str(_SOURCE), "-o", str(path)]
    run_compiler(command, path.parent, where=_SOURCE.name, compiler=command[0])
    _probe(qemu, path)
    return path


def _probe(qemu: str, plugin: Path) -> None:
    """Make sure that the plugin loads; without arguments it says so and lets QEMU end."""
    quiet = ("-display", "none", "-monitor", "none", "-serial", "none")
    command = [qemu, "-machine", "none", *quiet, "-plugin", str(plugin)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PROBE_LIMIT_S, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolMissing(f"{qemu} does not start ({error})", fix="Install it again.") from None
    if _LOADED not in done.stderr:
        raise ToolMissing(
            f"this QEMU takes no plugin: {(done.stderr or done.stdout).strip()[-300:]}",
            where=qemu,
            fix="Use a QEMU built with plugins, or count with the unicorn runner.",
        )


class StepCounter:
    """What the plugin writes about one model of an image while QEMU runs it."""

    def __init__(self, plugin: Path, image: Image, slot: int) -> None:
        entries = find_entries(image, slot, ElfView(image.elf).word)
        handled = [image.symbols[name] for name in _HANDLED if name in image.symbols]
        self._folder = tempfile.TemporaryDirectory(prefix="tinysnn-counts-")
        self._counts, self._blocks = (Path(self._folder.name) / name for name in ("counts", "b"))
        self._counts.touch()
        with self._blocks.open("wb") as file:
            file.truncate(_MAX_BLOCKS * _BLOCK.itemsize)
        values = {
            "step": f"{entries.step:x}",
            "init": f"{entries.init:x}",
            "skip": ":".join(f"{s.address:x}-{s.address + s.size:x}" for s in handled),
            "counts": self._counts,
            "blocks": self._blocks,
            "max": f"{_MAX_BLOCKS:x}",
        }
        self.arguments = ("-plugin", ",".join([_quoted(plugin), *map(_pair, values.items())]))
        """For QEMU's command line."""

    def step_counts(self) -> npt.NDArray[np.uint32]:
        """Instructions of each call of the model's step since its last init, uint32 [n]."""
        records = np.fromfile(self._counts, np.uint64)
        begins = np.flatnonzero(records == _INIT)
        return records[begins[-1] + 1 if begins.size else 0 :].astype(np.uint32)

    def profile(self, symbols: Mapping[str, Symbol]) -> dict[str, int]:
        """Instructions within all calls of the step so far, by function, most first."""
        blocks = np.fromfile(self._blocks, _BLOCK)
        blocks = blocks[blocks["hits"] > 0]
        totals = blocks["instructions"] * blocks["hits"]
        return by_function(zip(blocks["address"].tolist(), totals.tolist(), strict=True), symbols)

    def close(self) -> None:
        """Remove the files; harmless when repeated."""
        self._folder.cleanup()


def _pair(item: tuple[str, object]) -> str:
    return f"{item[0]}={_quoted(item[1])}"


def _quoted(value: object) -> str:
    """A value of a QEMU option: commas are doubled."""
    return str(value).replace(",", ",,")
