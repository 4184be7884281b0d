"""Base classes of network nodes, and how a reader treats their fields (see ``network``)."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Shape = tuple[int, ...]
Edge = tuple[str, str]


NEURON_FIELD = {"role": "neuron", "default": None}
ZERO_FIELD = {"role": "neuron", "default": 0.0}
ONE_FIELD = {"role": "neuron", "default": 1.0}
TAU_FIELD = {"role": "neuron", "default": None, "may_be_infinite": True}
SHAPE_FIELD = {"role": "shape", "default": None}


class Node:
    """Base of all nodes."""

    @property
    def input_shape(self) -> Shape:
        """Shape of what the node takes, without a batch axis."""
        raise NotImplementedError

    @property
    def output_shape(self) -> Shape:
        """Shape of what the node gives, without a batch axis."""
        return self.input_shape


class Neuron(Node):
    """Base of nodes with state (and Threshold): one value per neuron in every field."""

    @property
    def input_shape(self) -> Shape:
        """Shape of the population."""
        first = getattr(self, fields(self)[0].name)  # type: ignore[arg-type]
        return tuple(int(d) for d in first.shape)

    @property
    def fires(self) -> bool:
        """Whether the node emits spikes."""
        return type(self).__name__ in ("IF", "LIF", "CubaLIF", "Threshold")
