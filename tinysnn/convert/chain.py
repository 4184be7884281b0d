"""From the operators of a .tflite file to a chain of maps and ReLUs.

FULLY_CONNECTED, CONV_2D, DEPTHWISE_CONV_2D     y = W x + b, with RELU, RELU6 or nothing behind
AVERAGE_POOL_2D, MEAN over height and width     means over windows
RELU, RELU6                                     a ReLU of its own
RESHAPE, QUANTIZE, DEQUANTIZE                   nothing
SOFTMAX, LOGISTIC as the last one               nothing: the largest output stays the largest
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from pathlib import Path

import numpy as np

from tinysnn.convert.ann import Ann, AveragePool, Convolution, Dense, Floats, Linear, Stage
from tinysnn.convert.tflite_file import Operator, Tensor, TfliteFile, clear_errors, read_file
from tinysnn.errors import ModelError
from tinysnn.spatial import Conv, MapShape, Pads, Pair, Pool

MAX_UNITS = 1 << 20
_ACTIVATIONS: dict[int, tuple[bool, float | None]] = {
    0: (False, None),
    1: (True, None),
    3: (True, 6.0),
}
"""By the schema's ActivationFunctionType: whether it is a ReLU, and its upper bound."""
_SAME = 0
_NOTHING = ("RESHAPE", "QUANTIZE", "DEQUANTIZE", "SQUEEZE", "FLATTEN")
_LAST = ("SOFTMAX", "LOGISTIC")
_WHY = {
    "MAX_POOL_2D": "the largest of several rates is no sum of spikes; train with average pooling",
    "ADD": "branches that join cannot be converted yet",
    "CONCATENATION": "branches that join cannot be converted yet",
}


def read_ann(path: Path) -> Ann:
    """Read a .tflite file as a network that can be converted.

    Raises
    ------
    ToolMissing: the package ``tflite`` is not installed.
    ModelError: the file is damaged, or has an operator, shape or branch that cannot be converted.

    """
    file = read_file(path)
    with clear_errors(file.where):  # options are read as they are needed
        return _Chain(file, path.stem).ann()


class _Chain:
    """Follows the operators from the input to the output."""

    def __init__(self, file: TfliteFile, name: str) -> None:
        self.file, self.name = file, name
        self.current = file.input
        self.shape = _entering(file)
        """[channels, height, width] or [n] of what flows."""
        self.in_shape = self.shape
        self.maps: list[Linear] = []
        self.stages: list[Stage] = []
        self.weights = 0

    def ann(self) -> Ann:
        for number, operator in enumerate(self.file.operators):
            where = f"{self.file.where}: operator {number} ({operator.kind})"
            if not operator.inputs or operator.inputs[0] != self.current:
                raise ModelError(
                    "does not continue the chain", where=where, fix="Branches cannot be converted."
                )
            if len(operator.outputs) != 1:
                raise ModelError(f"has {len(operator.outputs)} outputs", where=where)
            self._take(operator, number, where)
            self.current = operator.outputs[0]
        if self.current != self.file.output:
            raise ModelError("its last operator does not give the output", where=self.file.where)
        self._end()
        source = self.file.tensors[self.file.input].quantisation
        return Ann(self.name, self.in_shape, tuple(self.stages), source, self.weights)

    def _take(self, operator: Operator, number: int, where: str) -> None:
        kind = operator.kind
        last = number == len(self.file.operators) - 1
        if kind in _NOTHING or (kind in _LAST and last):
            return
        if kind in ("RELU", "RELU6"):
            self._close(6.0 if kind == "RELU6" else None)
            return
        makers: dict[str, Callable[[Operator, str], Linear]] = {
            "FULLY_CONNECTED": self._dense,
            "CONV_2D": self._conv,
            "DEPTHWISE_CONV_2D": self._depthwise,
            "AVERAGE_POOL_2D": self._pool,
            "MEAN": self._mean,
        }
        if kind not in makers:
            why = _WHY.get(kind, "it has no counterpart in a spiking network here")
            raise ModelError(f"cannot be converted: {why}", where=where)
        if kind != "MEAN" and operator.options is None:
            raise ModelError("has no options", where=where)
        step = makers[kind](operator, where)
        self._check(step, operator, where)
        self.maps.append(step)
        self.shape = step.out_shape
        if kind != "MEAN":
            activation = operator.options.FusedActivationFunction()
            if activation not in _ACTIVATIONS:
                raise ModelError(f"has the activation {activation}; ReLU is needed", where=where)
            relu, cap = _ACTIVATIONS[activation]
            if relu:
                self._close(cap)

    def _check(self, step: Linear, operator: Operator, where: str) -> None:
        """The shape the file states must be the one that comes out."""
        stated = self.file.tensors[operator.outputs[0]].shape
        found = step.out_shape
        plain = (found[1], found[2], found[0]) if len(found) == 3 else found
        if tuple(n for n in stated if n != 1) != tuple(n for n in plain if n != 1):
            raise ModelError(f"gives {list(plain)}, the file says {list(stated)}", where=where)
        if prod(found) > MAX_UNITS or min(found) < 1:
            raise ModelError(f"gives a map of {list(found)}", where=where)

    def _close(self, cap: float | None) -> None:
        """A ReLU ends a stage; one behind another changes nothing but the bound."""
        if not self.maps:
            if not self.stages:
                raise ModelError("begins with a ReLU", where=self.file.where)
            return
        self.stages.append(Stage(f"relu{len(self.stages)}", tuple(self.maps), relu=True, cap=cap))
        self.maps = []

    def _end(self) -> None:
        if self.maps:
            self.stages.append(Stage("readout", tuple(self.maps), relu=False))
        if not self.stages or not any(
            isinstance(step, (Dense, Convolution)) for stage in self.stages for step in stage.maps
        ):
            raise ModelError("holds no weights", where=self.file.where)
        for stage in self.stages:
            if all(isinstance(step, AveragePool) for step in stage.maps):
                raise ModelError(
                    f"stage {stage.name!r} only pools: there is nothing to scale spikes with",
                    where=self.file.where,
                )

    # -- one operator each ----------------------------------------------------------------------

    def _constant(self, operator: Operator, k: int, where: str) -> Tensor:
        index = operator.inputs[k] if k < len(operator.inputs) else -1
        if index < 0 or self.file.tensors[index].real is None:
            raise ModelError(f"its input {k} is no constant", where=where)
        return self.file.tensors[index]

    def _bias(self, operator: Operator, n: int, where: str) -> Floats:
        if len(operator.inputs) < 3 or operator.inputs[2] < 0:
            return np.zeros(n)
        real = self._constant(operator, 2, where).real
        assert real is not None
        if real.size != n:
            raise ModelError(f"has {real.size} biases for {n} outputs", where=where)
        self.weights += n
        return real.reshape(-1)

    def _weight(self, operator: Operator, axes: int, where: str) -> Floats:
        real = self._constant(operator, 1, where).real
        assert real is not None
        if real.ndim != axes:
            raise ModelError(f"has weights of {real.ndim} axes, not {axes}", where=where)
        self.weights += real.size
        return real

    def _map(self, where: str) -> MapShape:
        if len(self.shape) != 3:
            raise ModelError("needs a feature map, but a list enters", where=where)
        return self.shape

    def _dense(self, operator: Operator, where: str) -> Dense:
        weight = self._weight(operator, 2, where)
        if weight.shape[1] != prod(self.shape):
            raise ModelError(
                f"has weights for {weight.shape[1]} inputs, {prod(self.shape)} enter", where=where
            )
        if len(self.shape) == 3:  # the file flattens [height, width, channels]
            channels, height, width = self.shape
            weight = weight.reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
        weight = np.ascontiguousarray(weight.reshape(weight.shape[0], -1))
        return Dense(weight, self._bias(operator, weight.shape[0], where))

    def _conv(self, operator: Operator, where: str) -> Convolution:
        kernel = self._weight(operator, 4, where).transpose(0, 3, 1, 2)
        if kernel.shape[1] != self._map(where)[0]:
            raise ModelError("groups of channels cannot be converted", where=where)
        return self._convolution(operator, kernel, 1, where)

    def _depthwise(self, operator: Operator, where: str) -> Convolution:
        weight = self._weight(operator, 4, where)
        channels = self._map(where)[0]
        if weight.shape[0] != 1 or weight.shape[3] % channels:
            raise ModelError("has depthwise weights of another number of channels", where=where)
        return self._convolution(operator, weight.transpose(3, 0, 1, 2), channels, where)

    def _convolution(
        self, operator: Operator, kernel: Floats, groups: int, where: str
    ) -> Convolution:
        options, shape = operator.options, self._map(where)
        if (options.DilationHFactor(), options.DilationWFactor()) != (1, 1):
            raise ModelError("is dilated, which cannot be converted", where=where)
        size = (kernel.shape[2], kernel.shape[3])
        stride = _stride(options, where)
        pads = _pads(shape, size, stride, same=options.Padding() == _SAME)
        kernel, pads = _centred(np.asarray(kernel), pads)
        conv = Conv(shape, np.ascontiguousarray(kernel), stride, pads, (1, 1), groups)
        return Convolution(conv, self._bias(operator, kernel.shape[0], where))

    def _pool(self, operator: Operator, where: str) -> AveragePool:
        options, shape = operator.options, self._map(where)
        size, stride = (options.FilterHeight(), options.FilterWidth()), _stride(options, where)
        if min(size) < 1 or size[0] > shape[1] or size[1] > shape[2]:
            raise ModelError(f"has windows of {size}", where=where)
        pads = _pads(shape, size, stride, same=options.Padding() == _SAME)
        if pads != ((0, 0), (0, 0)):
            raise ModelError("pads its windows, so that their means differ in size", where=where)
        return AveragePool(Pool(shape, size, stride))

    def _mean(self, operator: Operator, where: str) -> AveragePool:
        axes = self._constant(operator, 1, where).real
        assert axes is not None
        shape = self._map(where)
        if sorted(axes.reshape(-1).astype(int).tolist()) != [1, 2]:
            raise ModelError("is a mean over something else than height and width", where=where)
        return AveragePool(Pool(shape, shape[1:], shape[1:]))


def _entering(file: TfliteFile) -> tuple[int, ...]:
    """Shape of the input; a RESHAPE right behind it says what map it is."""
    shape = file.tensors[file.input].shape
    if file.operators and file.operators[0].kind == "RESHAPE" and file.operators[0].outputs:
        reshaped = file.tensors[file.operators[0].outputs[0]].shape
        if len(reshaped) == 4 and prod(reshaped) == prod(shape):
            shape = reshaped
    if not shape or shape[0] not in (1, -1) or any(n < 1 for n in shape[1:]):
        raise ModelError(f"takes an input of {list(shape)}", where=file.where, fix="One at a time.")
    if prod(shape[1:]) > MAX_UNITS:
        raise ModelError(f"takes an input of {list(shape)}", where=file.where)
    if len(shape) == 4:
        return shape[3], shape[1], shape[2]
    return (prod(shape[1:]),)


def _stride(options: object, where: str) -> Pair:
    found = int(options.StrideH()), int(options.StrideW())  # type: ignore[attr-defined]
    if min(found) < 1 or max(found) > 1024:
        raise ModelError(f"has strides of {found}", where=where)
    return found


def _pads(shape: MapShape, kernel: Pair, stride: Pair, *, same: bool) -> Pads:
    """Zeros in front and behind along both axes: ``SAME`` has the odd one behind."""
    if not same:
        return ((0, 0), (0, 0))
    sides = []
    for size, window, step in zip(shape[1:], kernel, stride, strict=True):
        total = max((-(-size // step) - 1) * step + window - size, 0)
        sides.append((total // 2, total - total // 2))
    return sides[0], sides[1]


def _centred(kernel: Floats, pads: Pads) -> tuple[Floats, Pads]:
    """The same convolution with as many zeros in front as behind, which NIR files need.

    A row of zero weights in front of the kernel makes good one more row of zeros before the map.
    """
    front = [behind - before for before, behind in pads]
    wider = np.pad(kernel, ((0, 0), (0, 0), *((n, 0) for n in front)))
    (_, bottom), (_, right) = pads
    return wider, ((bottom, bottom), (right, right))
