"""Reading .tflite files: tensors, their quantisation, and operators, by the PyPI package `tflite`.

The file is a flatbuffer that may come from anywhere: every index and size is checked before it is
followed, loops are bounded, and whatever else the schema package trips over is one clear error.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.convert.ann import Quantisation
from tinysnn.errors import ModelError, TinysnnError, ToolMissing

MAX_BYTES = 64 << 20
MAX_OPERATORS = 512
MAX_TENSORS = 4096
MAX_ELEMENTS = 1 << 24
MAX_AXES = 8
_IDENTIFIER = b"TFL3"
_DTYPES = {
    "FLOAT32": "<f4", "FLOAT16": "<f2", "INT32": "<i4", "UINT8": "|u1", "INT8": "|i1",
    "INT16": "<i2", "INT64": "<i8",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Tensor:
    """One tensor of the file."""

    name: str
    shape: tuple[int, ...]
    real: npt.NDArray[np.float64] | None
    """Dequantised content of a constant; None: computed at run time."""
    quantisation: Quantisation | None
    """Of a whole tensor; None: float, or per axis (then `real` says all)."""


@dataclass(frozen=True, eq=False)
class Operator:
    """One operator."""

    kind: str
    """As in the schema, such as ``CONV_2D``."""
    inputs: tuple[int, ...]
    """Indices of tensors; -1: left out."""
    outputs: tuple[int, ...]
    options: Any
    """The schema's options of this kind, or None."""


@dataclass(frozen=True, eq=False)
class TfliteFile:
    """What the file holds."""

    where: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    input: int
    output: int


def read_file(path: Path) -> TfliteFile:
    """Read and check a file.

    Raises
    ------
    ToolMissing: the package ``tflite`` is not installed.
    ModelError: the file is missing, too large, damaged, or holds more than one network.

    """
    try:
        schema = import_module("tflite")
    except ImportError:
        raise ToolMissing(
            "reading .tflite needs the package tflite", fix="pip install 'tinysnn[tflite]'"
        ) from None
    where = str(path)
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ModelError(f"cannot be read ({error.strerror})", where=where) from error
    if len(data) > MAX_BYTES or data[4:8] != _IDENTIFIER:
        raise ModelError("is no .tflite file of at most 64 MB", where=where)
    with clear_errors(where):
        return _Reader(schema, data, where).file()


@contextmanager
def clear_errors(where: str) -> Iterator[None]:
    """Whatever the schema's package raises on a damaged file is one ModelError."""
    try:
        yield
    except TinysnnError:
        raise
    except Exception as error:  # it raises nearly anything
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        raise ModelError(f"is damaged ({reason})", where=where, fix="Export it again.") from error


class _Reader:
    """Walks one flatbuffer."""

    def __init__(self, schema: Any, data: bytes, where: str) -> None:
        self.schema, self.where = schema, where
        self.model = schema.Model.GetRootAsModel(data, 0)
        if self.model.SubgraphsLength() != 1:
            raise ModelError(
                f"holds {self.model.SubgraphsLength()} networks", where=where, fix="One is needed."
            )
        self.graph = self.model.Subgraphs(0)
        self._types = _names(schema.TensorType)
        self._operators = _names(schema.BuiltinOperator)
        self._options = _names(schema.BuiltinOptions)

    def file(self) -> TfliteFile:
        graph = self.graph
        counts = (graph.TensorsLength(), graph.OperatorsLength())
        if counts[0] > MAX_TENSORS or counts[1] > MAX_OPERATORS:
            raise ModelError(f"holds {counts[0]} tensors, {counts[1]} operators", where=self.where)
        if (graph.InputsLength(), graph.OutputsLength()) != (1, 1):
            raise ModelError(
                f"has {graph.InputsLength()} inputs and {graph.OutputsLength()} outputs",
                where=self.where,
                fix="One of each can be converted.",
            )
        tensors = tuple(self._tensor(k) for k in range(counts[0]))
        operators = tuple(self._operator(k) for k in range(counts[1]))
        first, last = graph.Inputs(0), graph.Outputs(0)
        for index in (first, last, *(i for op in operators for i in (*op.inputs, *op.outputs))):
            if not -1 <= index < len(tensors):
                raise ModelError(f"names tensor {index}, which it lacks", where=self.where)
        return TfliteFile(self.where, tensors, operators, first, last)

    def _tensor(self, k: int) -> Tensor:
        tensor = self.graph.Tensors(k)
        name = (tensor.Name() or b"").decode("utf-8", "replace")[:200]
        if tensor.ShapeLength() > MAX_AXES:
            raise ModelError(f"tensor {k} has {tensor.ShapeLength()} axes", where=self.where)
        shape = tuple(int(tensor.Shape(axis)) for axis in range(tensor.ShapeLength()))
        content = self._content(k, tensor, shape)
        per_axis, whole = self._quantisation(tensor)
        if content is None or per_axis is None:
            return Tensor(name, shape, content, whole)
        scale, zero, axis = per_axis
        if scale.size == 1:
            return Tensor(name, shape, (content - zero[0]) * scale[0], whole)
        if not 0 <= axis < len(shape) or shape[axis] != scale.size:
            raise ModelError(f"tensor {k} ({name}) has scales of another size", where=self.where)
        along = [-1 if a == axis else 1 for a in range(len(shape))]
        real = (content - zero.reshape(along)) * scale.reshape(along)
        return Tensor(name, shape, real, None)

    def _content(
        self, k: int, tensor: Any, shape: tuple[int, ...]
    ) -> npt.NDArray[np.float64] | None:
        index = tensor.Buffer()
        if not 0 <= index < min(self.model.BuffersLength(), MAX_TENSORS):
            raise ModelError(f"tensor {k} lies in no buffer", where=self.where)
        buffer = self.model.Buffers(index)
        if buffer is None or buffer.DataLength() == 0:
            return None
        kind = self._types.get(tensor.Type(), "?")
        if kind not in _DTYPES:
            raise ModelError(f"tensor {k} is of type {kind}", where=self.where)
        if any(size <= 0 for size in shape) or prod(shape) > MAX_ELEMENTS:
            raise ModelError(f"tensor {k} has the shape {list(shape)}", where=self.where)
        raw = np.asarray(buffer.DataAsNumpy(), np.uint8)
        dtype = np.dtype(_DTYPES[kind])
        if raw.size != prod(shape) * dtype.itemsize:
            raise ModelError(f"tensor {k} has {raw.size} bytes for {list(shape)}", where=self.where)
        values = raw.view(dtype).astype(np.float64).reshape(shape)
        if not np.isfinite(values).all():
            raise ModelError(f"tensor {k} holds values that are no numbers", where=self.where)
        return values

    def _quantisation(
        self, tensor: Any
    ) -> tuple[
        tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], int] | None, Quantisation | None
    ]:
        """Scales, zero points and axis, and the same for a whole tensor if it is of one scale."""
        found = tensor.Quantization()
        if found is None or found.ScaleLength() == 0:
            return None, None
        n = found.ScaleLength()
        if n > MAX_ELEMENTS or found.ZeroPointLength() not in (0, n):
            raise ModelError("has scales without zero points", where=self.where)
        scale = np.asarray(found.ScaleAsNumpy(), np.float64)
        given = found.ZeroPointLength() == n
        zero = np.asarray(found.ZeroPointAsNumpy(), np.float64) if given else np.zeros(n)
        if not (np.isfinite(scale).all() and (scale > 0).all() and (np.abs(zero) < 1 << 31).all()):
            raise ModelError("has a scale that is not above 0", where=self.where)
        whole = Quantisation(float(scale[0]), int(zero[0])) if n == 1 else None
        return (scale, zero, int(found.QuantizedDimension())), whole

    def _operator(self, k: int) -> Operator:
        operator = self.graph.Operators(k)
        index = operator.OpcodeIndex()
        if not 0 <= index < min(self.model.OperatorCodesLength(), MAX_OPERATORS):
            raise ModelError(f"operator {k} has no code", where=self.where)
        code = self.model.OperatorCodes(index)
        number = max(code.BuiltinCode(), code.DeprecatedBuiltinCode())
        if max(operator.InputsLength(), operator.OutputsLength()) > 64:
            raise ModelError(f"operator {k} has too many inputs", where=self.where)
        return Operator(
            self._operators.get(number, f"operator {number}"),
            tuple(int(operator.Inputs(i)) for i in range(operator.InputsLength())),
            tuple(int(operator.Outputs(i)) for i in range(operator.OutputsLength())),
            self._of_kind(operator),
        )

    def _of_kind(self, operator: Any) -> Any:
        name = self._options.get(operator.BuiltinOptionsType(), "NONE")
        kind = getattr(self.schema, name, None)
        table = operator.BuiltinOptions()
        if kind is None or table is None:
            return None
        options = kind()
        options.Init(table.Bytes, table.Pos)
        return options


def _names(enum: Any) -> dict[int, str]:
    """Names of an enumeration by value."""
    return dict(_pairs(enum))


def _pairs(enum: Any) -> Iterator[tuple[int, str]]:
    for name, value in vars(enum).items():
        if isinstance(value, int):
            yield value, name
