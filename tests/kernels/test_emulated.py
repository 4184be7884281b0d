"""The same on emulated cores: all state, every tick, poisoned before init."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.corner_decisions import DECISIONS
from tests.corner_dynamics import DYNAMICS
from tests.corner_maps import MAPS
from tests.corner_models import corners
from tests.corner_past import PAST
from tests.make_packs import Corner
from tests.networks import fc64_scenes, keyword_scenes, small_keyword_scenes
from tests.random_packs import random_pack, random_raster
from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.build import build
from tinysnn.image import Image
from tinysnn.run import open_runner
from tinysnn.stimulus import Stimulus
from tinysnn.verify import verify

pytestmark = pytest.mark.emu

BOARDS = {
    "cortex-m0": "microbit",
    "cortex-m0plus": "generic_m0plus",
    "cortex-m3": "mps2_an385",
    "cortex-m4": "mps2_an386",
    "cortex-m7": "mps2_an500",
    "cortex-m33": "mps2_an505",
    "cortex-m55": "mps3_an547",
}
UNICORN = [("unicorn", board) for board in BOARDS.values() if board != "mps3_an547"]
QEMU = [("qemu", board) for board in BOARDS.values() if board != "generic_m0plus"]
PLACES = [pytest.param(*place, id="-".join(place)) for place in (*UNICORN, *QEMU)]

QUICK = (
    "adapt_idle_rest",
    "adapt_subtract_same_16",
    "bias_lif_16",
    "chunks_1_mixed",
    "chunks_4_low",
    "chunks_8_high",
    "count_cuba",
    "counted_late",
    "each_cuba_lif_16",
    "each_lif_16",
    "each_lif_32",
    "feedback",
    "graded_recurrent",
    "idle_cuba_li_32_same",
    "idle_lif_16_each",
    "late_by_unit_0",
    "late_layers",
    "leak_cuba_lif_32",
    "leak_li_16",
    "leak_lif_16",
    "reset_subtract_next_lif_16",
    "reset_subtract_same_lif_32",
    "reset_zero_same_lif_16",
    "saturate_cuba_lif_16",
    "saturate_lif_16",
    "saturate_lif_32",
    "shape_33_2",
    "spikes_cleared",
    "sum_edges",
    "threshold_ge_subtract",
    "threshold_gt_zero",
    "v_init_lif",
)
"""One corner of each kind; the others are slow."""
PER_IMAGE = 56
"""Corner models that fit a micro:bit together."""
RANDOM_PACKS = 12


def quick_corners() -> list[Corner]:
    found = corners()
    return [found[name] for name in QUICK]


def other_corners() -> list[Corner]:
    """What fits a micro:bit in groups, without delays and special neurons, which are C.

    Those are on cores in tests/dynamics, feature maps in test_on_arm.
    """
    left = {**PAST, **DYNAMICS, **MAPS, **DECISIONS}
    return [scene for name, scene in corners().items() if name not in left]


def corners_from(first: int) -> list[Corner]:
    return other_corners()[first : first + PER_IMAGE]


@pytest.fixture(scope="session")
def image_of(tmp_path_factory):
    """Builds an image of some scenes for a board, once per board and kind of scene."""
    built: dict[tuple[str, str], Image] = {}

    def get(kind: str, scenes: list[Corner], board: str) -> Image:
        need("gcc-arm")
        if (kind, board) not in built:
            folder = tmp_path_factory.mktemp(f"{kind}-{board}")
            packs = [scene.pack for scene in scenes]
            built[kind, board] = build(packs, load_board(board), folder)
        return built[kind, board]

    return get


def assert_exact(
    runner: str, scenes: list[Corner], image: Callable[..., Image], kind: str, board: str
) -> None:
    """Run every scene on its slot and compare all state after every tick."""
    need(runner)
    packs = [scene.pack for scene in scenes]
    made = image(kind, scenes, board)
    for slot, scene in enumerate(scenes):
        with open_runner(runner, packs=packs, image=made, slot=slot) as device:
            report = verify(scene.pack, device, [Stimulus(scene.raster)], keep_states=True)
            assert report.info.core == made.board.core
        assert report.ticks == len(scene.raster)
        assert report.mismatches == 0, f"{scene.pack.name}: {report.first_divergence}"


@pytest.mark.parametrize(("runner", "board"), PLACES)
def test_corner_models(runner, board, image_of):
    assert_exact(runner, quick_corners(), image_of, "quick", board)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, len(other_corners()), PER_IMAGE))
@pytest.mark.parametrize(("runner", "board"), PLACES)
def test_all_corner_models(runner, board, first, image_of):
    assert_exact(runner, corners_from(first), image_of, f"corners{first}", board)


@pytest.mark.parametrize(("runner", "board"), PLACES)
def test_common_workload(runner, board, image_of):
    assert_exact(runner, fc64_scenes(), image_of, "fc64", board)


@pytest.mark.parametrize(("runner", "board"), PLACES)
def test_keyword_network(runner, board, image_of):
    assert_exact(runner, keyword_scenes(), image_of, "keyword", board)


@pytest.mark.parametrize(("runner", "board"), [("unicorn", "microbit"), ("qemu", "mps2_an386")])
def test_small_keyword_network(runner, board, image_of):
    assert_exact(runner, small_keyword_scenes(), image_of, "keyword_small", board)


def random_scenes(first: int) -> list[Corner]:
    packs = [random_pack(seed, f"random_{seed}") for seed in range(first, first + RANDOM_PACKS)]
    return [Corner(pack, random_raster(pack, first + k)) for k, pack in enumerate(packs)]


@pytest.mark.parametrize(
    ("core", "first"),
    [
        pytest.param(core, first, marks=[pytest.mark.slow] if core not in quick else [])
        for first, quick in ((1000, ("m4", "m0plus")), (2000, ()))
        for core in (
            ("m0plus", "m3", "m4") if first == 2000 else ("m0", "m0plus", "m3", "m4", "m7", "m33")
        )
    ],
)
def test_random_packs(core, first, image_of):
    """Networks of any kind, in an image with firmware around them."""
    scenes = random_scenes(first)
    assert_exact("unicorn", scenes, image_of, f"random{first}", f"generic_{core}")
