"""Automatic widths: within the budget, never worse than a uniform one; the estimate of flash."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from tests.networks import fc64_graph, shipped_graph
from tests.tools import have, require
from tests.unit.test_quantise import graph, layer
from tests.unit.test_rounding import clips, network
from tinysnn.boards import load_board
from tinysnn.budget import Search, search
from tinysnn.build import build
from tinysnn.errors import OptionError
from tinysnn.footprint import flash_bytes, table_bytes
from tinysnn.pack_options import WIDTHS, PackOptions
from tinysnn.quantise import quantise, quantise_within
from tinysnn.teacher import loss, teach
from tinysnn.toolchain import find_toolchain
from tinysnn.views.layer import view_layer

# ---- the search by itself, on made-up networks ----


def made_up(
    seed: int, n_layers: int, budget: int, *, allowed=None, additive: bool = True
) -> Search:
    """Layers are their widths; sizes add up, losses add up or nearly so."""
    rng = np.random.default_rng(seed)
    weights = rng.integers(50, 2000, n_layers)
    harm = rng.random(n_layers) * 3

    def judge(widths) -> float:
        parts = [h / 4.0 ** np.log2(bits) for h, bits in zip(harm, widths, strict=True)]
        twist = 0.0 if additive else 0.2 * parts[0] * parts[-1]
        return float(sum(parts) + twist)

    def weigh(widths) -> int:
        return int(1000 + sum(int(w) * bits // 8 for w, bits in zip(weights, widths, strict=True)))

    return Search(
        allowed=allowed or (WIDTHS,) * n_layers,
        budget=budget,
        make=lambda widths: widths,  # type: ignore[arg-type,return-value]
        sketch=lambda widths: widths,  # type: ignore[arg-type,return-value]
        weigh=weigh,
        judge=judge,
        done=lambda: None,
    )


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("n_layers", [1, 2, 5])
def test_the_best_of_all_combinations_is_found_where_prices_add_up(seed, n_layers):
    wide = made_up(seed, n_layers, 10**9)
    every = list(product(WIDTHS, repeat=n_layers))
    sizes = [wide.weigh(widths) for widths in every]
    for budget in np.linspace(min(sizes), max(sizes), 5).astype(int):
        wanted = made_up(seed, n_layers, int(budget))
        found = search(wanted).best
        least = min(wanted.judge(w) for w, size in zip(every, sizes, strict=True) if size <= budget)
        assert found.flash_bytes <= budget
        assert found.loss == pytest.approx(least)


@pytest.mark.parametrize("seed", range(8))
def test_never_worse_than_a_uniform_width_that_fits(seed):
    for budget in (3000, 4500, 6000, 9000):
        wanted = made_up(seed, 6, budget, additive=False)
        uniform = [(bits,) * 6 for bits in WIDTHS if wanted.weigh((bits,) * 6) <= budget]
        if uniform:
            assert search(wanted).best.loss <= min(wanted.judge(widths) for widths in uniform)


def test_many_layers_are_no_trouble():
    found = search(made_up(0, 64, 30_000))
    assert found.best.flash_bytes <= 30_000
    assert len(set(found.best.widths)) > 1


def test_fixed_layers_stay():
    allowed = (WIDTHS, (4,), WIDTHS)
    choice = search(made_up(1, 3, 2000, allowed=allowed))
    assert all(trial.widths[1] == 4 for trial in choice.trials)
    assert {bits for k, bits in choice.prices if k == 1} == {4}


def test_an_impossible_budget_says_the_least_possible():
    wanted = made_up(2, 4, 900)
    least = wanted.weigh((1,) * 4)
    with pytest.raises(OptionError, match=f"{least:,}"):
        search(wanted)
    assert search(replace(wanted, budget=least)).best.widths == (1,) * 4


def test_the_steps_of_the_bar_are_counted():
    steps = []
    wanted = replace(made_up(3, 4, 10**6), done=lambda: steps.append(0))
    search(wanted)
    assert 0 < len(steps) <= wanted.n_steps


# ---- real packs ----


def test_a_network_within_its_budget():
    made, seen = network(), clips(24)
    teacher = teach(made, seen)
    sizes = {bits: flash_bytes(quantise(made, PackOptions(bits=bits)).layers)
             for bits in WIDTHS}  # fmt: skip
    budget = (sizes[4] + sizes[2]) // 2
    options = PackOptions(bits="auto", budget_flash=budget)
    steps: list[tuple[int, int]] = []
    pack, choice = quantise_within(
        made, options, seen, progress=lambda done, total: steps.append((done, total))
    )
    assert flash_bytes(pack.layers) == choice.best.flash_bytes <= budget
    assert tuple(entry.spec.bits for entry in pack.layers) == choice.best.widths
    assert loss(teacher, pack) == pytest.approx(choice.best.loss)
    for bits in (2, 1):
        assert choice.best.loss <= loss(teacher, quantise(made, PackOptions(bits=bits), seen))
    assert quantise(made, options, seen).digest == pack.digest
    assert steps[-1][0] <= steps[-1][1]
    tried = {trial.widths for trial in choice.trials}
    assert {(bits,) * 3 for bits in WIDTHS} <= tried


def test_widths_of_single_layers_can_be_set_beside():
    options = PackOptions(bits="auto", budget_flash=8000, layer_bits={"out": 8})
    pack = quantise(network(), options, clips(8))
    assert pack.layers[2].spec.bits == 8


@pytest.mark.parametrize(
    ("options", "seen", "says"),
    [
        ({"bits": "auto"}, True, "--budget-flash"),
        ({"bits": "auto", "budget_flash": 9000}, False, "--calibrate"),
        ({"bits": "auto", "budget_flash": 0}, True, "more than 0"),
        ({"bits": "auto", "budget_flash": -5}, True, "more than 0"),
        ({"bits": "auto", "budget_flash": 100}, True, "least possible is"),
        ({"bits": 4, "budget_flash": 9000}, True, "--bits auto"),
    ],
)
def test_what_makes_no_sense_is_refused(options, seen, says):
    with pytest.raises(OptionError, match=says):
        quantise(network(), PackOptions(**options), clips(8) if seen else None)


# ---- flash ----


def test_tables_are_counted_in_whole_words():
    packed = quantise(graph(layer(np.full((10, 5), 0.25), threshold=[1, 2, 3, 4, 5])))
    entry = packed.layers[0]
    assert entry.spec.state_bits == 16
    assert table_bytes(entry) == 10 * 8 + 12  # thresholds differ, decays do not
    narrow = quantise(graph(layer(np.full((10, 5), 0.25))), PackOptions(bits=1)).layers[0]
    assert table_bytes(narrow) == 10 * 4


@pytest.mark.parametrize("core", ["cortex-m3", "cortex-m4"])
def test_weights_of_graded_input_are_as_narrow_as_others(core):
    rng = np.random.default_rng(0)
    made = graph(layer(rng.normal(0, 1, (8, 32))), input_scale=0.5)
    for bits in (8, 4, 2, 1):
        pack = quantise(made, PackOptions(bits=bits))
        table, entry = view_layer(pack, 0, core).tables[0], pack.layers[0]
        assert 4 * table.length == 8 * 32 * bits // 8
        thresholds = 32 * entry.spec.state_bits // 8
        assert table_bytes(entry) == 4 * table.length + thresholds


@pytest.mark.emu
@pytest.mark.parametrize("board", ["generic_m0plus", "generic_m3", "generic_m4"])
@pytest.mark.parametrize("bits", [8, 4, 1])
@pytest.mark.parametrize("name", ["keyword-small", "bearing", "fc64"])
def test_the_estimate_is_near_the_image(board, bits, name, tmp_path):
    require("gcc-arm", have("gcc-arm"), "no arm-none-eabi-gcc")
    graph = fc64_graph(5) if name == "fc64" else shipped_graph(name)
    pack = quantise(graph, PackOptions(bits=bits))
    estimate = flash_bytes(pack.layers, front_end=pack.front_end, graded_input=pack.graded_input)
    image = build([pack], load_board(board), tmp_path, toolchain=find_toolchain("gcc"))
    assert image.flash_bytes <= estimate * 1.02
    assert image.flash_bytes >= estimate * 0.7
