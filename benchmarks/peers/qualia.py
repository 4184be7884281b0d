"""qualia-codegen-plugin-snn on the common workload. Its code is run, never kept (it is AGPL)."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.bare import SCRATCH, BareCore
from benchmarks.cases import workload_dir
from benchmarks.peers.run import (
    CORES,
    INPUTS,
    SOFT,
    PeerResult,
    Program,
    build_peer,
    command,
    count,
    generate,
    sizes,
    workload,
)
from tinysnn.toolchain import find_gcc

VERSION = "2.6.0"
MEMBRANE_Q = 6
"""Membranes in 1/64, as the weights: with fewer bits it fires too often (docs/benchmarks.md)."""
N_OUT = 12
PROGRAM = Program(
    source="model.c",
    entry="cnn",
    keep=("reset",),
    includes=("include", "."),
    flags=dict.fromkeys(CORES, SOFT),
)


def step(core: BareCore, row: npt.NDArray[np.uint8]) -> tuple[int, npt.NDArray[np.int64]]:
    """One call of the generated network."""
    core.write(SCRATCH, row.astype(np.int8).tobytes())
    counted = core.call("cnn", SCRATCH, SCRATCH + 256)
    spikes = np.frombuffer(core.read(SCRATCH + 256, N_OUT), np.int8)
    return counted.instructions, spikes.astype(np.int64)


def measure(python: str) -> list[PeerResult]:
    """Generate, build and count with 32-bit and, the default, 16-bit accumulators."""
    return [_measure(python, width) for width in (32, 16)]


def _measure(python: str, long_width: int) -> PeerResult:
    arrays, gcc = workload(), find_gcc()
    instructions, spikes, size = {}, {}, (0, 0)
    with tempfile.TemporaryDirectory() as name:
        for percent in (5, 20):
            folder = Path(name) / str(percent)
            data = workload_dir() / "workload.npz"
            arguments = (data, percent, folder, MEMBRANE_Q, long_width)
            generate(python, "qualia_generate.py", arguments)
            for core in CORES:
                elf = build_peer(PROGRAM, core, folder)
                size = sizes(elf) if core == "cortex-m4" else size
                for density in [d for d, made_for in INPUTS if made_for == percent]:
                    key = f"{core} {density}"
                    instructions[key], spikes[key] = count(elf, core, arrays[f"in{density}"], step)
    return PeerResult(
        peer=f"qualia {VERSION} int8, {long_width}-bit sums",
        instructions_per_step=instructions,
        output_spikes=spikes,
        reference_spikes={"0": 0, "5": int(arrays["out5"].sum()), "20": int(arrays["out20"].sum())},
        flash_bytes=size[0],
        ram_bytes=size[1],
        compiler=gcc.version if gcc else "",
        flags={core: " ".join(flags) for core, flags in PROGRAM.flags.items()},
        remark="SpikingJelly network, power-of-two scales: weights and membranes in 1/64",
    )


if __name__ == "__main__":
    command(f"qualia-codegen-plugin-snn {VERSION}", measure)()
