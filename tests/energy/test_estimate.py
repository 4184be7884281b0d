"""The estimate by hand, currents in words, and the table of cycles against what it comes from."""

from __future__ import annotations

import pytest

from tests.tools import need
from tinysnn.boards import list_boards, load_board
from tinysnn.energy.battery import life_h, parse_charge
from tinysnn.energy.cycles import CPI
from tinysnn.energy.estimate import Range, Work, estimate
from tinysnn.energy.supply import Supply, datasheet_supply, measured_supply, parse_current
from tinysnn.errors import BoardError, OptionError

SUPPLY = Supply(clock_hz=64_000_000, voltage_v=3.0, run_ua=6400.0, source="test", sleep_ua=2.0)
"""100 uA/MHz at 3 V: 300 pJ per cycle."""


def near(value):
    return pytest.approx(value, rel=1e-9)


def test_the_estimate_by_hand():
    work = Work(instructions=1000.0, operations=500.0, dt_s=0.001, ticks=20)
    found = estimate(work, "cortex-m4", SUPPLY)
    assert SUPPLY.pj_per_cycle == near(300.0)
    assert found.cycles == Range(near(1340.0), near(1560.0))
    assert found.tick_uj == Range(near(0.402), near(0.468))
    assert found.operation_pj == Range(near(804.0), near(936.0))
    assert found.inference_uj == Range(near(8.04), near(9.36))
    assert found.active == Range(near(1340 / 64_000), near(1560 / 64_000))
    asleep = [2.0 * 3.0 * 0.001 * (1 - cycles / 64_000) for cycles in (1340, 1560)]
    assert found.sleep_uj == Range(near(asleep[1]), near(asleep[0]))
    assert found.power_uw == Range(near(402 + asleep[0] * 1000), near(468 + asleep[1] * 1000))
    assert found.mean_ua == Range(
        *(near(end / 3.0) for end in (402 + asleep[0] * 1000, 468 + asleep[1] * 1000))
    )


def test_a_core_that_cannot_keep_up_never_sleeps():
    work = Work(instructions=100_000.0, operations=0.0, dt_s=0.001, ticks=None)
    found = estimate(work, "cortex-m0plus", SUPPLY)
    assert found.active is not None
    assert found.active.low > 1
    assert found.sleep_uj == Range(0.0, 0.0)
    assert found.mean_ua == Range(near(6400.0), near(6400.0))  # no more than it draws all the time
    assert found.operation_pj is None
    assert found.inference_uj is None


def test_without_a_tick_length_or_sleep_current_nothing_is_said_of_sleep():
    awake = Supply(64_000_000, 3.0, 6400.0, "test")
    assert estimate(Work(10.0, 1.0, 0.001, None), "cortex-m4", awake).power_uw is None
    assert estimate(Work(10.0, 1.0, None, None), "cortex-m4", SUPPLY).active is None


@pytest.mark.parametrize(
    ("text", "ua"),
    [("12.3mA", 12300.0), ("850 uA", 850.0), ("0.5A", 500000.0), (".5µA", 0.5), ("3nA", 0.003)],
)
def test_currents(text, ua):
    assert parse_current(text, "--x") == near(ua)


@pytest.mark.parametrize("text", ["", "12", "mA", "-3mA", "0mA", "1e3mA", "99A", "3mW", "nanA"])
def test_currents_that_are_none(text):
    with pytest.raises(OptionError, match=r"--x: '.*' is no current"):
        parse_current(text, "--x")


@pytest.mark.parametrize(
    ("text", "mah"), [("220mAh", 220.0), ("2.5 Ah", 2500.0), (".5mAh", 0.5), ("800µAh", 0.8)]
)
def test_charges(text, mah):
    assert parse_charge(text, "--battery") == near(mah)


@pytest.mark.parametrize("text", ["", "220", "mAh", "0mAh", "-1Ah", "220mA", "2000Ah", "nanAh"])
def test_charges_that_are_none(text):
    with pytest.raises(OptionError, match=r"--battery: '.*' is no charge"):
        parse_charge(text, "--battery")


def test_how_long_a_battery_lasts():
    assert life_h(220.0, Range(100.0, 200.0)) == Range(near(1100.0), near(2200.0))


def test_the_datasheets_sleep_is_for_the_datasheets_current():
    board = load_board("stm32f4_discovery")
    known = board.energy
    assert known is not None
    assert known.sleep_ua is not None
    assert datasheet_supply(board).sleep_ua == known.sleep_ua
    assert datasheet_supply(board).sleep_source == known.sleep_source
    assert datasheet_supply(board, sleep_ua=7.0).sleep_ua == 7.0
    assert measured_supply(board, 6400.0, 3.0).sleep_ua is None
    assert measured_supply(board, 6400.0, 3.0, sleep_ua=7.0).sleep_ua == 7.0


def test_no_board_draws_more_asleep_than_awake():
    known = [(b, b.energy) for b in list_boards() if b.energy and b.energy.sleep_ua]
    assert len(known) > 3
    for board, energy in known:
        assert energy.sleep_ua < energy.run_ua_per_mhz * board.clock_hz / 1e6


def test_supplies():
    board = load_board("nrf52840_dk")
    known = board.energy
    assert known is not None
    supply = datasheet_supply(board)
    assert supply.pj_per_cycle == near(known.run_ua_per_mhz * known.supply_mv / 1000)
    assert known.source in supply.source
    mine = measured_supply(board, 6400.0, 3.0)
    assert mine.pj_per_cycle == near(6400 * 3.0 / (board.clock_hz / 1e6))
    with pytest.raises(BoardError, match="states no current"):
        datasheet_supply(load_board("generic_m4"))


def test_every_core_of_a_board_has_cycles():
    assert {board.core for board in list_boards()} <= set(CPI)
    for entry in CPI.values():
        assert 0.5 < entry.low <= entry.high < 3
        assert entry.source


@pytest.mark.slow
@pytest.mark.parametrize("core", ["cortex-m0plus", "cortex-m3", "cortex-m4"])
def test_the_table_is_what_traces_say(core):
    """One of the three networks that the table comes from; its range lies in the table's."""
    need("gcc-arm")
    need("unicorn")
    from benchmarks.cpi import measure

    low, high = measure(core, "rec256_5")
    assert CPI[core].low - 0.02 <= low <= high <= CPI[core].high + 0.02
