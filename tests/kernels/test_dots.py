"""Windows of input values times kernels: the same bits, and only where it pays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from tests.corner_maps import map_layer
from tests.kernels.arm import assert_exact
from tests.kernels.dots import DOTS, dots_scene, dots_scenes
from tests.make_packs import EMPTY_REPORT, make_pack, with_spec
from tests.tools import need
from tinysnn.boards import Core
from tinysnn.emit import render
from tinysnn.pack import Pack
from tinysnn.pack_file import load
from tinysnn.paths import models_dir
from tinysnn.source_map import PoolWindow, SourceMap
from tinysnn.views.row_options import RowOptions

ALWAYS = RowOptions(dots="always")


@pytest.mark.emu
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m33"])
def test_every_shape_gives_the_bits_of_the_reference(core: Core, tmp_path: Any) -> None:
    need("gcc-arm")
    need("unicorn")
    ran = assert_exact(dots_scenes(), core, tmp_path, ALWAYS)
    found = {name: each for name, each in ran.items() if name.startswith("tsnn_dots")}
    assert len(found) >= 7
    assert all(some == whole for some, whole in found.values()), found


def multiplies(pack: Pack, core: str = "cortex-m4", **options: Any) -> bool:
    """Whether the C of a model calls the assembly for windows."""
    texts = render([pack], core=core, options=RowOptions(**options))
    return "_dots(st, in->index" in texts[f"tsnn_{pack.name}.c"]


def test_the_keyword_network_multiplies_windows_where_a_core_can() -> None:
    pack = load(models_dir() / "keyword" / "keyword.tsnn")
    cores: Sequence[str] = ("cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55")
    assert all(multiplies(pack, core) for core in cores)
    assert not any(multiplies(pack, core) for core in ("cortex-m0", "cortex-m0plus", "cortex-m3"))
    assert not multiplies(pack, dots="never")


@pytest.mark.parametrize(("events", "expected"), [(69.0, True), (8.0, False), (None, True)])
def test_few_events_go_one_by_one(events: float | None, expected: bool) -> None:
    layer = map_layer(DOTS["keyword"][0], graded=True, frac_bits=-6, skip=False)
    report = msgspec.structs.replace(EMPTY_REPORT, events_per_tick=events)
    assert multiplies(make_pack(with_spec(layer, report=report), graded=True)) is expected


@pytest.mark.parametrize(
    "found",
    [
        SourceMap((4, 3, 4), (2, 2), 8, groups=2),
        SourceMap((2, 5, 6), (2, 2), 4, pool=PoolWindow((2, 2), (2, 3))),
        SourceMap((1, 4, 9), (2, 3), 4, dilation=(1, 2)),
        SourceMap((2, 4, 5), (3, 2), 6),
    ],
    ids=["groups", "pool", "dilation", "channels"],
)
def test_others_go_by_events(found: SourceMap) -> None:
    layer = map_layer(found, graded=True, frac_bits=-6, skip=False)
    assert not multiplies(make_pack(layer, graded=True), dots="always")


def test_spikes_go_by_events() -> None:
    assert multiplies(dots_scene("line").pack, dots="always")
    layer = map_layer(DOTS["line"][0], skip=False)
    assert not multiplies(make_pack(layer), dots="always")
