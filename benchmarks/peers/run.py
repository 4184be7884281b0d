"""Runs a peer on the common workload: its generator in its own Python, its C on a bare core."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt

from benchmarks.bare import BareCore
from benchmarks.cases import OUT, ROOT, has_workload, workload_dir
from tinysnn.boards import Core
from tinysnn.cli.screen import write_json
from tinysnn.errors import BuildError, StimulusError, TinysnnError, ToolMissing
from tinysnn.image import ElfView
from tinysnn.toolchain import find_gcc, run_compiler

PEERS_JSON = OUT / "peers.json"
CORES: tuple[Core, ...] = ("cortex-m4", "cortex-m0plus")
INPUTS = ((0, 5), (5, 5), (20, 20))
"""Percent of input spikes, and which of the two weight sets was made for them."""
FLASH, RAM = 0x0800_0000, 0x2000_0000
COMMON = ("-mthumb", "-O2", "-ffunction-sections", "-fdata-sections")
LINK = ("-nostartfiles", "--specs=nano.specs", "--specs=nosys.specs", "-Wl,--gc-sections")
SOFT = ("-mfloat-abi=soft",)

Step = Callable[[BareCore, npt.NDArray[np.uint8]], tuple[int, npt.NDArray[np.int64]]]
"""One step with the input of a tick: instructions, and the output spikes."""


@dataclass(frozen=True)
class PeerResult:
    """What a peer's code cost."""

    peer: str
    instructions_per_step: dict[str, float]
    """By core and percent of input spikes, as ``cortex-m4 5``."""
    output_spikes: dict[str, int] | None
    """All output spikes of 50 ticks, likewise; None if it does not spike."""
    reference_spikes: dict[str, int] | None
    """The same of the float reference, by percent of input spikes."""
    flash_bytes: int
    """Code and tables of the model alone, on the M4."""
    ram_bytes: int
    compiler: str
    flags: dict[str, str]
    remark: str


@dataclass(frozen=True)
class Program:
    """How to build and call a peer's generated C."""

    source: str
    entry: str
    keep: tuple[str, ...]
    """Other functions that are called."""
    includes: tuple[str, ...]
    flags: Mapping[Core, tuple[str, ...]]
    libraries: tuple[str, ...] = ()
    """Other source files."""


def peers_python(given: str | None) -> str:
    """Python of the environment with the peers; ToolMissing if there is none."""
    path = given or os.environ.get("TINYSNN_PEERS_PYTHON") or "build/peers-venv/bin/python"
    if not Path(path).is_file():
        raise ToolMissing(
            f"no Python with the peers at {path}",
            fix="python3 -m venv build/peers-venv && build/peers-venv/bin/pip install"
            " -r benchmarks/peers/requirements.txt",
        )
    return str(Path(path).absolute())


def workload() -> dict[str, npt.NDArray[np.uint8]]:
    """Arrays of the common workload; StimulusError if it is not here."""
    if not has_workload():
        raise StimulusError("is not here", where=str(workload_dir()), fix="Set TINYSNN_BENCH.")
    with np.load(workload_dir() / "workload.npz") as file:
        return {name: file[name] for name in file.files}


def generate(python: str, script: str, arguments: Sequence[object]) -> str:
    """Run a generator script in the peers' Python; what it printed."""
    path = ROOT / "benchmarks" / "peers" / script
    # -I: this folder stays out of its path, or `import emlearn` would find our emlearn.py.
    command = [python, "-I", str(path), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise BuildError(f"failed: {last[0]}", where=script, fix="See docs/benchmarks.md.")
    return done.stdout


def build_peer(program: Program, core: Core, folder: Path) -> Path:
    """Compile and link with arm-none-eabi-gcc -O2 into an ELF file."""
    gcc = find_gcc()
    if gcc is None:
        raise ToolMissing("arm-none-eabi-gcc is not here", fix="apt install gcc-arm-none-eabi")
    elf = folder / f"{core}.elf"
    places = (f"-Wl,-Ttext=0x{FLASH:08x}", f"-Wl,-Tdata=0x{RAM:08x}", f"-Wl,-e,{program.entry}")
    keep = tuple(f"-Wl,-u,{name}" for name in program.keep)
    includes = tuple(f"-I{path}" for path in program.includes)
    flags = (f"-mcpu={core}", *COMMON, *program.flags[core], *LINK, *places, *keep, *includes)
    run_compiler(
        (*gcc.command, *flags, program.source, *program.libraries, "-lm", "-o", elf.name),
        folder,
        where=program.source,
        compiler=gcc.version,
    )
    return elf


def sizes(elf: Path) -> tuple[int, int]:
    """Bytes in flash (initial values included) and in RAM."""
    sections = ElfView(elf).sections
    ram = sum(size for at, size in sections.values() if at >= RAM)
    flash = sum(size for at, size in sections.values() if at < RAM)
    return flash + sections.get(".data", (0, 0))[1], ram


def count(elf: Path, core: Core, raster: npt.NDArray[np.uint8], step: Step) -> tuple[float, int]:
    """Mean instructions of a step, and all output spikes, over the ticks of a raster."""
    machine = BareCore(elf, core)
    steps = [step(machine, row) for row in raster]
    return float(np.mean([n for n, _ in steps])), int(sum(out.sum() for _, out in steps))


def merge(results: Sequence[PeerResult]) -> None:
    """Put results into benchmarks/out/peers.json, in the place of older ones of these peers."""
    names = {result.peer for result in results}
    kept = []
    if PEERS_JSON.is_file():
        kept = [e for e in json.loads(PEERS_JSON.read_text("utf-8")) if e["peer"] not in names]
    PEERS_JSON.parent.mkdir(parents=True, exist_ok=True)
    entries = sorted([*kept, *map(asdict, results)], key=lambda entry: str(entry["peer"]))
    write_json(entries, str(PEERS_JSON))


def command(name: str, measure: Callable[[str], list[PeerResult]]) -> click.Command:
    """The command line of a peer's script."""

    @click.command(help=f"Measure {name} on the common workload (see docs/benchmarks.md).")
    @click.option("--python", "python", metavar="FILE", help="Python of the peers' environment.")
    def main(python: str | None) -> None:
        try:
            results = measure(peers_python(python))
            merge(results)
        except TinysnnError as error:
            print(f"error: {error}")
            raise SystemExit(error.exit_code) from None
        for result in results:
            print(json.dumps(asdict(result), indent=2))
        print(f"written to {PEERS_JSON.relative_to(ROOT)}")

    return main
