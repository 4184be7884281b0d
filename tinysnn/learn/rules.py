"""What a pack with plastic layers must keep to (SPEC.md 4.1)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tinysnn.errors import PackError
from tinysnn.learn.layout import learned_bytes
from tinysnn.learn.plastic import classes_of, head_of, parameters_of, per_class, room_of
from tinysnn.learn.spec import RULES, LearnSpec

if TYPE_CHECKING:
    from tinysnn.pack import Pack, PackedLayer

MAX_CLASSES = 255
MAX_HEAD_FRAC_BITS = 4
MOST_LENGTH = 16900
"""Square of the length of a direction, in 1/128: 1, and what rounding may add."""
INACTIVE = -(1 << 20)
"""Bias of a neuron of a class that is not known yet, in weight steps: it never wins."""
BIAS_LIMIT = (1 << 15) - 1
"""Largest size of a bias that was learned by the delta rule, in weight steps."""


def check_plastic(pack: Pack, k: int) -> None:
    """Check layer k, which is plastic.

    Raises
    ------
    PackError: naming the layer and the rule that is broken.

    """
    layer = pack.layers[k]
    learn = layer.spec.learn
    if learn is None:
        where = f"layer {layer.name!r}"
        _need(layer.learned is None, where, "has learned, but is not plastic")
        _need(layer.replay is None, where, "has packed examples, but is not plastic")
        _need(layer.nuisance is None, where, "has directions of examples, but is not plastic")
        return
    where = f"layer {layer.name!r}"
    check_parameters(learn, where)
    spec = layer.spec
    _need(spec.state_bits == 32 and spec.acc_bits == 32, where, "plastic, but not in 32 bits")
    _need(spec.bits == 8, where, "plastic, but its first weights are not in 8 bits")
    _need(not spec.may_skip, where, "plastic, but may be skipped")
    _need(_simple(layer), where, "plastic, but its neurons do more than leak, fire and reset")
    counts = any(source.most > 1 for source in spec.sources)
    _need(not counts, where, "plastic, but reads numbers of spikes")
    _need(re.fullmatch("[0-9a-f]{64}|", learn.base) is not None, where, "bad digest of its base")
    known = layer.learned is None or layer.learned.shape == (learned_bytes(pack),)
    _need(known, where, "has learned another number of bytes than it can")
    if RULES[learn.rule].role == "head":
        _check_head(pack, k, where)
    else:
        _check_hidden(pack, k, where)
    if RULES[learn.rule].bits != 8:
        _check_levels(layer, where)
    if learn.rule == "rewire":
        _check_synapses(pack, layer, where)


def _simple(layer: PackedLayer) -> bool:
    """Whether neurons leak, fire and reset only; with e-prop thresholds may adapt too."""
    if layer.spec.learn is not None and layer.spec.learn.rule == "eprop":
        return replace(layer, rho=None, jump=None).is_plain
    return layer.is_plain


def check_parameters(learn: LearnSpec, where: str) -> None:
    """Refuse a seed or parameter that is no value of the rule's."""
    known = RULES[learn.rule].parameters
    _need(0 < learn.seed < 1 << 32, where, f"seed {learn.seed} (1 to 2^32 - 1)")
    needed = {name for name, parameter in known.items() if not parameter.later}
    odd = (needed - set(learn.parameters)) | (set(learn.parameters) - set(known))
    _need(
        not odd, where, f"rule {learn.rule!r} and its parameters differ: {', '.join(sorted(odd))}"
    )
    for name in {"every", "ca_ticks"} & learn.parameters.keys():
        ticks = learn.parameters[name]
        _need(ticks & (ticks - 1) == 0, where, f"{name}={ticks} is no power of two")
    for name, value in learn.parameters.items():
        low, high = known[name].low, known[name].high
        _need(low <= value <= high, where, f"{name}={value} (from {low} to {high})")


def _check_head(pack: Pack, k: int, where: str) -> None:
    layer = pack.layers[k]
    _need(layer.spec.op == "li", where, f"a head is a readout (li), not {layer.spec.op}")
    _need(pack.meta.output == k, where, "a head is the network's output")
    _need(0 <= layer.spec.frac_bits <= MAX_HEAD_FRAC_BITS, where, "a head has 0 to 4 fraction bits")
    room = room_of(layer)
    _need(layer.n == room * per_class(layer), where, "neurons are no multiple of per_class")
    _need(room <= MAX_CLASSES, where, f"{room} classes")
    _need(classes_of(layer) <= room, where, f"{classes_of(layer)} classes, room for {room}")
    steps = layer.wide("bias") >> layer.spec.frac_bits
    whole = bool((steps << layer.spec.frac_bits == layer.wide("bias")).all())
    _need(whole, where, "a head's bias is in whole weight steps")
    unknown = steps[classes_of(layer) * per_class(layer) :]
    _need(bool((unknown == INACTIVE).all()), where, "classes that are not known have another bias")
    known = np.abs(steps[: classes_of(layer) * per_class(layer)])
    _need(int(known.max(initial=0)) <= -INACTIVE, where, "bias too large")
    _check_replay(layer, where)
    _check_nuisance(layer, where)


def _check_replay(layer: PackedLayer, where: str) -> None:
    packed, replay = parameters_of(layer).get("packed", 0), layer.replay
    _need((replay is not None) == (packed > 0), where, "packed examples belong to packed=N")
    if replay is None:
        return
    shape = replay.shape
    fits = len(shape) == 3 and 0 < shape[0] <= classes_of(layer)
    fits = fits and shape[1:] == (packed, layer.spec.n_rows + 1)
    _need(fits, where, f"packed examples are {shape}")


def _check_nuisance(layer: PackedLayer, where: str) -> None:
    """Directions are no longer than 1, or sums of their parts would not fit 32 bits."""
    p, directions = parameters_of(layer), layer.nuisance
    count = p.get("nuisance", 0)
    _need((directions is not None) == (count > 0), where, "directions belong to nuisance=N")
    if directions is None:
        _need(p.get("fraction", 0) == 0, where, "fraction belongs to nuisance=N")
        return
    _need(directions.shape == (count, layer.spec.n_rows), where, f"directions {directions.shape}")
    longest = int((directions.astype(np.int64) ** 2).sum(axis=1).max())
    _need(longest <= MOST_LENGTH, where, "a direction is longer than 1")
    _need(p["per_class"] == 1, where, "nuisance with several prototypes of a class")


def _check_synapses(pack: Pack, layer: PackedLayer, where: str) -> None:
    count = parameters_of(layer)["synapses"]
    n_rows = layer.spec.n_rows
    _need(count <= n_rows, where, f"{count} synapses, but only {n_rows} rows")
    most = int(np.count_nonzero(layer.rows, axis=0).max())
    _need(most <= count, where, f"a neuron has {most} weights, more than synapses={count}")
    direct = pack.graded_input and any(source.layer is None for source in layer.spec.sources)
    _need(not direct, where, "synapses that move are for spikes, not for graded input")


def _check_hidden(pack: Pack, k: int, where: str) -> None:
    layer = pack.layers[k]
    _need(layer.spec.fires and not layer.spec.has_current, where, "a hidden layer is lif")
    head = head_of(pack)
    _need(head is not None, where, "learns by classes, but no readout does")
    assert head is not None
    rule = pack.layers[head].spec.learn
    errors = rule is not None and rule.rule == "delta" and rule.parameters["per_class"] == 1
    by_error = layer.spec.learn is not None and layer.spec.learn.rule == "eprop"
    _need(errors or not by_error, where, "e-prop needs a delta readout, one neuron per class")


def _check_levels(layer: PackedLayer, where: str) -> None:
    assert layer.spec.learn is not None
    top = (1 << RULES[layer.spec.learn.rule].bits) - 1
    fits = (np.abs(layer.rows.astype(np.int64)) <= top) & ((layer.rows & 1) == 1)
    _need(bool(fits.all()), where, f"weights are no levels (odd, -{top} to {top})")


def _need(holds: bool, where: str, what: str) -> None:  # noqa: FBT001  # reads as a sentence
    if not holds:
        raise PackError(what, where=where)
