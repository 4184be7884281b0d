"""A generated model called directly, without firmware around it, on a bare core."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt

from benchmarks.bare import SCRATCH, BareCore, Counted
from tinysnn.image import Image
from tinysnn.run.entries import find_entries

_INPUT = SCRATCH
_OUTPUT = SCRATCH + 0x10
_IN_INDEX = SCRATCH + 0x1_0000
_IN_VALUE = SCRATCH + 0x4_0000
_OUT_INDEX = SCRATCH + 0x6_0000
_OUT_VALUE = SCRATCH + 0x9_0000
_SLOT_BYTES = 12


class ModelCore:
    """The model in one slot of an image; its step is counted from call to return."""

    def __init__(self, image: Image, slot: int = 0) -> None:
        self._core = BareCore(image.elf, image.board.core)
        self._entries = find_entries(image, slot, self._word)
        self._state = self._word(image.symbols["tsnn_slots"].address + _SLOT_BYTES * slot + 4)

    def _word(self, address: int) -> int:
        return int.from_bytes(self._core.read(address, 4), "little")

    def reset(self) -> None:
        """Call the model's init."""
        self._core.call(self._entries.init, self._state)

    def step(self, inputs: npt.NDArray[np.int8]) -> Counted:
        """Call the model's step with the events of a tick, [n_in]."""
        index = np.flatnonzero(inputs)
        self._core.write(_IN_INDEX, index.astype("<u2").tobytes())
        self._core.write(_IN_VALUE, inputs[index].tobytes())
        self._core.write(_INPUT, struct.pack("<III", _IN_INDEX, _IN_VALUE, index.size))
        self._core.write(_OUTPUT, struct.pack("<III", _OUT_INDEX, _OUT_VALUE, 0))
        return self._core.call(self._entries.step, self._state, _INPUT, _OUTPUT)
