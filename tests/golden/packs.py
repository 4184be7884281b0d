"""The four small models whose generated text is kept."""

from __future__ import annotations

import numpy as np

from tests.corner_maps import map_layer
from tests.make_packs import make_layer, make_pack
from tinysnn.pack import Pack, Source
from tinysnn.source_map import PoolWindow, SourceMap

ONE = 65536


def dense() -> Pack:
    """Two plain layers: what most networks are made of."""
    rng = np.random.default_rng(1)
    first = make_layer(rng.integers(-60, 90, (5, 34)), beta=57344, theta=200, frac_bits=2)
    second = make_layer(
        rng.integers(-60, 60, (34, 3)), sources=[Source(0, 0, 34)], beta=60000,
        theta=[300, 400, 500], frac_bits=3, reset="zero", compare="gt",
    )  # fmt: skip
    return make_pack(first, second, name="dense")


def recurrent() -> Pack:
    """Graded input, currents, recurrence, resets in the next tick, parameters per neuron."""
    rng = np.random.default_rng(2)
    layer = make_layer(
        rng.integers(-60, 90, (9, 5)), sources=[Source(None, 0, 4), Source(0, 1, 5)], op="cuba_lif",
        graded=True, state_bits=32, frac_bits=-2, beta=[ONE, 0, 60000, 50000, 40000], alpha=30000,
        theta=900, bias=[1, 2, 3, 4, -5], reset="zero", reset_timing="next-tick",
        reset_to=[-7, 0, 0, 0, 7], v_init=[0, 0, 0, 0, 100], spike_value=4,
    )  # fmt: skip
    return make_pack(layer, name="recurrent", graded=True)


def readout() -> Pack:
    """Four-bit weights into a layer that is read out as membranes."""
    rng = np.random.default_rng(3)
    first = make_layer(rng.integers(-7, 8, (40, 9)), bits=4, beta=60000, theta=40, frac_bits=2)
    second = make_layer(
        rng.integers(-7, 8, (9, 3)), bits=4, sources=[Source(0, 0, 9)], op="li", beta=64000,
        state_bits=32, frac_bits=8,
    )  # fmt: skip
    return make_pack(first, second, name="readout")


def maps() -> Pack:
    """A strided convolution, and a pool and a matrix behind it."""
    first = map_layer(
        SourceMap((1, 6, 6), (3, 3), 4, stride=(2, 2), padding=((1, 0), (1, 0))), frac_bits=2
    )
    whole = SourceMap((4, 3, 3), (1, 1), 6, channels_last=True, pool=PoolWindow((2, 2), (2, 2)))
    second = map_layer(whole, bits=4, sources=(Source(0, 0, 36, whole),))
    return make_pack(first, second, name="maps")


GOLDEN = (
    (maps, "cortex-m4"),
    (dense, "cortex-m0plus"),
    (dense, "cortex-m4"),
    (recurrent, "cortex-m3"),
    (readout, "cortex-m0"),
)
