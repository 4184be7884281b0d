"""Checks the window fields of convolutions and pooling, and finds the shapes that follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import ModelError
from tinysnn.network import NODE_TYPES, Conv1d, Conv2d, Flatten, Node, Shape
from tinysnn.spatial import Pair

_MAX_SIZE = 1 << 16
_MAX_PADDED = 1 << 22
FOLLOWING = ("Flatten", "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d")
"""Nodes whose output shape follows from what enters; files may leave the latter out."""


def sizes(value: npt.NDArray[Any], axes: int, low: int, where: str) -> tuple[int, ...]:
    """One integer per axis; a single one stands for all."""
    flat = np.asarray(value).reshape(-1)
    # False for NaN, too: nothing compares equal to it
    whole = flat.dtype.kind in "iuf" and bool((np.rint(flat) == flat).all())
    if flat.size not in (1, axes) or not whole:
        raise ModelError(f"not {axes} integers", where=where, fix="Export the network again.")
    if flat.min() < low or flat.max() > _MAX_SIZE:
        raise ModelError(
            f"{flat.tolist()} is outside {low} to {_MAX_SIZE}", where=where, fix="Correct it."
        )
    return tuple(int(flat[k if flat.size > 1 else 0]) for k in range(axes))


def check_conv(kind: str, values: dict[str, Any], where: str) -> None:
    """Refuses groups and biases that do not fit the kernel."""
    out, groups = values["weight"].shape[0], values["groups"]
    if out % groups:
        raise ModelError(
            f"{out} output channels in {groups} groups", where=where, fix="Correct the groups."
        )
    if values["bias"].shape not in ((out,), (), (1,)):
        raise ModelError(
            f"{kind} bias has shape {list(values['bias'].shape)}, weight gives [{out}]",
            where=where,
            fix="Export the network again.",
        )


def resolved_padding(values: dict[str, Any], where: str) -> tuple[Pair, ...]:
    """``valid`` and ``same`` as numbers: (before, after) per axis, the odd one after (as torch)."""
    kernel = values["weight"].shape[2:] if "weight" in values else values["kernel_size"]
    if values["padding"] == "valid":
        return ((0, 0),) * len(kernel)
    if max(values["stride"]) > 1:
        raise ModelError(
            "padding 'same' with a stride above 1 has no agreed meaning",
            where=where,
            fix="Give the padding as numbers.",
        )
    dilation = values.get("dilation", (1,) * len(kernel))
    totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
    return tuple((total // 2, total - total // 2) for total in totals)


def own_shapes(kind: str, values: dict[str, Any], where: str) -> tuple[Shape, Shape] | None:
    """(input, output) shape of a node out of ``FOLLOWING`` from its own fields; None: not there."""
    if "size" in values:
        channels = values["weight"].shape[1] * values["groups"]
        return followed(kind, values, (channels, *values["size"]), where)
    shape = values.get("input_type")
    return None if shape is None else followed(kind, values, shape, where)


def followed(kind: str, values: dict[str, Any], shape: Shape, where: str) -> tuple[Shape, Shape]:
    """(input, output) shape of such a node when ``shape`` enters it."""
    if kind == "Flatten":
        return shape, _flattened(values, shape, where)
    node = with_shape(kind, values, _axes_of(kind, values, shape, where))
    padded = [
        size + sum(pads) for size, pads in zip(node.input_shape[1:], values["padding"], strict=True)
    ]
    if int(np.prod(padded, dtype=object)) * node.input_shape[0] > _MAX_PADDED:
        raise ModelError(
            f"a map of {node.input_shape[0]} x {padded} with its padding",
            where=where,
            fix=f"At most {_MAX_PADDED} values are taken.",
        )
    if min(node.output_shape) < 1:
        raise ModelError(
            f"its window does not fit into {list(shape)}", where=where, fix="Correct the sizes."
        )
    return node.input_shape, node.output_shape


def with_shape(kind: str, values: dict[str, Any], shape: Shape) -> Node:
    """The node, with what enters it filled in."""
    if NODE_TYPES[kind] in (Conv1d, Conv2d):
        return NODE_TYPES[kind](**{**values, "size": shape[1:]})
    return NODE_TYPES[kind](**{**values, "input_type": shape})


def _axes_of(kind: str, values: dict[str, Any], shape: Shape, where: str) -> Shape:
    """The shape without leading axes of size 1, as [channels, ...]; refused if it is none."""
    rank = 2 if NODE_TYPES[kind] is Conv1d else 3
    core = shape
    while len(core) > rank and core[0] == 1:
        core = core[1:]
    channels = values["weight"].shape[1] * values["groups"] if "weight" in values else core[0]
    if len(core) == rank - 1 and channels == 1:
        core = (1, *core)
    if len(core) != rank or core[0] != channels:
        wanted = f"{channels if 'weight' in values else 'any'} channels and {rank - 1} axes"
        raise ModelError(
            f"{kind} takes {wanted}, but shape {list(shape)} enters",
            where=where,
            fix="Correct the edge or the weights.",
        )
    return core


def _flattened(values: dict[str, Any], shape: Shape, where: str) -> Shape:
    rank = len(shape)
    start, end = (a + rank if a < 0 else a for a in (values["start_dim"], values["end_dim"]))
    if not 0 <= start <= end < rank:
        raise ModelError(
            f"joins axes {values['start_dim']} to {values['end_dim']} of shape {list(shape)}",
            where=where,
            fix="start_dim must not come after end_dim, and both must exist.",
        )
    return Flatten(shape, start, end).output_shape
