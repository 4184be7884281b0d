"""What a device has learned as a pack, and back (`tinysnn pull`, `tinysnn push`; SPEC.md 4.9)."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import numpy as np

from tinysnn.errors import PackError
from tinysnn.learn.learner import Learner
from tinysnn.pack import Pack, PackedLayer
from tinysnn.seal import sealed


def pulled(pack: Pack, learned: bytes) -> Pack:
    """The pack with what was learned in it: as first values, and byte by byte.

    Raises
    ------
    OptionError: `learned` is nothing that a device with this pack can have learned.

    """
    learner = Learner(pack)
    learner.restore(learned)
    first = min(learner.plastic)
    layers = []
    for k, layer in enumerate(pack.layers):
        if k in learner.plastic:
            layer = _with(layer, learner, k)  # noqa: PLW2901 (the layer as it is now)
        if k == first:
            layer = replace(layer, learned=np.frombuffer(learned, np.uint8).copy())  # noqa: PLW2901
        layers.append(layer)
    specs = tuple(_based(layer, pack).spec for layer in layers)
    taken = tuple(replace(layer, spec=spec) for layer, spec in zip(layers, specs, strict=True))
    return sealed(msgspec.structs.replace(pack.meta, layers=specs), taken)


def _with(layer: PackedLayer, learner: Learner, k: int) -> PackedLayer:
    plastic = learner.plastic[k]
    learn = layer.spec.learn
    assert learn is not None
    parameters = dict(learn.parameters)
    if "classes" in parameters:
        parameters["classes"] = learner.shared.n_classes
    learn = msgspec.structs.replace(learn, parameters=parameters, seed=learner.shared.rng.state)
    return replace(
        layer,
        spec=msgspec.structs.replace(layer.spec, learn=learn),
        rows=plastic.rows.copy(),
        bias=plastic.bias.astype(np.int32) if layer.bias is not None else None,
    )


def _based(layer: PackedLayer, pack: Pack) -> PackedLayer:
    learn = layer.spec.learn
    if learn is None:
        return layer
    base = msgspec.structs.replace(learn, base=learn.base or pack.digest)
    return replace(layer, spec=msgspec.structs.replace(layer.spec, learn=base))


def base_digest(pack: Pack) -> str:
    """Digest of the pack that devices run which can take what this pack has learned."""
    for layer in pack.layers:
        if layer.spec.learn is not None and layer.spec.learn.base:
            return layer.spec.learn.base
    return pack.digest


def learned_of(pack: Pack) -> bytes:
    """What a pulled pack has learned.

    Raises
    ------
    PackError: the pack was not pulled from a device.

    """
    for layer in pack.layers:
        if layer.learned is not None:
            return layer.learned.tobytes()
    raise PackError("holds nothing that a device has learned", fix="Make one with `tinysnn pull`.")
