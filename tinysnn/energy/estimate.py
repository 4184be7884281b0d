"""From the instructions of a tick and a supply to energy per tick, operation and inference."""

from __future__ import annotations

from dataclasses import dataclass

from tinysnn.boards import Core
from tinysnn.energy.cycles import CPI
from tinysnn.energy.supply import Supply


@dataclass(frozen=True)
class Range:
    """Two ends of an estimate; they come from the range of cycles per instruction."""

    low: float
    high: float

    def times(self, factor: float) -> Range:
        """Both ends times a factor."""
        return Range(self.low * factor, self.high * factor)


@dataclass(frozen=True)
class Work:
    """What a network does in a tick, on average."""

    instructions: float
    operations: float
    """Synaptic operations: weights added."""
    dt_s: float | None
    """From the start of a tick to that of the next, in seconds; None: as fast as it goes."""
    ticks: float | None
    """Ticks of one inference; None: not known."""


@dataclass(frozen=True)
class Estimate:
    """Energies in microjoules, per synaptic operation in picojoules."""

    cycles: Range
    tick_uj: Range
    """Computing one tick."""
    operation_pj: Range | None
    """Computing, shared out to synaptic operations; None: there was none."""
    inference_uj: Range | None
    active: Range | None
    """Part of the time that the core computes in real time; above 1 it cannot keep up."""
    sleep_uj: Range | None
    """Sleeping until the next tick; its ends are those of a long and of a short computation."""
    power_uw: Range | None
    """Mean in real time, sleep included; None without a tick length or a sleep current."""
    mean_ua: Range | None
    """Mean current in real time, in microamperes; None where `power_uw` is."""


def estimate(work: Work, core: Core, supply: Supply) -> Estimate:
    """Energy of a network on a core with a supply; every number of it is an estimate."""
    cycles = Range(CPI[core].low, CPI[core].high).times(work.instructions)
    tick = cycles.times(supply.pj_per_cycle * 1e-6)
    active = cycles.times(1 / (supply.clock_hz * work.dt_s)) if work.dt_s else None
    sleep = _sleep(active, work.dt_s, supply)
    power = _power(tick, sleep, work.dt_s, supply)
    return Estimate(
        cycles=cycles,
        tick_uj=tick,
        operation_pj=tick.times(1e6 / work.operations) if work.operations else None,
        inference_uj=tick.times(work.ticks) if work.ticks else None,
        active=active,
        sleep_uj=sleep,
        power_uw=power,
        mean_ua=power.times(1 / supply.voltage_v) if power else None,
    )


def _sleep(active: Range | None, dt_s: float | None, supply: Supply) -> Range | None:
    if active is None or dt_s is None or supply.sleep_ua is None:
        return None
    whole = supply.sleep_ua * supply.voltage_v * dt_s
    return Range(*(whole * max(1 - part, 0.0) for part in (active.high, active.low)))


def _power(tick: Range, sleep: Range | None, dt_s: float | None, supply: Supply) -> Range | None:
    """A short computation leaves a long sleep, so the low end of one goes with the high end.

    A core that cannot keep up computes all the time, and no more than that.
    """
    if sleep is None or dt_s is None:
        return None
    most = supply.run_ua * supply.voltage_v
    ends = ((tick.low + sleep.high) / dt_s, (tick.high + sleep.low) / dt_s)
    return Range(*(min(end, most) for end in ends))
