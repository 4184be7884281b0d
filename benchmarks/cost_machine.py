"""Many generated models in one file without firmware, and calls of their functions, counted."""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.bare import _RETURN, _STACK, _STACK_BYTES, SCRATCH, BareCore
from tinysnn.boards import Core
from tinysnn.emit import render
from tinysnn.pack import Pack
from tinysnn.paths import firmware_dir
from tinysnn.toolchain import Toolchain
from tinysnn.views.row_options import AUTO, RowOptions

_MODEL = struct.Struct("<IIHHIIIII")
_SCRIPT = """SECTIONS { .text 0x08000000 : { KEEP(*(.text* .rodata*)) }
    .data 0x20000000 : { *(.data*) *(.bss*) } }
"""
_INPUT, _OUTPUT = SCRATCH, SCRATCH + 0x20
_INDEX, _VALUE, _OUT_INDEX, _OUT_VALUE, _STATE = (SCRATCH + 0x1_0000 * k for k in range(1, 6))
_ROWS, _EVENTS, _SUMS = (SCRATCH + 0x1_0000 * k for k in range(8, 11))


def build_bare(
    packs: Sequence[Pack],
    core: Core,
    chain: Toolchain,
    folder: Path,
    options: Sequence[RowOptions] | None = None,
) -> Path:
    """Compile the models as `tinysnn build` would, all C in one file and each kernel once."""
    chosen = options or [AUTO] * len(packs)
    texts: dict[str, str] = {}
    for option in set(chosen):
        some = [pack for pack, own in zip(packs, chosen, strict=True) if own == option]
        texts |= render(some, core=core, options=option)
    del texts["tsnn_image.c"]
    headers = {name: text for name, text in texts.items() if name.endswith(".h")}
    code = "\n".join(text for name, text in sorted(texts.items()) if name.endswith(".c"))
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
        small=["tsnn_mem.c"],
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


GROUPS = (
    "tsnn_rows",
    "tsnn_lif",
    "tsnn_list",
    "tsnn_add_sparse",
    "tsnn_graded",
    "tsnn_settle",
    "tsnn_dots",
)
FAMILIES = ("_dsp", "_v6m")
"""Beginnings of the names of assembly functions that are counted apart, and their ends."""
PARTS = {
    "rows": r"_l\d+_(add_rows|add_chunk|first_rows|more_rows)(\.\w+)*$",
    "update": r"_l\d+_update(\.\w+)*$",
    "scatter": r"_l\d+_scatter\d+(\.\w+)*$",
    "memset": r"^(__aeabi_)?mem(set|clr)[48]?$",
}
"""Functions of compiled C that are counted apart (`TSNN_APART`), by what is done in them."""


def group_of(name: str) -> str:
    """The group or part that a function belongs to; empty: none."""
    if name.endswith(FAMILIES):
        return next((group for group in GROUPS if name.startswith(group)), "")
    return next((part for part, ending in PARTS.items() if re.search(ending, name)), "")


@dataclass(frozen=True)
class Step:
    """Instructions of one call of a model's step."""

    total: int
    groups: dict[str, int]
    """Those of `GROUPS` and `PARTS`; what is in neither is not there."""


class CostMachine(BareCore):
    """An ELF file of `build_bare` on a bare core."""

    def __init__(self, elf: Path, core: Core) -> None:
        super().__init__(elf, core)
        functions = [(s.address, name) for name, s in self._elf.symbols.items() if s.is_function]
        self._functions = sorted((address, group_of(name)) for address, name in functions)
        self._starts = [address for address, _ in self._functions]

    def kernels(self, group: str) -> list[str]:
        """Symbols of the assembly functions of a group."""
        symbols = self._elf.symbols.items()
        return sorted(
            name
            for name, symbol in symbols
            if symbol.is_function and name.startswith(group) and name.endswith(FAMILIES)
        )

    def run(self, pack: Pack, raster: npt.NDArray[np.int8]) -> list[Step]:
        """Run a clip from init; what each step did."""
        at = self._elf.symbol(f"tsnn_{pack.name}_model").address
        fields = _MODEL.unpack(self._elf.read(at, _MODEL.size))
        init, step = fields[7:9]
        self.call(init, _STATE)
        return [self._step(step, inputs) for inputs in raster]

    def _step(self, step: int, inputs: npt.NDArray[np.int8]) -> Step:
        index = np.flatnonzero(inputs)
        self.write(_INDEX, index.astype("<u2").tobytes())
        self.write(_VALUE, inputs[index].tobytes())
        self.write(_INPUT, struct.pack("<III", _INDEX, _VALUE, index.size))
        self.write(_OUTPUT, struct.pack("<III", _OUT_INDEX, _OUT_VALUE, 0))
        self._counter.take()
        self.count(step, _STATE, _INPUT, _OUTPUT)
        groups: dict[str, int] = {}
        for address, instructions in self._counter.take():
            group = self._functions[bisect_right(self._starts, address) - 1][1]
            groups[group] = groups.get(group, 0) + instructions
        total = sum(groups.values())
        groups.pop("", None)
        return Step(total, groups)

    def rows(self, symbol: str, events: int, blocks: int) -> int:
        """Instructions of a row-add, called by itself; all events are row 0."""
        self.write(_ROWS, struct.pack("<III", _SUMS + 0x8000, 16, blocks))
        self.write(_EVENTS, bytes(2 * events))
        return self.count(self.address(symbol), _ROWS, _EVENTS, events, _SUMS)

    def list(self, symbol: str, spikes: npt.NDArray[np.uint32]) -> int:
        """Instructions of listing the spikes in some words."""
        self.write(_ROWS, spikes.astype("<u4").tobytes())
        return self.count(self.address(symbol), _ROWS, spikes.size, 0, _EVENTS)

    def count(self, function: int, *arguments: int) -> int:
        """Instructions of a call; quicker than `call`, which sorts them by function."""
        arm = self._arm
        for register, value in zip(("R0", "R1", "R2", "R3"), arguments, strict=False):
            self._uc.reg_write(getattr(arm, f"UC_ARM_REG_{register}"), value)
        self._uc.reg_write(arm.UC_ARM_REG_SP, _STACK + _STACK_BYTES)
        self._uc.reg_write(arm.UC_ARM_REG_LR, _RETURN | 1)
        before = self._counter.total()
        self._run(function & ~1, f"0x{function:08X}")
        return self._counter.total() - before
