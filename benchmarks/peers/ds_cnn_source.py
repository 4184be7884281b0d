"""The MLCommons Tiny keyword network (DS-CNN, int8) as C that calls CMSIS-NN, from its .tflite.

Operators, strides and paddings are read with `tinysnn.convert`, integers and scales through the
public interface of LiteRT; multipliers and shifts are computed as TensorFlow Lite does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import frexp
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.convert.tflite_file import Operator, TfliteFile, read_file
from tinysnn.errors import ModelError

_RELU = 1
_CALLS = {
    "CONV_2D": ("arm_convolve_wrapper_s8", "cmsis_nn_conv_params"),
    "DEPTHWISE_CONV_2D": ("arm_depthwise_conv_wrapper_s8", "cmsis_nn_dw_conv_params"),
}
_IGNORED = ("RESHAPE", "SOFTMAX")
"""Softmax leaves the largest output the largest."""


@dataclass(frozen=True, eq=False)
class Values:
    """A tensor as the int8 network has it."""

    raw: npt.NDArray[Any] | None
    """Integers of a constant."""
    shape: tuple[int, ...]
    scales: npt.NDArray[np.float64]
    zero: int


def source_of(model: Path, interpreter: Any) -> str:
    """C of ``int run(const int8_t *input, int8_t *output)``, 0 on success.

    Raises
    ------
    ModelError: an operator that this generator does not know.

    """
    return "\n".join(_Writer(read_file(model), interpreter).lines()) + "\n"


def logits_of(model: Path) -> int:
    """Index of the tensor that the last operator before the softmax writes."""
    work = [op for op in read_file(model).operators if op.kind not in _IGNORED]
    return work[-1].outputs[0]


class _Writer:
    """Writes one network; activations go back and forth between two buffers."""

    def __init__(self, file: TfliteFile, interpreter: Any) -> None:
        self.file = file
        details = {d["index"]: d for d in interpreter.get_tensor_details()}
        constant = {k for k, t in enumerate(file.tensors) if t.real is not None}
        self.values = {
            k: Values(
                interpreter.get_tensor(k) if k in constant else None,
                file.tensors[k].shape,
                np.asarray(d["quantization_parameters"]["scales"], np.float64),
                int((d["quantization_parameters"]["zero_points"].tolist() or [0])[0]),
            )
            for k, d in details.items()
            if k < len(file.tensors)
        }

    def lines(self) -> Iterator[str]:
        """The file, line by line."""
        yield '#include "arm_nnfunctions.h"'
        work = [op for op in self.file.operators if op.kind not in _IGNORED]
        largest = max(int(np.prod(self.values[op.outputs[0]].shape)) for op in work)
        yield f"static int8_t maps[2][{largest}];"
        yield "static int8_t scratch[1 << 14];"
        calls = []
        for k, operator in enumerate(work):
            source = "input" if k == 0 else f"maps[{(k - 1) % 2}]"
            target = "output" if k == len(work) - 1 else f"maps[{k % 2}]"
            tables, call = self._call(k, operator, source, target)
            yield from tables
            calls.append(call)
        yield "int run(const int8_t *input, int8_t *output)\n{"
        yield "    const cmsis_nn_context ctx = {scratch, sizeof scratch};"
        yield "    int bad = 0;"
        yield from calls
        yield "    return bad;\n}"

    def _call(self, k: int, operator: Operator, source: str, target: str) -> tuple[list[str], str]:
        """Constant tables and the call of one operator."""
        if operator.kind == "AVERAGE_POOL_2D":
            return [], self._pool(operator, source, target)
        if operator.kind == "FULLY_CONNECTED":
            return self._tables(k, operator), self._dense(k, operator, source, target)
        if operator.kind in _CALLS:
            return self._tables(k, operator), self._convolution(k, operator, source, target)
        raise ModelError(
            f"operator {operator.kind} is not in this benchmark", where=self.file.where
        )

    def _tables(self, k: int, operator: Operator) -> list[str]:
        entry, weight, bias = (self.values[i] for i in operator.inputs)
        exit_ = self.values[operator.outputs[0]]
        parts = [_multiplier(entry.scales[0] * s / exit_.scales[0]) for s in weight.scales]
        return [
            _table("int8_t", f"weight{k}", weight.raw, const=True),
            _table("int32_t", f"bias{k}", bias.raw, const=True),
            _table("int32_t", f"multiplier{k}", np.array([m for m, _ in parts])),
            _table("int32_t", f"shift{k}", np.array([s for _, s in parts])),
        ]

    def _convolution(self, k: int, operator: Operator, source: str, target: str) -> str:
        function, kind = _CALLS[operator.kind]
        entry, weight = (self.values[i] for i in operator.inputs[:2])
        exit_, options = self.values[operator.outputs[0]], operator.options
        stride = (options.StrideH(), options.StrideW())
        pads = _pads(entry.shape, exit_.shape, weight.shape[1:3], stride)
        multiple = f"{options.DepthMultiplier()}, " if operator.kind != "CONV_2D" else ""
        low = exit_.zero if options.FusedActivationFunction() == _RELU else -128
        return (
            f"    bad |= {function}(&ctx, &(const {kind}){{{-entry.zero}, {exit_.zero}, {multiple}"
            f"{{{stride[1]}, {stride[0]}}}, {{{pads[1]}, {pads[0]}}}, {{1, 1}}, {{{low}, 127}}}},\n"
            f"        &(const cmsis_nn_per_channel_quant_params){{multiplier{k}, shift{k}}},\n"
            f"        {_dims(entry.shape)}, {source}, {_dims(weight.shape)}, weight{k},\n"
            f"        {_flat(exit_.shape[-1])}, bias{k}, {_dims(exit_.shape)}, {target});"
        )

    def _pool(self, operator: Operator, source: str, target: str) -> str:
        entry, exit_ = self.values[operator.inputs[0]], self.values[operator.outputs[0]]
        options = operator.options
        kernel = (1, options.FilterHeight(), options.FilterWidth(), 1)
        return (
            f"    bad |= arm_avgpool_s8(&ctx, &(const cmsis_nn_pool_params){{"
            f"{{{options.StrideW()}, {options.StrideH()}}}, {{0, 0}}, {{-128, 127}}}},\n"
            f"        {_dims(entry.shape)}, {source}, {_dims(kernel)}, {_dims(exit_.shape)},"
            f" {target});"
        )

    def _dense(self, k: int, operator: Operator, source: str, target: str) -> str:
        entry, weight = (self.values[i] for i in operator.inputs[:2])
        exit_ = self.values[operator.outputs[0]]
        n_out, n_in = weight.shape
        per_channel = int(weight.scales.size > 1)
        return (
            f"    bad |= arm_fully_connected_wrapper_s8(&ctx, &(const cmsis_nn_fc_params){{"
            f"{-entry.zero}, 0, {exit_.zero}, {{-128, 127}}}},\n"
            f"        &(const cmsis_nn_quant_params){{multiplier{k}, shift{k}, {per_channel}}},\n"
            f"        {_flat(n_in)}, {source}, {_dims((n_in, 1, 1, n_out))}, weight{k},\n"
            f"        {_flat(n_out)}, bias{k}, {_flat(n_out)}, {target});"
        )


def _multiplier(real: float) -> tuple[int, int]:
    """Multiplier in Q31 and shift to the left, as ``QuantizeMultiplier`` of TensorFlow Lite."""
    fraction, shift = frexp(real)
    steps = round(fraction * (1 << 31))
    return (steps // 2, shift + 1) if steps == 1 << 31 else (steps, shift)


def _pads(
    entry: tuple[int, ...], exit_: tuple[int, ...], kernel: tuple[int, ...], stride: tuple[int, int]
) -> tuple[int, int]:
    """Rows above and columns before the map."""
    up, left = (
        max(0, (exit_[a + 1] - 1) * stride[a] + kernel[a] - entry[a + 1]) // 2 for a in (0, 1)
    )
    return up, left


def _dims(shape: tuple[int, ...]) -> str:
    return f"&(const cmsis_nn_dims){{{', '.join(str(size) for size in shape)}}}"


def _flat(channels: int) -> str:
    return _dims((1, 1, 1, channels))


def _table(kind: str, name: str, values: Any, *, const: bool = False) -> str:
    numbers = ", ".join(str(int(v)) for v in np.asarray(values).reshape(-1))
    return f"static {'const ' if const else ''}{kind} {name}[] = {{{numbers}}};"
