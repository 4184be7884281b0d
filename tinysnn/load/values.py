"""Checks the fields of one node and turns them into float64 arrays, shapes and integers."""

from __future__ import annotations

from dataclasses import Field, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import ModelError
from tinysnn.load.hdf5 import Value
from tinysnn.load.raw import RawNode
from tinysnn.load.windows import check_conv, resolved_padding, sizes
from tinysnn.network import NODE_TYPES, Shape

MAX_NEURONS = 1 << 16
_WORDS = ("same", "valid")
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
    written = {name: str(item.metadata.get("file", name)) for name, item in spec.items()}
    unknown = sorted(set(raw.fields) - set(written.values()))
    if unknown:
        raise ModelError(
            f"{raw.kind} has a field {unknown[0]!r} that this version does not know",
            where=where,
            fix="It may change what the node computes: remove it or use a newer tinysnn.",
        )
    values: Fields = {}
    notes = []
    for name, item in spec.items():
        label = written[name]
        if item.metadata.get("optional") and _is_blank(raw.fields.get(label)):
            notes.append(f"mended: {where}: {label} is all 0 and is found from the neighbours")
        elif label in raw.fields:
            values[name] = _parse(raw.fields[label], item, f"{where}: field {label!r}")
        elif item.metadata["default"] is not None:
            values[name] = _default(item)
            notes.append(f"{where}: the file has no {name}; NIR's default {values[name]} is used")
        elif not item.metadata.get("optional"):
            raise ModelError(
                f"{raw.kind} without field {label!r}", where=where, fix="Export the network again."
            )
    _check_finite(values, spec, where)
    if "dilation" in values:
        check_conv(raw.kind, values, where)
    if values.get("padding") in _WORDS:
        values["padding"] = resolved_padding(values, where)
    return values, tuple(notes)


def _is_blank(value: Value | None) -> bool:
    """Whether a shape was written before it was known (old exporters put zeros)."""
    blank = isinstance(value, np.ndarray) and value.dtype.kind in "iu" and value.size > 0
    return blank and not np.asarray(value).any()


def _default(item: Field[Any]) -> Any:
    value = item.metadata["default"]
    return np.float64(value) if item.metadata["role"] == "neuron" else value


def _parse(value: Value, item: Field[Any], where: str) -> Any:
    role, axes = item.metadata["role"], item.metadata.get("axes", 0)
    if role == "padding" and isinstance(value, str) and value in _WORDS:
        return value
    if isinstance(value, str) or value.dtype == object:
        raise ModelError("text where a number is due", where=where, fix="Export it again.")
    if role == "shape":
        return _shape(value, where)
    if role == "axis":
        return _axis(value, where)
    if role == "count":
        return sizes(value, 1, 1, where)[0]
    if role == "sizes":
        return sizes(value, axes, 1, where)
    if role == "padding":
        return tuple((size, size) for size in sizes(value, axes, 0, where))
    return _array(value, _AXES.get((role, axes)), where)


_AXES = {
    ("matrix", 0): ("[n_out, n_in]", 2, "Flatten the input and use a matrix."),
    ("kernel", 1): (
        "[out channels, in channels / groups, kernel length]",
        3,
        "Export the network again.",
    ),
    ("kernel", 2): (
        "[out channels, in channels / groups, kernel height, kernel width]",
        4,
        "Export the network again.",
    ),
}
"""By role and axes of a feature map: what the axes are, how many, what to do if they are others."""


def _array(value: npt.NDArray[Any], form: tuple[str, int, str] | None, where: str) -> Any:
    with np.errstate(over="ignore"):
        array = np.asarray(value, dtype=np.float64)
    if form is not None and array.ndim != form[1]:
        raise ModelError(
            f"weight of shape {array.shape} instead of {form[0]}", where=where, fix=form[2]
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
