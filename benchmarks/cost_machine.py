"""Many generated models in one file without firmware, and calls of their functions, counted."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.bare import SCRATCH, BareCore, Counted
from tinysnn.boards import Core
from tinysnn.emit import render
from tinysnn.image import ElfView
from tinysnn.pack import Pack
from tinysnn.paths import firmware_dir
from tinysnn.toolchain import Toolchain

_MODEL = struct.Struct("<IIHHIIIII")
_SCRIPT = """SECTIONS { .text 0x08000000 : { KEEP(*(.text* .rodata*)) }
    .data 0x20000000 : { *(.data*) *(.bss*) } }
"""
_INPUT, _OUTPUT = SCRATCH, SCRATCH + 0x20
_INDEX, _VALUE, _OUT_INDEX, _OUT_VALUE, _STATE = (SCRATCH + 0x1_0000 * k for k in range(1, 6))
_ROWS, _EVENTS, _SUMS = (SCRATCH + 0x1_0000 * k for k in range(8, 11))


def build_bare(packs: Sequence[Pack], core: Core, chain: Toolchain, folder: Path) -> Path:
    """Compile the models as `tinysnn build` would, all C in one file and each kernel once."""
    texts = render(packs, core=core)
    del texts["tsnn_image.c"]
    headers = {name: text for name, text in texts.items() if name.endswith(".h")}
    code = "\n".join(text for name, text in texts.items() if name.endswith(".c"))
    files = {**headers, "models.c": code, "kernels.S": _kernels(texts), "bare.ld": _SCRIPT}
    for name, text in files.items():
        (folder / name).write_text(text)
    memory = (firmware_dir() / "src" / "tsnn_mem.c").read_text()
    (folder / "tsnn_mem.c").write_text(memory)
    chain.compile_and_link(
        ["models.c", "kernels.S", "tsnn_mem.c"],
        core=core,
        includes=[".", str(firmware_dir() / "include"), str(firmware_dir() / "src")],
        script="bare.ld",
        output="bare.elf",
        cwd=folder,
        flags=["-Wno-unused-function"],
    )
    return folder / "bare.elf"


def _kernels(texts: Mapping[str, str]) -> str:
    """All assembly functions, each once."""
    parts = {}
    for name, text in texts.items():
        if name.endswith(".S"):
            for part in text.split("    .section .text.")[1:]:
                parts[part[: part.index(",")]] = part
    sections = (f"    .section .text.{part}" for part in parts.values())
    return "    .syntax unified\n    .thumb\n" + "\n".join(sections)


class CostMachine:
    """An ELF file of `build_bare` on a bare core."""

    def __init__(self, elf: Path, core: Core) -> None:
        self._core = BareCore(elf, core)
        self._elf = ElfView(elf)

    def kernels(self) -> list[str]:
        """Symbols of the assembly functions."""
        names = self._elf.symbols
        return sorted(n for n in names if n.startswith(("tsnn_rows", "tsnn_lif", "tsnn_list")))

    def run(self, pack: Pack, raster: npt.NDArray[np.int8]) -> list[Counted]:
        """Run a clip from init; what each step did."""
        at = self._elf.symbol(f"tsnn_{pack.name}_model").address
        fields = _MODEL.unpack(self._elf.read(at, _MODEL.size))
        init, step = fields[7:9]
        self._core.call(init, _STATE)
        return [self._step(step, inputs) for inputs in raster]

    def _step(self, step: int, inputs: npt.NDArray[np.int8]) -> Counted:
        index = np.flatnonzero(inputs)
        self._core.write(_INDEX, index.astype("<u2").tobytes())
        self._core.write(_VALUE, inputs[index].tobytes())
        self._core.write(_INPUT, struct.pack("<III", _INDEX, _VALUE, index.size))
        self._core.write(_OUTPUT, struct.pack("<III", _OUT_INDEX, _OUT_VALUE, 0))
        return self._core.call(step, _STATE, _INPUT, _OUTPUT)

    def rows(self, symbol: str, events: int, blocks: int) -> int:
        """Instructions of a row-add, called by itself; all events are row 0."""
        table = _SUMS + 0x8000
        self._core.write(_ROWS, struct.pack("<III", table, 16, blocks))
        self._core.write(_EVENTS, bytes(2 * events))
        return self._core.call(symbol, _ROWS, _EVENTS, events, _SUMS).instructions
