"""A frozen network with a readout fitted to some classes, which learns further on the device.

By `fitted`: the readout is fitted here, by linear support vectors, to the counts of spikes that
enter it; it is rounded to 8 bits so that a margin of 1 is `MARGIN` of the delta rule. `packed`
examples of each class come with the pack. By `prototyped`: it has a prototype of each class
(docs/SPEC.md 4.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn.learn.mark import mark_plastic
from tinysnn.learn.nuisance import known_by_clips
from tinysnn.learn.replay import head_counts
from tinysnn.learn.spec import Wish
from tinysnn.pack import Pack
from tinysnn.seal import sealed
from tinysnn.stimulus import Stimulus

SCORE_SHIFT, MARGIN = 5, 45
LEARN = {"score_shift": SCORE_SHIFT, "margin": MARGIN, "packed": 8, "old": 85, "anchor": 5}
_STRENGTH = 0.03
_COUNTS = 8.0
"""Counts are divided by this before they are fitted."""
Ints = npt.NDArray[np.int64]


def fitted(frozen: Pack, clips: Sequence[Stimulus], learn: dict[str, int], spare: int = 0) -> Pack:
    """The network with a readout for the classes of `clips`, plastic as `learn` says.

    clips: labelled from 0 on. spare: classes that there is room for beside these.
    """
    counts = head_counts(frozen, clips)
    labels = np.array([clip.label for clip in clips])
    weights, biases, part = readout(counts, labels)
    pack = with_readout(frozen, weights, biases)
    chosen = {**LEARN, **learn, "margin": round(MARGIN * part)}
    if spare:
        chosen["spare"] = spare
    examples = drawn(counts, labels, chosen["packed"], seed=3)
    return mark_plastic(pack, {pack.output_layer.name: Wish("delta", chosen)}, examples)


def prototyped(
    frozen: Pack, clips: Sequence[Stimulus], learn: dict[str, int], spare: int = 0
) -> Pack:
    """The network with a prototype of each class of `clips`; it learns by `few-shot`.

    clips: labelled from 0 on. spare: classes that there is room for beside these.
    """
    n = 1 + max(clip.label or 0 for clip in clips)
    blank = np.zeros((frozen.output_layer.spec.n_rows, n), np.int64)
    pack = with_readout(frozen, blank, np.zeros(n, np.int64))
    wishes = {pack.output_layer.name: Wish("few-shot", {**learn, "spare": spare})}
    return mark_plastic(pack, wishes, known=known_by_clips(pack, wishes, clips))


def with_readout(frozen: Pack, weights: Ints, biases: Ints) -> Pack:
    """The network with another readout: weights [R, classes] and biases in weight steps."""
    layer = frozen.output_layer
    spec = msgspec.structs.replace(
        layer.spec, n=weights.shape[1], bits=8, state_bits=32, acc_bits=32, may_skip=False
    )
    bias = (biases << spec.frac_bits).astype(np.int32)
    scale = np.full(spec.n, layer.scale[0])
    head = replace(layer, spec=spec, rows=weights.astype(np.int8), bias=bias, scale=scale)
    specs = (*frozen.meta.layers[:-1], spec)
    meta = msgspec.structs.replace(frozen.meta, layers=specs, decision=msgspec.UNSET)
    return sealed(meta, (*frozen.layers[:-1], head))


def readout(
    counts: npt.NDArray[np.int8], labels: npt.NDArray[np.int64]
) -> tuple[Ints, Ints, float]:
    """Weights [R, classes] and biases for counts [n, R + 1], and the part of `MARGIN` they have.

    The part is 1 unless the weights would not fit 8 bits.
    """
    from sklearn.svm import LinearSVC

    model = LinearSVC(C=_STRENGTH, max_iter=3000, intercept_scaling=10, random_state=0)
    model.fit(counts[:, :-1] / _COUNTS, labels)
    weights, ticks = model.coef_.T / _COUNTS, int(counts[0, -1])
    whole = MARGIN << SCORE_SHIFT
    part = min(1.0, 127 / (whole * float(np.abs(weights).max())))
    steps = np.rint(weights * whole * part).astype(np.int64)
    return steps, np.rint(model.intercept_ / ticks * whole * part).astype(np.int64), part


def drawn(
    counts: npt.NDArray[np.int8], labels: npt.NDArray[np.int64], packed: int, seed: int
) -> npt.NDArray[np.int8]:
    """[classes, packed, R + 1]: some of the counts of each class, at random."""
    rng = np.random.default_rng(seed)
    of_class = [np.flatnonzero(labels == c) for c in range(int(labels.max()) + 1)]
    return np.stack([counts[rng.permutation(ids)[:packed]] for ids in of_class])
