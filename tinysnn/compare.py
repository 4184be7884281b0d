"""Finds the first place where two traces of one clip part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.errors import MismatchError
from tinysnn.trace import Trace

if TYPE_CHECKING:
    from tinysnn.pack import Pack
    from tinysnn.state import StateField


@dataclass(frozen=True)
class Divergence:
    """The first difference; fields that are not known are None."""

    tick: int
    """Tick after which the traces differ, from 0; -1: already after reset."""
    layer: str | None = None
    """Name of the layer in the source file; None for hashes and the input's past."""
    field: str = "hash"
    """State field (`tinysnn.state.StateField.kind`), `output` or `hash`."""
    neuron: int | None = None
    expected: int = 0
    got: int = 0

    def __str__(self) -> str:
        """One line for people."""
        when = "after reset" if self.tick < 0 else f"tick {self.tick}"
        layer = f", layer {self.layer!r}" if self.layer else ""
        neuron = f", neuron {self.neuron}" if self.neuron is not None else ""
        if self.field == "hash":
            values = f"0x{self.expected:08x}, got 0x{self.got:08x}"
        else:
            values = f"{self.expected}, got {self.got}"
        return f"{when}{layer}{neuron}: {self.field} expected {values}"


def compare(pack: Pack, expected: Trace, actual: Trace) -> Divergence | None:
    """First difference of two traces, None if there is none.

    States are compared if both traces have them; within a tick they come first, because they name
    layer and neuron, then outputs, then hashes.

    Raises
    ------
    MismatchError: the traces have different lengths or widths.

    """
    _check_shapes(expected, actual)
    hash_ticks = np.flatnonzero(expected.hashes != actual.hashes) - 1
    output_ticks = np.flatnonzero((expected.output != actual.output).any(axis=1))
    found = []
    if hash_ticks.size:
        tick = int(hash_ticks[0])
        hashes = int(expected.hashes[tick + 1]), int(actual.hashes[tick + 1])
        found.append((tick, 2, Divergence(tick, None, "hash", None, *hashes)))
    if output_ticks.size:
        tick = int(output_ticks[0])
        found.append((tick, 1, _output(pack, tick, expected.output[tick], actual.output[tick])))
    decided = _decisions(expected, actual)
    if decided is not None:
        found.append((decided.tick, 1, decided))
    if expected.states is not None and actual.states is not None:
        state_ticks = np.flatnonzero((expected.states != actual.states).any(axis=1)) - 1
        if state_ticks.size:
            tick = int(state_ticks[0])
            rows = expected.states[tick + 1], actual.states[tick + 1]
            found.append((tick, 0, _state(pack, tick, *rows)))
    return min(found, key=lambda entry: entry[:2])[2] if found else None


def _decisions(expected: Trace, actual: Trace) -> Divergence | None:
    """First tick in which something else was decided, or with another margin."""
    mine, theirs = expected.decisions, actual.decisions
    if mine is None or theirs is None or np.array_equal(mine, theirs):
        return None
    tick, part = (int(k) for k in np.argwhere(mine != theirs)[0])
    values = int(mine[tick, part]), int(theirs[tick, part])
    return Divergence(tick, None, ("found", "margin")[part], None, *values)


def _check_shapes(expected: Trace, actual: Trace) -> None:
    for name in ("output", "hashes", "states", "decisions"):
        mine, theirs = getattr(expected, name), getattr(actual, name)
        if mine is not None and theirs is not None and mine.shape != theirs.shape:
            raise MismatchError(
                f"the traces cannot be compared: {name} of shape {mine.shape} and {theirs.shape}",
                fix="Run the same pack on the same clip.",
            )


def _output(
    pack: Pack, tick: int, expected: npt.NDArray[np.int32], actual: npt.NDArray[np.int32]
) -> Divergence:
    neuron = int(np.flatnonzero(expected != actual)[0])
    values = int(expected[neuron]), int(actual[neuron])
    return Divergence(tick, pack.output_layer.name, "output", neuron, *values)


def _state(
    pack: Pack, tick: int, expected: npt.NDArray[np.uint8], actual: npt.NDArray[np.uint8]
) -> Divergence:
    """The first field that differs, in the order in which the layers run."""
    from tinysnn.state import state_layout

    differing = [
        entry
        for entry in state_layout(pack)
        if not np.array_equal(_raw(entry, expected), _raw(entry, actual))
    ]
    entry = min(differing, key=_cause)
    mine, theirs = _decoded(entry, expected), _decoded(entry, actual)
    at = int(np.flatnonzero(mine != theirs)[0])
    layer = None if entry.layer is None else pack.layers[entry.layer].name
    neuron = at if entry.kind in ("spikes", "v", "i") else None
    return Divergence(tick, layer, entry.kind, neuron, int(mine[at]), int(theirs[at]))


def _cause(entry: StateField) -> tuple[int, int]:
    """The input's fields come before those of the layers, the decision's behind them."""
    place = -1 if entry.layer is None else entry.layer
    return (1 << 16 if entry.decides else place), _RANK.get(entry.kind, 9)


_RANK = {"i": 0, "v": 1, "spikes": 2, "hot": 3, "idle": 4}
"""Within a layer, cause before effect."""


def _raw(entry: StateField, state: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    return state[entry.offset : entry.offset + entry.n_bytes]


def _decoded(entry: StateField, state: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Values of a field; spikes as one 0 or 1 per bit (unused bits included)."""
    from tinysnn.state import spikes_of

    raw = np.ascontiguousarray(_raw(entry, state))
    if entry.kind == "spikes":
        words = raw.view("<u4")
        return spikes_of(words, 32 * words.size).astype(np.int64)
    return raw.view(f"<{entry.dtype}").astype(np.int64)
