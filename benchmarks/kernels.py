"""Executed instructions per tick of the generated step, by weight bits, core and input density.

Run it with `make bench`. It needs the shared workload: two 64-128-128-12 LIF networks and their
input (`TINYSNN_BENCH`, default `../shared/bench`). Every row is checked against the integer
reference, bit for bit, before it is written.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tinysnn.boards import load_board
from tinysnn.build import build
from tinysnn.graph import Graph
from tinysnn.load import load_network
from tinysnn.lower import lower
from tinysnn.options import LowerOptions
from tinysnn.pack import Bits, Pack
from tinysnn.quantise import PackOptions, quantise
from tinysnn.run import open_runner
from tinysnn.stimulus import Stimulus, load_stimuli
from tinysnn.verify import verify

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "benchmarks" / "out" / "kernels.json"
BOARDS = ("generic_m0plus", "generic_m3", "generic_m4")
BITS: tuple[Bits, ...] = (8, 4, 2, 1)
MODELS = ("fc64_5", "fc64_20")
INPUTS = {"0 %": "in0", "5 %": "in5", "20 %": "in20"}
OPTIONS = LowerOptions(
    dt_s=1e-4, decay="euler", gain="tick", reset="subtract", reset_timing="same-tick", compare="ge"
)


@dataclass(frozen=True)
class Row:
    """One measurement."""

    model: str
    bits: int
    core: str
    compiler: str
    density: str
    instructions_per_tick: float
    synaptic_operations_per_tick: float
    flash_bytes: int
    ram_bytes: int
    stack_bytes: int | None


def main() -> int:
    """Measure everything, print a table and write the JSON file."""
    folder = Path(os.environ.get("TINYSNN_BENCH", ROOT.parent / "shared" / "bench"))
    if not (folder / "workload.npz").is_file():
        print(f"no workload in {folder}: set TINYSNN_BENCH", file=sys.stderr)
        return 3
    rows = []
    for row in _measure(folder):
        rows.append(row)
        print(
            f"{row.model:8} {row.bits} bit  {row.core:14} {row.density:>5}"
            f" {row.instructions_per_tick:9,.0f} instructions"
            f" {row.synaptic_operations_per_tick:8,.0f} synaptic operations"
            f"  flash {row.flash_bytes:6,}  RAM {row.ram_bytes:5,}",
            flush=True,
        )
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    print(f"written to {OUT.relative_to(ROOT)}")
    return 0


def _measure(folder: Path) -> Iterator[Row]:
    for model in MODELS:
        graph = lower(load_network(folder / f"{model}.nir"), OPTIONS)
        own = "5 %" if model == "fc64_5" else "20 %"
        for bits in BITS:
            pack = quantise(graph, PackOptions(bits=bits))
            for density in ("0 %", own):
                (clip,) = load_stimuli(
                    f"{folder / 'workload.npz'}:{INPUTS[density]}", n_in=graph.n_in, graded=False
                )
                for board in BOARDS:
                    yield _run(graph, pack, board, density, clip)


def _run(graph: Graph, pack: Pack, board_name: str, density: str, clip: Stimulus) -> Row:
    board = load_board(board_name)
    with tempfile.TemporaryDirectory() as folder:
        image = build([pack], board, Path(folder))
        with open_runner("unicorn", packs=[pack], image=image) as runner:
            report = verify(pack, runner, [clip])
    if report.mismatches or report.instructions_per_tick is None:
        raise SystemExit(f"{pack.name} on {board_name}: {report.first_divergence}")
    return Row(
        model=graph.name,
        bits=pack.layers[0].spec.bits,
        core=board.core,
        compiler=image.compiler,
        density=density,
        instructions_per_tick=report.instructions_per_tick,
        synaptic_operations_per_tick=_synaptic_operations(pack, clip),
        flash_bytes=image.flash_bytes,
        ram_bytes=image.ram_bytes,
        stack_bytes=image.stack_bytes,
    )


def _synaptic_operations(pack: Pack, clip: Stimulus) -> float:
    """Mean number of weights added per tick, from the reference."""
    from tinysnn.reference import Simulation

    simulation, total = Simulation(pack), 0
    for inputs in clip.raster:
        simulation.tick(inputs)
        for layer in pack.layers:
            for source in layer.spec.sources:
                active = inputs if source.layer is None else simulation.layers[source.layer].fired
                total += int(np.count_nonzero(active)) * layer.n
    return total / clip.n_ticks


if __name__ == "__main__":
    raise SystemExit(main())
