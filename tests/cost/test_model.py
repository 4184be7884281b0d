"""The parts of the cost model: tables by number of events, activity, reasons."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.cases import load_case
from benchmarks.cost_fit import fit
from benchmarks.cost_packs import designed
from benchmarks.networks import PLANS, THRESHOLDS, _graph, seeded_clip
from tests.make_packs import make_layer, make_pack, raster_of
from tinysnn.cost.activity import of_clips, of_density
from tinysnn.cost.coefficients import Steps, coefficients
from tinysnn.cost.predict import knows, predict
from tinysnn.cost.report import of_report
from tinysnn.cost.rows import binomial, predict_rows, variant_of
from tinysnn.emit import CORES
from tinysnn.quantise import PackOptions, quantise
from tinysnn.stimulus import Stimulus
from tinysnn.views.layer import view_layer
from tinysnn.views.row_kernels import RowsKernel

ONE = 65536


def test_counts_go_on_beyond_the_table():
    table = Steps("5 7 8 10", period=2, rise=4)

    counts = table.at(np.arange(9))

    assert counts.tolist() == [5, 7, 8, 10, 12, 14, 16, 18, 20]


def test_chances_of_a_number_of_events():
    chances = binomial(300, 0.2)

    assert chances.sum() == pytest.approx(1)
    assert chances @ np.arange(301) == pytest.approx(60)
    assert chances @ (np.arange(301) - 60.0) ** 2 == pytest.approx(48)
    assert binomial(4, 0).tolist() == [1, 0, 0, 0, 0]
    assert binomial(4, 1).tolist() == [0, 0, 0, 0, 1]


def test_a_mean_number_of_events_lies_between_its_neighbours():
    few, many = (predict_rows(128, "tsnn_rows8_s3_dsp", events) for events in (3, 4))

    assert few < predict_rows(128, "tsnn_rows8_s3_dsp", 3.5, n_rows=64) < many
    assert predict_rows(128, "tsnn_rows8_s3_dsp", [3, 4]) == (few + many) / 2
    assert predict_rows(128, "tsnn_rows8_s0_dsp", 3) < few  # unshifted sums need no masks


@pytest.mark.parametrize("core", CORES)
def test_every_row_add_that_can_be_chosen_was_measured(core):
    if not knows(core):
        pytest.skip(f"the cost model does not know {core}")
    cases = designed(60, 60, seed=9)
    views = [view_layer(case.pack, 0, core, case.options) for case in cases]
    symbols = {k.symbol for view in views for k in view.kernels if isinstance(k, RowsKernel)}

    assert {variant_of(symbol) for symbol in symbols} <= set(coefficients().rows)


def test_least_squares_finds_what_it_was_made_from():
    rng = np.random.default_rng(3)
    a, b = rng.integers(0, 50, (2, 40)).astype(float)
    costs = fit(
        [{"a": a[:20], "b": b[:20]}, {"a": a[20:]}], [3 * a[:20] + 0.5 * b[:20], 3 * a[20:]]
    )

    assert costs == {"a": 3.0, "b": 0.5}


def test_no_cost_is_below_nothing():
    a = np.arange(1.0, 30)

    costs = fit([{"a": a, "b": np.sqrt(a)}], [2 * a - np.sqrt(a)])

    assert min(costs.values()) == 0


def test_activity_is_what_the_reference_does():
    layer = make_layer([[9, 1, 1], [9, 1, 1]], theta=9, beta=ONE // 2, reset="zero")
    pack = make_pack(layer)

    (ticks,) = of_clips(pack, [Stimulus(raster_of(2, [[0], [], [], [0, 1], []]))]).layers

    assert ticks.ran.tolist() == [1, 0, 0, 1, 0]
    assert ticks.idle.tolist() == [0, 0, 0, 2, 0]
    assert ticks.fired.tolist() == [1, 0, 0, 1, 0]
    assert ticks.fired_before.tolist() == [0, 1, 0, 0, 1]
    assert ticks.events.tolist() == [1, 0, 0, 2, 0]
    assert ticks.sources[0].evens.tolist() == [1, 0, 0, 1, 0]
    assert ticks.sources[0].odds.tolist() == [0, 0, 0, 1, 0]
    assert ticks.added[0, 2].tolist() == [2, 0, 0, 4, 0]  # three weights in a row: two words
    assert ticks.added[1, 2].tolist() == [1, 0, 0, 2, 0]  # which are a run of two
    assert not ticks.added[2].any()


@pytest.mark.parametrize(("model", "core"), [("seed64_20", "cortex-m4"), ("rec256_5", "cortex-m0")])
def test_averages_of_the_calibration_data_predict_nearly_what_its_ticks_do(model, core):
    plan = PLANS[model]
    clip = seeded_clip(plan.n_in, plan.percent)
    graph = _graph(plan, THRESHOLDS[model, 8])
    pack = quantise(graph, PackOptions(name="calibrated", bits=8), [clip])
    likely = of_report(pack)
    assert likely is not None

    said = predict(pack, core, likely).instructions_per_tick

    assert said == pytest.approx(
        predict(pack, core, of_clips(pack, [clip])).instructions_per_tick, rel=0.1
    )
    assert [layer.mean(layer.events) for layer in likely.layers] == pytest.approx(
        [layer.spec.report.events_per_tick for layer in pack.layers], rel=0.02
    )


def test_a_pack_without_calibration_says_nothing():
    assert of_report(load_case("seed64_5", 4).pack) is None


def test_a_silent_network_costs_what_skipping_costs():
    pack = load_case("seed64_5", 4).pack

    said = predict(pack, "cortex-m4", of_density(pack, 0.0))

    assert said.instructions_per_tick is not None
    assert said.instructions_per_tick < 200
    assert [layer.skipped_ticks for layer in said.layers] == pytest.approx([1, 1, 1])


@pytest.mark.parametrize(
    ("core", "changes", "rows", "neurons"),
    [
        ("cortex-m4", {}, "DSP", "DSP"),
        ("cortex-m0plus", {"beta": ONE // 2}, "ARMv6-M", "two neurons at once"),
        ("cortex-m0plus", {"beta": 60000}, "ARMv6-M", "one neuron at a time: the decay"),
        ("cortex-m3", {}, "C: no assembly for cortex-m3", "C: no assembly for cortex-m3"),
        ("cortex-m4", {"op": "li"}, "DSP", "C: neurons that do not fire"),
        ("cortex-m4", {"state_bits": 32}, "DSP", "C: 32-bit membranes"),
        ("cortex-m4", {"reset_timing": "next-tick"}, "DSP", "C: reset in the next tick"),
        ("cortex-m4", {"n": 3}, "DSP", "C: an odd number"),
        ("cortex-m4", {"theta": -1, "skip": False}, "DSP", "C: a threshold below 0"),
        (
            "cortex-m0",
            {"beta": [40000, 50000, 60000, 65535]},
            "C: its neurons",
            "decays that differ",
        ),
        ("cortex-m4", {"beta": [0, 50000, 60000, ONE]}, "DSP", "decays of 1 and below 1/2"),
        ("cortex-m0", {"graded": True}, "C: graded input", "C: graded input"),
        ("cortex-m4", {"graded": True, "op": "li"}, "neurons that do not", "C: graded input, neur"),
        ("cortex-m4", {"graded": True}, "DSP", "DSP"),
        ("cortex-m4", {"zeros": True}, "sparse, assembly, DSP instructions: 98 % zeros", "DSP"),
    ],
)
def test_reasons(core, changes, rows, neurons):
    given = {"n": 4, "beta": 60000, "theta": 40, "op": "lif", "state_bits": 16, **changes}
    n, zeros, graded = given.pop("n"), given.pop("zeros", False), given.get("graded", False)
    weights = np.ones((64, 128 if zeros else n), np.int8)
    weights[:, 2:] *= not zeros
    pack = make_pack(make_layer(weights, **given), graded=graded)

    (cost,) = predict(pack, core, of_density(pack, 0.1)).layers

    assert rows in cost.rows
    assert neurons in cost.neurons


def test_shares_add_up():
    pack = load_case("rec256_5", 4).pack
    said = predict(pack, "cortex-m33", of_density(pack, 0.05))

    parts = [layer.instructions_per_tick for layer in said.layers]
    assert said.instructions_per_tick == pytest.approx(sum(parts) + said.step_instructions)
    assert said.per_second(1e-3) == pytest.approx(1000 * said.instructions_per_tick)
    assert said.per_second(None) is None
    assert replace(said, instructions_per_tick=None).per_second(1e-3) is None
