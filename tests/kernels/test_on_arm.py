"""Generated models on bare emulated cores: every kernel, every branch of its template."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import jinja2
import msgspec
import numpy as np
import pytest

from tests.corner_models import corners
from tests.dynamics.test_maps import counting_pack
from tests.encode.test_front_end import CODED, listener
from tests.encode.test_vibration import EARS, feeler
from tests.kernels.arm import assert_exact, kernel_texts
from tests.kernels.dots import dots_scenes
from tests.kernels.graded import graded_scenes
from tests.kernels.scenes import neuron_scenes, random_scene, row_scenes
from tests.learn.scenes import scenes as learning
from tests.make_packs import Corner, make_layer, make_pack
from tinysnn import emit
from tinysnn.front_end import LogMel
from tinysnn.pack import Pack
from tinysnn.paths import templates_dir
from tinysnn.views.row_options import AUTO, RowOptions

QUICK = ("cortex-m0plus", "cortex-m4")
SLOW = ("cortex-m0", "cortex-m3", "cortex-m7", "cortex-m33")
CORES = [*QUICK, *(pytest.param(core, marks=pytest.mark.slow) for core in SLOW)]
UNLIKE = (*QUICK, "cortex-m3", "cortex-m33")
"""The others run the assembly of one of these."""
PER_BATCH = 80


@cache
def all_kinds() -> tuple[Corner, ...]:
    return (*row_scenes(), *neuron_scenes())


@pytest.mark.emu
@pytest.mark.parametrize("core", CORES)
def test_corner_models(core, tmp_path):
    assert_exact(list(corners().values()), core, tmp_path)


@pytest.mark.emu
@pytest.mark.parametrize("core", CORES)
def test_kernels(core, tmp_path):
    executed = assert_exact(all_kinds(), core, tmp_path)
    if core == "cortex-m3":  # C only
        assert not executed
        return
    whole = {name for name, (done, total) in executed.items() if done == total}
    for bits in (8, 4, 2, 1):
        assert any(name.startswith(f"tsnn_rows{bits}_") for name in whole), f"{bits} bits: {whole}"
    done, total = (sum(column) for column in zip(*executed.values(), strict=True))
    assert done >= total * 0.85, f"only {done} of {total} instructions of kernels have run"
    assert len(whole) >= len(executed) * 0.5


FORMS = {
    "dense": RowOptions(rows="dense", dense_fallback="never"),
    "sparse": RowOptions(rows="sparse", dense_fallback="never"),
    "dense, silent": RowOptions(rows="dense", dense_fallback="always"),
    "sparse, silent": RowOptions(rows="sparse", dense_fallback="always"),
}
"""Rows that are stored and walked otherwise."""


@pytest.mark.emu
@pytest.mark.parametrize("core", [*QUICK, "cortex-m3"])
@pytest.mark.parametrize("form", ["dense, silent", "sparse, silent"])
def test_forms_of_rows(core, form, tmp_path):
    assert_exact(all_kinds()[::4], core, tmp_path, FORMS[form])


@pytest.mark.emu
@pytest.mark.slow
@pytest.mark.parametrize("core", UNLIKE)
@pytest.mark.parametrize("form", FORMS)
def test_all_forms_of_rows(core, form, tmp_path):
    assert_exact([*all_kinds(), *corners().values()], core, tmp_path, FORMS[form])


@pytest.mark.emu
@pytest.mark.slow
@pytest.mark.parametrize("core", UNLIKE)
@pytest.mark.parametrize("form", FORMS)
def test_random_layers(core, form, tmp_path):
    first = list(FORMS).index(form) * PER_BATCH
    seeds = range(first, first + PER_BATCH)
    scenes = [random_scene(f"random_{k}", 3, k) for k in seeds]
    assert_exact(scenes, core, tmp_path, FORMS[form])


# ---- are these all kinds? ----


class Watched(jinja2.FileSystemLoader):
    """Templates whose conditions report how they came out."""

    def __init__(self) -> None:
        super().__init__(templates_dir())
        self.outcomes: Counter[tuple[str, bool]] = Counter()
        self.conditions: set[str] = set()

    def get_source(self, environment, template):
        source, path, fresh = super().get_source(environment, template)
        lines = []
        for number, line in enumerate(source.split("\n"), 1):
            found = re.search(r"\{%-? (?:if|elif) (.*?) -?%\}", line)
            where = f"{template}:{number}: {line.strip()}"
            if found:
                self.conditions.add(where)
            watched = f"took({where!r}, {found[1]})" if found else ""
            lines.append(line.replace(found[1], watched, 1) if found else line)
        return "\n".join(lines), path, fresh

    def took(self, where: str, outcome: object) -> object:
        self.outcomes[where, bool(outcome)] += 1
        return outcome


def hearing_pack() -> Pack:
    """A network behind the audio front end."""
    layer = make_layer(np.ones((32, 2), np.int8), graded=True)
    return make_pack(layer, name="hearing", graded=True, front_end=LogMel(context_ticks=1))


def test_every_branch_of_every_template_is_taken(monkeypatch):
    loader, make = Watched(), emit.environment

    def watched():
        environment = make()
        environment.loader = loader
        environment.globals["took"] = loader.took
        return environment

    monkeypatch.setattr(emit, "environment", watched)
    kinds = (*all_kinds(), *corners().values(), *graded_scenes())
    packs = [scene.pack for scene in kinds] + [
        *learning().values(),
        hearing_pack(),
        counting_pack(0, "counting"),
    ]
    for core in (*QUICK, "cortex-m3"):
        for options in (AUTO, FORMS["sparse, silent"]):
            emit.render(packs, core=core, options=options)
    steady = msgspec.structs.replace(EARS["envelope"], envelope_dc_shift=0)
    for ear in (*EARS.values(), steady):
        emit.render([feeler(ear, graded=ear.needs_values)], core="cortex-m4")
    for coded in CODED.values():
        emit.render([listener(coded, graded=False)], core="cortex-m4")
    windows = [scene.pack for scene in dots_scenes()]
    emit.render(windows, core="cortex-m4", options=RowOptions(dots="always"))
    assert any(".S.jinja" in where for where in loader.conditions)
    never = [
        f"{where} is never {outcome}"
        for where in sorted(loader.conditions)
        for outcome in (True, False)
        if not loader.outcomes[where, outcome]
    ]
    assert not never, "\n".join(never)


@pytest.mark.parametrize("core", emit.CORES)
def test_kernels_of_one_name_are_one_kernel(core):
    packs = [scene.pack for scene in (*all_kinds(), *corners().values())]
    kernels = kernel_texts(emit.render(packs, core=core))  # asserts it
    assert bool(kernels) == (core != "cortex-m3")
    assert all(re.fullmatch(r"[a-z0-9_]+", name) for name in kernels)
