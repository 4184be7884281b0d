"""Compensated rounding: nearer than rounding to nearest to what really enters the membrane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_quantise import graph, layer
from tinysnn import batch, moments, thresholds
from tinysnn.compensate import fitted_layers, nearest_layers
from tinysnn.errors import OptionError, StimulusError
from tinysnn.float_sim import simulate
from tinysnn.graph import Graph
from tinysnn.pack_file import load, save
from tinysnn.quantise import PackOptions, quantise
from tinysnn.rounding import GRID, Problem, compensated, damped, error, nearest
from tinysnn.scales import channel_scales, to_steps
from tinysnn.stimulus import Stimulus
from tinysnn.teacher import loss, teach
from tinysnn.weight_grid import nearest_grid

BITS = (8, 4, 2, 1)


def problem(seed: int, bits: int, *, correlated: bool, shape: tuple[int, int] = (40, 9)) -> Problem:
    rng = np.random.default_rng(seed)
    weight = rng.normal(0.02, 0.3, shape) * rng.uniform(0.3, 3, shape[1])
    drive = rng.normal(0, 1, (600, 5 if correlated else shape[0]))
    mixed = drive @ rng.normal(0, 1, (drive.shape[1], shape[0])) if correlated else drive
    spikes = (mixed + 0.3 * rng.normal(0, 1, mixed.shape) > 1.0).astype(np.float64)
    return Problem(weight, damped(spikes.T @ spikes), bits, np.full(shape[1], 1e-6))  # type: ignore[arg-type]


@pytest.mark.parametrize("correlated", [False, True])
@pytest.mark.parametrize("bits", BITS)
def test_the_error_on_calibration_data_falls(bits, correlated):
    for seed in range(4):
        task = problem(seed, bits, correlated=correlated)
        start = channel_scales(task.weight, None, bits)
        plain = to_steps(task.weight, start, bits)
        steps, scale = compensated(task, start, common=False)
        before = error(task, plain.astype(float), start)
        after = error(task, steps, scale)
        assert (after <= before * 1.000001).all()
        assert after.sum() < before.sum() * (0.5 if correlated else 0.95)


@settings(deadline=None, max_examples=40)
@given(
    bits=st.sampled_from(BITS),
    seed=st.integers(0, 10_000),
    shape=st.tuples(st.integers(1, 12), st.integers(1, 6)),
    common=st.booleans(),
)
def test_steps_lie_on_the_grid_and_nothing_gets_worse(bits, seed, shape, common):
    task = problem(seed, bits, correlated=seed % 2 == 0, shape=shape)
    start = channel_scales(task.weight, None, bits)
    if common:
        start = np.full_like(start, start.max())
    steps, scale = compensated(task, start, common=common)
    low, high = GRID[bits]
    assert steps.min() >= low
    assert steps.max() <= high
    assert np.array_equal(steps, np.rint(steps))
    assert bits != 1 or (steps != 0).all()
    assert (scale >= task.floor).all()
    assert not common or (scale == scale[0]).all()
    before = error(task, nearest(task.weight, start, bits), start)
    assert error(task, steps, scale).sum() <= before.sum() * 1.000001


def test_input_that_never_comes_is_no_trouble():
    task = problem(0, 4, correlated=False)
    empty = Problem(task.weight, damped(np.zeros((40, 40))), 4, task.floor)
    start = channel_scales(task.weight, None, 4)
    steps, scale = compensated(empty, start, common=False)
    # without correlation the best is near the rounded weight
    assert np.abs(steps * scale - task.weight).max() < start.max() * 1.5


def test_columns_are_independent_of_how_many_are_worked_on_at_once(monkeypatch):
    task = problem(3, 2, correlated=True, shape=(30, 23))
    start = channel_scales(task.weight, None, 2)
    whole = compensated(task, start, common=False)
    monkeypatch.setattr("tinysnn.rounding.CHUNK", 30 * 14 * 4)
    parts = compensated(task, start, common=False)
    assert np.array_equal(whole[0], parts[0])
    assert whole[1] == pytest.approx(parts[1])


# ---- the moments ----


def test_the_trace_is_what_a_membrane_adds_up():
    made = graph(layer(np.eye(3), beta=0.5))
    values = np.zeros((1, 3, 3))
    values[0, 0, 0] = values[0, 2, 1] = 1.0
    (group,) = moments.groups(made.layers[0], "leaky")
    found = moments.moment(values, group)
    assert found[0].tolist() == [1 + 0.25 + 0.0625, 0.25, 0.0]
    (group,) = moments.groups(made.layers[0], "tick")
    assert moments.moment(values, group).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_neurons_are_grouped_by_decay_and_each_is_in_one_group():
    made = layer(np.ones((2, 40)), beta=np.linspace(0.1, 0.99, 40))
    groups = moments.groups(made, "leaky")
    assert len(groups) == moments.GROUPS
    assert sorted(np.concatenate([g.columns for g in groups])) == list(range(40))
    readout = layer(np.ones((2, 3)), op="li", beta=0.0)
    assert [g.beta for g in moments.groups(readout, "leaky")] == [1.0]


def test_rows_of_recurrent_spikes_come_a_tick_late():
    made = graph(layer(np.ones((2, 3)), recurrent=np.eye(3)))
    spikes = np.zeros((1, 4, 3), np.uint8)
    spikes[0, 1, 2] = spikes[0, 3, 0] = 1
    raster = np.zeros((1, 4, 2), np.int8)
    raster[0, 0, 1] = 1
    values = moments.entering(made, 0, raster, [spikes], 4)
    assert values[0].tolist() == [[0, 1, 0, 0, 0], [0] * 5, [0, 0, 0, 0, 4], [0] * 5]


# ---- whole networks ----


def network(seed: int = 0, *, recurrent: bool = True, bias: float = 0.0) -> Graph:
    """Two firing layers, the first one recurrent, and a readout."""
    rng = np.random.default_rng(seed)
    back = rng.normal(0, 0.15, (32, 32)) if recurrent else None
    return graph(
        layer(
            rng.normal(0.06, 0.25, (24, 32)), recurrent=back, name="a", bias=bias,
            beta=rng.uniform(0.6, 0.95, 32),
        ),
        layer(rng.normal(0.03, 0.3, (32, 20)), source=0, name="b", op="cuba_lif", alpha=0.4),
        layer(rng.normal(0, 0.4, (20, 5)), source=1, name="out", op="li", beta=0.0),
    )  # fmt: skip


def clips(count: int, *, seed: int = 5, n_in: int = 24) -> list[Stimulus]:
    """Correlated spikes: a few patterns, each with noise."""
    rng = np.random.default_rng(seed)
    patterns = rng.random((6, n_in)) < 0.35
    made = []
    for _ in range(count):
        order = rng.integers(0, 6, 30)
        noise = rng.random((30, n_in)) < 0.1
        made.append(Stimulus((patterns[order] ^ noise).astype(np.int8)))
    return made


@pytest.mark.parametrize("bits", [4, 2, 1])
@pytest.mark.parametrize("recurrent", [False, True])
def test_a_fitted_network_is_nearer_on_clips_it_never_saw(bits, recurrent):
    made = network(recurrent=recurrent)
    unseen = teach(made, clips(24, seed=99))  # other patterns, even
    options = PackOptions(bits=bits)
    seen = clips(48)
    plain = quantise(made, PackOptions(bits=bits, rounding="nearest"), seen)
    fitted = quantise(made, options, seen)
    assert loss(teach(made, seen), fitted) < loss(teach(made, seen), plain)
    assert loss(unseen, fitted) < loss(unseen, plain) * 1.1
    assert [entry.spec.report.rounding for entry in fitted.layers] == ["compensated"] * 3
    assert [entry.spec.report.rounding for entry in plain.layers] == [None] * 3


def test_the_same_clips_give_the_same_bytes(tmp_path):
    made, seen = network(), clips(12)
    packs = [quantise(made, PackOptions(bits=2), seen) for _ in range(2)]
    for name, pack in zip(("a", "b"), packs, strict=True):
        save(pack, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert load(tmp_path / "a").digest == packs[0].digest


def test_eight_bits_and_no_clips_are_rounded_to_nearest():
    made, seen = network(), clips(6)
    rows = [entry.rows for entry in quantise(made).layers]
    for pack in (
        quantise(made, calibration=seen),
        quantise(made, PackOptions(rounding="nearest"), seen),
    ):
        for entry, wanted in zip(pack.layers, rows, strict=True):
            assert np.array_equal(entry.rows, wanted)
    four = quantise(made, PackOptions(bits=4))
    nearest_four = quantise(made, PackOptions(bits=4, rounding="nearest"), seen)
    for entry, other in zip(four.layers, nearest_four.layers, strict=True):
        assert np.array_equal(entry.rows, other.rows)


def test_only_narrow_layers_are_fitted_unless_asked():
    made, seen = network(), clips(6)
    mixed = quantise(made, PackOptions(bits=8, layer_bits={"b": 2}), seen)
    assert [e.spec.report.rounding for e in mixed.layers] == [None, "compensated", None]
    every = quantise(made, PackOptions(rounding="compensated"), seen)
    assert [e.spec.report.rounding for e in every.layers] == ["compensated"] * 3


def test_exact_weights_stay_as_they_are():
    rng = np.random.default_rng(1)
    made = graph(layer(rng.integers(-7, 8, (24, 6)) * 0.125))
    packed = quantise(made, PackOptions(bits=4), clips(6)).layers[0]
    assert np.array_equal(packed.rows * packed.scale, made.layers[0].connections[0].weight)
    assert packed.spec.report.rounding is None


def test_graded_input_with_recurrence():
    rng = np.random.default_rng(2)
    made = graph(
        layer(rng.normal(0.0, 0.3, (24, 16)), recurrent=rng.normal(0, 0.1, (16, 16))),
        input_scale=1 / 16,
    )
    seen = [
        Stimulus((clip.raster * rng.integers(1, 60, clip.raster.shape)).astype(np.int8))
        for clip in clips(16)
    ]
    teacher = teach(made, seen)
    plain = quantise(made, PackOptions(bits=2, rounding="nearest"), seen)
    fitted = quantise(made, PackOptions(bits=2), seen)
    assert loss(teacher, fitted) < loss(teacher, plain)


def test_clips_of_different_length_and_a_single_one():
    made = network()
    uneven = [Stimulus(clip.raster[: 10 + 3 * k]) for k, clip in enumerate(clips(7))]
    assert quantise(made, PackOptions(bits=4), uneven).meta.calibration == "7 clips, 133 ticks"
    assert quantise(made, PackOptions(bits=4), clips(1)).meta.calibration == "1 clips, 30 ticks"


def test_silent_clips_are_no_trouble():
    still = [Stimulus(np.zeros((10, 24), np.int8)) for _ in range(4)]
    packed = quantise(network(), PackOptions(bits=2), still)
    assert [entry.spec.report.rounding for entry in packed.layers] == ["compensated"] * 3


# ---- thresholds ----


def mean_rates(made: Graph, layers, k: int, teacher) -> np.ndarray:
    pack = thresholds.working_pack(teacher, layers)
    records = [batch.simulate(pack, rasters).spikes[k] for rasters in teacher.fit]
    means = [record.mean(axis=1) for record in records if record is not None]
    return np.asarray(np.concatenate(means).mean(axis=0))


@pytest.mark.parametrize("each", [False, True])
def test_retuned_thresholds_bring_rates_nearer(each):
    made, seen = network(), clips(24)
    teacher = teach(made, seen)
    layers = list(nearest_layers(made, [1, 8, 8], PackOptions()))
    layers[0] = replace(layers[0], theta=(layers[0].wide("theta") * 1.4).astype(np.int32))
    wanted = np.concatenate(
        [simulate(made, rasters).spikes[0].mean(axis=1) for rasters in teacher.fit]
    ).mean(axis=0)
    before = mean_rates(made, layers, 0, teacher)
    factors = thresholds.match_rates(teacher, layers, 0, each=each)
    assert (factors >= 1 / thresholds.LIMIT).all()
    assert (factors <= thresholds.LIMIT).all()
    theta = np.rint(layers[0].wide("theta") * factors).astype(np.int32)
    after = mean_rates(made, [replace(layers[0], theta=theta), *layers[1:]], 0, teacher)
    if each:
        assert np.abs(after - wanted).sum() < np.abs(before - wanted).sum() * 0.5
    else:
        assert len(set(factors)) == 1
        assert abs(after.mean() - wanted.mean()) < abs(before.mean() - wanted.mean()) * 0.5


def test_thresholds_are_changed_only_where_it_lowers_the_loss():
    made, seen = network(), clips(24)
    teacher = teach(made, seen)
    layers = list(nearest_layers(made, [2, 2, 8], PackOptions()))
    units = nearest_grid(made, made.layers[0], 2).units
    tuned = thresholds.tuned(teacher, layers, 0, units)
    before = loss(teacher, thresholds.working_pack(teacher, layers))
    after = loss(teacher, thresholds.working_pack(teacher, [tuned, *layers[1:]]))
    assert after <= before
    assert (tuned.spec.report.threshold_change is None) == (tuned is layers[0])


def test_thresholds_stay_where_tuning_is_off():
    made, seen = network(), clips(12)
    packed = quantise(made, PackOptions(bits=1, tune_thresholds=False), seen)
    for entry, real in zip(packed.layers[:2], made.layers, strict=False):
        unit = entry.scale * 2.0**-entry.spec.frac_bits
        assert (np.abs(entry.wide("theta") * unit - real.threshold) <= unit / 2 * 1.00001).all()
        assert entry.spec.report.threshold_change is None


def test_thresholds_that_are_not_above_zero_are_left_alone():
    made = graph(layer(np.random.default_rng(0).normal(0, 0.3, (24, 6)), threshold=0.0, beta=0.5))
    packed = quantise(made, PackOptions(bits=2), clips(8))
    assert not packed.layers[0].wide("theta").any()


# ---- what is refused ----


def test_fitting_needs_clips():
    with pytest.raises(OptionError, match="calibration"):
        quantise(network(), PackOptions(rounding="compensated"))


def test_no_such_rounding():
    with pytest.raises(OptionError, match="rounding"):
        quantise(network(), PackOptions(rounding="down"))


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize(
    "raster", [np.zeros((5, 23)), np.zeros((5, 25)), np.zeros(24), np.full((5, 24), 3)]
)
def test_clips_of_another_network_are_refused(bits, raster):
    mixed = [*clips(2), Stimulus(raster.astype(np.int8), name="odd")]
    with pytest.raises(StimulusError, match="odd"):
        quantise(network(), PackOptions(bits=bits), mixed)


def test_a_clip_without_ticks_is_no_trouble():
    empty = Stimulus(np.zeros((0, 24), np.int8))
    assert quantise(network(), PackOptions(bits=2), [empty]).meta.calibration == "1 clips, 0 ticks"
    fitted = quantise(network(), PackOptions(bits=2), [empty, *clips(8)])
    assert fitted.meta.calibration == "9 clips, 240 ticks"


def test_large_layers_are_rounded_to_nearest(monkeypatch):
    monkeypatch.setattr("tinysnn.compensate.MAX_ROWS", 30)
    made = network()
    teacher = teach(made, clips(4))
    layers = fitted_layers(teacher, [4, 4, 4], PackOptions(bits=4))
    assert [e.spec.report.rounding for e in layers] == [None, None, "compensated"]
