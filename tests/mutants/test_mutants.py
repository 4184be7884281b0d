"""The comparison can fail: faults planted in the C are found on the corner models."""

from __future__ import annotations

import re
from functools import lru_cache

import numpy as np
import pytest

from tests.corner_models import corners
from tests.kernels.harness import (
    PLAIN,
    CompileError,
    Job,
    RunError,
    compile_driver,
    expected,
    first_difference,
    source_text,
)
from tests.mutants.decisions import DECISIONS
from tests.mutants.dynamics import DYNAMICS
from tests.mutants.mutants import MUTANTS as SIMPLE
from tests.mutants.mutants import Mutant
from tinysnn.layer_state import MAX_IDLE
from tinysnn.pack import Pack
from tinysnn.reference import Simulation
from tinysnn.trace import Trace

pytestmark = pytest.mark.host
LIMIT_S = 20.0
MUTANTS = (*SIMPLE, *DYNAMICS, *DECISIONS)


@lru_cache(maxsize=1)
def all_corners():
    return corners()


def scenes(names: tuple[str, ...]) -> tuple[list[Pack], list[Job], list[Trace]]:
    """Models, clips and what the reference does; idle models also with idle at its largest."""
    packs: list[Pack] = []
    jobs: list[Job] = []
    wanted: list[Trace] = []
    for name, corner in all_corners().items():
        if not name.startswith(names):
            continue
        jobs.append(Job(len(packs), corner.raster))
        wanted.append(expected(corner.pack, jobs[-1]))
        if name.startswith("idle_"):
            simulation, start = Simulation(corner.pack), Simulation(corner.pack)
            simulation.layers[0].idle = start.layers[0].idle = MAX_IDLE
            quiet = np.zeros((2, corner.pack.meta.n_in), np.int8)
            jobs.append(Job(len(packs), quiet, start.state()))
            wanted.append(expected(corner.pack, jobs[-1], simulation))
        packs.append(corner.pack)
    assert packs, f"no corner model begins with {names}"
    return packs, jobs, wanted


def mutated(texts: dict[str, str], mutant: Mutant) -> dict[str, str]:
    """The files with the fault in them; it must apply somewhere."""
    changed, total = {}, 0
    for name, text in texts.items():
        is_model = name.endswith(".c") and name != "tsnn_image.c"
        wanted = is_model if mutant.where == "model" else name == f"tsnn_{mutant.where}.h"
        changed[name], count = re.subn(mutant.pattern, mutant.replacement, text) if wanted else (
            text, 0
        )  # fmt: skip
        total += count
    assert total > 0, f"mutant {mutant.name!r} does not apply any more: write it anew"
    return changed


def in_one_file(texts: dict[str, str]) -> dict[str, str]:
    """All C in one translation unit, which compiles faster."""
    one = {name: text for name, text in texts.items() if not name.endswith(".c")}
    one["all.c"] = "\n".join(text for name, text in texts.items() if name.endswith(".c"))
    return one


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.name.replace(" ", "_"))
def test_mutant_is_killed(mutant, tmp_path):
    packs, jobs, wanted = scenes(mutant.corners)
    texts = mutated(source_text(packs), mutant)
    try:
        driver = compile_driver(in_one_file(texts), tmp_path, PLAIN)
    except CompileError as error:
        pytest.fail(f"does not compile, so nothing was shown: {error}")
    try:
        difference = first_difference(driver, packs, jobs, wanted)
    except RunError:
        return  # crashed or hung: found
    assert difference is not None, "survived"


def test_control_without_a_fault_survives(tmp_path):
    names = tuple({corner for mutant in MUTANTS for corner in mutant.corners})
    packs, jobs, wanted = scenes(names)
    driver = compile_driver(in_one_file(source_text(packs)), tmp_path, PLAIN)
    assert first_difference(driver, packs, jobs, wanted) is None


def test_names_differ():
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 15
