"""Kernels for Cortex-M55: exact under QEMU, every branch of their templates, registers kept."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.kernels.arm import kernel_texts
from tests.kernels.scenes import random_scene
from tests.kernels.test_on_arm import Watched
from tests.make_packs import Corner, corner, make_layer
from tests.tools import need
from tinysnn import emit
from tinysnn.boards import load_board
from tinysnn.build import build
from tinysnn.ops.fixed import ONE_Q16
from tinysnn.pack import Source
from tinysnn.run import open_runner
from tinysnn.stack import Function, measure
from tinysnn.stimulus import Stimulus
from tinysnn.toolchain import find_toolchain
from tinysnn.verify import verify
from tinysnn.views import helium
from tinysnn.views.helium_neurons import neurons_of, suits_neurons

CORE, BOARD = "cortex-m55", "mps3_an547"
ROWS: tuple[tuple[int, int, int], ...] = (
    *((8, n, f) for n, f in ((7, 0), (9, 3), (32, 0), (96, 2), (130, 1))),
    *((4, n, f) for n, f in ((12, 2), (30, 0), (64, 5), (96, 3), (130, 0))),
    *((2, n, f) for n, f in ((20, 3), (33, 0), (130, 4))),
    *((1, n, f) for n, f in ((20, 2), (40, 9), (130, 0), (128, 3))),
)
"""Bits, neurons and fraction bits: every kernel that adds rows, with and without a shift."""
NEURONS: tuple[dict[str, Any], ...] = (
    {"decay": "one", "reset": "subtract", "compare": "ge", "theta": "same", "calm": False},
    {"decay": "zero", "reset": "zero", "compare": "gt", "theta": "each", "reset_to": "same"},
    {"decay": "shift", "reset": "zero", "compare": "ge", "bias": "same", "reset_to": "each"},
    {"decay": "shift", "reset": "none", "compare": "gt", "theta": "same", "calm": False},
    {"decay": "each high", "reset": "subtract", "compare": "gt", "theta": "each", "bias": "each"},
    {"decay": "each low", "reset": "none", "compare": "ge", "theta": "zero", "calm": False},
    {"decay": "each", "reset": "zero", "reset_to": "each", "theta": "each", "bias": "each"},
    {"decay": "low", "reset": "subtract", "compare": "ge", "theta": "top", "calm": False},
)
ODD = (40001, 20001)
"""Uniform decays that half a multiple of 2^-15 cannot give."""


@cache
def scenes() -> tuple[Corner, ...]:
    fixed = {"recurrent": False, "weights": "random", "calm": False, "bias": "none"}
    rows = [
        random_scene(
            f"rows{bits}_{n}",
            5,
            k,
            **fixed,
            bits=bits,
            n=n,
            frac_bits=f,
            n_rows=20 if f > 8 else 90,
        )
        for k, (bits, n, f) in enumerate(ROWS)
    ]
    sizes = (1, 8, 31, 32, 33, 62, 66, 96)
    neurons = [
        random_scene(f"neurons_{k}", 6, k, **{"n_rows": 35, "bits": 4, "n": n, **options})
        for k, (options, n) in enumerate(zip(NEURONS, sizes, strict=True))
    ]
    wide = [_layer_of(f"wide_{k}", k, frac_bits=f, graded=True) for k, f in enumerate((0, 3, -4))]
    down = _layer_of("down", 9, frac_bits=-2, graded=False)
    return (*rows, *neurons, *wide, down, *(_odd_decay(beta) for beta in ODD))


def _layer_of(name: str, seed: int, *, frac_bits: int, graded: bool) -> Corner:
    """Sums that are not in state units: of graded input, or of more precision than the state."""
    rng = np.random.default_rng(seed)
    size = 15 if graded and frac_bits >= 0 else 127
    n = 43 if graded else 42  # odd: graded layers of even size run what other DSP cores run
    layer = make_layer(
        rng.integers(-1 if frac_bits > 0 else -size, 2 if frac_bits > 0 else size, (12, n)),
        graded=graded,
        beta=rng.integers(20000, 60000, n),
        theta=rng.integers(50, 4000, n),
        bias=rng.integers(-40, 60, n),
        frac_bits=frac_bits,
    )
    low, high = (-128, 128) if graded else (0, 2)
    raster = rng.integers(low, high, (40, 12)) * (rng.random((40, 12)) < 0.7)
    return corner(name, [layer], raster.astype(np.int8), graded=graded)


def _odd_decay(beta: int) -> Corner:
    layer = make_layer(
        np.random.default_rng(beta).integers(-100, 100, (20, 24)),
        sources=[Source(None, 0, 20)],
        bits=8,
        beta=beta,
        theta=150,
    )
    raster = (np.random.default_rng(1).random((40, 20)) < 0.3).astype(np.int8)
    return corner(f"odd_{beta}", [layer], raster)


def assert_exact(found: list[Corner], chain: str, folder) -> None:
    need("gcc-arm" if chain == "gcc" else "zig")
    need("qemu")
    packs = [scene.pack for scene in found]
    image = build(packs, load_board(BOARD), folder, toolchain=find_toolchain(chain))
    for slot, scene in enumerate(found):
        with open_runner("qemu", packs=packs, image=image, slot=slot) as device:
            report = verify(scene.pack, device, [Stimulus(scene.raster)], keep_states=True)
        assert report.ticks == len(scene.raster)
        assert report.mismatches == 0, f"{scene.pack.name}: {report.first_divergence}"


@pytest.mark.emu
def test_every_kernel(tmp_path):
    assert_exact(list(scenes()), "gcc", tmp_path)


@pytest.mark.emu
def test_kernels_assembled_by_clang(tmp_path):
    assert_exact(list(scenes())[::5], "zig", tmp_path)


@pytest.mark.emu
@pytest.mark.slow
@pytest.mark.parametrize("chain", ["gcc", "zig"])
@pytest.mark.parametrize("first", range(0, 120, 40))
def test_random_layers(first, chain, tmp_path):
    found = [random_scene(f"random_{k}", 9, k) for k in range(first, first + 40)]
    assert_exact(found, chain, tmp_path)


@pytest.fixture(scope="module")
def kernels() -> dict[str, str]:
    found = kernel_texts(emit.render([scene.pack for scene in scenes()], core=CORE))
    return {name: text for name, text in found.items() if name.endswith("_helium")}


def test_scenes_have_all_kernels(kernels):
    for bits, groups in ((8, "0123"), (4, "0123"), (2, "01"), (1, "1")):
        for g in groups:
            assert any(re.match(rf"tsnn_rows{bits}_s\d+_g{g}_", name) for name in kernels), bits
    decays = {name.split("_")[2] for name in kernels if name.startswith("tsnn_lif_")}
    assert decays == {"one", "zero", "half", "mul", "mulw", "mullt"}


def test_kernels_keep_registers(kernels):
    """q4 to q7 belong to the caller (AAPCS)."""
    for name, text in kernels.items():
        used = max(int(k) for k in re.findall(r"\bq(\d)\b", text))
        pushed = re.findall(r"vpush +\{d8-d(\d+)\}", text)
        assert pushed == re.findall(r"vpop +\{d8-d(\d+)\}", text)[: len(pushed)], name
        assert 2 * used + 1 <= max([7, *map(int, pushed)]), name


def test_every_branch_of_the_templates_is_taken(monkeypatch):
    loader, make = Watched(), emit.environment

    def watched():
        environment = make()
        environment.loader = loader
        environment.globals["took"] = loader.took
        return environment

    monkeypatch.setattr(emit, "environment", watched)
    emit.render([scene.pack for scene in scenes()], core=CORE)
    ours = [where for where in loader.conditions if "_helium.S" in where]
    assert len(ours) > 20
    never = [(w, out) for w in ours for out in (True, False) if not loader.outcomes[w, out]]
    assert not never, "\n".join(map(str, never))


def test_other_cores_have_none():
    layer = make_layer(np.ones((4, 40)), sources=[Source(None, 0, 4)], bits=4)
    assert helium.choose(layer, CORE, "", graded=False) is not None
    rows, neurons = helium.choose(layer, CORE, "", graded=True)
    assert rows is None
    assert neurons.wide
    assert helium.choose(layer, "cortex-m33", "", graded=False) is None


@pytest.mark.parametrize(
    ("betas", "mixed"),
    [
        ((40000, 50000), ""),
        ((0, 20000), ""),
        ((20000, 50000), "lt"),
        ((20000, ONE_Q16), "le"),
        ((0, 20000, ONE_Q16), None),
    ],
)
def test_decays_below_and_above_a_half(betas, mixed):
    beta = np.resize(betas, 12)
    layer = make_layer(np.ones((3, 12)), sources=[Source(None, 0, 3)], bits=8, beta=beta, theta=9)
    assert suits_neurons(layer) == (mixed is not None)
    if mixed is not None:
        assert neurons_of(layer, "", biased=False).mixed == mixed


def test_vector_registers_on_the_stack_are_counted():
    push = measure(Function("f", 0, bytes.fromhex("2ded108b7047")))  # vpush {d8-d15}; bx lr
    assert (push.bytes, push.vectors) == (64, True)
    none = measure(Function("g", 0, bytes.fromhex("2de9f0417047")))  # push {r4-r8, lr}; bx lr
    assert (none.bytes, none.vectors) == (24, False)
