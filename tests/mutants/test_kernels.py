"""Faults in kernels are found, and no instruction of a kernel can be left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.kernels import arm
from tests.kernels.arm import (
    Arm,
    compile_for,
    differences,
    instructions,
    kernel_texts,
    one_unit,
    wanted_of,
)
from tests.kernels.harness import CompileError, Job, RunError
from tests.make_packs import Corner
from tests.mutants.kernels import M0, M4, MUTANTS, SUMS, C, Mutant, scenes
from tinysnn.boards import Core
from tinysnn.emit import render
from tinysnn.image import ElfView
from tinysnn.trace import Trace

pytestmark = pytest.mark.emu
LIMIT_US = 500_000
"""A mutant that runs longer than this for one tick hangs."""
MAY_SURVIVE = {5: 0.07, 20: 0.1}
"""Share of instructions, of every fifth and of every twentieth (of all on M0+: 5.6 %)."""
NOPS = {2: b"\x00\xbf", 4: b"\xaf\xf3\x00\x80"}


@cache
def stage() -> tuple[list[Corner], list[Trace]]:
    chosen = scenes()
    return chosen, [wanted_of(scene) for scene in chosen]


@cache
def texts(core: str) -> dict[str, str]:
    return one_unit(render([scene.pack for scene in stage()[0]], core=core))


@pytest.fixture(autouse=True)
def short_limit(monkeypatch):
    monkeypatch.setattr(arm, "WALL_LIMIT_US", LIMIT_US)


def mutated(mutant: Mutant) -> dict[str, str]:
    """The files with the fault in them; it must apply somewhere."""
    found, total = dict(texts(mutant.core)), 0
    if mutant.kernel == C:
        found["all.c"], total = re.subn(mutant.pattern, mutant.replacement, found["all.c"])
    for name, part in kernel_texts(found).items():
        if mutant.kernel != C and re.fullmatch(mutant.kernel, name):
            new, count = re.subn(mutant.pattern, mutant.replacement, part, flags=re.MULTILINE)
            found["kernels.S"] = found["kernels.S"].replace(part, new)
            total += count
    assert total > 0, f"mutant {mutant.name!r} does not apply any more: write it anew"
    return found


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name.replace(" ", "_"))
def test_mutant_is_killed(mutant, tmp_path):
    try:
        elf = compile_for(mutant.core, mutated(mutant), tmp_path, "-O0")
    except CompileError as error:
        pytest.fail(f"does not compile, so nothing was shown: {error}")
    found = next(differences(Arm(elf, mutant.core), *stage()), None)
    assert found is not None, "survived"


@pytest.mark.parametrize("core", [M0, M4])
def test_control_without_a_fault_survives(core, tmp_path):
    elf = compile_for(core, texts(core), tmp_path, "-O0")
    assert not dict(differences(Arm(elf, core), *stage()))


# ---- instructions left out ----


class Bench:
    """An ELF file with the stage's models, and which of them call a kernel."""

    def __init__(self, core: Core, folder: Path) -> None:
        self.core = core
        self.elf = compile_for(core, texts(core), folder)
        self.view = ElfView(self.elf)
        self.callers: dict[str, list[tuple[Corner, Trace]]] = {}
        for k, (scene, trace) in enumerate(zip(*stage(), strict=True)):
            for name in kernel_texts(render([scene.pack], core=core)):
                if "_rows" not in name or k < len(SUMS):  # the others are not made for sums
                    self.callers.setdefault(name, []).append((scene, trace))

    def instructions(self) -> Iterator[tuple[str, int, bytes]]:
        """Kernel, address and code of every instruction."""
        for name, address in instructions(self.elf):
            if name in self.callers:
                wide = self.view.read(address + 1, 1)[0] >> 3 >= 0b11101
                yield name, address, self.view.read(address, 4 if wide else 2)

    def survives(self, name: str, address: int, code: bytes) -> bool:
        """Whether nothing is different with other code at an address."""
        callers = self.callers[name]
        return all(
            self._same(scene, trace, ticks, address, code)
            for scene, trace in [*callers[:2], *callers[2:][-2:]]  # the last ones are extreme
            for ticks in (3, len(scene.raster))
        )

    def _same(self, scene: Corner, trace: Trace, ticks: int, address: int, code: bytes) -> bool:
        arm_ = Arm(self.elf, self.core)
        arm_.patch(address, code)
        try:
            got = arm_.run(scene.pack, Job(0, scene.raster[:ticks]))
        except RunError:
            return False
        assert got.states is not None
        assert trace.states is not None
        return np.array_equal(got.states, trace.states[: ticks + 1])


@pytest.mark.parametrize("core", [M0, M4])
@pytest.mark.parametrize("step", [20, pytest.param(5, marks=pytest.mark.slow)])
def test_no_instruction_can_be_left_out(core, step, tmp_path):
    """All but a few: some only save time, or matter for memory that a test does not have."""
    bench = Bench(core, tmp_path)
    chosen = list(bench.instructions())[::step]
    left = [
        f"{name}+{address:#x}: {code.hex()}"
        for name, address, code in chosen
        if bench.survives(name, address, NOPS[len(code)])
    ]
    print(f"{len(left)} of {len(chosen)}:", *left, sep="\n")
    assert len(left) <= len(chosen) * MAY_SURVIVE[step], "\n".join(left)


def test_names_differ():
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 40
