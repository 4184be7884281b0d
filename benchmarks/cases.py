"""What is measured: networks with their input, and cores with the board that stands for each."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from benchmarks.networks import PLANS, seeded_clip, seeded_pack
from tinysnn.errors import OptionError
from tinysnn.graph import Graph
from tinysnn.load.stimuli import load_stimuli
from tinysnn.options import LowerOptions
from tinysnn.pack import Bits, Pack
from tinysnn.quantise import PackOptions, quantise
from tinysnn.stimulus import Stimulus

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "out"
BITS: tuple[Bits, ...] = (8, 4, 2, 1)
BOARDS = {
    "cortex-m0plus": "generic_m0plus",
    "cortex-m3": "generic_m3",
    "cortex-m4": "generic_m4",
    "cortex-m7": "generic_m7",
    "cortex-m33": "generic_m33",
    "cortex-m55": "mps3_an547",
}
DENSITIES = (0, 5, 20)
"""Spikes per 100 inputs and tick."""
WORKLOAD = ("fc64_5", "fc64_20")
KEYWORD = "keyword"
KEYWORD_CLIPS = 3
FC64_OPTIONS = LowerOptions(
    dt_s=1e-4, decay="euler", gain="tick", reset="subtract", reset_timing="same-tick", compare="ge"
)


@dataclass(frozen=True)
class Case:
    """A packed network and the clips it is measured on, by density in words."""

    pack: Pack
    clips: dict[str, list[Stimulus]]


def workload_dir() -> Path:
    """The common workload: ``TINYSNN_BENCH``, else ``../shared/bench``."""
    return Path(os.environ.get("TINYSNN_BENCH") or ROOT.parent / "shared" / "bench")


def has_workload() -> bool:
    """Whether the common workload is on this machine."""
    return (workload_dir() / "workload.npz").is_file()


def default_models() -> tuple[str, ...]:
    """Networks of a full run; those from a seed stand in for the workload where it is not."""
    first = WORKLOAD if has_workload() else ("seed64_5", "seed64_20")
    return (*first, "rec256_5", "rec256_20", "conv16_5", "conv16_20", KEYWORD)


def model_names() -> tuple[str, ...]:
    """All networks that can be asked for."""
    return (*WORKLOAD, *PLANS, KEYWORD)


@lru_cache
def load_case(model: str, bits: Bits) -> Case:
    """A network at one weight width, with its input.

    Raises
    ------
    OptionError: the network needs the common workload, and it is not here.

    """
    if model in WORKLOAD:
        return _workload_case(model, bits)
    if model == KEYWORD:
        pack = quantise(_keyword_graph(), PackOptions(name=f"keyword_{bits}", bits=bits))
        return Case(pack, {"0 %": [_silence(pack.meta.n_in)], "clips": _keyword_clips()})
    pack = seeded_pack(model, bits)
    clips = {f"{d} %": [seeded_clip(pack.meta.n_in, d)] for d in DENSITIES}
    return Case(pack, clips)


def _workload_case(model: str, bits: Bits) -> Case:
    if not has_workload():
        raise OptionError(
            f"{model} needs the common workload, which is not in {workload_dir()}",
            fix="Set TINYSNN_BENCH.",
        )
    graph = _workload_graph(model)
    pack = quantise(graph, PackOptions(name=f"{model}_{bits}", bits=bits))
    source = workload_dir() / "workload.npz"
    clips = {
        f"{d} %": load_stimuli(f"{source}:in{d}", n_in=graph.n_in, graded=False) for d in DENSITIES
    }
    return Case(pack, clips)


@lru_cache
def _workload_graph(model: str) -> Graph:
    from tinysnn.load import load_network
    from tinysnn.lower import lower

    return lower(load_network(workload_dir() / f"{model}.nir"), FC64_OPTIONS)


@lru_cache
def _keyword_graph() -> Graph:
    from tinysnn.load import load_network
    from tinysnn.lower import lower
    from tinysnn.options import load_options
    from tinysnn.paths import models_dir

    folder = models_dir() / "keyword"
    return lower(load_network(folder / "keyword.nir"), load_options(folder / "keyword.toml"))


@lru_cache
def _keyword_clips() -> list[Stimulus]:
    """The first bundled clips, whatever other recordings are on this machine."""
    from tinysnn.data.folder import load_clips, read_index
    from tinysnn.data.keyword import BUNDLED, in_turn
    from tinysnn.encode.keyword import encode_clip

    entries = read_index(BUNDLED)
    chosen = [entries[i] for i in in_turn([e.label for e in entries], KEYWORD_CLIPS)]
    return [Stimulus(encode_clip(clip)) for clip in load_clips(BUNDLED, chosen)]


def _silence(n_in: int) -> Stimulus:
    return Stimulus(np.zeros((50, n_in), np.int8), "0 %")
