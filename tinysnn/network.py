"""The float network as a file states it: one frozen dataclass per NIR node.

Times are in seconds, everything else in the units of the file. Parameters are float64 and have one
value per neuron (``load`` has broadcast scalars), in the node's shape. A field's ``metadata`` says
how a reader treats it: ``role`` is ``neuron`` (one value per neuron, scalar allowed in the file),
``matrix``, ``kernel``, ``bias``, ``shape``, ``sizes`` (integers along the axes of a feature map,
or one for all), ``padding`` (likewise, or ``same`` or ``valid``), ``count`` or ``axis``;
``default`` is what NIR itself puts in when the file lacks the field; ``optional`` fields may lack
without one, and are then found from the neighbours; ``axes`` is the number of axes of a feature
map; ``file`` is the field's name in the file where it is another; ``may_be_infinite`` marks time
constants, where infinity means "no leak".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

import numpy as np

from tinysnn.feature_maps import AvgPool2d, Conv1d, Conv2d, SumPool2d
from tinysnn.node import (
    NEURON_FIELD,
    ONE_FIELD,
    SHAPE_FIELD,
    TAU_FIELD,
    ZERO_FIELD,
    Edge,
    Floats,
    Neuron,
    Node,
    Shape,
)


@dataclass(frozen=True, eq=False)
class Input(Node):
    """Where data enters; no equation."""

    shape: Shape = field(metadata=SHAPE_FIELD)
    """Shape of one tick's data."""

    @property
    def input_shape(self) -> Shape:
        """Shape of one tick's data."""
        return self.shape


@dataclass(frozen=True, eq=False)
class Output(Node):
    """Where data leaves; no equation."""

    shape: Shape = field(metadata=SHAPE_FIELD)
    """Shape of one tick's data."""

    @property
    def input_shape(self) -> Shape:
        """Shape of one tick's data."""
        return self.shape


@dataclass(frozen=True, eq=False)
class Linear(Node):
    """``y = weight x``."""

    weight: Floats = field(metadata={"role": "matrix", "default": None})
    """[n_out, n_in]."""

    @property
    def input_shape(self) -> Shape:
        """``(n_in,)``."""
        return (int(self.weight.shape[1]),)

    @property
    def output_shape(self) -> Shape:
        """``(n_out,)``."""
        return (int(self.weight.shape[0]),)


@dataclass(frozen=True, eq=False)
class Affine(Node):
    """``y = weight x + bias``, the bias in every tick."""

    weight: Floats = field(metadata={"role": "matrix", "default": None})
    """[n_out, n_in]."""
    bias: Floats = field(metadata={"role": "bias", "default": None})
    """[n_out]."""

    @property
    def input_shape(self) -> Shape:
        """``(n_in,)``."""
        return (int(self.weight.shape[1]),)

    @property
    def output_shape(self) -> Shape:
        """``(n_out,)``."""
        return (int(self.weight.shape[0]),)


@dataclass(frozen=True, eq=False)
class Scale(Node):
    """``y = scale x``, element by element."""

    scale: Floats = field(metadata=NEURON_FIELD)
    """In the shape of x."""

    @property
    def input_shape(self) -> Shape:
        """Shape of x."""
        return tuple(int(d) for d in self.scale.shape)


@dataclass(frozen=True, eq=False)
class Flatten(Node):
    """Joins the axes ``start_dim`` to ``end_dim`` (both included) in row-major order."""

    input_type: Shape = field(metadata=SHAPE_FIELD | {"optional": True})
    """Shape of what enters."""
    start_dim: int = field(metadata={"role": "axis", "default": 1})
    end_dim: int = field(metadata={"role": "axis", "default": -1})

    @property
    def input_shape(self) -> Shape:
        """Shape of what enters."""
        return self.input_type

    @property
    def output_shape(self) -> Shape:
        """The joined shape."""
        rank = len(self.input_type)
        start, end = self.start_dim % max(rank, 1), self.end_dim % max(rank, 1)
        joined = int(np.prod(self.input_type[start : end + 1], dtype=np.int64))
        return (*self.input_type[:start], joined, *self.input_type[end + 1 :])


@dataclass(frozen=True, eq=False)
class Delay(Node):
    """``y(t) = x(t - delay)``, element by element."""

    delay: Floats = field(metadata=NEURON_FIELD)
    """In s, not below 0, in the shape of x."""

    @property
    def input_shape(self) -> Shape:
        """Shape of x."""
        return tuple(int(d) for d in self.delay.shape)


@dataclass(frozen=True, eq=False)
class IF(Neuron):
    """``dv/dt = r x``; spike if v passes ``v_threshold``, then v is reset."""

    r: Floats = field(metadata=NEURON_FIELD)
    """Input resistance (1/s, or 1 per tick: see option ``gain``)."""
    v_threshold: Floats = field(metadata=NEURON_FIELD)
    v_reset: Floats = field(metadata=ZERO_FIELD)


@dataclass(frozen=True, eq=False)
class LIF(Neuron):
    """``tau dv/dt = (v_leak - v) + r x``; spike if v passes ``v_threshold``, then v is reset."""

    tau: Floats = field(metadata=TAU_FIELD)
    """Membrane time constant in s."""
    r: Floats = field(metadata=NEURON_FIELD)
    v_leak: Floats = field(metadata=NEURON_FIELD)
    """Resting potential."""
    v_threshold: Floats = field(metadata=NEURON_FIELD)
    v_reset: Floats = field(metadata=ZERO_FIELD)


@dataclass(frozen=True, eq=False)
class LI(Neuron):
    """``tau dv/dt = (v_leak - v) + r x``; the output is v."""

    tau: Floats = field(metadata=TAU_FIELD)
    """Membrane time constant in s."""
    r: Floats = field(metadata=NEURON_FIELD)
    v_leak: Floats = field(metadata=NEURON_FIELD)
    """Resting potential."""


@dataclass(frozen=True, eq=False)
class I(Neuron):  # noqa: E742 - NIR's name
    """``dv/dt = r x``; the output is v."""

    r: Floats = field(metadata=NEURON_FIELD)
    """Input resistance (1/s, or 1 per tick: see option ``gain``)."""


@dataclass(frozen=True, eq=False)
class CubaLIF(Neuron):
    """``tau_syn di/dt = -i + w_in x;  tau_mem dv/dt = (v_leak - v) + r i``; spikes as LIF."""

    tau_syn: Floats = field(metadata=TAU_FIELD)
    """Time constant of the synaptic current in s."""
    tau_mem: Floats = field(metadata=TAU_FIELD)
    """Time constant of the membrane in s."""
    r: Floats = field(metadata=NEURON_FIELD)
    v_leak: Floats = field(metadata=NEURON_FIELD)
    """Resting potential."""
    v_threshold: Floats = field(metadata=NEURON_FIELD)
    v_reset: Floats = field(metadata=ZERO_FIELD)
    w_in: Floats = field(metadata=ONE_FIELD)
    """Gain of the synapses."""


@dataclass(frozen=True, eq=False)
class CubaLI(Neuron):
    """``tau_syn di/dt = -i + w_in x;  tau_mem dv/dt = (v_leak - v) + r i``; the output is v."""

    tau_syn: Floats = field(metadata=TAU_FIELD)
    """Time constant of the synaptic current in s."""
    tau_mem: Floats = field(metadata=TAU_FIELD)
    """Time constant of the membrane in s."""
    r: Floats = field(metadata=NEURON_FIELD)
    v_leak: Floats = field(metadata=NEURON_FIELD)
    """Resting potential."""
    w_in: Floats = field(metadata=ONE_FIELD)
    """Gain of the synapses."""


@dataclass(frozen=True, eq=False)
class Threshold(Neuron):
    """Spike if x passes ``threshold``; no state."""

    threshold: Floats = field(metadata=NEURON_FIELD)


__all__ = [
    "NODE_TYPES", "Network", "fields_with_role", "Node", "Neuron", "Edge", "Floats", "Shape",
    "Input", "Output", "Linear", "Affine", "Scale", "Flatten", "Delay",
    "Conv1d", "Conv2d", "SumPool2d", "AvgPool2d",
    "IF", "LIF", "LI", "I", "CubaLIF", "CubaLI", "Threshold",
]  # fmt: skip

NODE_TYPES: Mapping[str, type[Node]] = {
    cls.__name__: cls
    for cls in (
        Input, Output, Linear, Affine, Scale, Flatten, Delay,
        Conv1d, Conv2d, SumPool2d, AvgPool2d,
        IF, LIF, LI, I, CubaLIF, CubaLI, Threshold,
    )
}  # fmt: skip
"""Every node this version deploys, by the name it has in NIR. Load, lower and tests iterate it."""


@dataclass(frozen=True, eq=False)
class Network:
    """A float network: named nodes and directed edges; several edges into a node add."""

    name: str
    nodes: Mapping[str, Node]
    """In the order of the file; subgraphs are flattened to ``graph.node``."""
    edges: tuple[Edge, ...]
    """(source, target), without duplicates, in the order of the file."""
    notes: tuple[str, ...] = ()
    """What the loader filled in or reshaped, in plain words."""
    source: str | None = None
    """Profile that the file itself names or that its format belongs to; None: it could be any."""


def fields_with_role(kind: str, role: str) -> tuple[str, ...]:
    """Names of a node type's fields that have the given role (``neuron``, ``matrix`` ...)."""
    found = fields(NODE_TYPES[kind])  # type: ignore[arg-type]
    return tuple(item.name for item in found if item.metadata["role"] == role)
