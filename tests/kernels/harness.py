"""Compiles generated C with this machine's compiler and runs it in a process of its own.

A process, because a mutant may crash or hang, and the sanitizers end what they catch.
"""

from __future__ import annotations

import shutil
import struct
import subprocess
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.tools import require
from tinysnn.compare import Divergence, compare
from tinysnn.emit import render
from tinysnn.firmware_sources import firmware_sources
from tinysnn.pack import Pack
from tinysnn.paths import firmware_dir
from tinysnn.reference import Simulation, check_stimulus
from tinysnn.state import state_bytes
from tinysnn.stimulus import Stimulus
from tinysnn.trace import Trace

CORE = "cortex-m3"
"""Models for it are C only, so that this machine can run them; for others: tests.kernels.arm."""
SANITIZE = ("-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
PLAIN = ("-O0",)
_DRIVER = Path(__file__).resolve().parent / "driver.c"
_LIMIT_S = 120.0


@dataclass(frozen=True, eq=False)
class Job:
    """A clip for one slot; `start`, if given, is the state to begin with instead of init's."""

    slot: int
    raster: npt.NDArray[np.int8]
    start: bytes | None = None


class RunError(Exception):
    """The process did not end well: a crash, a hang, a sanitizer's verdict."""


class CompileError(Exception):
    """The C does not compile."""


def host_cc() -> str:
    """The C compiler; skips the test where there is none."""
    found = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    require("cc", found is not None, "no C compiler is on this machine")
    assert found is not None
    return found


def source_text(packs: Sequence[Pack], core: str = CORE) -> dict[str, str]:
    """All that a driver is made of, by file name: models, image and the headers with their code."""
    include = firmware_dir() / "include"
    headers = {name: (include / name).read_text() for name in ("tsnn_kernel.h", "tsnn_past.h")}
    return {**headers, **render(packs, core=core)}


def compile_driver(texts: Mapping[str, str], folder: Path, flags: Sequence[str] = SANITIZE) -> Path:
    """Write the files of `source_text` and compile them to a driver process."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    sources = [str(folder / name) for name in texts if name.endswith(".c")]
    firmware = firmware_dir()
    driver = folder / "driver"
    done = subprocess.run(
        [
            host_cc(),
            "-std=c11",
            *flags,
            f"-I{folder}",  # first: a changed tsnn_kernel.h hides the firmware's
            f"-I{firmware / 'include'}",
            f"-I{firmware / 'src'}",
            *sources,
            *(str(firmware / name) for name in firmware_sources("models")),
            str(_DRIVER),
            "-o",
            str(driver),
        ],
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        raise CompileError(done.stderr[-2000:])
    return driver


def run_driver(
    driver: Path, packs: Sequence[Pack], jobs: Sequence[Job], limit_s: float = _LIMIT_S
) -> list[Trace]:
    """Run some clips, each from init; states are always kept."""
    request = b"".join(_request(job) for job in jobs)
    try:
        done = subprocess.run(
            [str(driver)], input=request, capture_output=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise RunError(f"ran longer than {limit_s} s") from error
    if done.returncode != 0:
        raise RunError(f"ended with {done.returncode}: {done.stderr.decode()[-2000:]}")
    traces, at = [], 0
    for job in jobs:
        trace, size = _answer(packs[job.slot], job, memoryview(done.stdout)[at:])
        traces.append(trace)
        at += size
    assert at == len(done.stdout)
    return traces


def _request(job: Job) -> bytes:
    head = struct.pack("<III", job.slot, job.raster.shape[0], job.start is not None)
    return head + (job.start or b"") + np.ascontiguousarray(job.raster, np.int8).tobytes()


def _answer(pack: Pack, job: Job, answer: memoryview) -> tuple[Trace, int]:
    n_ticks, size = job.raster.shape[0], state_bytes(pack)
    first = np.dtype([("hash", "<u4"), ("state", "u1", (size,))])
    each = np.dtype([("out", "<i4", (pack.n_out,)), *first.descr])
    total = first.itemsize + n_ticks * each.itemsize
    begin = np.frombuffer(answer[: first.itemsize], first)
    ticks = np.frombuffer(answer[first.itemsize : total], each)
    trace = Trace(
        output=ticks["out"].astype(np.int32),
        hashes=np.concatenate([begin["hash"], ticks["hash"]]),
        states=np.concatenate([begin["state"], ticks["state"]]),
    )
    return trace, total


def expected(pack: Pack, job: Job, simulation: Simulation | None = None) -> Trace:
    """What the reference does with a job; `simulation` has the job's start state, if it has one."""
    check_stimulus(pack, Stimulus(job.raster))
    simulation = simulation or Simulation(pack)
    states, outputs = [simulation.state()], []
    for row in job.raster:
        outputs.append(simulation.tick(row))
        states.append(simulation.state())
    hashes, running = [], 0
    for state in states:
        running = zlib.crc32(state, running)
        hashes.append(running)
    return Trace(
        output=np.array(outputs, np.int32).reshape(-1, pack.n_out),
        hashes=np.array(hashes, np.uint32),
        states=np.frombuffer(b"".join(states), np.uint8).reshape(len(states), -1),
    )


def first_difference(
    driver: Path, packs: Sequence[Pack], jobs: Sequence[Job], wanted: Sequence[Trace]
) -> tuple[str, Divergence] | None:
    """Name of the model and place of the first difference between the C and the reference."""
    for job, want, got in zip(jobs, wanted, run_driver(driver, packs, jobs), strict=True):
        pack = packs[job.slot]
        divergence = compare(pack, want, got)
        if divergence is not None:
            return pack.name, divergence
        # compare() stops at what it can name: make sure that nothing else is left
        assert np.array_equal(want.states, got.states)  # type: ignore[arg-type]
        assert np.array_equal(want.output, got.output)
        assert np.array_equal(want.hashes, got.hashes)
    return None


def assert_exact(
    packs: Sequence[Pack],
    rasters: Sequence[npt.NDArray[np.int8]],
    folder: Path,
    flags: Sequence[str] = SANITIZE,
) -> None:
    """Compile some packs into one driver, run each on its raster, compare all state every tick."""
    driver = compile_driver(source_text(packs), folder, flags)
    jobs = [Job(slot, raster) for slot, raster in enumerate(rasters)]
    wanted = [expected(packs[job.slot], job) for job in jobs]
    difference = first_difference(driver, packs, jobs, wanted)
    assert difference is None, f"model {difference[0]}: {difference[1]}"
