"""lava-dl's network files (.net, HDF5) -> Network.

A file is a list of layers; weights, biases and thresholds are whole numbers in one unit, decays
count in 4096ths per tick. With ``iDecay`` 4096 a CUBA neuron has no memory of its current and
becomes a LIF, else a CubaLIF, with time constants 4096 / decay in ticks and all gains 1; what else
lava-dl does in a tick is the profile ``lava-dl``. A layer's delays are those of the spikes it sends
in lava-dl; delaying what enters each of its neurons by as much gives the same spikes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.feature_maps import Conv2d
from tinysnn.load.hdf5 import Group, Member
from tinysnn.load.lava_values import Layer, number, numbers, shape_of
from tinysnn.load.nir import UnsupportedNodesError
from tinysnn.network import (
    LIF,
    Affine,
    CubaLIF,
    Delay,
    Edge,
    Flatten,
    Input,
    Linear,
    Network,
    Node,
    Output,
)
from tinysnn.node import Floats, Shape

PROFILE = "lava-dl"
_ONE = 4096
_NEURONS = ("CUBA", "LOIHI")
_MAX_DELAY = 62


@dataclass
class _Build:
    """The network so far."""

    nodes: dict[str, Node] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    last: str = ""
    notes: list[str] = field(default_factory=list)

    def add(self, name: str, node: Node) -> None:
        """Put a node behind the last one."""
        self.nodes[name] = node
        if self.last:
            self.edges.append((self.last, name))
        self.last = name

    @property
    def shape(self) -> Shape:
        """Shape of what the last node gives."""
        return self.nodes[self.last].output_shape


def holds_lava(root: Group) -> bool:
    """Whether the HDF5 file is one of lava-dl's."""
    return isinstance(root.members.get("layer"), Group) and "node" not in root.members


def read_lava(root: Group, path: Path) -> Network:
    """The network of a lava-dl file.

    Raises
    ------
    ModelError
        A layer or neuron that cannot be deployed (all are named), a value that is missing, not
        whole or out of range, or shapes that do not fit.
    """
    layers = _layers(root.members["layer"], str(path))
    _refuse_unsupported(layers, str(path))
    build = _Build()
    build.add("input", Input(_input_shape(layers)))
    for layer in layers:
        _ADD[layer.kind](build, layer)
    build.add("output", Output(build.shape))
    fires = sum(isinstance(node, (LIF, CubaLIF)) for node in build.nodes.values())
    build.notes.append(
        f"lava-dl hands spikes on one tick later per layer: its output comes {fires} ticks later"
    )
    return Network(path.stem, build.nodes, tuple(build.edges), tuple(build.notes), source=PROFILE)


def _layers(member: Member, where: str) -> list[Layer]:
    assert isinstance(member, Group)
    keys = sorted(member.members, key=lambda key: (not key.isdigit(), len(key), key))
    if not keys or keys != [str(k) for k in range(len(keys))]:
        raise ModelError(
            "layers are not numbered from 0 on", where=where, fix="Export the network again."
        )
    return [Layer.of(f"layer {key}", member.members[key], where) for key in keys]


def _refuse_unsupported(layers: list[Layer], where: str) -> None:
    """One error that names every layer that cannot be deployed, and why."""
    why = {layer.name: reason for layer in layers if (reason := _obstacle(layer))}
    if not why:
        return
    found = "; ".join(f"{name}: {reason}" for name, reason in list(why.items())[:8])
    raise UnsupportedNodesError(
        f"layers that this version cannot deploy: {found}",
        nodes=tuple((layer.name, layer.kind, layer.name not in why) for layer in layers),
        where=where,
        fix=f"Replace them by {', '.join(_ADD)} with CUBA neurons.",
    )


def _obstacle(layer: Layer) -> str:
    if layer.kind not in _ADD:
        return f"a layer of type {layer.kind!r}"
    neuron = layer.neuron
    if neuron is None:
        return "" if layer.kind in ("input", "flatten", "dense") else "a layer without neurons"
    if layer.kind == "input":
        return "neurons that turn values into spikes: give the spikes themselves"
    if neuron.text("type") not in _NEURONS:
        return f"neurons of type {neuron.text('type')!r}"
    if "gradedSpike" in neuron.members and bool(number(neuron, "gradedSpike")):
        return "graded spikes"
    if "refDelay" in neuron.members and number(neuron, "refDelay") != 1:
        return "a refractory period"
    return ""


def _input_shape(layers: list[Layer]) -> Shape:
    first = layers[0]
    if first.kind == "input":
        return shape_of(first, "shape")
    if first.kind in ("dense", "dense_rec"):
        return (_matrix(first, "weight").shape[1],)
    raise first.error("the shape of the input is not in the file", "Export an input layer too.")


def _matrix(layer: Layer, name: str) -> Floats:
    """Weights [n_out, n_in]."""
    weight = numbers(layer, name)
    n = int(np.prod(shape_of(layer, "shape")))
    if weight.ndim not in (1, 2) or weight.size == 0 or weight.size % n:
        raise layer.error(f"{name} of shape {list(weight.shape)} for {n} neurons", "Export again.")
    return weight.reshape(n, -1)


def _add_input(build: _Build, layer: Layer) -> None:
    """An input layer without neurons only says its shape."""


def _add_flatten(build: _Build, layer: Layer) -> None:
    if len(build.shape) > 1:
        build.add(f"{layer.name}.flatten", Flatten(build.shape, 0, len(build.shape) - 1))


def _add_dense(build: _Build, layer: Layer) -> None:
    _add_flatten(build, layer)
    weight = _matrix(layer, "weight")
    if weight.shape[1] != build.shape[0]:
        raise layer.error(
            f"takes {weight.shape[1]} inputs, the layer before gives {build.shape[0]}",
            "Export the network again.",
        )
    bias = _bias(layer, weight.shape[0])
    node = Linear(weight) if bias is None else Affine(weight, bias)
    build.add(f"{layer.name}.synapse", node)
    if layer.neuron is not None:
        _add_neurons(build, layer, (weight.shape[0],))


def _add_recurrent(build: _Build, layer: Layer) -> None:
    _add_dense(build, layer)
    weight = _matrix(layer, "weight_rec")
    if weight.shape[0] != weight.shape[1]:
        raise layer.error(f"weight_rec of shape {list(weight.shape)}", "It must be square.")
    loop = f"{layer.name}.recurrent"
    build.nodes[loop] = Linear(weight)
    build.edges += [(layer.name, loop), (loop, layer.name)]


def _add_conv(build: _Build, layer: Layer) -> None:
    shape = build.shape
    weight = numbers(layer, "weight")
    if weight.ndim == 5 and weight.shape[4] == 1:
        weight = weight[..., 0]
    if weight.ndim != 4 or len(shape) != 3:
        raise layer.error(
            f"weight of shape {list(weight.shape)} on an input of shape {list(shape)}",
            "Export the network again.",
        )
    groups = int(number(layer, "groups"))
    step, pad, spread = (_pair(layer, name) for name in ("stride", "padding", "dilation"))
    if weight.shape[1] * groups != shape[0] or min(groups, *step, *spread) < 1:
        raise layer.error(f"does not fit an input of shape {list(shape)}", "Export it again.")
    bias = _bias(layer, weight.shape[0])
    node = Conv2d(
        size=(shape[1], shape[2]),
        weight=weight,
        stride=step,
        padding=((pad[0], pad[0]), (pad[1], pad[1])),
        dilation=spread,
        groups=groups,
        bias=np.zeros(weight.shape[0]) if bias is None else bias,
    )
    if node.output_shape != shape_of(layer, "shape"):
        raise layer.error(
            f"gives {list(node.output_shape)}, the file says {list(shape_of(layer, 'shape'))}",
            "Export the network again.",
        )
    build.add(f"{layer.name}.synapse", node)
    _add_neurons(build, layer, node.output_shape)


_ADD: dict[str, Callable[[_Build, Layer], None]] = {
    "input": _add_input,
    "dense": _add_dense,
    "dense_rec": _add_recurrent,
    "conv": _add_conv,
    "flatten": _add_flatten,
}


def _pair(layer: Layer, name: str) -> tuple[int, int]:
    """One number for both axes, or (height, width)."""
    values = numbers(layer, name).reshape(-1)
    if values.size not in (1, 2) or values.min() < 0 or values.max() > _ONE:
        raise layer.error(f"{name} is {values.tolist()}", "Give one or two numbers from 0.")
    return int(values[0]), int(values[-1])


def _bias(layer: Layer, n: int) -> Floats | None:
    if "bias" not in layer.members:
        return None
    bias = numbers(layer, "bias").reshape(-1)
    if bias.size not in (1, n):
        raise layer.error(f"{bias.size} biases for {n}", "Export the network again.")
    return np.broadcast_to(bias, n).copy()


def _add_neurons(build: _Build, layer: Layer, shape: Shape) -> None:
    assert layer.neuron is not None
    if "delay" in layer.members:
        delay = _per_neuron(layer, layer, "delay", shape, (0, _MAX_DELAY))
        build.add(f"{layer.name}.delay", Delay(delay))
    current = _per_neuron(layer, layer.neuron, "iDecay", shape, (0, _ONE))
    voltage = _per_neuron(layer, layer.neuron, "vDecay", shape, (0, _ONE))
    threshold = _per_neuron(layer, layer.neuron, "vThMant", shape, (1, 1 << 17))
    ones, zeros = np.ones(shape), np.zeros(shape)
    common = {"r": ones, "v_leak": zeros, "v_threshold": threshold, "v_reset": zeros}
    if (current == _ONE).all():
        build.add(layer.name, LIF(tau=_tau(voltage), **common))
        return
    build.add(
        layer.name, CubaLIF(tau_syn=_tau(current), tau_mem=_tau(voltage), w_in=ones, **common)
    )


def _tau(decay: Floats) -> Floats:
    """Time constants in ticks; without decay infinite."""
    with np.errstate(divide="ignore"):
        taus: Floats = _ONE / decay
    return taus


def _per_neuron(
    layer: Layer, holder: Layer, name: str, shape: Shape, limits: tuple[int, int]
) -> Floats:
    """One number per neuron, out of one for all, one per channel, or one per neuron."""
    values = numbers(holder, name).reshape(-1)
    n = int(np.prod(shape))
    low, high = limits
    if values.size not in (1, shape[0], n) or values.min() < low or values.max() > high:
        raise layer.error(
            f"{name}: {values.size} numbers from {values.min():g} to {values.max():g} for {n} "
            "neurons",
            f"Numbers from {low} to {high}, one for all, per channel or per neuron.",
        )
    if values.size == n:
        return values.reshape(shape)
    tail = (1,) * (len(shape) - 1)
    return np.broadcast_to(values.reshape(-1, *tail), shape).copy()
