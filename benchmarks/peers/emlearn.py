"""emlearn on the common workload's shape: it has no spiking layers, so a dense float MLP."""

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
from tinysnn.boards import Core
from tinysnn.toolchain import find_gcc

VERSION = "0.23.2"
FPU = ("-mfloat-abi=hard", "-mfpu=fpv4-sp-d16")
NO_SPIKES = np.zeros(1, np.int64)


def step(core: BareCore, row: npt.NDArray[np.uint8]) -> tuple[int, npt.NDArray[np.int64]]:
    """One pass of the network."""
    core.write(SCRATCH, row.astype("<f4").tobytes())
    return core.call("net_predict", SCRATCH, row.size).instructions, NO_SPIKES


def measure(python: str) -> list[PeerResult]:
    """Generate, build and count: float with the M4's FPU; the M0+ has none."""
    arrays, gcc = workload(), find_gcc()
    instructions, size = {}, (0, 0)
    flags: dict[Core, tuple[str, ...]] = {"cortex-m4": FPU, "cortex-m0plus": SOFT}
    with tempfile.TemporaryDirectory() as name:
        for percent in (5, 20):
            folder = Path(name) / str(percent)
            folder.mkdir()
            data = (workload_dir() / "workload.npz").resolve()
            includes = generate(python, "emlearn_generate.py", (data, percent, folder))
            (folder / "net.c").write_text('#include "net.h"\n', encoding="utf-8")
            program = Program("net.c", "net_predict", (), (includes.split()[-1],), flags)
            for core in CORES:
                elf = build_peer(program, core, folder)
                size = sizes(elf) if core == "cortex-m4" else size
                for density in [d for d, made_for in INPUTS if made_for == percent]:
                    raster = arrays[f"in{density}"]
                    instructions[f"{core} {density}"], _ = count(elf, core, raster, step)
    return [
        PeerResult(
            peer=f"emlearn {VERSION}, dense float MLP (no SNN)",
            instructions_per_step=instructions,
            output_spikes=None,
            reference_spikes=None,
            flash_bytes=size[0],
            ram_bytes=size[1],
            compiler=gcc.version if gcc else "",
            flags={core: " ".join(found) for core, found in flags.items()},
            remark="one pass of 64-128-128-12 ReLU and softmax per tick, the same weights",
        )
    ]


if __name__ == "__main__":
    command(f"emlearn {VERSION}", measure)()
