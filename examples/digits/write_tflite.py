"""Writes small int8 networks as .tflite, without TensorFlow: the schema's package is enough.

Weights are quantised per output channel, activations and the input as a whole, by what the network
does on some inputs: the full-integer scheme of TensorFlow Lite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import numpy.typing as npt
import tflite

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Op:
    """One operator on maps ``[height, width, channels]`` or lists."""

    kind: str
    """dense, conv, depthwise or pool."""
    weight: Floats | None = None
    """dense ``[out, in]``, conv ``[out, kh, kw, in]``, depthwise ``[1, kh, kw, out]``."""
    bias: Floats | None = None
    relu: bool = False
    window: int = 0
    """Of a pool."""


def forward(ops: Sequence[Op], x: Floats) -> list[Floats]:
    """What every operator gives for ``x [B, ...]``, in float64; convolutions pad with ``SAME``."""
    found = []
    for op in ops:
        x = _apply(op, x)
        found.append(x)
    return found


def _apply(op: Op, x: Floats) -> Floats:
    if op.kind == "pool":
        b, h, w, c = x.shape
        n = op.window
        y = x[:, : h // n * n, : w // n * n].reshape(b, h // n, n, w // n, n, c).mean(axis=(2, 4))
    elif op.kind == "dense":
        y = x.reshape(len(x), -1) @ op.weight.T + op.bias
    else:
        kh, kw = op.weight.shape[1:3]
        pads = [(0, 0), ((kh - 1) // 2, kh // 2), ((kw - 1) // 2, kw // 2), (0, 0)]
        views = np.lib.stride_tricks.sliding_window_view(np.pad(x, pads), (kh, kw), axis=(1, 2))
        rule = "bijcyx,oyxc->bijo" if op.kind == "conv" else "bijcyx,ayxc->bijc"
        y = np.einsum(rule, views, op.weight) + op.bias
    return np.maximum(y, 0) if op.relu else y


def write(path: Path, ops: Sequence[Op], x: Floats) -> None:
    """Write the int8 network; `x` ``[B, ...]`` are the inputs that ranges are taken from."""
    path.write_bytes(as_bytes(ops, x))


def as_bytes(ops: Sequence[Op], x: Floats) -> bytes:
    """The file's bytes; see `write`."""
    return _File().build(ops, x)


class _File:
    """Collects tensors, buffers and operators, then puts them into one flatbuffer."""

    def __init__(self) -> None:
        self.builder = flatbuffers.Builder(1 << 16)
        self.buffers: list[bytes] = [b""]
        self.tensors: list[tuple[str, tuple[int, ...], int, int, Any]] = []
        self.codes: list[int] = []
        self.operators: list[tuple[int, list[int], int, int, int]] = []

    def build(self, ops: Sequence[Op], x: Floats) -> bytes:
        current = self._activation("input", x)
        scale = self.tensors[current][4][0][0]
        for k, (op, values) in enumerate(zip(ops, forward(ops, x), strict=True)):
            inputs = [current]
            if op.weight is not None:
                inputs += self._constants(op, k, scale)
            same = (scale, self.tensors[current][4][1][0]) if op.kind == "pool" else None
            current = self._activation(f"out{k}", values, same)
            scale = self.tensors[current][4][0][0]
            self._operator(op, inputs, current)
        return self._finish(0, current)

    def _activation(self, name: str, values: Floats, same: tuple[float, int] | None = None) -> int:
        low, high = min(0.0, float(values.min())), max(1e-6, float(values.max()))
        scale = (high - low) / 255
        zero = int(np.clip(np.rint(-128 - low / scale), -128, 127))
        scale, zero = same or (scale, zero)
        shape = (1, *values.shape[1:])
        return self._tensor(name, shape, tflite.TensorType.INT8, b"", ([scale], [zero], 0))

    def _constants(self, op: Op, k: int, scale: float) -> list[int]:
        axis = 3 if op.kind == "depthwise" else 0
        others = tuple(a for a in range(op.weight.ndim) if a != axis)
        each = np.maximum(np.abs(op.weight).max(axis=others) / 127, 1e-9)
        if op.kind == "dense":
            each = np.full_like(each, each.max())  # one scale, as the converter makes dense layers
        along = [-1 if a == axis else 1 for a in range(op.weight.ndim)]
        q = np.rint(op.weight / each.reshape(along)).astype(np.int8)
        zeros = [0] * each.size
        scales = ([float(each[0])], [0], 0) if op.kind == "dense" else (each.tolist(), zeros, axis)
        weight = self._tensor(f"w{k}", q.shape, tflite.TensorType.INT8, q.tobytes(), scales)
        bias = np.rint(op.bias / (scale * each)).astype("<i4")
        units = (scale * each).tolist()
        scales = ([units[0]], [0], 0) if op.kind == "dense" else (units, zeros, 0)
        stored = self._tensor(f"b{k}", bias.shape, tflite.TensorType.INT32, bias.tobytes(), scales)
        return [weight, stored]

    def _tensor(
        self, name: str, shape: tuple[int, ...], kind: int, data: bytes, scales: Any
    ) -> int:
        if data:
            self.buffers.append(data)
        buffer = len(self.buffers) - 1 if data else 0
        self.tensors.append((name, shape, kind, buffer, scales))
        return len(self.tensors) - 1

    def _operator(self, op: Op, inputs: list[int], output: int) -> None:
        b, o, t = self.builder, tflite.BuiltinOperator, tflite
        act = 1 if op.relu else 0
        if op.kind == "dense":
            code, kind = o.FULLY_CONNECTED, t.BuiltinOptions.FullyConnectedOptions
            t.FullyConnectedOptionsStart(b)
            t.FullyConnectedOptionsAddFusedActivationFunction(b, act)
            options = t.FullyConnectedOptionsEnd(b)
        elif op.kind == "pool":
            code, kind = o.AVERAGE_POOL_2D, t.BuiltinOptions.Pool2DOptions
            t.Pool2DOptionsStart(b)
            t.Pool2DOptionsAddPadding(b, t.Padding.VALID)
            for add in (t.Pool2DOptionsAddStrideW, t.Pool2DOptionsAddStrideH,
                        t.Pool2DOptionsAddFilterWidth, t.Pool2DOptionsAddFilterHeight):  # fmt: skip
                add(b, op.window)
            options = t.Pool2DOptionsEnd(b)
        elif op.kind == "conv":
            code, kind = o.CONV_2D, t.BuiltinOptions.Conv2DOptions
            t.Conv2DOptionsStart(b)
            t.Conv2DOptionsAddPadding(b, t.Padding.SAME)
            t.Conv2DOptionsAddStrideW(b, 1)
            t.Conv2DOptionsAddStrideH(b, 1)
            t.Conv2DOptionsAddFusedActivationFunction(b, act)
            options = t.Conv2DOptionsEnd(b)
        else:
            code, kind = o.DEPTHWISE_CONV_2D, t.BuiltinOptions.DepthwiseConv2DOptions
            t.DepthwiseConv2DOptionsStart(b)
            t.DepthwiseConv2DOptionsAddPadding(b, t.Padding.SAME)
            t.DepthwiseConv2DOptionsAddStrideW(b, 1)
            t.DepthwiseConv2DOptionsAddStrideH(b, 1)
            t.DepthwiseConv2DOptionsAddDepthMultiplier(b, 1)
            t.DepthwiseConv2DOptionsAddFusedActivationFunction(b, act)
            options = t.DepthwiseConv2DOptionsEnd(b)
        if code not in self.codes:
            self.codes.append(code)
        self.operators.append((self.codes.index(code), inputs, output, kind, options))

    def _ints(self, values: Sequence[int], start: Any, width: int = 4) -> int:
        b = self.builder
        start(b, len(values))
        for value in reversed(values):
            (b.PrependInt32 if width == 4 else b.PrependInt64)(int(value))
        return b.EndVector()

    def _offsets(self, values: Sequence[int], start: Any) -> int:
        start(self.builder, len(values))
        for value in reversed(values):
            self.builder.PrependUOffsetTRelative(value)
        return self.builder.EndVector()

    def _finish(self, first: int, last: int) -> bytes:
        b, t = self.builder, tflite
        buffers = []
        for data in self.buffers:
            vector = b.CreateByteVector(data) if data else None
            t.BufferStart(b)
            if vector is not None:
                t.BufferAddData(b, vector)
            buffers.append(t.BufferEnd(b))
        tensors = [self._written(entry) for entry in self.tensors]
        operators = []
        for code, inputs, output, kind, options in self.operators:
            given = self._ints(inputs, t.OperatorStartInputsVector)
            found = self._ints([output], t.OperatorStartOutputsVector)
            t.OperatorStart(b)
            t.OperatorAddOpcodeIndex(b, code)
            t.OperatorAddInputs(b, given)
            t.OperatorAddOutputs(b, found)
            t.OperatorAddBuiltinOptionsType(b, kind)
            t.OperatorAddBuiltinOptions(b, options)
            operators.append(t.OperatorEnd(b))
        vectors = [self._offsets(tensors, t.SubGraphStartTensorsVector),
                   self._ints([first], t.SubGraphStartInputsVector),
                   self._ints([last], t.SubGraphStartOutputsVector),
                   self._offsets(operators, t.SubGraphStartOperatorsVector)]  # fmt: skip
        t.SubGraphStart(b)
        adds = (t.SubGraphAddTensors, t.SubGraphAddInputs, t.SubGraphAddOutputs,
                t.SubGraphAddOperators)  # fmt: skip
        for add, vector in zip(adds, vectors, strict=True):
            add(b, vector)
        graph = t.SubGraphEnd(b)
        codes = []
        for code in self.codes:
            t.OperatorCodeStart(b)
            t.OperatorCodeAddDeprecatedBuiltinCode(b, code)
            t.OperatorCodeAddBuiltinCode(b, code)
            t.OperatorCodeAddVersion(b, 3)
            codes.append(t.OperatorCodeEnd(b))
        known = self._offsets(codes, t.ModelStartOperatorCodesVector)
        graphs = self._offsets([graph], t.ModelStartSubgraphsVector)
        stored = self._offsets(buffers, t.ModelStartBuffersVector)
        t.ModelStart(b)
        t.ModelAddVersion(b, 3)
        t.ModelAddOperatorCodes(b, known)
        t.ModelAddSubgraphs(b, graphs)
        t.ModelAddBuffers(b, stored)
        b.Finish(t.ModelEnd(b), file_identifier=b"TFL3")
        return bytes(b.Output())

    def _written(self, entry: tuple[str, tuple[int, ...], int, int, Any]) -> int:
        b, t = self.builder, tflite
        name, shape, kind, buffer, (scale, zero, axis) = entry
        text = b.CreateString(name)
        sizes = self._ints(shape, t.TensorStartShapeVector)
        t.QuantizationParametersStartScaleVector(b, len(scale))
        for value in reversed(scale):
            b.PrependFloat32(float(value))
        scales = b.EndVector()
        zeros = self._ints(zero, t.QuantizationParametersStartZeroPointVector, 8)
        t.QuantizationParametersStart(b)
        t.QuantizationParametersAddScale(b, scales)
        t.QuantizationParametersAddZeroPoint(b, zeros)
        t.QuantizationParametersAddQuantizedDimension(b, axis)
        quantisation = t.QuantizationParametersEnd(b)
        t.TensorStart(b)
        t.TensorAddShape(b, sizes)
        t.TensorAddType(b, kind)
        t.TensorAddBuffer(b, buffer)
        t.TensorAddName(b, text)
        t.TensorAddQuantization(b, quantisation)
        return t.TensorEnd(b)
