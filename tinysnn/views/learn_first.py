"""What a layer that learns begins with, as tables and C: weights, biases, feedback, synapses."""

from __future__ import annotations

import numpy as np

from tinysnn.learn.layout import kept_fields
from tinysnn.learn.plastic import classes_of, head_of, room_of
from tinysnn.learn.spec import RULES
from tinysnn.pack import Pack, PackedLayer
from tinysnn.views.table import Tables, TableView


def first_values(pack: Pack, k: int, prefix: str) -> tuple[tuple[TableView, ...], dict[str, str]]:
    """Tables of what a layer begins with, and the expressions that read them."""
    layer = pack.layers[k]
    made: list[TableView] = []
    assert layer.spec.learn is not None
    initial = {"rng": f"{layer.spec.learn.seed}u"}
    if "feedback" in layer.spec.learn.parameters:
        made.append(_signs(pack, layer, prefix))
    if layer.spec.learn.rule == "rewire":
        made += _synapses(layer, prefix)
        initial |= {f"l{k}_w": f"{prefix}_first_w[i]", f"l{k}_from": f"{prefix}_first_from[i]"}
    elif layer.rows.any():
        symbol = f"{prefix}_first_w"
        ctype, values = _stored(layer, RULES[layer.spec.learn.rule].bits)
        words = "weights before anything is learned"
        made.append(TableView(ctype, symbol, tuple(values), words))
        initial[f"l{k}_w"] = f"{symbol}[i]"
    if "per_class" not in (layer.spec.learn.parameters):
        return tuple(made), initial
    tables = Tables(prefix, layer.n)
    steps = (layer.wide("bias") >> layer.spec.frac_bits).astype(np.int32)
    initial[f"l{k}_b"] = tables.expression("first_b", steps, "biases before").replace("[j]", "[i]")
    initial["n_classes"] = f"{classes_of(layer)}u"
    if layer.replay is not None:
        kept = tuple(layer.replay.ravel().tolist())
        words = "examples that are rehearsed, one after another, by class"
        made.append(TableView("int8_t", f"{prefix}_packed", kept, words))
    if layer.nuisance is not None:
        along = tuple(layer.nuisance.ravel().tolist())
        words = "directions that are taken out of examples, one after another"
        made.append(TableView("int8_t", f"{prefix}_nuisance", along, words))
    if layer.spec.learn.rule == "familiar":
        kept_d = kept_fields(pack).get(f"l{k}_d")
        initial[f"l{k}_d"] = f"{layer.spec.learn.parameters['spread']}u"
        if kept_d is not None:
            words = "deviations before anything is learned"
            made.append(TableView("uint8_t", f"{prefix}_first_d", tuple(kept_d.tolist()), words))
            initial[f"l{k}_d"] = f"{prefix}_first_d[i]"
    if layer.spec.learn.rule in ("few-shot", "familiar"):
        initial[f"l{k}_uses"] = f"(st->learned.l{k}_b[i] != TSNN_INACTIVE) ? 255u : 0u"
    return (*made, *tables.made), initial


def _signs(pack: Pack, layer: PackedLayer, prefix: str) -> TableView:
    """Fixed random feedback, a bit per class and neuron: top bits of the generator's numbers."""
    head = head_of(pack)
    room = 0 if head is None else room_of(pack.layers[head])
    x = layer.spec.learn.parameters["feedback"] if layer.spec.learn else 1
    words = [0] * -(-room * layer.n // 32)
    for at in range(room * layer.n):
        x ^= x << 13 & 0xFFFFFFFF
        x ^= x >> 17
        x ^= x << 5 & 0xFFFFFFFF
        words[at >> 5] |= (x >> 31) << (at & 31)
    doc = "feedback of class c to neuron k: bit c n + k, 1 is up"
    return TableView("uint32_t", f"{prefix}_signs", tuple(words), doc, "hex")


def _stored(layer: PackedLayer, bits: int) -> tuple[str, list[int]]:
    """Weights as they lie in RAM at first: bytes with a sign, or levels, low bits first."""
    if bits == 8:
        return "int8_t", [int(w) for w in layer.rows.ravel()]
    top, per_byte = (1 << bits) - 1, 8 // bits
    out = []
    for row in layer.rows:
        levels = [(int(w) + top) // 2 for w in row] + [0] * (-len(row) % per_byte)
        groups = (levels[at : at + per_byte] for at in range(0, len(levels), per_byte))
        out += [sum(v << (bits * i) for i, v in enumerate(group)) for group in groups]
    return "uint8_t", out


def _synapses(layer: PackedLayer, prefix: str) -> list[TableView]:
    """Weights and rows of the synapses at first, neuron after neuron."""
    assert layer.spec.learn is not None
    count, weights, rows = layer.spec.learn.parameters["synapses"], [], []
    for k, column in enumerate(layer.rows.T.tolist()):
        own = [row for row, weight in enumerate(column) if weight]
        at = k * count
        while len(own) < count:
            if at % len(column) not in own:
                own.append(at % len(column))
            at += 1
        rows += own
        weights += [column[row] for row in own]
    return [
        TableView("int8_t", f"{prefix}_first_w", tuple(weights), "weights of synapses at first"),
        TableView("uint16_t", f"{prefix}_first_from", tuple(rows), "rows they come from at first"),
    ]
