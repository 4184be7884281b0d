"""What the rules share: the generator, the classes, and the example that is being learned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinysnn.learn.plastic import parameters_of, per_class
from tinysnn.learn.random import Random
from tinysnn.learn.rules import INACTIVE

if TYPE_CHECKING:
    from tinysnn.layer_state import LayerState
    from tinysnn.pack import PackedLayer

Ints = npt.NDArray[np.int64]
Fields = dict[str, npt.NDArray[Any]]
COUNT_LIMIT = (1 << 30) - 1


class Shared:
    """What is there once per instance, however many layers learn."""

    def __init__(self, seed: int, room: int) -> None:
        self.rng = Random(seed)
        self.room = room
        self.n_classes = 0
        self.n_examples = 0
        self.armed = False
        self.label = -1
        self.reward = 0
        self.n_ticks = 0
        self.errors: Ints = np.zeros(0, np.int64)
        """Errors of the classes in the example that is being learned, for hidden layers."""


class Plastic:
    """One plastic layer: its weights, and what a rule does with them."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        self.k, self.layer, self.shared = k, layer, shared
        self.p = parameters_of(layer)
        self.rows = layer.rows.astype(np.int8)  # a copy
        self.bias = layer.wide("bias").copy()
        self.state: LayerState | None = None

    def attach(self, state: LayerState) -> None:
        """Let a layer of a simulation have these weights."""
        state.rows, state.bias, self.state = self.rows, self.bias, state

    def recall(self, fields: Fields) -> None:
        """Begin with what a pulled pack brings beside weights and biases."""

    def begin(self) -> None:
        """An example begins."""

    def observe(self, index: npt.NDArray[np.intp], value: npt.NDArray[np.int64] | None) -> None:
        """The layer has done its tick with these events."""

    def is_told(self) -> bool:
        """Whether what it learns by was said of the example: here its label."""
        return self.shared.label >= 0

    def finish(self) -> None:
        """The example is over, and `is_told` holds."""

    def add_class(self, label: int) -> None:
        """A class gets its neurons."""

    def fields(self) -> Fields:
        """Fields of what is learned, by name."""
        return {f"l{self.k}_w": self.rows}

    def restore(self, fields: Fields) -> None:
        """Take over fields that `holds` has accepted."""
        self.rows[:] = fields[f"l{self.k}_w"].reshape(self.rows.shape)

    def holds(self, fields: Fields) -> bool:  # noqa: ARG002 (any weight is one)
        """Whether fields are in their ranges."""
        return True


class BiasedHead(Plastic):
    """A readout that learns classes: its biases keep classes silent that are not known yet."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.n_rows = layer.spec.n_rows

    @property
    def b(self) -> Ints:
        """Biases in weight steps."""
        return np.asarray(self.bias >> self.layer.spec.frac_bits)

    def set_b(self, neurons: npt.NDArray[np.intp] | slice, values: Any) -> None:
        """Set biases, in weight steps."""
        self.bias[neurons] = np.asarray(values, np.int64) << self.layer.spec.frac_bits

    def neurons(self, label: int) -> slice:
        """Neurons of a class."""
        count = per_class(self.layer)
        return slice(label * count, (label + 1) * count)

    def fields(self) -> Fields:
        """See `Plastic`."""
        return {**super().fields(), f"l{self.k}_b": self.b}

    def restore(self, fields: Fields) -> None:
        """See `Plastic`."""
        super().restore(fields)
        self.set_b(slice(None), fields[f"l{self.k}_b"])

    def holds(self, fields: Fields) -> bool:
        """See `Plastic`."""
        b = np.abs(fields[f"l{self.k}_b"].astype(np.int64))
        return super().holds(fields) and int(b.max()) <= -INACTIVE


class Head(BiasedHead):
    """A readout that learns classes from what entered it during an example (SPEC.md 4.4)."""

    def __init__(self, k: int, layer: PackedLayer, shared: Shared) -> None:
        super().__init__(k, layer, shared)
        self.z: Ints = np.zeros(self.n_rows, np.int64)

    def begin(self) -> None:
        """See `Plastic`."""
        self.z[:] = 0

    def observe(self, index: npt.NDArray[np.intp], value: npt.NDArray[np.int64] | None) -> None:
        """See `Plastic`; counts what enters."""
        added = self.z[index] + (1 if value is None else value)
        self.z[index] = np.clip(added, -COUNT_LIMIT, COUNT_LIMIT)

    def features(self) -> Ints:
        """[R + 1]: the counts as they are learned from, and that of the unit behind the bias."""
        counts = np.append(self.z, self.shared.n_ticks)
        half = (1 << self.p["z_shift"]) >> 1
        return np.asarray(np.clip((counts + half) >> self.p["z_shift"], -128, 127))
