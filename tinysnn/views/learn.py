"""What learns, for the templates: names of fields, constants of a rule."""

from __future__ import annotations

from dataclasses import dataclass

from tinysnn.learn.layout import (
    LearnField,
    learned_bytes,
    learned_layout,
    learning_layout,
)
from tinysnn.learn.plastic import classes_of, head_of, is_plastic, parameters_of, room_of
from tinysnn.learn.spec import RULES
from tinysnn.pack import Pack
from tinysnn.views.learn_first import first_values
from tinysnn.views.table import TableView

_C_TYPES = {
    "u4": "uint32_t",
    "i4": "int32_t",
    "u2": "uint16_t",
    "i2": "int16_t",
    "u1": "uint8_t",
    "i1": "int8_t",
}
FARTHEST = (1 << 20) - 1
"""Largest distance of a tick (SPEC.md 4.6.1)."""
_DOCS = {
    "rng": "state of the generator",
    "n_classes": "classes known",
    "n_examples": "examples learned",
    "armed": "1: an example is being learned",
    "label": "its class; -1: not said",
    "reward": "its reward",
    "n_ticks": "its ticks so far",
    "w": "weights, one row per presynaptic unit",
    "b": "biases",
    "turn": "class that was rehearsed last",
    "kept": "examples kept of each class",
    "buffer": "the examples",
    "d": "deviations from the prototypes, 1/16 of a value",
    "from": "rows that the synapses come from",
    "uses": "examples that moved each prototype; 255: it stays",
    "z": "counts of what entered",
    "x": "the same as it is learned from",
    "e": "errors of the neurons",
    "u": "membranes that learning watches",
    "ca": "calcium",
    "dir": "which way weights may go",
    "near": "ticks near the threshold",
    "t": "traces of what entered",
    "el": "traces of synapses",
    "ea": "traces of synapses onto the threshold",
    "h": "homeostatic thresholds",
    "y": "traces of the neurons",
    "mean": "expected reward, times 256",
}


@dataclass(frozen=True)
class LearnFieldView:
    """A member of one of the two structs."""

    ctype: str
    name: str
    length: int
    padding: tuple[int, ...]
    doc: str
    initial: str
    single: bool

    @property
    def dims(self) -> str:
        """The array suffix, empty for a single value."""
        return "" if self.single else f"[{self.length + len(self.padding)}u]"


@dataclass(frozen=True)
class LayerLearnView:
    """How one layer learns: its rule's template, parameters and expressions."""

    template: str
    head: bool
    by_reward: bool
    p: dict[str, int]
    w: str
    b: str
    z: str
    x: str
    turn: str
    kept: str
    buffer: str
    uses: str
    d: str
    """Deviations; of a rule that has none: empty."""
    farthest: int
    source: str
    error: str
    u: str
    ca: str
    dir: str
    near: str
    t: str
    el: str
    ea: str
    h: str
    y: str
    mean: str
    errors: str
    """Errors of the head; in a head that no hidden layer learns by: empty."""
    top: int
    step: int
    """A weight is step times its level less top."""
    row_bytes: int
    row_words: int
    """Words with a bit for each row."""
    byte_of_k: str
    bit_of_k: str
    n_weights: int
    adds_theta: bool
    adaptive: bool
    times_per_class: str
    nuisance: str
    """Table of directions that are taken out of examples; empty: none."""
    one: int
    """1 in fraction bits of prototypes."""
    packed: str
    """Table of the examples that came with the pack; empty: none."""
    packed_classes: int
    anchored: int
    """Neurons that go back to what was packed after each example."""
    first_w: str
    first_b: str
    """What was packed, as C with index i or k."""
    room: int
    class_of_k: str
    scaled_score: str
    scaled_z: str
    scaled_ticks: str
    tables: tuple[TableView, ...]
    initial: dict[str, str]
    """First value of fields of what is learned that are not 0, as C with index i."""


@dataclass(frozen=True)
class LearnView:
    """What a model learns."""

    learned: tuple[LearnFieldView, ...]
    learning: tuple[LearnFieldView, ...]
    learned_bytes: int
    room: int
    by_reward: bool
    """Whether a layer learns by a reward."""


def view_layer_learn(pack: Pack, k: int, prefix: str) -> LayerLearnView | None:
    """How layer k learns; None: it does not."""
    layer = pack.layers[k]
    learn = layer.spec.learn
    if learn is None:
        return None
    p = parameters_of(layer)
    head = RULES[learn.rule].role == "head"
    tables, initial = first_values(pack, k, prefix)
    fields = ("w", "b", "z", "x", "turn", "kept", "buffer", "u", "ca", "dir")
    more = ("near", "t", "el", "ea", "h", "y", "mean")
    names = {name: f"l{k}_{name}" for name in (*fields, *more)}
    bits, spec = RULES[learn.rule].bits, layer.spec
    return LayerLearnView(
        template=f"learn/{learn.rule.removesuffix('-1bit')}.c.jinja",
        head=head,
        by_reward=learn.rule == "rstdp",
        p=p,
        **names,
        uses=f"l{k}_uses",
        d=f"l{k}_d" if learn.rule == "familiar" else "",
        farthest=FARTHEST,
        source=f"l{k}_from",
        error=f"l{k}_e",
        errors=_errors(pack),
        top=(1 << bits) - 1,
        step=2,
        row_bytes=-(-layer.n * bits // 8),
        row_words=-(-spec.n_rows // 32),
        byte_of_k="k >> 1" if bits == 4 else "k >> 3",
        bit_of_k="((k & 1u) << 2)" if bits == 4 else "(k & 7u)",
        n_weights=spec.n_rows * layer.n,
        adds_theta=spec.reset == "subtract" and spec.reset_timing == "same-tick",
        adaptive=layer.rho is not None,
        times_per_class="" if p.get("per_class", 1) == 1 else f" * {p['per_class']}u",
        nuisance="" if layer.nuisance is None else f"{prefix}_nuisance",
        one=1 << p.get("fraction", 0),
        packed="" if layer.replay is None else f"{prefix}_packed",
        packed_classes=0 if layer.replay is None else len(layer.replay),
        anchored=classes_of(layer) * p["per_class"] if p.get("anchor") else 0,
        first_w=f"{prefix}_first_w[(i * {layer.n}u) + k]" if layer.rows.any() else "0",
        first_b=initial.get(f"l{k}_b", "0").replace("[i]", "[k]"),
        room=room_of(layer) if head else 0,
        class_of_k="k" if p.get("per_class") == 1 else f"(k / {p.get('per_class')}u)",
        scaled_score=_shifted("score", p.get("score_shift", 0)),
        scaled_z=_shifted(f"st->learning.l{k}_z[i]", p.get("z_shift", 0)),
        scaled_ticks=_shifted("(int32_t)st->learning.n_ticks", p.get("z_shift", 0)),
        tables=tables,
        initial=initial,
    )


def _errors(pack: Pack) -> str:
    """The field with the head's errors, if a hidden layer learns by them."""
    head = head_of(pack)
    rules = [layer.spec.learn.rule for layer in pack.layers if layer.spec.learn is not None]
    return f"l{head}_e" if "eprop" in rules else ""


def _shifted(value: str, shift: int) -> str:
    """C of a value divided by 2^shift, half up."""
    return f"({value} + {(1 << shift) >> 1}) >> {shift}" if shift else value


def view_learn(pack: Pack, layers: tuple[LayerLearnView | None, ...]) -> LearnView | None:
    """What the model learns; None: nothing."""
    if not is_plastic(pack):
        return None
    initial: dict[str, str] = {}
    for layer in reversed(layers):  # the generator starts with the seed of the first that learns
        initial.update(layer.initial if layer else {})
    head = head_of(pack)
    return LearnView(
        learned=tuple(_field(entry, initial) for entry in learned_layout(pack)),
        learning=tuple(_field(entry, {}) for entry in learning_layout(pack)),
        learned_bytes=learned_bytes(pack),
        room=0 if head is None else room_of(pack.layers[head]),
        by_reward=any(layer.by_reward for layer in layers if layer),
    )


def _field(entry: LearnField, initial: dict[str, str]) -> LearnFieldView:
    layer, _, kind = entry.name.partition("_")
    of_layer = layer[0] == "l" and layer[1:].isdigit()
    doc = f"layer {layer[1:]}: {_DOCS[kind]}" if of_layer else _DOCS[entry.name]
    single = not of_layer or kind in ("turn", "mean")
    zero = "0u" if entry.dtype[0] == "u" else "0"
    return LearnFieldView(
        ctype=_C_TYPES[entry.dtype],
        name=entry.name,
        length=entry.count,
        padding=tuple(range(entry.count, entry.padded)),
        doc=doc,
        initial=initial.get(entry.name, zero),
        single=single,
    )
