"""Neurons that do more, end to end: what the float network does, packs and their C do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corner_dynamics import DYNAMICS
from tests.kernels.arm import Arm, compile_for, differences, one_unit, wanted_of
from tests.learn.scenes import plastic
from tests.make_packs import make_layer, make_pack
from tests.ops.scalar import Neuron
from tinysnn import batch
from tinysnn.emit import render
from tinysnn.errors import OptionError, PackError
from tinysnn.float_sim import simulate
from tinysnn.graph import Connection, Graph, Layer
from tinysnn.ops import lif
from tinysnn.pack import Source
from tinysnn.quantise import quantise
from tinysnn.reference import run
from tinysnn.stimulus import Stimulus
from tinysnn.views import obstacles

N = 9
ONE = 65536


def network(seed: int, **changes: Any) -> Graph:
    """Input, a layer of ``changes`` neurons with itself, and a readout; whole numbers in it."""
    rng = np.random.default_rng(seed)

    def weight(n: int, m: int) -> Any:
        return rng.integers(-5, 9, (n, m)).astype(float)

    zeros = np.zeros(N)
    base: dict[str, Any] = {
        "reset": "subtract", "reset_timing": "same-tick", "compare": "ge", **changes,
    }  # fmt: skip
    hidden = Layer(
        name="hidden", op="lif", n=N, alpha=None, bias=zeros,
        connections=(Connection(None, 0, weight(6, N)), Connection(0, 1, -np.eye(N))),
        beta=zeros + 1, threshold=zeros + 7, reset_to=zeros, v_init=zeros, v_rest=zeros, **base,
    )  # fmt: skip
    readout = Layer(
        name="readout", op="li", n=3, connections=(Connection(0, 0, weight(N, 3)),),
        beta=np.ones(3), alpha=None, bias=np.zeros(3), threshold=None, reset=None,
        reset_timing=None, compare=None, reset_to=np.zeros(3), v_init=np.zeros(3),
        v_rest=np.zeros(3),
    )  # fmt: skip
    return Graph("net", 6, (6,), None, (hidden, readout), 1, None)


KINDS: dict[str, dict[str, Any]] = {
    "v_min": {"v_min": np.full(N, -4.0)},
    "counts": {"many_spikes": True, "max_spikes": 5},
    "counts, zero": {"many_spikes": True, "reset": "zero"},
    "lost input": {"reset": "zero", "reset_timing": "next-tick", "reset_drops_input": True},
    "refractory": {"refractory": np.arange(N)},
    "adaptive": {"adapt_decay": np.zeros(N) + 1, "adapt_step": np.arange(N) / 2},
    "adaptive, raised": {
        "adapt_decay": np.zeros(N) + 1, "adapt_step": np.ones(N), "reset_raised": True,
    },
    "all": {
        "adapt_decay": np.zeros(N) + 1, "adapt_step": np.ones(N), "v_min": np.full(N, -3.0),
        "refractory": np.full(N, 2), "reset": "zero",
    },
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_packs_do_what_the_float_network_does(kind: str) -> None:
    graph = network(3, **KINDS[kind])
    raster = (np.random.default_rng(1).random((80, 6)) < 0.25).astype(np.int8)
    wanted = simulate(graph, raster)
    plain = simulate(network(3), raster)
    pack = quantise(graph)
    hidden, readout = pack.layers
    got = batch.simulate(pack, raster[None])
    fired, usual, packed = wanted.spikes[0], plain.spikes[0], got.spikes[0]
    assert fired is not None
    assert usual is not None
    assert packed is not None
    assert fired.sum() > 50
    assert not np.array_equal(fired, usual), "the kind makes no difference here"
    np.testing.assert_array_equal(packed[0], fired)
    unit = readout.scale * 2.0**-readout.spec.frac_bits
    np.testing.assert_array_equal(run(pack, Stimulus(raster)).output * unit, wanted.output)
    assert obstacles.of_neurons(hidden, "dsp") != "", "assembly does not know these neurons"


def test_counts_are_the_output_of_a_last_layer_that_counts() -> None:
    graph = replace(network(3, many_spikes=True, max_spikes=3), output=0)
    raster = np.ones((20, 6), np.int8)
    wanted = simulate(graph, raster).output
    assert wanted.max() == 3
    np.testing.assert_array_equal(run(quantise(graph), Stimulus(raster)).output, wanted)


def test_the_bound_of_counts_is_the_bound_of_what_they_add() -> None:
    few, many = (
        quantise(network(3, many_spikes=True, max_spikes=most)).layers[1].spec.report.x_high
        for most in (2, 100)
    )
    layer = quantise(network(3, many_spikes=True, max_spikes=100)).layers[1]
    assert layer.spec.sources[0].most == 100
    assert layer.spec.frac_bits <= quantise(network(3)).layers[1].spec.frac_bits
    assert few < many * 100


def test_counts_beside_graded_input_need_whole_steps() -> None:
    graph = network(3, many_spikes=True)
    both = replace(
        graph.layers[1],
        connections=(*graph.layers[1].connections, Connection(None, 0, np.ones((6, 3)))),
    )
    mixed = replace(graph, layers=(graph.layers[0], both), input_scale=0.5)
    with pytest.raises(OptionError, match="counted"):
        quantise(mixed)
    raster = np.random.default_rng(1).integers(-3, 9, (30, 6)).astype(np.int8)
    whole = replace(mixed, input_scale=1.0)
    pack = quantise(whole)
    unit = pack.layers[1].scale * 2.0 ** -pack.layers[1].spec.frac_bits
    np.testing.assert_array_equal(
        run(pack, Stimulus(raster)).output * unit, simulate(whole, raster).output
    )


@settings(max_examples=150, deadline=None)
@given(
    values=st.fixed_dictionaries(
        {
            "beta": st.sampled_from([0, 30000, 60000, ONE]),
            "theta": st.integers(1, 3000),
            "reset": st.sampled_from(["zero", "subtract", "none"]),
            "compare": st.sampled_from(["gt", "ge"]),
            "reset_to": st.integers(-500, 500),
        }
    ),
    v_min=st.one_of(st.none(), st.integers(-900, 10)),
    adapts=st.one_of(st.none(), st.tuples(st.integers(0, ONE), st.integers(0, 40000))),
    refractory=st.one_of(st.none(), st.integers(0, 5)),
    most=st.sampled_from([1, 1, 2, 127]),
    bits=st.sampled_from([16, 32]),
    drive=st.lists(st.integers(-4000, 9000), min_size=1, max_size=30),
)
def test_the_step_is_the_scalar_one(values, v_min, adapts, refractory, most, bits, drive) -> None:
    if most > 1:
        values, adapts, refractory = {**values, "compare": "ge"}, None, None
    rho, jump = (None, None) if adapts is None else (adapts[0], min(adapts[1], 32767))
    layer = make_layer(
        [[0]], state_bits=bits, v_min=v_min, rho=rho, jump=jump, refractory=refractory,
        max_spikes=most, skip=False, **values,
    )  # fmt: skip
    neuron = Neuron(
        "lif", bits, values["beta"], 0, values["theta"], values["reset"], "same-tick",
        values["compare"], values["reset_to"], most=most, v_min=v_min, rho=rho, jump=jump or 0,
        refractory=refractory,
    )  # fmt: skip
    v, fired, kept = np.zeros(1, np.int64), np.zeros(1, np.int64), lif.memory(layer, (1,))
    for x in drive:
        neuron.tick(x)
        v, fired = lif.step(layer, v, np.array([x]), fired, kept)
        found = [int(v[0]), int(fired[0])]
        found += [0 if part is None else int(part[0]) for part in (kept.a, kept.wait)]
        assert found == [neuron.v, neuron.s, neuron.a, neuron.wait]


@pytest.mark.emu
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_on_a_core_is_exact(core, tmp_path) -> None:
    scenes = [make(name) for name, make in DYNAMICS.items()]
    packs = [scene.pack for scene in scenes]
    elf = compile_for(core, one_unit(render(packs, core=core)), tmp_path)
    assert not dict(differences(Arm(elf, core), scenes, [wanted_of(scene) for scene in scenes]))


def test_layers_that_learn_are_plain_and_read_plain_spikes() -> None:
    rows = np.ones((4, 3), np.int8)
    wide: dict[str, Any] = {"op": "li", "state_bits": 32, "frac_bits": 2, "beta": ONE}
    bound = make_pack(make_layer(rows, v_min=-5, **wide))
    with pytest.raises(PackError, match="more than leak"):
        plastic(bound, "delta")
    first = make_layer(rows, theta=5, max_spikes=3)
    second = make_layer(np.ones((3, 2)), sources=[Source(0, 0, 3, most=3)], **wide)
    with pytest.raises(PackError, match="numbers of spikes"):
        plastic(make_pack(first, second), "delta")
