"""Small networks that learn, and examples for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.make_packs import make_layer, make_pack
from tinysnn.learn.mark import mark_plastic
from tinysnn.learn.nuisance import Known, known_of
from tinysnn.learn.spec import Wish
from tinysnn.pack import Pack, Source
from tinysnn.stimulus import Stimulus

ONE = 65536


def base_pack(name: str, *, graded: bool = False, n_out: int = 3, hidden: int = 34) -> Pack:
    """Five inputs, a frozen layer that fires, a readout."""
    rng = np.random.default_rng(1)
    first = make_layer(
        rng.integers(-60, 90, (5, hidden)), beta=57344, theta=200, frac_bits=-3 if graded else 2,
        graded=graded, state_bits=32 if graded else 16,
    )  # fmt: skip
    second = make_layer(
        rng.integers(-60, 60, (hidden, n_out)), sources=[Source(0, 0, hidden)], op="li", beta=ONE,
        state_bits=32, frac_bits=2, bias=[4, 8, 0, 4][:n_out],
    )  # fmt: skip
    return make_pack(first, second, name=name, graded=graded)


def direct_pack(name: str) -> Pack:
    """Graded input straight into a leaky readout."""
    rng = np.random.default_rng(2)
    layer = make_layer(
        rng.integers(-60, 60, (7, 4)), op="li", graded=True, beta=60000, state_bits=32, frac_bits=3
    )
    return make_pack(layer, name=name, graded=True)


def plastic(
    pack: Pack, rule: str, hidden: tuple[str, dict[str, int]] | None = None, **parameters: int
) -> Pack:
    """The pack with its last layer plastic, and its first as well if `hidden` says so."""
    wishes = {pack.layers[-1].name: Wish(rule, parameters)}
    if hidden is not None:
        wishes[pack.layers[0].name] = Wish(*hidden)
    known = _known(pack, parameters)
    return mark_plastic(pack, wishes, _examples(pack, parameters.get("packed", 0)), known)


def _examples(pack: Pack, packed: int) -> Any:
    """Random examples for the first two classes."""
    if not packed:
        return None
    shape = (2, packed, pack.layers[-1].spec.n_rows + 1)
    return np.random.default_rng(8).integers(-9, 10, shape).astype(np.int8)


def _known(pack: Pack, parameters: dict[str, int]) -> Known | None:
    """Directions and prototypes of random examples, one class for each neuron there is."""
    count, layer = parameters.get("nuisance", 0), pack.layers[-1]
    if not count:
        return None
    counts = np.random.default_rng(9).integers(0, 12, (20 * layer.n, layer.spec.n_rows + 1))
    labels = np.arange(len(counts)) % layer.n
    return known_of(counts.astype(np.int8), labels, count, parameters.get("fraction", 0))


def scenes() -> dict[str, Pack]:
    """Packs by name, for the exactness of every rule."""
    return {
        "delta_spare": plastic(base_pack("delta_spare"), "delta", spare=2, z_shift=1),
        "delta_graded": plastic(
            direct_pack("delta_graded"), "delta", z_shift=5, shift=3, score_shift=4, margin=100,
            buffer=2, rehearsals=2, seed=77,
        ),
        "delta_pairs": plastic(
            base_pack("delta_pairs", graded=True, n_out=4), "delta", per_class=2, buffer=0, spare=1
        ),
        "delta_packed": plastic(
            base_pack("delta_packed"), "delta", spare=2, buffer=2, packed=3, old=100, anchor=2,
        ),
        "delta_anchor": plastic(
            base_pack("delta_anchor", n_out=4), "delta", per_class=2, fresh=3, buffer=0, packed=1,
            anchor=1, shift=3, score_shift=4,
        ),
        "few_spare": plastic(base_pack("few_spare"), "few-shot", spare=3, slowest=2),
        "few_nuisance": plastic(
            base_pack("few_nuisance"), "few-shot", spare=3, nuisance=3, fraction=2, scatter=700,
        ),
        "few_fresh": plastic(
            direct_pack("few_fresh"), "few-shot", fresh=4, per_class=2, novelty=900, z_shift=4
        ),
        "familiar_fresh": plastic(
            direct_pack("familiar_fresh"), "familiar", fresh=3, per_class=2, novelty=400, z_shift=3,
            slowest=3,
        ),
        "familiar_spare": plastic(base_pack("familiar_spare"), "familiar", spare=2, spread=5),
        "sdsp_four": plastic(
            base_pack("sdsp_four"), "sdsp", fresh=3, theta=60, middle=20, floor=70, teacher=25,
            chance=90, ca_ticks=2, up_low=1, gate=0, settle=0, others=7, excite=0,
        ),
        "sdsp_one": plastic(
            direct_pack("sdsp_one"), "sdsp-1bit", fresh=5, per_class=3, theta=200, middle=90,
            floor=250, teacher=90, chance=128, up_low=0, down_low=0, classes=3, settle=4, least=20,
            excite=50,
        ),
        "stdp": plastic(
            base_pack("stdp"), "stdp", fresh=3, per_class=3, down=200, up=100, silent=60, leak=1,
            h_up=20, h_decay=2, trace_gain=100, trace_shift=2,
        ),
        "stdp_plain": plastic(
            base_pack("stdp_plain"), "stdp", fresh=2, per_class=2, up=60, norm=0, every=1
        ),
        "stdp_graded": plastic(
            direct_pack("stdp_graded"), "stdp", fresh=2, per_class=2, down=90, up=60,
        ),
        "rstdp": plastic(
            base_pack("rstdp"), "rstdp", fresh=4, classes=2, per_class=2, down=90, silent=20,
            fade=3, el_shift=1, shift=7, baseline=3, every=2, theta=-300,
        ),
        "rstdp_plain": plastic(
            direct_pack("rstdp_plain"), "rstdp", fresh=3, el_shift=0, every=1, baseline=0
        ),
        "rewire": plastic(
            base_pack("rewire"), "rewire", spare=2, synapses=7, tries=3, prune=40, score_shift=3,
            shift=5,
        ),
        "eprop_recurrent": plastic(
            recurrent_pack("eprop_recurrent"), "delta",
            ("eprop", {"width": 300, "shift": 7, "el_shift": 2}), fresh=4, buffer=0, classes=2,
        ),
        "eprop_graded": plastic(
            base_pack("eprop_graded", graded=True), "delta",
            ("eprop", {"width": 150, "shift": 9, "feedback": 12345}), spare=1, rehearsals=1,
        ),
        "eprop_adaptive": plastic(
            adaptive_pack("eprop_adaptive"), "delta",
            ("eprop", {"width": 200, "shift": 6, "el_shift": 2, "adapt": 90, "adapt_shift": 2}),
            spare=1, buffer=0,
        ),
        "drtp": plastic(
            base_pack("drtp"), "delta", ("drtp", {"width": 90, "shift": 4, "seed": 9}), spare=2,
        ),
    }  # fmt: skip


def adaptive_pack(name: str) -> Pack:
    """Spikes into a layer whose thresholds rise with each spike (ALIF), and a readout."""
    rng = np.random.default_rng(4)
    first = make_layer(
        rng.integers(-60, 90, (5, 35)), beta=60000, theta=150, rho=62000, jump=60, frac_bits=1,
        state_bits=32,
    )  # fmt: skip
    second = make_layer(
        rng.integers(-60, 60, (35, 3)), sources=[Source(0, 0, 35)], op="li", beta=ONE,
        state_bits=32,
    )  # fmt: skip
    return make_pack(first, second, name=name)


def recurrent_pack(name: str) -> Pack:
    """Spikes into a recurrent layer of 33 neurons, resets to a value, and a readout."""
    rng = np.random.default_rng(3)
    first = make_layer(
        rng.integers(-60, 90, (5 + 33, 33)), sources=[Source(None, 0, 5), Source(0, 1, 33)],
        beta=57344, theta=list(range(380, 413)), frac_bits=1, reset="zero", state_bits=32,
    )  # fmt: skip
    second = make_layer(
        rng.integers(-60, 60, (33, 3)), sources=[Source(0, 0, 33)], op="li", beta=ONE,
        state_bits=32,
    )  # fmt: skip
    return make_pack(first, second, name=name)


def example(pack: Pack, rng: Any, ticks: int = 9) -> Stimulus:
    """A random clip."""
    shape = (ticks, pack.meta.n_in)
    active = rng.random(shape) < rng.uniform(0.1, 0.7)
    values = rng.integers(-128, 128, shape) if pack.graded_input else 1
    return Stimulus((active * values).astype(np.int8))


def task(n: int, *, seed: int, n_in: int = 5, classes: int = 3) -> list[Stimulus]:
    """Clips of classes that differ by how often each input is active."""
    rates = np.random.default_rng(99).uniform(0.05, 0.8, (classes, n_in))
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, n)
    return [
        Stimulus((rng.random((16, n_in)) < rates[c]).astype(np.int8), f"clip {k}", int(c))
        for k, c in enumerate(labels)
    ]
