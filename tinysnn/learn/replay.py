"""Examples that a pack takes along to be rehearsed: what clips leave in front of a head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinysnn.batch import batches, simulate
from tinysnn.errors import OptionError, StimulusError

if TYPE_CHECKING:
    from tinysnn.learn.spec import Wish
    from tinysnn.pack import Pack, PackedLayer
    from tinysnn.stimulus import Stimulus


def head_counts(pack: Pack, clips: Sequence[Stimulus], z_shift: int = 0) -> npt.NDArray[np.int8]:
    """What a head would learn from (SPEC.md 4.4).

    Parameters
    ----------
    pack: the output layer reads layers that fire, without delay.
    clips: of equal length.
    z_shift: counts are halved so often.

    Returns
    -------
    int8 ``[clips, R + 1]``: counts of the events of each row, and of the ticks.

    Raises
    ------
    OptionError: the output layer reads the input, or spikes of earlier ticks.

    """
    layer = pack.output_layer
    _check_sources(layer)
    counts = []
    for rasters in batches(clips):
        spikes = simulate(pack, rasters).spikes
        seen = [spikes[s.layer] for s in layer.spec.sources if s.layer is not None]
        parts = [fired.sum(axis=1, dtype=np.int64) for fired in seen if fired is not None]
        ticks = np.full((len(rasters), 1), rasters.shape[1])
        counts.append(np.hstack([*parts, ticks]))
    half = (1 << z_shift) >> 1
    x = np.clip((np.concatenate(counts) + half) >> z_shift, -128, 127)
    return np.asarray(x, np.int8)


def replay_of(
    pack: Pack, wishes: Mapping[str, Wish], clips: Sequence[Stimulus]
) -> npt.NDArray[np.int8] | None:
    """Examples for the head among `wishes`: the first `packed` clips of each class from 0 on.

    Returns
    -------
    int8 ``[classes, packed, R + 1]``; None: no wish has `packed`.

    Raises
    ------
    StimulusError: a class has too few clips, or a clip no label.
    OptionError: see `head_counts`.

    """
    wish = wishes.get(pack.output_layer.name)
    packed = 0 if wish is None else wish.parameters.get("packed", 0)
    if wish is None or not packed:
        return None
    labels = [-1 if clip.label is None else clip.label for clip in clips]
    chosen = []
    for label in range(max(labels, default=-1) + 1):
        mine = [clip for clip, said in zip(clips, labels, strict=True) if said == label][:packed]
        if len(mine) < packed:
            raise StimulusError(
                f"{len(mine)} clips of class {label}, {packed} are to be packed",
                where="--rehearse",
                fix="Give more clips, or pack fewer.",
            )
        chosen += mine
    if not chosen or min(labels) < 0:
        raise StimulusError("clips without labels", where="--rehearse", fix="Add labels to them.")
    counts = head_counts(pack, chosen, wish.parameters.get("z_shift", 0))
    return counts.reshape(-1, packed, counts.shape[1])


def _check_sources(layer: PackedLayer) -> None:
    plain = all(
        source.layer is not None and not source.delay_ticks for source in layer.spec.sources
    )
    if not plain or layer.delays is not None or layer.kernels:
        raise OptionError(
            "examples can be packed only for a readout of spikes of the same tick",
            where=f"layer {layer.name!r}",
            fix="Leave out packed=N.",
        )
