"""From instructions to cycles, by core.

Cores with a published timing table: block traces of three networks at 8 bits, each instruction
with the fewest and the most cycles of the table (`benchmarks/cpi.py`). Cores without one: the range
of the Cortex-M4 times the ratio of the CoreMark/MHz that Arm states for both, a crude stand-in.
Memory is taken to answer at once: wait states of flash come on top.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinysnn.boards import Core


@dataclass(frozen=True)
class CyclesPerInstruction:
    """Range of a core's mean."""

    low: float
    high: float
    source: str


def _traced(low: float, high: float, manual: str) -> CyclesPerInstruction:
    return CyclesPerInstruction(low, high, f"block traces with the timing table of {manual}")


def _scaled(coremark_per_mhz: float) -> CyclesPerInstruction:
    ratio = M4_COREMARK / coremark_per_mhz
    words = f"Cortex-M4's, times {M4_COREMARK} / {coremark_per_mhz} (CoreMark/MHz as Arm states)"
    return CyclesPerInstruction(round(M4.low * ratio, 2), round(M4.high * ratio, 2), words)


M4_COREMARK = 3.42
M4 = _traced(1.34, 1.56, "the Cortex-M4 manual, Arm DDI 0439, table 3-1")
CPI: dict[Core, CyclesPerInstruction] = {
    "cortex-m0": _traced(1.26, 1.32, "the Cortex-M0 manual, Arm DDI 0432, table 3-1"),
    "cortex-m0plus": _traced(1.23, 1.27, "the Cortex-M0+ manual, Arm DDI 0484, table 3-1"),
    "cortex-m3": _traced(1.16, 1.57, "the Cortex-M3 manual, Arm DDI 0337, table 3-1"),
    "cortex-m4": M4,
    "cortex-m7": _scaled(5.01),
    "cortex-m33": _scaled(4.02),
    "cortex-m55": _scaled(4.2),
}
