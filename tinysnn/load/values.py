"""Checks the fields of one node and turns them into float64 arrays, shapes and integers."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import ModelError
from tinysnn.load.flatten import RawNode
from tinysnn.load.hdf5 import Value
from tinysnn.network import NODE_TYPES, Shape

MAX_NEURONS = 1 << 16
Fields = dict[str, Any]


def parse_fields(raw: RawNode, where: str) -> tuple[Fields, tuple[str, ...]]:
    """Values of a node's fields in their dataclass types, and notes on what was filled in.

    Per-neuron fields are not broadcast yet; a Flatten's ``input_type`` may be missing.

    Raises
    ------
    ModelError
        A field is missing, unknown, not a number, not finite, or of a wrong shape.
    """
    spec = {item.name: item for item in fields(NODE_TYPES[raw.kind])}  # type: ignore[arg-type]
    unknown = sorted(set(raw.fields) - set(spec))
    if unknown:
        raise ModelError(
            f"{raw.kind} has a field {unknown[0]!r} that this version does not know",
            where=where,
            fix="It may change what the node computes: remove it or use a newer tinysnn.",
        )
    values: Fields = {}
    notes = []
    for name, item in spec.items():
        if name in raw.fields:
            values[name] = _parse(raw.fields[name], item, f"{where}: field {name!r}")
        elif item.metadata["default"] is not None:
            values[name] = _default(item)
            notes.append(f"{where}: the file has no {name}; NIR's default {values[name]} is used")
        elif raw.kind != "Flatten":
            raise ModelError(
                f"{raw.kind} without field {name!r}", where=where, fix="Export the network again."
            )
    _check_finite(values, spec, where)
    return values, tuple(notes)


def _default(item: Field[Any]) -> Any:
    value = item.metadata["default"]
    return np.float64(value) if item.metadata["role"] == "neuron" else value


def _parse(value: Value, item: Field[Any], where: str) -> Any:
    if isinstance(value, str) or value.dtype == object:
        raise ModelError("text where a number is due", where=where, fix="Export it again.")
    role = item.metadata["role"]
    if role == "shape":
        return _shape(value, where)
    if role == "axis":
        return _axis(value, where)
    with np.errstate(over="ignore"):
        array = np.asarray(value, dtype=np.float64)
    if role == "matrix" and array.ndim != 2:
        raise ModelError(
            f"weight of shape {array.shape} instead of [n_out, n_in]",
            where=where,
            fix="Flatten the input and use a matrix.",
        )
    if array.size == 0:
        raise ModelError("no values at all", where=where, fix="Remove the node or fill it.")
    return array


def _axis(value: npt.NDArray[Any], where: str) -> int:
    if value.size != 1 or value.dtype.kind not in "iu" or abs(int(value.reshape(-1)[0])) > 64:
        raise ModelError("not one small integer", where=where, fix="Export it again.")
    return int(value.reshape(-1)[0])


def _shape(value: npt.NDArray[Any], where: str) -> Shape:
    sizes = np.atleast_1d(value)
    if sizes.ndim != 1 or sizes.dtype.kind not in "iu" or not 1 <= sizes.size <= 8:
        raise ModelError("not a shape (a few integers)", where=where, fix="Export it again.")
    shape = tuple(int(size) for size in sizes)
    total = int(np.prod(shape, dtype=object))
    if min(shape) < 1 or total > MAX_NEURONS:
        raise ModelError(
            f"shape {shape} has {total} elements",
            where=where,
            fix=f"Sizes are at least 1 and at most {MAX_NEURONS} in all.",
        )
    return shape


def _check_finite(values: Fields, spec: dict[str, Field[Any]], where: str) -> None:
    """NaN and infinity are refused, but for time constants (no leak) and r where tau is infinite.

    snnTorch writes tau = r = inf for beta = 1; lower then asks for the gain.
    """
    no_leak = values.get("tau", values.get("tau_mem"))
    for name, value in values.items():
        if not isinstance(value, np.ndarray):
            continue
        bad = ~np.isfinite(value)
        if spec[name].metadata.get("may_be_infinite"):
            bad &= value != np.inf
        elif name == "r" and no_leak is not None and no_leak.shape in ((), (1,), value.shape):
            bad &= ~((value == np.inf) & (no_leak == np.inf))
        if bad.any():
            index = tuple(int(k) for k in np.argwhere(bad)[0])
            raise ModelError(
                f"{value[index]} in field {name!r}, first at index {list(index)}",
                where=where,
                fix="Train or export the network again; weights and parameters must be finite.",
            )
