"""What plastic layers say of themselves: classes, neurons of a class, parameters (SPEC.md 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tinysnn.learn.spec import RULES

if TYPE_CHECKING:
    from tinysnn.pack import Pack, PackedLayer


def parameters_of(layer: PackedLayer) -> dict[str, int]:
    """The parameters of a plastic layer's rule; the default of those that its pack leaves out."""
    learn = layer.spec.learn
    assert learn is not None
    return {n: learn.parameters.get(n, p.default) for n, p in RULES[learn.rule].parameters.items()}


def per_class(layer: PackedLayer) -> int:
    """Neurons of each class of a head."""
    return parameters_of(layer)["per_class"]


def room_of(layer: PackedLayer) -> int:
    """Classes that a head has neurons for."""
    return layer.n // per_class(layer)


def classes_of(layer: PackedLayer) -> int:
    """Classes that a head knows at first."""
    return parameters_of(layer)["classes"]


def head_of(pack: Pack) -> int | None:
    """Index of the layer that learns classes; None: no layer does."""
    for k, layer in enumerate(pack.layers):
        learn = layer.spec.learn
        if learn is not None and RULES[learn.rule].role == "head":
            return k
    return None


def learns_by_reward(pack: Pack) -> bool:
    """Whether the head is told how good its answer was, and not which one was right."""
    head = head_of(pack)
    learn = None if head is None else pack.layers[head].spec.learn
    return learn is not None and learn.rule == "rstdp"


def is_plastic(pack: Pack) -> bool:
    """Whether any layer learns."""
    return any(layer.spec.learn is not None for layer in pack.layers)


def measures(pack: Pack) -> bool:
    """Whether a layer's sums are distances, not those of rows (SPEC.md 4.6.1)."""
    learns = [layer.spec.learn for layer in pack.layers]
    return any(learn is not None and learn.rule == "familiar" for learn in learns)
