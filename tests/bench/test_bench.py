"""What the benchmark says must be what runs: the same counts in two ways, the work as stated."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cases, kernels, rows, show
from benchmarks.bare import BareCore
from benchmarks.measure import Job, Row, measure, synaptic_operations
from benchmarks.model_core import ModelCore
from benchmarks.networks import PLANS, seeded_clip, seeded_pack
from tests.tools import need
from tinysnn.boards import load_board
from tinysnn.build import build
from tinysnn.errors import DeviceError, OptionError, ToolMissing
from tinysnn.reference import layer_rates
from tinysnn.run import open_runner
from tinysnn.toolchain import find_toolchain

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("bits", cases.BITS)
@pytest.mark.parametrize("name", PLANS)
def test_networks_from_a_seed_fire_as_planned_at_every_width(name, bits):
    plan = PLANS[name]
    pack = seeded_pack(name, bits)

    rates, _ = layer_rates(pack, [seeded_clip(plan.n_in, plan.percent)])

    firing = [rate * 100 for rate in rates if rate is not None]
    assert firing == pytest.approx([plan.percent] * len(firing), rel=0.25)


def test_synaptic_operations_of_a_recurrent_layer_count_the_spikes_of_the_tick_before():
    pack, clip = seeded_pack("rec256_5", 8), seeded_clip(256, 5)
    from tinysnn.reference import Simulation

    simulation, fired = Simulation(pack), [0]
    for inputs in clip.raster:
        simulation.tick(inputs)
        fired.append(int(simulation.layers[0].fired.sum()))
    by_hand = 256 * (clip.raster.sum() + sum(fired[:-1])) + 10 * sum(fired)

    assert synaptic_operations(pack, [clip]) == by_hand / clip.n_ticks


@pytest.mark.emu
@pytest.mark.parametrize("core", ["cortex-m4", "cortex-m0plus"])
def test_a_bare_core_counts_what_the_runner_counts(core, tmp_path):
    need("gcc-arm")
    need("unicorn")
    pack, clip = seeded_pack("seed64_20", 4), seeded_clip(64, 20)
    board = load_board(cases.BOARDS[core])
    image = build([pack], board, tmp_path, toolchain=find_toolchain("gcc"))
    with open_runner("unicorn", packs=[pack], image=image) as runner:
        counts = runner.run(clip).counts

    bare = ModelCore(image)
    bare.reset()
    steps = [bare.step(inputs) for inputs in clip.raster]

    np.testing.assert_array_equal(counts, [step.instructions for step in steps])
    assert all(sum(step.by_function.values()) == step.instructions for step in steps)


@pytest.mark.emu
def test_rows_and_kernels_are_measured_and_written(tmp_path):
    need("gcc-arm")
    need("unicorn")
    out = tmp_path / "rows.json"

    done = _run("--model", "seed64_5", "--model", "rows", "--bits", "8", "--core", "cortex-m4",
                "--compiler", "gcc", "--profile", "--json", str(out))  # fmt: skip

    assert done.returncode == 0, done.stderr
    found = json.loads(out.read_text())
    first, last = found[0], found[-1]
    assert (first["model"], first["density"], first["counted_by"]) == ("seed64_5", "0 %", "unicorn")
    assert [row["density"] for row in found if row["model"] == "seed64_5"] == ["0 %", "5 %", "20 %"]
    assert first["instructions_per_tick"] == pytest.approx(sum(first["profile"].values()), abs=0.1)
    assert last["model"] == rows.MODEL
    assert 0.1 < last["marginal_per_synaptic_operation"] < 10
    assert "instructions per tick" in done.stdout


def test_a_compiler_that_is_not_here_is_named_and_nothing_is_measured(monkeypatch):
    monkeypatch.setenv("TINYSNN_GCC", "/nowhere/arm-none-eabi-gcc")

    outcome = measure(Job("seed64_5", 8, "cortex-m4", "gcc"))

    assert outcome.rows == ()
    assert "gcc" in outcome.not_here
    assert outcome.failure == ""


def test_without_the_workload_only_networks_that_need_none_are_run(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYSNN_BENCH", str(tmp_path))

    seeded = ("seed64_5", "seed64_20", "rec256_5", "rec256_20", "conv16_5", "conv16_20")
    assert cases.default_models() == (*seeded, "keyword")
    with pytest.raises(OptionError, match="TINYSNN_BENCH"):
        cases.load_case("fc64_5", 8)


def test_the_keyword_network_is_measured_on_bundled_clips(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYSNN_DATA", str(tmp_path))

    case = cases.load_case("keyword", 8)

    assert [clip.n_ticks for clip in case.clips["clips"]] == [50] * cases.KEYWORD_CLIPS
    assert not case.clips["0 %"][0].raster.any()


def test_the_layer_of_the_row_benchmark_never_fires():
    for bits in cases.BITS:
        for events in rows.EVENTS:
            rates, _ = layer_rates(rows.rows_pack(bits), [rows.event_list(events)])
            assert rates == [0.0]


@pytest.mark.parametrize(
    ("name", "adds_rows"),
    [
        ("tsnn_rows8_dsp", True),
        ("tsnn_fc_l0_add_rows", True),
        ("tsnn_fc_l0_more_rows.constprop.0", True),
        ("tsnn_single256_8_step", False),
        ("tsnn_fc_l0_update", False),
    ],
)
def test_functions_that_add_rows_are_known_by_name(name, adds_rows):
    assert bool(rows.ROW_FUNCTIONS.search(name)) is adds_rows


def test_peers_stand_beside_ours_with_where_they_come_from(capsys):
    ours = [_row("fc64_5", "0 %", 100.0), _row("fc64_5", "5 %", 2000.0), _row("fc64_20", "20 %", 3)]
    here = {"peer": "peer 1.0", "instructions_per_step": {"cortex-m4 5": 12345.0}}

    show.show_peers(ours, [here])

    lines = capsys.readouterr().out.splitlines()
    tinysnn = next(line for line in lines if line.startswith("tinysnn 8 bit, gcc"))
    assert tinysnn.split()[4:7] == ["100", "2,000", "3"]
    assert tinysnn.endswith("run here")
    assert any("12,345" in line and line.endswith("run here") for line in lines)
    assert any("snn2mcu" in line and "earlier run" in line for line in lines)


def test_damaged_figures_of_peers_are_named_and_left_out(monkeypatch, tmp_path, capsys):
    for text in ("{", "[1]", '[{"peer": "x"}]', '{"peer": 1}'):
        damaged = tmp_path / "peers.json"
        damaged.write_text(text)
        monkeypatch.setattr(kernels, "PEERS", damaged)

        assert kernels._peers_run_here() == []
        assert "peers.json is damaged" in capsys.readouterr().err


@pytest.mark.emu
def test_code_that_faults_on_a_bare_core_is_an_error_with_its_name(tmp_path):
    need("gcc-arm")
    need("unicorn")
    board = load_board("generic_m4")
    image = build([seeded_pack("seed64_5", 8)], board, tmp_path, toolchain=find_toolchain("gcc"))

    with pytest.raises(DeviceError, match="tsnn_slots"):
        BareCore(image.elf, board.core).call("tsnn_slots")


def test_a_core_that_unicorn_lacks_is_refused(tmp_path):
    with pytest.raises(ToolMissing, match="cortex-m55"):
        BareCore(tmp_path / "none.elf", "cortex-m55")


def test_help_has_examples():
    done = _run("--help")

    assert done.returncode == 0
    assert "Examples:" in done.stdout


def test_an_unknown_network_is_refused():
    done = _run("--model", "nothing")

    assert done.returncode == 2
    assert "fc64_5" in done.stderr


def test_a_full_run_covers_all_widths_cores_and_compilers():
    tasks = kernels._tasks((), (), (), (), profile=False)

    jobs = [job for _, job in tasks]
    assert len(jobs) == 8 * 4 * len(cases.BOARDS) * 2
    assert len({(j.model, j.bits, j.core, j.compiler) for j in jobs}) == len(jobs)


def _row(model: str, density: str, count: float) -> Row:
    return Row(model, 8, "cortex-m4", "gcc", density, count, 1.0, 20, 10, 5, 50, "gcc", "unicorn")


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks.kernels", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
