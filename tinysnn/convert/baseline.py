"""The original .tflite on the same inputs, in Google's own interpreter."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.convert.inputs import Inputs
from tinysnn.errors import ModelError, ToolMissing

MODULES = ("ai_edge_litert.interpreter", "tflite_runtime.interpreter")
"""The maintained package first; the older one stops at Python 3.11 and numpy 1."""


def run_baseline(
    path: Path, inputs: Inputs, progress: Callable[[int, int], None] | None = None
) -> npt.NDArray[np.float64]:
    """Outputs ``[B, n_out]`` in real units, dequantised.

    Raises
    ------
    ToolMissing: no interpreter is installed.
    ModelError: it refuses the file.

    """
    interpreter = _interpreter(path)
    given, found = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    outputs = []
    for number, raw in enumerate(inputs.raw):
        interpreter.set_tensor(given["index"], _quantised(raw, given).reshape(given["shape"]))
        interpreter.invoke()
        outputs.append(_dequantised(interpreter.get_tensor(found["index"]), found).reshape(-1))
        if progress is not None:
            progress(number + 1, len(inputs.raw))
    return np.array(outputs)


def _interpreter(path: Path) -> Any:
    for name in MODULES:
        try:
            module = import_module(name)
        except ImportError:
            continue
        try:
            interpreter = module.Interpreter(
                model_path=str(path),
                num_threads=1,  # small networks: threads would only cost
                experimental_op_resolver_type=_plain(module),
            )
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            raise ModelError(f"the interpreter refuses it ({error})", where=str(path)) from error
        return interpreter
    raise ToolMissing("no interpreter of .tflite is installed", fix="pip install 'tinysnn[tflite]'")


def _plain(module: Any) -> Any:
    """The built-in kernels alone: what is added by default prints, and rounds otherwise."""
    return module.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES


def _quantised(raw: npt.NDArray[Any], detail: dict[str, Any]) -> npt.NDArray[Any]:
    dtype = np.dtype(detail["dtype"])
    scale, zero = detail["quantization"]
    if dtype.kind == "f" or raw.dtype == dtype or not scale:
        return np.asarray(raw, dtype)
    info = np.iinfo(dtype)
    steps = np.rint(raw.astype(np.float64) / scale) + zero
    return np.asarray(np.clip(steps, info.min, info.max), dtype)


def _dequantised(values: npt.NDArray[Any], detail: dict[str, Any]) -> npt.NDArray[np.float64]:
    scale, zero = detail["quantization"]
    real = values.astype(np.float64)
    return (real - zero) * scale if scale else real
