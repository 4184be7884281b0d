"""The oracle of learning: what a device with a plastic pack learns, in integers (SPEC.md 4)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from enum import IntEnum
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tinysnn.errors import OptionError
from tinysnn.learn.base import Plastic, Shared
from tinysnn.learn.delta import Delta
from tinysnn.learn.drtp import Drtp
from tinysnn.learn.eprop import Eprop
from tinysnn.learn.familiar import Familiar
from tinysnn.learn.few_shot import FewShot
from tinysnn.learn.layout import kept_fields, learned_layout
from tinysnn.learn.plastic import classes_of, head_of, room_of
from tinysnn.learn.rewire import Rewire
from tinysnn.learn.rstdp import RewardStdp
from tinysnn.learn.sdsp import Sdsp
from tinysnn.learn.stdp import Stdp

if TYPE_CHECKING:
    from tinysnn.layer_state import LayerState
    from tinysnn.pack import Pack

KINDS: dict[str, type[Plastic]] = {
    "delta": Delta,
    "few-shot": FewShot,
    "familiar": Familiar,
    "sdsp": Sdsp,
    "sdsp-1bit": Sdsp,
    "stdp": Stdp,
    "rstdp": RewardStdp,
    "rewire": Rewire,
    "drtp": Drtp,
    "eprop": Eprop,
}
"""The reference of every rule."""


class Status(IntEnum):
    """What a call of the learner says; as `tsnn_status_t`."""

    OK = 0
    ARG = -1
    ORDER = -2
    FULL = -3
    DATA = -4
    FLASH = -5
    FOREIGN = -6
    EMPTY = -7


class Learner:
    """What one instance of a pack has learned, and the example it is learning."""

    def __init__(self, pack: Pack) -> None:
        """Begin as packed.

        Raises
        ------
        OptionError: no layer of the pack learns.

        """
        specs = [layer.spec.learn for layer in pack.layers if layer.spec.learn is not None]
        if not specs:
            raise OptionError("no layer of this pack learns", fix="Pack it with --learn LAYER=RULE")
        self.pack = pack
        self._layout = learned_layout(pack)
        head = head_of(pack)
        room = 0 if head is None else room_of(pack.layers[head])
        self.shared = Shared(specs[0].seed, room)
        self.shared.n_classes = 0 if head is None else classes_of(pack.layers[head])
        self.plastic: dict[int, Plastic] = {
            k: KINDS[layer.spec.learn.rule](k, layer, self.shared)
            for k, layer in enumerate(pack.layers)
            if layer.spec.learn is not None
        }
        if kept := kept_fields(pack):
            for plastic in self.plastic.values():
                plastic.recall(kept)
        self.head = None if head is None else self.plastic[head]

    # -- the calls of the C interface ---------------------------------------------------------

    def begin(self) -> Status:
        """An example begins: traces and counts to 0."""
        self.shared.armed, self.shared.label, self.shared.reward = True, -1, 0
        self.shared.n_ticks = 0
        for layer in self.plastic.values():
            layer.begin()
        return Status.OK

    def label(self, label: int) -> Status:
        """The example's class."""
        if not self.shared.armed:
            return Status.ORDER
        if not 0 <= label < self.shared.n_classes:
            return Status.ARG
        self.shared.label = label
        return Status.OK

    def reward(self, reward: int) -> Status:
        """The example's reward, -128 to 127."""
        if not self.shared.armed:
            return Status.ORDER
        if not -128 <= reward <= 127:
            return Status.ARG
        self.shared.reward = reward
        return Status.OK

    def end(self) -> Status:
        """Learn from the example."""
        if not self.shared.armed:
            return Status.ORDER
        self.shared.armed = False
        learning = [k for k in sorted(self.plastic, reverse=True) if self.plastic[k].is_told()]
        for k in learning:
            self.plastic[k].finish()
        if learning:
            self.shared.n_examples = (self.shared.n_examples + 1) & 0xFFFFFFFF
        return Status.OK

    def add_class(self) -> tuple[Status, int]:
        """Make room for one more class: its number."""
        if self.head is None or self.shared.n_classes >= self.shared.room:
            return Status.FULL, 0
        label = self.shared.n_classes
        self.head.add_class(label)
        self.shared.n_classes += 1
        return Status.OK, label

    # -- during a tick ------------------------------------------------------------------------

    def attach(self, states: Sequence[LayerState]) -> None:
        """Give the layers of a simulation what was learned."""
        for k, layer in self.plastic.items():
            layer.attach(states[k])
        self.shared.armed = False

    def observe(
        self, k: int, index: npt.NDArray[np.intp], value: npt.NDArray[np.int64] | None
    ) -> None:
        """Layer k has done its tick with these events."""
        if self.shared.armed and k in self.plastic:
            self.plastic[k].observe(index, value)

    def ticked(self) -> None:
        """A whole tick is over."""
        if self.shared.armed:
            self.shared.n_ticks = min(self.shared.n_ticks + 1, (1 << 16) - 1)

    # -- its bytes ----------------------------------------------------------------------------

    def _fields(self) -> dict[str, npt.NDArray[Any]]:
        shared = self.shared
        fields: dict[str, Any] = {
            "rng": [shared.rng.state],
            "n_classes": [shared.n_classes],
            "n_examples": [shared.n_examples],
        }
        for layer in self.plastic.values():
            fields.update(layer.fields())
        return {name: np.asarray(values) for name, values in fields.items()}

    def learned(self) -> bytes:
        """What was learned, as it lies in the device's memory."""
        fields, out = self._fields(), bytearray()
        for entry in self._layout:
            raw = fields[entry.name].ravel().astype(f"<{entry.dtype}").tobytes()
            out += raw + bytes(entry.n_bytes - len(raw))
        return bytes(out)

    def hash(self) -> int:
        """CRC-32 of `learned`."""
        return zlib.crc32(self.learned())

    def restore(self, learned: bytes) -> None:
        """Take over what `learned` said.

        Raises
        ------
        OptionError: wrong length, or a number that no device can have learned.

        """
        size = sum(entry.n_bytes for entry in self._layout)
        if len(learned) != size:
            raise OptionError(f"{len(learned)} bytes were learned, not {size}")
        fields = {
            e.name: np.frombuffer(learned, f"<{e.dtype}", e.count, e.offset) for e in self._layout
        }
        self._check(fields)
        self.shared.rng.state = int(fields["rng"][0])
        self.shared.n_classes = int(fields["n_classes"][0])
        self.shared.n_examples = int(fields["n_examples"][0])
        for layer in self.plastic.values():
            layer.restore(fields)

    def _check(self, fields: dict[str, npt.NDArray[Any]]) -> None:
        good = int(fields["rng"][0]) != 0 and int(fields["n_classes"][0]) <= self.shared.room
        if not good or not all(layer.holds(fields) for layer in self.plastic.values()):
            raise OptionError(
                "numbers that no device can have learned", fix="Pull it from the device again."
            )
