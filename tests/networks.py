"""Real networks for tests: the common workload of the developers, and the keyword network."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.make_packs import Corner
from tests.tools import require
from tinysnn import pack_file
from tinysnn.graph import Graph
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import LowerOptions, load_options
from tinysnn.pack import Pack
from tinysnn.paths import models_dir
from tinysnn.quantise import PackOptions, quantise

ROOT = Path(__file__).resolve().parent.parent
FC64_SPIKES = {5: 31, 20: 125}
"""Output spikes of the float reference, by percent of hidden activity (50 ticks, in5 and in20)."""
FC64_OPTIONS = {
    "dt_s": 1e-4,
    "decay": "euler",
    "reset": "subtract",
    "reset_timing": "same-tick",
    "compare": "ge",
    "v_init": "zero",
    "gain": "tick",  # W x enters unscaled
}


def bench_dir() -> Path:
    """The common workload: ``TINYSNN_BENCH``, else ``../shared/bench``; skips where it is not."""
    folder = Path(os.environ.get("TINYSNN_BENCH") or ROOT.parent / "shared" / "bench")
    require("bench", folder.is_dir(), f"no common workload in {folder} (set TINYSNN_BENCH)")
    return folder


def workload() -> dict[str, npt.NDArray[Any]]:
    """Inputs and expected outputs, by name."""
    with np.load(bench_dir() / "workload.npz") as file:
        return {name: file[name] for name in file.files}


@lru_cache
def fc64_graph(percent: int) -> Graph:
    """64-128-128-12 with 5 or 20 % hidden activity."""
    options = LowerOptions(**FC64_OPTIONS)  # type: ignore[arg-type]
    return lower(load_network(bench_dir() / f"fc64_{percent}.nir"), options)


@lru_cache
def fc64_pack(percent: int, bits: Any = 8) -> Pack:
    """The same, packed."""
    return quantise(fc64_graph(percent), PackOptions(name=f"fc64_{percent}_{bits}", bits=bits))


def fc64_scenes() -> list[Corner]:
    """Both weight sets, each with its input, silence between and at the end."""
    inputs = workload()
    quiet = np.zeros((9, 64), np.int8)
    return [
        Corner(
            fc64_pack(percent),
            np.concatenate([inputs[f"in{percent}"].astype(np.int8), quiet, inputs["in5"][:10]]),
        )
        for percent in (5, 20)
    ]


@lru_cache
def keyword_graph() -> Graph:
    """The keyword network that ships with the project."""
    return shipped_graph("keyword")


@lru_cache
def shipped_graph(name: str) -> Graph:
    """A network that ships with the project."""
    folder = models_dir() / name
    options = load_options(folder / f"{name}.toml")
    return lower(load_network(folder / f"{name}.nir"), options)


@lru_cache
def keyword_rasters(count: int) -> list[npt.NDArray[np.int8]]:
    """Encoded clips: recordings where they are here, else the bundled ones."""
    from tinysnn.data import keyword_clips
    from tinysnn.encode.keyword import encode_clip

    recordings = Path(os.environ.get("TINYSNN_DATA") or ROOT.parent / "shared" / "data")
    found = keyword_clips("testing", recordings if recordings.is_dir() else None, count)
    return [encode_clip(clip) for clip in found.clips]


def keyword_scenes() -> list[Corner]:
    """Two clips one after the other, without a reset between them."""
    pack = quantise(keyword_graph(), PackOptions(name="keyword"))
    return [Corner(pack, np.concatenate(keyword_rasters(2)))]


def small_keyword_scenes() -> list[Corner]:
    """A clip for the network with weights of 2 bits, as it ships."""
    pack = pack_file.load(models_dir() / "keyword-small" / "keyword-small.tsnn")
    return [Corner(pack, keyword_rasters(2)[1])]
