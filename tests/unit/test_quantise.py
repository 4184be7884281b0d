"""Graph to pack: what is kept, how wide it gets, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs, to_builtins

from tests.networks import fc64_pack, keyword_graph, keyword_rasters
from tinysnn.errors import ModelError, OptionError, PackError
from tinysnn.float_sim import simulate
from tinysnn.graph import Connection, Graph, Layer
from tinysnn.pack import PackedLayer
from tinysnn.pack_file import load, save
from tinysnn.quantise import PackOptions, quantise
from tinysnn.reference import run
from tinysnn.seal import sealed
from tinysnn.stimulus import Stimulus
from tinysnn.tabulate import HEADROOM, THETA_STEPS


def layer(weight: Any, *, source: int | None = None, recurrent: Any = None, **fields: Any) -> Layer:
    """A float layer; numbers become one per neuron."""
    first = np.asarray(weight, np.float64)
    n = first.shape[1]
    connections = [Connection(source, 0, first)]
    if recurrent is not None:
        connections.append(Connection(fields.pop("self_index", 0), 1, np.asarray(recurrent, float)))
    op = fields.get("op", "lif")
    fires = op in ("lif", "cuba_lif")
    values: dict[str, Any] = {
        "name": "cell",
        "op": op,
        "n": n,
        "connections": tuple(connections),
        "beta": 0.9,
        "alpha": 0.5 if op.startswith("cuba") else None,
        "bias": 0.0,
        "threshold": 1.0 if fires else None,
        "reset": "subtract" if fires else None,
        "reset_timing": "same-tick" if fires else None,
        "compare": "ge" if fires else None,
        "reset_to": 0.0,
        "v_init": 0.0,
        "v_rest": 0.0,
        **fields,
    }
    for name in ("beta", "alpha", "bias", "threshold", "reset_to", "v_init", "v_rest"):
        if values[name] is not None:
            values[name] = np.broadcast_to(np.asarray(values[name], np.float64), (n,)).copy()
    return Layer(**values)


def graph(*layers: Layer, input_scale: float | None = None) -> Graph:
    n_in = layers[0].connections[0].weight.shape[0]
    return Graph(
        name="Test Net",
        n_in=n_in,
        input_shape=(n_in,),
        input_scale=input_scale,
        layers=tuple(layers),
        output=len(layers) - 1,
        dt_s=1e-3,
    )


def only(made: Layer, **options: Any) -> PackedLayer:
    """The one layer of a packed network."""
    return quantise(graph(made), PackOptions(**options)).layers[0]


def random_weight(seed: int = 0, shape: tuple[int, int] = (20, 6)) -> np.ndarray:
    return np.random.default_rng(seed).normal(0.05, 0.2, shape)


# ---- what is kept ----


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 1000), exponent=st.integers(-8, 2))
def test_weights_on_an_exact_grid_are_kept(seed, exponent):
    rng = np.random.default_rng(seed)
    weight = rng.integers(-127, 128, (9, 5)) * 2.0**exponent
    threshold = 100.0 * 2.0**exponent
    packed = only(layer(weight, threshold=threshold))
    assert np.array_equal(packed.rows * packed.scale, weight)
    assert packed.spec.report.weight_snr_db is None
    assert (packed.theta * packed.scale * 2.0**-packed.spec.frac_bits == threshold).all()


def test_parameters_are_rounded_to_the_nearest_unit():
    made = layer(
        random_weight(), threshold=np.linspace(0.8, 1.2, 6), bias=0.013, reset="zero",
        reset_to=-0.1, v_init=0.3,
    )  # fmt: skip
    packed = only(made)
    unit = packed.scale * 2.0**-packed.spec.frac_bits
    for name, real in (
        ("theta", made.threshold), ("bias", made.bias), ("reset_to", made.reset_to),
        ("v_init", made.v_init),
    ):  # fmt: skip
        assert (np.abs(packed.wide(name) * unit - real) <= unit / 2 * 1.000001).all(), name
    assert (np.abs(packed.wide("beta") / 65536 - made.beta) <= 0.5 / 65536).all()


def test_tables_that_are_the_same_for_all_have_length_one():
    packed = only(layer(np.full((3, 4), 0.25)))
    assert packed.theta.shape == packed.beta.shape == (1,)
    assert packed.bias is packed.reset_to is packed.v_init is None
    mixed = only(layer(np.full((3, 4), 0.25), threshold=[1.0, 2.0, 1.0, 1.0]))
    assert mixed.theta.shape == (4,)


def test_a_decay_below_one_stays_below_one():
    packed = only(layer(random_weight(), beta=0.9999999))
    assert packed.beta.tolist() == [65535]
    assert only(layer(random_weight(), beta=1.0)).beta.tolist() == [65536]
    assert only(layer(random_weight(), beta=0.0)).beta.tolist() == [0]


def test_name_shape_and_notes_travel():
    packed = quantise(replace(graph(layer(random_weight())), notes=("a remark",)))
    assert packed.name == "test_net"
    assert packed.meta.notes == ("a remark",)
    assert packed.meta.dt_s == 1e-3
    assert quantise(graph(layer(random_weight())), PackOptions(name="other")).name == "other"


def test_the_same_graph_gives_the_same_digest():
    made = graph(layer(random_weight()))
    assert quantise(made).digest == quantise(made).digest


# ---- widths ----


def test_ordinary_layers_have_16_bit_state_with_headroom():
    packed = only(layer(random_weight()))
    assert packed.spec.state_bits == packed.spec.acc_bits == 16
    theta = int(np.abs(packed.wide("theta")).max())
    assert theta * HEADROOM <= 1 << 15
    lost = (65536 - packed.wide("beta")) / 65536
    assert (theta * lost >= THETA_STEPS).all()


@pytest.mark.parametrize(
    "changes",
    [
        {"op": "li"},
        {"beta": 1.0},
        {"beta": 0.99999},  # the leak would drown in its rounding
        {"op": "cuba_lif", "alpha": 1.0},
    ],
)
def test_what_cannot_be_bounded_or_decays_slowly_has_32_bits(changes):
    assert only(layer(random_weight(), **changes)).spec.state_bits == 32


def test_large_sums_need_32_bits():
    packed = only(layer(np.full((400, 2), 0.5) + np.eye(400, 2) * 0.123))
    assert packed.spec.acc_bits == 32
    narrow = only(layer(np.full((258, 2), 127.0), threshold=1000.0))
    assert narrow.spec.acc_bits == 16


def test_the_width_can_be_chosen():
    assert only(layer(random_weight()), state_bits=32).spec.state_bits == 32
    assert only(layer(random_weight(), beta=1.0), state_bits=16).spec.state_bits == 16
    with pytest.raises(ModelError, match="16-bit"):
        only(layer(random_weight(), v_init=1e5), state_bits=16)


def test_there_is_no_more_room_for_fraction_bits():
    """One more would break a rule: the layer is as fine as it can be."""
    from tinysnn import ranges
    from tinysnn.ops.fixed import STATE_RANGE

    packed = only(layer(random_weight()))
    finer = replace(packed, theta=packed.wide("theta").astype(np.int32) * 2)
    x = ranges.tick_input(packed, graded_input=False)
    low, high = STATE_RANGE[16]
    fits = 2 * int(x.low.min()) >= low and 2 * int(x.high.max()) <= high
    assert not fits or int(finer.wide("theta").max()) * HEADROOM > 1 << 15


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_all_weight_widths(bits):
    packed = only(layer(random_weight()), bits=bits)
    assert packed.spec.bits == bits
    assert np.unique(packed.rows).size <= 1 << bits
    report = packed.spec.report
    assert report.weight_snr_db is not None
    assert report.weight_snr_db > {1: 1, 2: 3, 4: 12, 8: 35}[bits]


def test_widths_by_layer():
    two = graph(layer(random_weight(), name="a"), layer(np.eye(6), source=0, name="b"))
    packed = quantise(two, PackOptions(bits=4, layer_bits={"b": 2}))
    assert [entry.spec.bits for entry in packed.layers] == [4, 2]


def test_the_report_says_what_was_proven():
    packed = only(layer(np.array([[1.0], [-0.5]])))
    report, unit = packed.spec.report, packed.scale[0] * 2.0**-packed.spec.frac_bits
    assert report.x_high * unit == pytest.approx(1.0)
    assert report.x_low * unit == pytest.approx(-0.5)
    assert report.membrane_high * unit == pytest.approx(10.0, rel=0.01)
    assert report.membrane_low * unit == pytest.approx(-5.0, rel=0.01)
    assert only(layer(random_weight(), beta=1.0)).spec.report.membrane_high is None


def test_which_layers_may_be_skipped():
    assert only(layer(random_weight())).spec.may_skip
    assert not only(layer(random_weight(), bias=0.1)).spec.may_skip
    assert not only(layer(random_weight(), threshold=0.0)).spec.may_skip


# ---- graded input ----


def test_graded_input_scales_the_weights():
    weight = np.array([[64.0], [-32.0]])
    made = graph(layer(weight, threshold=50.0), input_scale=0.25)
    packed = quantise(made).layers[0]
    assert np.array_equal(packed.rows * packed.scale, weight * 0.25)
    assert packed.spec.spike_value == 1
    assert packed.spec.acc_bits == 32


@pytest.mark.parametrize("k", [1, 4, 127])
def test_graded_input_and_recurrence_share_a_scale(k):
    rng = np.random.default_rng(0)
    weight, back = rng.integers(-60, 61, (3, 4)) * 1.0 * k, rng.integers(-1, 2, (4, 4)) * 1.0 * k
    made = graph(layer(weight, recurrent=back, threshold=5.0 * k), input_scale=1 / k)
    packed = quantise(made).layers[0]
    assert packed.spec.spike_value == k
    real = packed.rows * packed.scale
    # an event of 1 is worth input_scale, a spike is worth k events
    assert np.allclose(real[:3], weight / k)
    assert np.allclose(real[3:] * k, back, atol=float(packed.scale.max()) * k / 2)


@pytest.mark.parametrize("scale", [0.3, 2.0, 1 / 128])
def test_graded_input_and_recurrence_need_a_scale_of_one_over_k(scale):
    made = graph(layer(np.ones((3, 4)), recurrent=np.eye(4)), input_scale=scale)
    with pytest.raises(OptionError, match=r"1/k.*cell|cell.*1/k"):
        quantise(made)


def test_later_layers_take_spikes_whatever_the_input_is():
    two = graph(
        layer(random_weight(), name="a"), layer(np.eye(6), source=0, name="b"), input_scale=0.3
    )
    packed = quantise(two)
    assert packed.graded_input
    assert packed.layers[1].spec.spike_value == 1


# ---- firing rates ----


def clips(n_in: int = 20, density: float = 0.3) -> list[Stimulus]:
    rng = np.random.default_rng(9)
    return [Stimulus((rng.random((40, n_in)) < density).astype(np.int8)) for _ in range(3)]


def test_rates_before_and_after_are_reported():
    made = graph(layer(np.abs(random_weight())), layer(np.eye(6), source=0, op="li", name="out"))
    packed = quantise(made, calibration=clips())
    firing, readout = (entry.spec.report for entry in packed.layers)
    rates = [simulate(made, clip.raster).spikes[0].mean() for clip in clips()]
    assert firing.rate_float == pytest.approx(np.mean(rates))
    traces = [run(quantise(graph(made.layers[0])), clip) for clip in clips()]
    assert firing.rate_packed == pytest.approx(np.mean([trace.output.mean() for trace in traces]))
    assert firing.rate_packed == pytest.approx(firing.rate_float, rel=0.05)
    assert firing.saturated == 0
    assert (readout.rate_float, readout.rate_packed) == (None, None)
    assert packed.meta.calibration == "3 clips, 120 ticks"
    assert quantise(made).meta.calibration == ""


def silenced() -> Graph:
    """Each weight alone is far below the largest one's step at 2 bits: all but one become 0."""
    weight = np.full((20, 1), 0.05)
    weight[0] = 40.0
    return graph(layer(weight, beta=0.5, name="quiet"))


def test_a_layer_that_falls_silent_is_an_error_unless_waived():
    quiet = clips()
    for clip in quiet:
        clip.raster[:, 0] = 0
    loud = replace(silenced().layers[0], threshold=np.array([0.3]))
    made = graph(loud)
    with pytest.raises(ModelError, match=r"silence.*--allow-silent quiet") as caught:
        quantise(made, PackOptions(bits=2), quiet)
    assert "quiet" in caught.value.where
    packed = quantise(made, PackOptions(bits=2, allow_silent=("quiet",)), quiet)
    report = packed.layers[0].spec.report
    assert report.rate_float > 0
    assert report.rate_packed == 0


def test_a_layer_that_was_silent_already_is_none():
    still = [Stimulus(np.zeros((10, 20), np.int8))]
    report = quantise(graph(layer(random_weight())), calibration=still).layers[0].spec.report
    assert (report.rate_float, report.rate_packed) == (0.0, 0.0)


# ---- what is refused ----


@pytest.mark.parametrize("options", [{"layer_bits": {"nobody": 4}}, {"allow_silent": ("nobody",)}])
def test_an_option_for_a_layer_that_is_not_there(options):
    with pytest.raises(OptionError, match=r"nobody.*cell"):
        quantise(graph(layer(random_weight())), PackOptions(**options))


def test_a_name_that_is_none():
    with pytest.raises(PackError, match="no model name"):
        quantise(graph(layer(random_weight())), PackOptions(name="Not A Name"))


@pytest.mark.parametrize(
    "changes",
    [
        {"v_init": 1e12},
        {"v_init": 1e300},
        {"bias": -1e25},
        {"threshold": 1e31},
    ],
)
def test_values_that_no_state_can_hold(changes):
    with pytest.raises(ModelError, match="cell"):
        only(layer(random_weight(), **changes))


@pytest.mark.parametrize("factor", [1e-300, 1e-28, 1e28, 1e300])
def test_weights_of_any_size_are_packed_or_refused(factor):
    made = layer(random_weight() * factor, threshold=factor)
    if factor in (1e-300, 1e300):
        with pytest.raises(ModelError, match=r"cell.*units"):
            only(made)
    else:
        wanted = only(layer(random_weight()))
        assert np.array_equal(only(made).rows, wanted.rows)
        assert np.array_equal(only(made).wide("theta"), wanted.wide("theta"))


def test_a_threshold_too_small_to_be_seen_is_refused():
    """Rounded to 0 it would make every neuron fire at rest."""
    with pytest.raises(ModelError, match="threshold"):
        only(layer(random_weight() * 1e6, threshold=1e-6))


# ---- real networks ----


@pytest.mark.parametrize("percent", [5, 20])
def test_the_common_workload_is_exact_and_narrow(percent):
    for entry in fc64_pack(percent).layers:
        assert entry.spec.report.weight_snr_db is None
        assert (entry.spec.state_bits, entry.spec.acc_bits) == (16, 16)
        assert entry.spec.may_skip


def test_the_keyword_network_keeps_its_rates():
    stimuli = [Stimulus(raster) for raster in keyword_rasters(6)]
    packed = quantise(keyword_graph(), calibration=stimuli)
    for entry in packed.layers:
        report = entry.spec.report
        if entry.spec.fires:
            assert report.rate_packed == pytest.approx(report.rate_float, rel=0.1)


@pytest.mark.parametrize("options", [{"bits": 3}, {"layer_bits": {"cell": 5}}, {"state_bits": 7}])
def test_widths_that_do_not_exist_are_refused(options):
    with pytest.raises(OptionError, match="bits"):
        only(layer(random_weight()), **options)


def test_packs_from_before_the_newer_report_fields(tmp_path):
    """They are left out where they are None, so that the text and its digest are the old ones."""
    old = {
        "weight_snr_db", "x_low", "x_high", "membrane_low", "membrane_high", "rate_float",
        "rate_packed", "saturated",
    }  # fmt: skip
    packed = quantise(graph(layer(random_weight())), calibration=clips())
    entry = packed.layers[0]
    report = structs.replace(entry.spec.report, events_per_tick=None, quiet_ticks=None)
    assert set(to_builtins(report)) == old
    spec = structs.replace(entry.spec, report=report)
    before = sealed(structs.replace(packed.meta, layers=(spec,)), (replace(entry, spec=spec),))
    save(before, tmp_path / "old.tsnn")
    found = load(tmp_path / "old.tsnn")
    assert found.digest == before.digest
    assert found.layers[0].spec.report.events_per_tick is None


def test_events_are_counted():
    made = graph(layer(np.abs(random_weight())), layer(np.eye(6), source=0, op="li", name="out"))
    seen = clips()
    first, second = (entry.spec.report for entry in quantise(made, calibration=seen).layers)
    assert first.events_per_tick == pytest.approx(sum(c.raster.sum() for c in seen) / 120)
    assert second.events_per_tick == pytest.approx(first.rate_packed * 6)
    assert 0 < second.quiet_ticks < 1
    assert first.quiet_ticks == np.mean([not row.any() for c in seen for row in c.raster])
