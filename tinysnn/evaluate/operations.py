"""Synaptic operations and spikes of one clip, from the states of the reference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tinysnn.evaluate.fan_out import fan_out
from tinysnn.pack import Pack
from tinysnn.past import Ints, delays_of
from tinysnn.state import spikes_of, state_layout
from tinysnn.stimulus import Stimulus

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Work:
    """What a clip costs."""

    effective_acs: int
    effective_macs: int
    spikes: tuple[int, ...]
    """Per layer."""


def layer_spikes(pack: Pack, states: npt.NDArray[np.uint8]) -> list[Bools | None]:
    """Spikes ``[T + 1, n]`` of every layer; None if it does not fire.

    `states` is ``[T + 1, state_bytes]``, as in `Trace.states` (after reset, then after each tick).
    """
    found: list[Bools | None] = [None] * len(pack.layers)
    for entry in state_layout(pack):
        if entry.layer is not None and entry.kind == "spikes":
            words = np.ascontiguousarray(states[:, entry.offset : entry.offset + entry.n_bytes])
            bits = spikes_of(words.view("<u4").reshape(-1), words.size * 8)
            n = pack.layers[entry.layer].n
            found[entry.layer] = bits.reshape(len(states), -1)[:, :n]
    return found


def work(
    pack: Pack,
    stimulus: Stimulus,
    states: npt.NDArray[np.uint8],
    fans: list[list[Ints]],
) -> Work:
    """Count the operations of one clip.

    Parameters
    ----------
    stimulus: the clip.
    states: ``[T + 1, state_bytes]`` of the reference on this clip.
    fans: see `tinysnn.evaluate.fan_out`.

    """
    spikes = layer_spikes(pack, states)
    entered = stimulus.raster != 0
    counts = {True: 0, False: 0}
    for layer, parts in zip(pack.layers, fans, strict=True):
        for place, (source, fan) in enumerate(zip(layer.spec.sources, parts, strict=True)):
            events = entered if source.layer is None else spikes[source.layer]
            if events is None:
                continue  # cannot be: only layers that fire have somebody behind them
            arrived = _arrived(events[source.layer is not None :], delays_of(layer, place))
            valued = pack.graded_input if source.layer is None else source.most > 1
            counts[valued] += int(arrived @ fan)
    fired = tuple(0 if s is None else int(s[1:].sum()) for s in spikes)
    return Work(counts[False], counts[True], fired)


def _arrived(events: Bools, delays: Ints) -> Ints:
    """Events of each unit, of ``[T, n]``, that arrive within the clip; ``[n]``."""
    so_far = np.concatenate([np.zeros((1, delays.size), np.int64), events.cumsum(axis=0)])
    return np.asarray(so_far[np.maximum(len(events) - delays, 0), np.arange(delays.size)])


def dense(pack: Pack) -> int:
    """Weights that are met in one tick if every event of every source is there."""
    return sum(int(fan.sum()) for parts in fan_out(pack, zeros=True) for fan in parts)
