"""`tinysnn energy`: an estimate with its inputs, beside what others publish."""

from __future__ import annotations

import json

import pytest


def _found(cli, *arguments):
    outcome = cli("energy", *arguments, "--json", "-")
    assert outcome.code == 0, outcome.err
    return json.loads(outcome.out)


def test_what_is_printed(cli, packed):
    outcome = cli("energy", packed, "--board", "nucleo_l476rg", "--density", "0.3")
    assert outcome.code == 0, outcome.err
    for words in ("Estimate, not measured", "uA/MHz", "predicted", "pJ", "Loihi", "give --ticks"):
        assert words in outcome.out


def test_a_clip_is_an_inference(cli, packed, spikes):
    found = _found(cli, packed, "--board", "nrf52840_dk", "--input", spikes)
    assert found["work"]["ticks"] == 40
    tick, whole = found["estimate"]["tick_uj"], found["estimate"]["inference_uj"]
    assert whole["low"] == pytest.approx(40 * tick["low"])
    assert 0 < tick["low"] < tick["high"]


def test_a_measured_current_takes_the_datasheets_place(cli, packed):
    arguments = (packed, "--board", "pico", "--density", "0.3", "--instructions", "1000")
    current = ("--measured-current", "10mA", "--voltage", "3.3")
    found = _found(cli, *arguments, *current)
    clock = found["supply"]["clock_hz"]
    assert found["supply"]["pj_per_cycle"] == pytest.approx(0.010 * 3.3 / clock * 1e12)
    assert found["estimate"]["tick_uj"]["low"] == pytest.approx(1230 * 0.033 / clock * 1e6)
    assert "measured" in found["supply"]["source"]
    asleep = _found(cli, *arguments, *current, "--sleep-current", "1mA")
    assert asleep["estimate"]["power_uw"]["low"] > 3300


def test_a_battery_lasts_its_charge_over_the_mean_current(cli, packed):
    work = ("--density", "0.3", "--instructions", "1000", "--tick-rate", "20")
    arguments = (packed, "--board", "stm32f4_discovery", *work, "--battery", "1000mAh")
    found = _found(cli, *arguments)
    asleep = found["supply"]["sleep_ua"]
    mean = asleep + 20 * 1340 / 168e6 * (found["supply"]["run_ua"] - asleep)
    assert found["estimate"]["mean_ua"]["low"] == pytest.approx(mean)
    assert found["battery_h"]["high"] == pytest.approx(1e6 / mean)
    shown = cli("energy", *arguments)
    for words in ("DS8626", "20 per second", "mean current", "1000mAh", "days"):
        assert words in shown.out


def test_no_battery_life_without_a_current_asleep(cli, packed):
    shown = cli(
        "energy", packed, "--board", "nucleo_l476rg", "--tick-rate", "2", "--battery", "1Ah"
    )
    assert shown.code == 0, shown.err
    assert "1Ah" in shown.out
    assert "give --sleep-current" in shown.out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--board", "generic_m4"], "--measured-current"),
        (["--board", "z80"], "no board 'z80'"),
        (["--board", "pico", "--measured-current", "3mA"], "go together"),
        (["--board", "pico", "--voltage", "3"], "go together"),
        (["--board", "pico", "--measured-current", "3", "--voltage", "3"], "no current"),
        (["--board", "pico", "--sleep-current", "lots"], "--sleep-current"),
        (["--board", "pico", "--battery", "9V"], "'9V' is no charge"),
        (["--board", "pico", "--tick-rate", "0"], "--tick-rate"),
        (["--board", "pico", "--instructions", "0"], "--instructions"),
        (["--board", "pico", "--ticks", "0"], "--ticks"),
        (["--board", "mps3_an547", "--measured-current", "3mA", "--voltage", "3"], "predicted"),
        ([], "--board"),
    ],
)
def test_refusals(refused, packed, arguments, says):
    refused(2, "energy", packed, *arguments, says=[says])
