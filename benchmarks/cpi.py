"""Cycles per instruction of generated code, from block traces and the timing tables of the cores.

    python benchmarks/cpi.py

Runs the benchmark's networks under unicorn, looks at every block of the model's step, and gives
each instruction the cycles that Arm's technical reference manual states for it with memory that
answers at once: Cortex-M0 (DDI 0432), M0+ (DDI 0484), M3 (DDI 0337) and M4 (DDI 0439), table 3-1 of
each. Where a table gives a range (1 to 3 cycles to refill the pipeline after a branch, loads that
may overlap with what is before them), both ends are added up. Wait states of flash are not in it.
"""

# ruff: noqa: SLF001  # looks into the runner on purpose
from __future__ import annotations

import re
import subprocess
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.cases import load_case
from tinysnn.boards import Core, load_board
from tinysnn.build import build
from tinysnn.run.base import Job, expected_model
from tinysnn.run.entries import find_entries
from tinysnn.run.unicorn import UnicornRunner
from tinysnn.toolchain import find_toolchain

CORES: tuple[Core, ...] = ("cortex-m0", "cortex-m0plus", "cortex-m3", "cortex-m4")
NETWORKS = ("fc64_5", "rec256_5", "keyword")
BRANCH = re.compile(r"^(b|bl|blx|bx|cbz|cbnz|b(eq|ne|cs|cc|mi|pl|vs|vc|hi|ls|ge|lt|gt|le|hs|lo))$")
LOAD, STORE = re.compile(r"^ldr"), re.compile(r"^str")
MANY = re.compile(r"^(push|pop|ldm|stm|ldrd|strd)")
LONG = re.compile(r"^[us]ml?al|^[us]mull")


@dataclass(frozen=True)
class Instruction:
    """One line of a disassembly."""

    name: str
    operands: str

    @property
    def registers(self) -> int:
        """How many registers a list or a pair has."""
        found = re.search(r"\{([^}]*)\}", self.operands)
        if not found:
            return 2
        parts = [part.strip().split("-") for part in found.group(1).split(",")]
        return sum(1 if len(p) == 1 else _number(p[1]) - _number(p[0]) + 1 for p in parts)


def _number(register: str) -> int:
    return {"sp": 13, "lr": 14, "pc": 15, "ip": 12, "fp": 11, "sl": 10}.get(
        register, int(re.sub(r"\D", "", register) or 0)
    )


def disassemble(elf: Path) -> dict[int, Instruction]:
    """Instructions by address."""
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = {}
    for line in text.splitlines():
        match = re.match(r"^ +([0-9a-f]+):\t(\S+)(?:\t([^;@]*))?", line)
        if match:
            name = re.sub(r"\.[nw]$", "", match[2])
            found[int(match[1], 16)] = Instruction(name, (match[3] or "").strip())
    return found


def cycles(
    core: Core, one: Instruction, before: Instruction | None, *, taken: bool
) -> tuple[int, int]:
    """Fewest and most cycles of an instruction."""
    small = core in ("cortex-m0", "cortex-m0plus")
    to_pc = "pc" in one.operands and (one.name == "pop" or one.name.startswith("ldm"))
    if BRANCH.match(one.name):
        return _branch(core, one.name, taken=taken)
    if MANY.match(one.name):
        refill = {"cortex-m0": (3, 3), "cortex-m0plus": (2, 2)}.get(core, (1, 3))
        base = 1 + one.registers
        return (base + refill[0], base + refill[1]) if to_pc else (base, base)
    if LOAD.match(one.name):
        overlaps = not small and before is not None and bool(_memory(before))
        return (1 if overlaps else 2), 2
    if STORE.match(one.name):
        return (2, 2) if small else (1, 2)
    if LONG.match(one.name):
        return (3, 7) if core == "cortex-m3" else (1, 1)
    if one.name in ("mla", "mls"):
        return (2, 2) if core == "cortex-m3" else (1, 1)
    if one.name in ("sdiv", "udiv"):
        return 2, 12
    return (0, 1) if one.name.startswith("it") else (1, 1)


def _memory(one: Instruction) -> bool:
    return bool(LOAD.match(one.name) or STORE.match(one.name))


def _branch(core: Core, name: str, *, taken: bool) -> tuple[int, int]:
    if not taken:
        return 1, 1
    if core == "cortex-m0":
        value = {"bl": 4}.get(name, 3)
        return value, value
    if core == "cortex-m0plus":
        value = {"bl": 3}.get(name, 2)
        return value, value
    return 2, 4


class Trace:
    """Blocks of a model's step and whether each was left by a branch that was taken."""

    def __init__(self, uc: Any, step: int, read_lr: Any) -> None:
        self.blocks: Counter[tuple[int, int, bool]] = Counter()
        self._uc, self._step, self._read_lr = uc, step, read_lr
        self._back, self._last = -1, (0, 0)

    def on_block(self, _uc: object, address: int, size: int, _data: object) -> None:
        """Count the block before this one: where it led is known now."""
        if self._last[1]:
            self.blocks[(*self._last, address != sum(self._last))] += 1
        if address == self._step:
            self._back = self._read_lr() & ~1
        elif address == self._back:
            self._back = -1
        self._last = (address, size) if self._back >= 0 else (0, 0)


def measure(core: Core, network: str) -> tuple[float, float]:
    """Fewest and most cycles per instruction of a network's steps."""
    case = load_case(network, 8)
    board = load_board(f"generic_{core.removeprefix('cortex-')}")
    with tempfile.TemporaryDirectory() as folder:
        image = build([case.pack], board, Path(folder), toolchain=find_toolchain("gcc"))
        code = disassemble(image.elf)
        with UnicornRunner(Job(expected_model(case.pack), 0, image)) as runner:
            machine: Any = runner.link
            step = find_entries(image, 0, machine._word).step
            uc, lr = machine._uc, machine._arm.UC_ARM_REG_LR
            trace = Trace(uc, step, lambda: int(uc.reg_read(lr)))
            uc.hook_add(machine._block_hook, trace.on_block)
            runner.run(case.clips[_density(case.clips)][0])
    return _per_instruction(core, code, trace.blocks)


def _density(clips: dict[str, Any]) -> str:
    """Where there is a choice, 5 spikes per 100 inputs and tick."""
    return "5 %" if "5 %" in clips else "clips"


def _per_instruction(
    core: Core, code: dict[int, Instruction], blocks: Counter[tuple[int, int, bool]]
) -> tuple[float, float]:
    count = low = high = 0
    for (address, size, taken), times in blocks.items():
        inside = [at for at in range(address, address + size, 2) if at in code]
        for k, at in enumerate(inside):
            left = taken and k == len(inside) - 1
            one = cycles(core, code[at], code[inside[k - 1]] if k else None, taken=left)
            count, low, high = count + times, low + times * one[0], high + times * one[1]
    return low / count, high / count


def main() -> None:
    """Print the table."""
    print("| core |", " | ".join(NETWORKS), "|")
    for core in CORES:
        found = [measure(core, network) for network in NETWORKS]
        print(f"| {core} |", " | ".join(f"{low:.2f} .. {high:.2f}" for low, high in found), "|")


if __name__ == "__main__":
    main()
