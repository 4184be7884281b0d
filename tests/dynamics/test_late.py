"""Sources read late, end to end: the graph's delays are those of the pack and of its C."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from tests.kernels.arm import Arm, compile_for, differences, one_unit, wanted_of
from tests.kernels.harness import assert_exact
from tests.late_packs import late_pack
from tests.make_packs import Corner, make_layer, make_pack, with_spec
from tests.ops.scalar_net import ScalarNet
from tests.random_packs import random_raster
from tinysnn import batch
from tinysnn.emit import render
from tinysnn.errors import ModelError, PackError
from tinysnn.float_sim import simulate
from tinysnn.graph import Connection, Graph, Layer
from tinysnn.pack import Pack, Source
from tinysnn.pack_file import load, save
from tinysnn.quantise import PackOptions, quantise
from tinysnn.reference import run
from tinysnn.state import state_bytes, state_layout
from tinysnn.stimulus import Stimulus

Floats = npt.NDArray[np.float64]
QUICK = range(300, 308)


def layer(name: str, n: int, *connections: Connection, fires: bool = True) -> Layer:
    """Integrate and fire at 10, so that whole weights are exact in float and in integers."""
    zeros = np.zeros(n)
    return Layer(
        name, "lif" if fires else "li", n, connections, zeros + 1, None, zeros,
        zeros + 10 if fires else None, "zero" if fires else None,
        "same-tick" if fires else None, "ge" if fires else None, zeros, zeros, zeros,
    )  # fmt: skip


def graph(*layers: Layer, n_in: int) -> Graph:
    return Graph("net", n_in, (n_in,), None, layers, len(layers) - 1, None)


def delayed_graph(seed: int) -> Graph:
    """Input, hidden layer with itself, readout; every connection late in some way."""
    rng = np.random.default_rng(seed)

    def weight(n: int, m: int) -> Floats:
        return rng.integers(-6, 8, (n, m)).astype(float)

    hidden = layer(
        "hidden", 7,
        Connection(None, 0, weight(5, 7)),
        Connection(None, int(rng.integers(1, 7)), weight(5, 7)),
        Connection(None, 2, weight(5, 7), source_delays=rng.integers(0, 6, 5)),
        Connection(0, int(rng.integers(1, 4)), weight(7, 7), source_delays=rng.integers(0, 3, 7)),
    )  # fmt: skip
    readout = layer(
        "readout", 4,
        Connection(0, 0, weight(7, 4), target_delays=rng.integers(0, 5, 4)),
        Connection(
            0, int(rng.integers(0, 3)), weight(7, 4), rng.integers(0, 4, 7), rng.integers(0, 4, 4)
        ),
        fires=False,
    )  # fmt: skip
    return graph(hidden, readout, n_in=5)


@pytest.mark.parametrize("seed", range(6))
def test_packs_do_what_the_float_network_does(seed: int) -> None:
    network = delayed_graph(seed)
    raster = (np.random.default_rng(seed).random((60, 5)) < 0.2).astype(np.int8)
    wanted = simulate(network, raster)
    pack = quantise(network)
    trace, readout = run(pack, Stimulus(raster)), pack.layers[1]
    unit = readout.scale * 2.0**-readout.spec.frac_bits
    assert np.abs(wanted.output).max() > 20
    np.testing.assert_array_equal(trace.output * unit, wanted.output)
    np.testing.assert_array_equal(batch.simulate(pack, raster[None]).output[0], trace.output)


def test_calibration_sees_events_when_they_arrive() -> None:
    """Compensated rounding weighs rows by their events: with the delays wrong it fits worse."""
    rng = np.random.default_rng(5)
    network = graph(
        layer(
            "readout", 6, Connection(None, 0, rng.normal(size=(12, 6)), rng.integers(0, 9, 12)),
            fires=False,
        ),
        n_in=12,
    )  # fmt: skip
    wave = np.zeros((90, 12), np.int8)
    wave[np.arange(90), np.arange(90) % 12] = 1
    clips = [Stimulus(np.roll(wave, k, axis=0)) for k in range(5)]
    fitted = quantise(network, PackOptions(bits=2), clips)
    nearest = quantise(network, PackOptions(bits=2, rounding="nearest"))
    wanted = simulate(network, wave).output

    def off(pack: Pack) -> float:
        got = run(pack, Stimulus(wave)).output * pack.layers[0].scale
        return float(((got * 2.0 ** -pack.layers[0].spec.frac_bits - wanted) ** 2).sum())

    assert off(fitted) < 0.5 * off(nearest)


@pytest.mark.parametrize("seed", QUICK)
def test_reference_is_the_scalar_simulator(seed: int) -> None:
    pack = late_pack(seed, "late")
    raster = random_raster(pack, seed, 30)
    net = ScalarNet(pack)
    outputs, states = [], [net.state()]
    for row in raster.tolist():
        outputs.append(net.tick(row))
        states.append(net.state())
    trace = run(pack, Stimulus(raster), keep_states=True)
    assert trace.output.tolist() == outputs
    assert trace.states is not None
    assert [state.tobytes() for state in trace.states] == states


@pytest.mark.host
def test_generated_c_is_exact(tmp_path) -> None:
    packs = [late_pack(seed, f"late_{seed}") for seed in range(300, 308)]
    rasters = [random_raster(pack, k) for k, pack in enumerate(packs)]
    assert_exact(packs, rasters, tmp_path)


@pytest.mark.emu
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_on_a_core_is_exact(core, tmp_path) -> None:
    packs = [late_pack(seed, f"late_{seed}") for seed in QUICK]
    scenes = [Corner(pack, random_raster(pack, k, 30)) for k, pack in enumerate(packs)]
    elf = compile_for(core, one_unit(render(packs, core=core)), tmp_path)
    traces = [wanted_of(scene) for scene in scenes]
    assert not dict(differences(Arm(elf, core), scenes, traces))


def test_a_pack_keeps_its_delays(tmp_path) -> None:
    pack = late_pack(300, "late")
    save(pack, tmp_path / "late.tsnn")
    again = load(tmp_path / "late.tsnn")
    assert again.digest == pack.digest
    assert any(layer.delays is not None for layer in again.layers)


def test_ring_takes_one_slot_more_than_the_longest_delay() -> None:
    rows = np.ones((6, 2), np.int8)
    sources = [Source(None, 0, 3), Source(None, 4, 3)]
    pack = make_pack(make_layer(rows, sources=sources))
    past = next(entry for entry in state_layout(pack) if entry.name == "in_past")
    assert (past.layer, past.count) == (None, 5)
    plain = make_pack(make_layer(rows[:3]))
    assert state_bytes(pack) == state_bytes(plain) + 4 + 4 * 5


def test_the_last_ticks_spikes_need_no_ring() -> None:
    loop = make_layer(np.ones((3, 2)), sources=[Source(None, 0, 1), Source(0, 1, 2)])
    assert not [entry for entry in state_layout(make_pack(loop)) if entry.kind == "past"]


def test_weights_of_one_bit_cannot_be_split_by_neuron() -> None:
    with pytest.raises(ModelError, match=r"readout.*never 0"):
        quantise(delayed_graph(0), PackOptions(layer_bits={"readout": 1}))


@pytest.mark.parametrize(
    ("delay", "delays", "why"),
    [
        (-1, None, "below 0"),
        (65536, None, "65536 ticks"),
        (0, [0, -1, 0], "below 0"),
        (0, [0, 1], "delays is"),
    ],
)
def test_delays_out_of_range_are_refused(delay, delays, why) -> None:
    good = make_layer(np.ones((3, 2)), delays=delays)
    big = Source(None, delay, 3)
    with pytest.raises(PackError, match=why):
        make_pack(with_spec(good, sources=(big,)))


def test_a_state_full_of_past_ticks_is_refused() -> None:
    with pytest.raises(PackError, match="state of"):
        make_pack(make_layer(np.ones((5000, 1)), sources=[Source(None, 65535, 5000)]))


def test_a_layer_cannot_be_read_before_it_runs() -> None:
    with pytest.raises(PackError, match="against the order"):
        make_pack(make_layer(np.ones((3, 2)), sources=[Source(None, 0, 1), Source(0, 0, 2)]))
