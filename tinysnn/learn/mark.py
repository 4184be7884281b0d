"""Marks layers of a pack as plastic: `tinysnn pack --learn LAYER=RULE` (SPEC.md 4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from tinysnn.errors import OptionError
from tinysnn.learn.nuisance import Known
from tinysnn.learn.rules import INACTIVE, MAX_HEAD_FRAC_BITS
from tinysnn.learn.spec import RULES, LearnSpec, RuleInfo, Wish
from tinysnn.ops.fixed import align
from tinysnn.pack import Pack, PackedLayer
from tinysnn.seal import sealed

Replay = npt.NDArray[np.int8]
"""Examples by class, [classes, packed, R + 1]."""
_OWN = ("spare", "fresh", "seed")


def parse_wish(text: str) -> tuple[str, Wish]:
    """Layer and wish of ``LAYER=RULE[,NAME=NUMBER...]``.

    Raises
    ------
    OptionError: not of this form, an unknown rule or parameter, or a number out of range.

    """
    layer, _, rest = text.partition("=")
    rule, *settings = rest.split(",")
    if not layer or rule not in RULES:
        raise OptionError(
            f"{text!r} is no LAYER=RULE", where="--learn", fix=f"Rules: {', '.join(RULES)}."
        )
    parameters = {}
    for setting in settings:
        name, _, number = setting.partition("=")
        digits = number.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) < 12):
            raise OptionError(f"{setting!r} is no NAME=NUMBER", where=f"--learn {layer}")
        parameters[name] = int(number)
    wish = Wish(rule, parameters)
    _check(layer, wish)
    return layer, wish


def mark_plastic(
    pack: Pack,
    wishes: Mapping[str, Wish],
    replay: Replay | None = None,
    known: Known | None = None,
) -> Pack:
    """The pack with some layers plastic.

    Parameters
    ----------
    pack: a pack.
    wishes: by layer name. `spare` gives a head room for so many more classes, `fresh` makes a new
        head of so many classes in place of the trained one, `seed` starts the generator.
    replay: int8 ``[classes, packed, R + 1]``, examples for a head with `packed`, as
        `tinysnn.learn.replay` makes them of clips.
    known: what a head with `nuisance` begins with, as `tinysnn.learn.nuisance` makes it of clips.

    Raises
    ------
    OptionError: no such layer, or a wish that makes no sense for it.
    PackError: the layer cannot be plastic (SPEC.md 4.1).

    """
    names = [layer.name for layer in pack.layers]
    for name, wish in wishes.items():
        if name not in names:
            raise OptionError(
                f"no layer {name!r}", where="--learn", fix=f"The layers are {', '.join(names)}"
            )
        _check(name, wish)
    layers = tuple(
        _marked(layer, wishes[layer.name], replay, known) if layer.name in wishes else layer
        for layer in pack.layers
    )
    before, after = pack.output_layer.n, layers[pack.meta.output].n
    if before != after and pack.meta.decision is not msgspec.UNSET:
        raise OptionError(
            f"the model decides over time for {before} classes, and there would be {after}",
            where="--learn",
            fix="Give --options FILE without [decision], or leave out spare and fresh.",
        )
    meta = msgspec.structs.replace(pack.meta, layers=tuple(layer.spec for layer in layers))
    return sealed(meta, layers)


def _check(layer: str, wish: Wish) -> None:
    where = f"--learn {layer}"
    if wish.rule not in RULES:
        raise OptionError(
            f"no rule {wish.rule!r}", where=where, fix=f"Rules: {', '.join(sorted(RULES))}."
        )
    info = RULES[wish.rule]
    own = _OWN if info.role == "head" else ("seed",)
    for name, value in wish.parameters.items():
        if name not in info.parameters and name not in own:
            known = ", ".join((*info.parameters, *own))
            raise OptionError(f"{wish.rule} has no parameter {name!r}", where=where, fix=known)
        low, high = _range(info, name)
        if not low <= value <= high:
            raise OptionError(f"{name}={value} (from {low} to {high})", where=where)


def _range(info: RuleInfo, name: str) -> tuple[int, int]:
    if name == "seed":
        return 1, (1 << 32) - 1
    if name in _OWN:
        return 1, 255
    return info.parameters[name].low, info.parameters[name].high


def _marked(
    layer: PackedLayer, wish: Wish, replay: Replay | None, known: Known | None
) -> PackedLayer:
    info = RULES[wish.rule]
    chosen = dict(wish.parameters)
    spare, fresh = chosen.pop("spare", 0), chosen.pop("fresh", 0)
    seed = chosen.pop("seed", 1)
    parameters = {
        name: chosen.get(name, p.default)
        for name, p in info.parameters.items()
        if not p.later or chosen.get(name, p.default) != p.default
    }
    if info.role == "head":
        layer = _head(layer, parameters, spare, fresh, known=chosen.get("classes"))
    if info.bits != 8:
        layer = replace(layer, rows=_levels(layer, info.bits, seed))
    if wish.rule == "rewire":
        layer = replace(layer, rows=_largest(layer, parameters["synapses"]))
    if parameters.get("packed"):
        layer = replace(layer, replay=_replay(layer, parameters, replay))
    if parameters.get("nuisance"):
        layer = _by_prototypes(layer, parameters, known)
    rule = LearnSpec(rule=wish.rule, parameters=parameters, seed=seed)  # type: ignore[arg-type]
    spec = msgspec.structs.replace(
        layer.spec, bits=8, state_bits=32, acc_bits=32, may_skip=False, learn=rule
    )
    return replace(layer, spec=spec)


def _head(
    layer: PackedLayer, parameters: dict[str, int], spare: int, fresh: int, *, known: int | None
) -> PackedLayer:
    """A readout with room for its classes; `parameters` gets the number known at first."""
    where, count = f"--learn {layer.name}", parameters["per_class"]
    if layer.spec.op != "li":
        raise OptionError(
            "the layer fires; classes are learned by a readout that does not",
            where=where,
            fix="Choose the output layer of a network that ends in a readout (LI, I or Linear).",
        )
    if layer.n % count and not fresh:
        raise OptionError(f"{layer.n} neurons are no multiple of per_class={count}", where=where)
    layer = _whole_steps(layer)
    trained = 0 if fresh else layer.n // count
    room = fresh or trained + spare
    if known is None:
        by_prototypes = "slowest" in parameters
        known = trained if by_prototypes or not fresh else fresh
    if known > room:
        raise OptionError(f"classes={known}, but there is room for {room}", where=where)
    parameters["classes"] = known
    return _resized(layer, trained * count, room * count, known * count)


def _replay(layer: PackedLayer, parameters: dict[str, int], replay: Replay | None) -> Replay:
    """The examples that a head takes along, if they fit it."""
    where, rows = f"--learn {layer.name}", layer.spec.n_rows
    if replay is None:
        raise OptionError("packed needs examples", where=where, fix="Give clips with --rehearse.")
    shape = (parameters["classes"], parameters["packed"], rows + 1)
    if replay.dtype != np.int8 or replay.shape[1:] != shape[1:] or not 0 < len(replay) <= shape[0]:
        raise OptionError(
            f"examples are {replay.dtype} {list(replay.shape)}, not int8 {list(shape)}", where=where
        )
    return replay


def _by_prototypes(
    layer: PackedLayer, parameters: dict[str, int], known: Known | None
) -> PackedLayer:
    """The head with prototypes of its known classes, and `scatter` as theirs is if not given."""
    where, count = f"--learn {layer.name}", parameters["nuisance"]
    if known is None:
        raise OptionError("nuisance needs examples", where=where, fix="Give clips with --rehearse.")
    classes, rows = parameters["classes"], layer.spec.n_rows
    fits = known.directions.shape == (count, rows) and known.prototypes.shape == (rows, classes)
    if not fits or parameters["per_class"] != 1:
        raise OptionError(
            f"examples have {known.prototypes.shape[1]} classes and {len(known.directions)} "
            f"directions, the layer {classes} and {count}, one prototype for each",
            where=where,
        )
    parameters.setdefault("scatter", known.scatter)
    weights, bias = layer.rows.copy(), layer.wide("bias").astype(np.int32)
    weights[:, :classes] = known.prototypes
    bias[:classes] = known.biases << layer.spec.frac_bits
    return replace(layer, rows=weights, bias=bias, nuisance=known.directions)


def _largest(layer: PackedLayer, count: int) -> np.ndarray[Any, np.dtype[np.int8]]:
    """The `count` largest weights of each neuron, of equals the first; 0 elsewhere."""
    order = np.argsort(-np.abs(layer.rows.astype(np.int64)), axis=0, kind="stable")
    rows = layer.rows.copy()
    np.put_along_axis(rows, order[count:], np.int8(0), axis=0)
    return rows


def _levels(layer: PackedLayer, bits: int, seed: int) -> np.ndarray[Any, np.dtype[np.int8]]:
    """Trained weights at the nearest levels; random ones where there are none."""
    top = (1 << bits) - 1
    if not layer.rows.any():
        drawn = np.random.default_rng(seed).integers(0, top + 1, layer.rows.shape)
        return (2 * drawn - top).astype(np.int8)
    scaled = layer.rows / max(int(np.abs(layer.rows).max()), 1) * top
    return (2 * np.clip(np.rint((scaled + top) / 2), 0, top) - top).astype(np.int8)


def _whole_steps(layer: PackedLayer) -> PackedLayer:
    """The readout with few fraction bits, and biases in whole weight steps."""
    f = layer.spec.frac_bits
    less = min(max(f, 0), MAX_HEAD_FRAC_BITS) - f

    def moved(table: str) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
        return align(layer.wide(table), less).astype(np.int32)

    bias = align(layer.wide("bias"), -f) << (f + less)
    spec = msgspec.structs.replace(layer.spec, frac_bits=f + less, state_bits=32)
    v_init = moved("v_init")
    return replace(
        layer,
        spec=spec,
        bias=bias.astype(np.int32),
        v_init=v_init if v_init.any() else None,
    )


def _resized(layer: PackedLayer, kept: int, n: int, known: int) -> PackedLayer:
    """The readout with n neurons: the first `kept` as they were, those beyond `known` inactive."""
    rows = np.zeros((layer.spec.n_rows, n), np.int8)
    rows[:, :kept] = layer.rows[:, :kept]
    bias = np.zeros(n, np.int32)
    bias[:kept] = layer.wide("bias")[:kept]
    bias[known:] = INACTIVE << layer.spec.frac_bits
    rows[:, known:] = 0
    alpha, v_init = layer.alpha, layer.v_init
    return replace(
        layer,
        spec=msgspec.structs.replace(layer.spec, n=n),
        rows=rows,
        bias=bias,
        scale=np.full(n, layer.scale[0]),
        beta=_longer(layer.beta, n),
        alpha=None if alpha is None else _longer(alpha, n),
        v_init=None if v_init is None else _longer(v_init, n),
    )


def _longer(
    table: np.ndarray[tuple[int, ...], np.dtype[np.int32]], n: int
) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
    """A table of length 1 or n: cut, or its last entry repeated."""
    if table.size == 1:
        return table
    return np.pad(table[:n], (0, max(n - table.size, 0)), mode="edge")
