"""Layers whose rows can be stored and walked in several ways, and what is common to their tests."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.kernels.arm import Arm, compile_for, differences, one_unit, wanted_of
from tests.kernels.harness import (
    CompileError,
    Job,
    RunError,
    compile_driver,
    expected,
    first_difference,
)
from tests.kernels.scenes import random_scene
from tests.make_packs import Corner, corner, make_layer
from tests.random_packs import random_pack, random_raster
from tinysnn.boards import Core
from tinysnn.emit import render
from tinysnn.pack import PackedLayer, Source
from tinysnn.paths import firmware_dir
from tinysnn.views.row_options import RowOptions

EMULATED: tuple[Core, ...] = ("cortex-m4", "cortex-m0plus", "cortex-m3")
C_CORE = "cortex-m3"
"""A core that all kernels are C for, so that this machine can run them."""
FRACTIONS = (0.0, 0.03, 0.3, 0.55, 0.9, 1.0, 1.0, 0.5, 0.51, 0.0)
"""Parts of the inputs that are active, tick by tick."""


def drawn_scenes(seed: int, count: int) -> list[Corner]:
    """Firing layers of every shape, and networks of any kind of layer."""
    layers = [random_scene(f"layer_{seed}_{k}", seed, k) for k in range(count)]
    packs = [random_pack(1000 * seed + k, f"pack_{seed}_{k}") for k in range(count)]
    return layers + [Corner(pack, random_raster(pack, seed)) for pack in packs]


def pruned(n_rows: int, n: int, zeros: float, seed: int, top: int = 7) -> npt.NDArray[np.int64]:
    """Weights of which a part is 0; a row and a column have none that is not."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(-top, top, (n_rows, n), endpoint=True) * (rng.random((n_rows, n)) >= zeros)
    rows[n_rows // 2] = 0
    rows[:, n // 2] = 0
    return rows


def wide_scenes() -> list[Corner]:
    """Layers of several windows, 32-bit sums, odd widths, other cells, and all kinds of source."""
    made = [
        ("windows_257", [_layer(40, 257, 0.9)]),
        ("windows_600", [_layer(30, 600, 0.8, theta=40, frac_bits=3)]),
        ("wide_300", [_layer(20, 300, 0.9, state_bits=32, theta=9)]),
        ("wide_sums", [_layer(400, 70, 0.2, top=127, acc_bits=32, state_bits=32, theta=500)]),
        ("odd_33", [_layer(64, 33, 0.5, beta=60000)]),
        ("readout", [_layer(50, 10, 0.7, op="li", theta=None, beta=65000)]),
        ("current", [_layer(50, 20, 0.7, op="cuba_lif", theta=20)]),
        ("nothing", [_layer(20, 8, 1.0, bias=1, theta=3)]),
        ("sources", _network()),
    ]
    return [
        corner(name, layers, ticks(layers[0].spec.sources[0].n, seed))
        for seed, (name, layers) in enumerate(made)
    ]


def _layer(n_rows: int, n: int, zeros: float, top: int = 7, **fields: Any) -> PackedLayer:
    return make_layer(pruned(n_rows, n, zeros, n_rows + n, top), **{"theta": 10, **fields})


def _network() -> list[PackedLayer]:
    """Two layers that hear the input, each other and themselves."""
    first = [Source(None, 0, 37), Source(0, 1, 35), Source(1, 1, 66)]
    second = [Source(0, 0, 35), Source(None, 0, 37), Source(1, 1, 66)]
    return [
        make_layer(pruned(138, 35, 0.8, 1), sources=first, theta=4, bias=1, beta=60000),
        make_layer(pruned(138, 66, 0.8, 2), sources=second, theta=6, bits=4, frac_bits=2),
    ]


def ticks(n_in: int, seed: int) -> npt.NDArray[np.int8]:
    """Two rounds of ticks from silent to full."""
    rng = np.random.default_rng(seed)
    raster = np.zeros((2 * len(FRACTIONS), n_in), np.int8)
    for row, fraction in zip(raster, FRACTIONS * 2, strict=True):
        row[rng.permutation(n_in)[: round(n_in * fraction)]] = 1
    return raster


def assert_exact_on_host(scenes: Sequence[Corner], folder: Path, options: RowOptions) -> str:
    """Run scenes in C under the sanitizers, compare all state every tick; the C of the models."""
    texts = host_texts(scenes, options)
    assert host_difference(scenes, texts, folder) is None
    return "".join(text for name, text in texts.items() if name.endswith(".c"))


def host_texts(scenes: Sequence[Corner], options: RowOptions) -> dict[str, str]:
    """What a driver is made of."""
    header = (firmware_dir() / "include" / "tsnn_kernel.h").read_text()
    packs = [scene.pack for scene in scenes]
    return {"tsnn_kernel.h": header, **render(packs, core=C_CORE, options=options)}


def host_difference(scenes: Sequence[Corner], texts: dict[str, str], folder: Path) -> object:
    """The first difference, or None."""
    packs = [scene.pack for scene in scenes]
    driver = compile_driver(texts, folder)
    jobs = [Job(slot, scene.raster) for slot, scene in enumerate(scenes)]
    wanted = [expected(packs[job.slot], job) for job in jobs]
    return first_difference(driver, packs, jobs, wanted)


def emulated_differences(
    scenes: Sequence[Corner], texts: dict[str, str], core: Core, folder: Path
) -> list[str]:
    """Models that differ on an emulated core; the name of what happened if nothing runs."""
    try:
        arm = Arm(compile_for(core, texts, folder), core)
    except CompileError as error:
        raise AssertionError(f"does not compile, so nothing was shown: {error}") from error
    return [name for name, _ in differences(arm, scenes, [wanted_of(s) for s in scenes])]


def core_texts(scenes: Sequence[Corner], core: Core, options: RowOptions) -> dict[str, str]:
    """What an emulated core gets, the kernel header included, so that faults can be planted."""
    header = (firmware_dir() / "include" / "tsnn_kernel.h").read_text()
    texts = one_unit(render([scene.pack for scene in scenes], core=core, options=options))
    return {**texts, "tsnn_kernel.h": header}


def assert_found_in_header(
    name: str, pattern: str, new: str, options: RowOptions, folder: Path
) -> None:
    """A fault in tsnn_kernel.h makes this machine's runs differ, or a sanitizer finds it."""
    scenes = wide_scenes()
    texts = host_texts(scenes, options)
    texts["tsnn_kernel.h"], count = re.subn(pattern, new, texts["tsnn_kernel.h"])
    assert count > 0, f"{name}: does not apply any more: write it anew"
    try:
        assert host_difference(scenes, texts, folder) is not None
    except RunError:
        return  # a sanitizer found it
