"""Predicted instructions are what the generated code executes, within 10 %."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from benchmarks.cases import load_case
from benchmarks.cost_errors import errors
from benchmarks.cost_machine import CostMachine, build_bare
from benchmarks.cost_maps import designed_maps
from benchmarks.cost_packs import CostCase, designed
from benchmarks.fit_cost import CORES
from tests.random_packs import random_pack, random_raster
from tests.tools import need
from tinysnn.cost.activity import Activity, of_clips, of_density
from tinysnn.cost.predict import predict
from tinysnn.pack import Pack
from tinysnn.pack_file import load
from tinysnn.paths import models_dir
from tinysnn.stimulus import Stimulus
from tinysnn.toolchain import find_toolchain

LIMIT = 0.1
MOST = 0.95
"""Part of the networks that the fit has not seen that has to be predicted within the limit."""
pytestmark = pytest.mark.emu
NETWORKS = [("seed64_5", 8), ("seed64_20", 4), ("rec256_20", 2), ("rec256_5", 1)]


def _measured(cases: Sequence[tuple[Pack, Sequence[Stimulus]]], core, folder) -> list[float]:
    """Mean instructions per tick of each pack on its clips; a pack may stand there again."""
    need("gcc-arm")
    need("unicorn")
    packs = list({pack.name: pack for pack, _ in cases}.values())
    machine = CostMachine(build_bare(packs, core, find_toolchain("gcc"), folder), core)
    ticks = [[s.total for c in clips for s in machine.run(p, c.raster)] for p, clips in cases]
    return [float(np.mean(counts)) for counts in ticks]


def _said(pack: Pack, core, activity: Activity) -> float:
    said = predict(pack, core, activity).instructions_per_tick
    assert said is not None, f"{pack.name} on {core}: a function was never measured"
    return said


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m3"])
def test_instructions_of_the_benchmarks_are_predicted(core, tmp_path):
    cases, names = [], []
    for model, bits in NETWORKS:
        for density, clips in load_case(model, bits).clips.items():
            cases.append((load_case(model, bits).pack, clips))
            names.append(f"{model} {bits} bit {density}")

    counts = _measured(cases, core, tmp_path)

    for name, (pack, clips), count in zip(names, cases, counts, strict=True):
        said = _said(pack, core, of_clips(pack, clips))
        assert said == pytest.approx(count, rel=LIMIT), name


@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
@pytest.mark.parametrize("model", ["seed64_20", "rec256_5"])
def test_a_density_alone_predicts_the_tick(core, model, tmp_path):
    case = load_case(model, 4)
    clips = case.clips["20 %"]
    (count,) = _measured([(case.pack, clips)], core, tmp_path)

    assert _said(case.pack, core, of_density(case.pack, 0.2)) == pytest.approx(count, rel=LIMIT)


@pytest.mark.slow
@pytest.mark.parametrize("core", CORES)
def test_networks_that_the_fit_has_not_seen(core):
    need("gcc-arm")
    need("unicorn")
    found = errors(core, designed(60, 40, seed=2))
    off = np.abs([error for error, _ in found])
    print(f"{core}: {off.size} networks, off by {off.mean():.3f} on average")
    print(f"furthest: {found[:3]}, {found[-3:]}")

    assert (off <= LIMIT).mean() >= MOST
    assert np.median(off) <= 0.04


@pytest.mark.slow
def test_feature_maps_that_the_fit_has_not_seen():
    need("gcc-arm")
    need("unicorn")
    found = errors("cortex-m4", designed_maps(60, seed=2))
    off = np.abs([error for error, _ in found])
    print(f"furthest: {found[:3]}, {found[-3:]}")

    assert (off <= LIMIT).mean() >= MOST
    assert np.median(off) <= 0.04


def test_the_keyword_network(tmp_path):
    case = load_case("keyword", 4)
    (clips,) = (clips for name, clips in case.clips.items() if name != "0 %")
    pack = load(models_dir() / "keyword" / "keyword.tsnn")
    (count,) = _measured([(pack, clips)], "cortex-m4", tmp_path)

    assert _said(pack, "cortex-m4", of_clips(pack, clips)) == pytest.approx(count, rel=LIMIT)


@pytest.mark.slow
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus", "cortex-m3"])
def test_random_corners(core, tmp_path):
    packs = [random_pack(seed, f"corner{seed}") for seed in range(60)]
    cases = [(pack, [Stimulus(random_raster(pack, 5, 24))]) for pack in packs]
    counts = _measured(cases, core, tmp_path)
    said = [_said(pack, core, of_clips(pack, clips)) for pack, clips in cases]
    off = np.array(said) / counts - 1
    worst = np.argsort(-np.abs(off))[:5]
    print(f"{core}: {np.percentile(off, [0, 10, 50, 90, 100]).round(3)}")
    print(f"furthest: {[(packs[i].name, round(off[i], 3)) for i in worst]}")

    assert np.percentile(np.abs(off), 80) <= LIMIT


def test_designed_networks_are_the_same_every_time():
    first, again = designed(2, 2, seed=3), designed(2, 2, seed=3)

    assert [_key(case) for case in first] == [_key(case) for case in again]


def _key(case: CostCase) -> tuple[str, bytes]:
    return case.pack.digest, case.clip.raster.tobytes()
