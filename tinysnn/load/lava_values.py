"""Single values of a layer in lava-dl's files, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tinysnn.errors import ModelError
from tinysnn.load.hdf5 import Group, Member
from tinysnn.node import Floats, Shape

MAX_UNITS = 1 << 24


@dataclass(frozen=True, eq=False)
class Layer:
    """A group of the file with the name that messages use."""

    name: str
    members: Mapping[str, Member]
    where: str

    @classmethod
    def of(cls, name: str, member: Member, where: str) -> Layer:
        """The layer in a member of the file."""
        if not isinstance(member, Group):
            raise ModelError(f"{name} is no group", where=where, fix="Export the network again.")
        return cls(name, member.members, where)

    @property
    def kind(self) -> str:
        """Its type, such as ``dense``."""
        return self.text("type")

    @property
    def neuron(self) -> Layer | None:
        """Its neurons' parameters."""
        member = self.members.get("neuron")
        return Layer(self.name, member.members, self.where) if isinstance(member, Group) else None

    def text(self, name: str) -> str:
        """A text of the layer."""
        value = self.members.get(name)
        if isinstance(value, np.ndarray) and value.dtype == object and value.size == 1:
            value = str(value.reshape(-1)[0])
        if not isinstance(value, str):
            raise self.error(f"has no text {name!r}", "Export the network again.")
        return value

    def error(self, what: str, fix: str) -> ModelError:
        """An error about this layer."""
        return ModelError(what, where=f"{self.where}: {self.name}", fix=fix)


def numbers(layer: Layer, name: str) -> Floats:
    """A finite array of whole numbers as float64."""
    value = layer.members.get(name)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf" or not value.size:
        raise layer.error(f"has no numbers {name!r}", "Export the network again.")
    array = value.astype(np.float64)
    if not np.isfinite(array).all() or (np.rint(array) != array).any():
        raise layer.error(f"{name} is not whole and finite", "Export the quantised network.")
    return array


def number(layer: Layer, name: str) -> float:
    """One whole number."""
    values = numbers(layer, name)
    if values.size != 1:
        raise layer.error(f"{name} has {values.size} values", "One is expected.")
    return float(values.reshape(-1)[0])


def shape_of(layer: Layer, name: str) -> Shape:
    """A shape of one to three axes, without axes of size 1 behind."""
    sides = [int(side) for side in numbers(layer, name).reshape(-1)]
    inside = 1 <= len(sides) <= 3 and min(sides) >= 1 and max(sides) <= MAX_UNITS
    if not inside or int(np.prod([float(side) for side in sides])) > MAX_UNITS:
        raise layer.error(f"{name} is {sides}", "One to three sizes from 1 are expected.")
    return tuple(sides)
