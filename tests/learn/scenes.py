"""Small networks that learn, and examples for them."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.make_packs import make_layer, make_pack
from tinysnn.learn.mark import Wish, mark_plastic
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


def plastic(pack: Pack, rule: str, **parameters: int) -> Pack:
    """The pack with its last layer plastic."""
    return mark_plastic(pack, {pack.layers[-1].name: Wish(rule, parameters)})


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
        "few_spare": plastic(base_pack("few_spare"), "few-shot", spare=3, slowest=2),
        "few_fresh": plastic(
            direct_pack("few_fresh"), "few-shot", fresh=4, per_class=2, novelty=900, z_shift=4
        ),
    }  # fmt: skip


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
