"""The MLCommons Tiny keyword network on CMSIS-NN: the instructions that it executes per clip.

    python -m benchmarks.peers.ds_cnn --cmsis-nn FOLDER [--data FOLDER] [--clips 3]

FOLDER is a checkout of github.com/ARM-software/CMSIS-NN. The C is compiled with arm-none-eabi-gcc
-O2, its outputs are compared with LiteRT's, and instructions are counted as those of our networks
(`benchmarks/bare.py`). What is not in it: the spectrum of the clip that the network takes.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt

from benchmarks.bare import SCRATCH, BareCore
from benchmarks.cases import ROOT
from benchmarks.peers.ds_cnn_source import logits_of, source_of
from benchmarks.peers.run import CORES, SOFT, Program, build_peer, sizes
from tinysnn.boards import Core
from tinysnn.errors import StimulusError, TinysnnError, ToolMissing

FOLDERS = (
    "ConvolutionFunctions",
    "FullyConnectedFunctions",
    "NNSupportFunctions",
    "PoolingFunctions",
)
MODEL = "tflite/mlcommons_tiny/kws/kws_ref_model.tflite"
OUTPUT = SCRATCH + 0x1000
Bytes = npt.NDArray[np.int8]


CLASSES = 12


@dataclass(frozen=True)
class Cost:
    """What one clip costs on a core."""

    core: Core
    instructions: float
    """Mean over the clips."""
    flash_bytes: int
    ram_bytes: int
    differing: int
    """Outputs that are not those of LiteRT, of all clips."""
    by_function: dict[str, int]
    """Of the last clip, most first."""


def interpreter_of(model: Path) -> Any:
    """LiteRT with its reference kernels, which keeps what is before the softmax."""
    try:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType
    except ImportError as error:
        raise ToolMissing("LiteRT is not here", fix="pip install 'tinysnn[tflite]'") from error
    found = Interpreter(
        str(model),
        num_threads=1,
        experimental_op_resolver_type=OpResolverType.BUILTIN_REF,
        experimental_preserve_all_tensors=True,
    )
    found.allocate_tensors()
    return found


def inputs_of(data: Path, clips: int, entry: dict[str, Any]) -> Bytes:
    """Spectra ``[clips, 490]`` of clips of the testing split, as the int8 network takes them."""
    from tinysnn.data import keyword_clips

    sys.path.insert(0, str(ROOT / "examples" / "keyword"))
    spectrum = import_module("teacher").spectrum
    scale, zero = entry["quantization"]
    real = np.stack([spectrum(clip) for clip in keyword_clips("testing", data, clips).clips])
    steps = np.rint(real.reshape(len(real), -1) / scale) + zero
    return np.asarray(np.clip(steps, -128, 127), np.int8)


def expected(interpreter: Any, spectra: Bytes, tensor: int) -> Bytes:
    """What LiteRT finds before the softmax, ``[clips, 12]``."""
    entry = interpreter.get_input_details()[0]
    found = []
    for spectrum in spectra:
        interpreter.set_tensor(entry["index"], spectrum.reshape(entry["shape"]))
        interpreter.invoke()
        found.append(interpreter.get_tensor(tensor)[0])
    return np.array(found, np.int8)


def cost(core: Core, source: str, library: Path, spectra: Bytes, wanted: Bytes) -> Cost:
    """Build for a core, run all clips, compare."""
    files = [f for name in FOLDERS for f in sorted((library / "Source" / name).glob("*s8*.c"))]
    files.append(library / "Source" / "NNSupportFunctions" / "arm_q7_to_q15_with_offset.c")
    if not all(file.is_file() for file in files) or len(files) < len(FOLDERS):
        raise StimulusError("is no checkout of CMSIS-NN", where=str(library))
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "net.c").write_text(source, encoding="utf-8")
        includes = (str(library / "Include"),)
        program = Program(
            "net.c", "run", (), includes, dict.fromkeys(CORES, SOFT), tuple(map(str, files))
        )
        elf = build_peer(program, core, Path(name))
        flash, ram = sizes(elf)
        machine = BareCore(elf, core)
        counted, differing = [], 0
        for spectrum, right in zip(spectra, wanted, strict=True):
            machine.write(SCRATCH, spectrum.tobytes())
            counted.append(machine.call("run", SCRATCH, OUTPUT))
            given = np.frombuffer(machine.read(OUTPUT, CLASSES), np.int8)
            differing += int((given != right).sum()) if counted[-1].result == 0 else CLASSES
    mean = float(np.mean([c.instructions for c in counted]))
    return Cost(core, mean, flash, ram, differing, counted[-1].by_function)


@click.command(help="Count the instructions of the MLCommons Tiny DS-CNN on CMSIS-NN, per clip.")
@click.option("--cmsis-nn", "library", type=click.Path(path_type=Path), required=True)
@click.option("--data", type=click.Path(path_type=Path), default=ROOT.parent / "shared" / "data")
@click.option("--clips", type=click.IntRange(1, 100), default=3, show_default=True)
def main(library: Path, data: Path, clips: int) -> None:
    """Print what each core needs."""
    try:
        model = data / MODEL
        if not model.is_file():
            raise StimulusError("is not here", where=str(model), fix="Name a folder with --data.")
        interpreter = interpreter_of(model)
        spectra = inputs_of(data, clips, interpreter.get_input_details()[0])
        wanted = expected(interpreter, spectra, logits_of(model))
        source = source_of(model, interpreter)
        found = [cost(core, source, library.absolute(), spectra, wanted) for core in CORES]
    except TinysnnError as error:
        print(f"error: {error}")
        raise SystemExit(error.exit_code) from None
    for one in found:
        print(json.dumps(asdict(one), indent=1))


if __name__ == "__main__":
    main()
