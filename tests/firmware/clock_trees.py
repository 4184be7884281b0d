"""Clock trees at the level of their registers, from the reference manuals, for unicorn.

`ready`: bits that the hardware sets once others are set. `mirror`: a field that follows another of
the same register. `decode` says what the core and the UART's bus then run at, and checks limits of
oscillators and flash on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tinysnn.boards import Board

Registers = Mapping[int, int]
PRESCALE = {4: 2, 5: 4, 6: 8, 7: 16}
HSI16 = 16_000_000


@dataclass(frozen=True)
class Tree:
    """One family's."""

    decode: Callable[[Registers, Board], tuple[float, float]]
    """Hz of the core and of the UART."""
    ready: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    mirror: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    """Register: mask of the field, and how far up it comes back."""
    reset: Mapping[int, int] = field(default_factory=dict)
    derived: Mapping[int, Callable[[Registers], int]] = field(default_factory=dict)
    """Registers that are a function of others."""


def _apb(field_value: int) -> int:
    return PRESCALE.get(field_value, 1)


def _f1(r: Registers, board: Board) -> tuple[float, float]:
    cfgr = r[0x4002_1004]
    assert cfgr & 0x3_00F0 == 0, "half of HSI, AHB undivided"
    core = 4e6 * ((cfgr >> 18 & 15) + 2)
    assert core <= 72e6
    assert core / _apb(cfgr >> 8 & 7) <= 36e6
    if board.clock_hz > 24_000_000:
        assert r[0x4002_2000] & 7 == (2 if core > 48e6 else 1)
    return core, core / _apb(cfgr >> 11 & 7)  # USART1 is on APB2


def _f4(r: Registers, board: Board) -> tuple[float, float]:
    pll, cfgr = r[0x4002_3804], r[0x4002_3808]
    into = HSI16 / (pll & 63)
    vco = into * (pll >> 6 & 511)
    assert 1e6 <= into <= 2e6
    assert 192e6 <= vco <= 432e6
    assert vco / (pll >> 24 & 15) <= 48e6
    assert pll >> 22 & 1 == 0
    core = vco / (2 * (pll >> 16 & 3) + 2)
    apb1, apb2 = core / _apb(cfgr >> 10 & 7), core / _apb(cfgr >> 13 & 7)
    assert core <= 168e6
    assert apb1 <= 42e6
    assert apb2 <= 84e6
    assert r[0x4002_3C00] & 15 >= (core - 1) // 30e6
    return core, apb2 if board.uart.base >= 0x4001_0000 else apb1


def _l4(r: Registers, _board: Board) -> tuple[float, float]:
    pll = r[0x4002_100C]
    assert pll & 3 == 2
    assert pll >> 24 & 1
    into = HSI16 / ((pll >> 4 & 7) + 1)
    vco = into * (pll >> 8 & 127)
    assert 4e6 <= into <= 16e6
    assert 64e6 <= vco <= 344e6
    core = vco / (2 * (pll >> 25 & 3) + 2)
    assert core <= 80e6
    assert r[0x4002_2000] & 7 >= (core - 1) // 16e6
    assert r[0x4002_1008] & 0x3FF0 == 0
    return core, core


def _g0(r: Registers, _board: Board) -> tuple[float, float]:
    pll = r[0x4002_100C]
    assert pll & 3 == 2
    assert pll >> 28 & 1
    vco = HSI16 / ((pll >> 4 & 7) + 1) * (pll >> 8 & 127)
    assert 64e6 <= vco <= 344e6
    core = vco / ((pll >> 29 & 7) + 1)
    assert core <= 64e6
    assert r[0x4002_2000] & 7 == (core - 1) // 24e6
    assert r[0x4002_2000] & 0x0004_0000, "the bit of debugging is kept"
    assert r[0x4002_1008] & 0x7F00 == 0
    return core, core


def _l0(r: Registers, _board: Board) -> tuple[float, float]:
    cfgr = r[0x4002_100C]
    assert cfgr >> 16 & 1 == 0
    vco = HSI16 * (3, 4, 6, 8, 12, 16, 24, 32, 48)[cfgr >> 18 & 15]
    core = vco / ((cfgr >> 22 & 3) + 1)
    assert vco <= 96e6
    assert core <= 32e6
    assert r[0x4000_7000] >> 11 & 3 == 1, "voltage range 1"
    assert r[0x4002_2000] & 1 == 1
    assert cfgr & 0x3FF0 == 0
    return core, core


def _h7(r: Registers, _board: Board) -> tuple[float, float]:
    into = 64e6 / (r[0x5802_4428] >> 4 & 63)
    vco = into * ((r[0x5802_4430] & 511) + 1)
    assert r[0x5802_4428] & 3 == 0
    assert 8e6 <= into <= 16e6
    assert r[0x5802_442C] & 0x1_000E == 0x1_000C
    assert 192e6 <= vco <= 836e6
    core = vco / ((r[0x5802_4430] >> 9 & 127) + 1)
    bus = core / {8: 2}[r[0x5802_4418] & 15]
    assert core <= 400e6
    assert bus <= 200e6
    assert r[0x5200_2000] & 15 >= 2
    assert r[0x5802_4818] & 0xC000 == 0xC000
    return core, bus / _apb(r[0x5802_441C] >> 4 & 7)


def _u5(r: Registers, _board: Board) -> tuple[float, float]:
    pll, div = r[0x4602_0C28], r[0x4602_0C34]
    assert pll & 3 == 2
    assert pll >> 2 & 3 == 3
    assert pll >> 18 & 1
    vco = HSI16 / ((pll >> 8 & 15) + 1) * ((div & 511) + 1)
    core = vco / ((div >> 24 & 127) + 1)
    assert 128e6 <= vco <= 544e6
    assert core <= 160e6
    assert r[0x4602_080C] & 0x7_0000 == 0x7_0000, "range 1, boosted"
    assert r[0x4002_2000] & 15 >= 4
    return core, core


def _lm3s(r: Registers, _board: Board) -> tuple[float, float]:
    rcc = r[0x400F_E060]
    assert rcc >> 6 & 15 == 14, "8 MHz"
    assert rcc & 0x2831 == 0, "neither off nor bypassed"
    assert rcc >> 22 & 1
    core = 200e6 / ((rcc >> 23 & 15) + 1)
    return core, core


def _rp(pll: int, clocks: int) -> Callable[[Registers, Board], tuple[float, float]]:
    def decode(r: Registers, _board: Board) -> tuple[float, float]:
        vco = 12e6 * r[pll + 8]
        core = vco / ((r[pll + 12] >> 16 & 7) * (r[pll + 12] >> 12 & 7))
        assert 750e6 <= vco <= 1600e6
        assert r[pll + 4] & 0x29 == 0, "powered"
        assert r[clocks + 0x3C] & 1
        assert r[clocks + 0x48] == 0x800
        return core, core

    return decode


def _rp_tree(resets: int, xosc: int, pll: int, clocks: int) -> Tree:
    return Tree(
        _rp(pll, clocks),
        reset={resets: 0x1FFF_FFFF, pll: 1, pll + 4: 0x2D},
        derived={
            resets + 8: lambda r: ~r.get(resets, 0) & 0x1FFF_FFFF,
            xosc + 4: lambda r: (r.get(xosc, 0) >> 12 == 0xFAB) << 31,
            clocks + 0x38: lambda r: 1 << (r.get(clocks + 0x30, 0) & 3),
            clocks + 0x44: lambda r: 1 << (r.get(clocks + 0x3C, 0) & 1),
            pll: lambda r: (r.get(pll + 4, 0) & 0x21 == 0) << 31 | 1,
        },
    )


PLL_ON = (1 << 24, 1 << 25)
TREES = {
    "stm32f1": Tree(_f1, {0x4002_1000: ((1, 2), PLL_ON)}, {0x4002_1004: (3, 2)}),
    "stm32f4": Tree(_f4, {0x4002_3800: ((1, 2), PLL_ON)}, {0x4002_3808: (3, 2)}),
    "stm32l4": Tree(_l4, {0x4002_1000: ((0x100, 0x400), PLL_ON)}, {0x4002_1008: (3, 2)}),
    "stm32g0": Tree(
        _g0,
        {0x4002_1000: ((0x100, 0x400), PLL_ON)},
        {0x4002_1008: (7, 3)},
        {0x4002_2000: 0x0004_0600},
    ),
    "stm32l0": Tree(
        _l0,
        {0x4002_1000: ((1, 4), PLL_ON)},
        {0x4002_100C: (3, 2)},
        {0x4000_7000: 0x1000},
    ),
    "stm32h7": Tree(
        _h7,
        {0x5802_4400: ((1, 4), PLL_ON), 0x5802_4818: ((0xC000, 0x2000),)},
        {0x5802_4410: (7, 3)},
        {0x5802_480C: 0x6},
        {0x5802_4804: lambda r: (r[0x5802_480C] & 7 == 2) << 13},
    ),
    "stm32u5": Tree(
        _u5,
        {
            0x4602_0C00: ((0x100, 0x400), PLL_ON),
            0x4602_080C: ((0x3_0000, 0x8000), (0x4_0000, 0x4000)),
        },
        {0x4602_0C1C: (3, 2)},
    ),
    "lm3s": Tree(
        _lm3s,
        reset={0x400F_E060: 0x078E_3AC0},
        derived={0x400F_E050: lambda r: (r.get(0x400F_E060, 0) & 0x2000 == 0) << 6},
    ),
    "rp2040": _rp_tree(0x4000_C000, 0x4002_4000, 0x4002_8000, 0x4000_8000),
    "rp2350": _rp_tree(0x4002_0000, 0x4004_8000, 0x4005_0000, 0x4001_0000),
}
"""By `clock.driver`."""
