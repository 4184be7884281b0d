"""Figures of peers for the common workload that are not measured in this run.

All are executed instructions per step of 64-128-128-12 LIF (50 ticks, gcc 12.2 -O2, basic blocks
counted in Unicorn), measured by the project on 2026-11-21 with the peers' own code.
"""

from __future__ import annotations

from dataclasses import dataclass

SOURCE = "earlier run, 2026-11-21"


@dataclass(frozen=True)
class Figure:
    """A peer's cost per step, by core and percent of input spikes; None: not known."""

    peer: str
    m4: tuple[int | None, int | None, int | None]
    m0plus: tuple[int | None, int | None, int | None]
    flash_bytes: int | None
    """Of the model alone, on the M4."""
    ram_bytes: int | None
    source: str = SOURCE


FIGURES = (
    Figure(
        "qualia 2.6.0 int8",
        (139_038, 139_039, 139_041),
        (None, 249_956, 250_013),
        27_148,
        524,
    ),
    Figure(
        "qualia 2.6.0 int8 + CMSIS",
        (None, 65_566, 65_566),
        (None, 194_236, 194_297),
        27_544,
        1_164,
    ),
    Figure(
        "snn2mcu V2 (hard reset)",
        (16_565, 23_702, 42_030),
        (None, 41_697, 78_514),
        106_156,
        54_656,
    ),
    Figure(
        "CMSIS-NN s8, dense ANN, one pass of one input",
        (62_778, None, None),
        (184_220, None, None),
        None,
        None,
    ),
    Figure(
        "CMSIS-NN s4, dense ANN, one pass of one input",
        (140_917, None, None),
        (226_991, None, None),
        None,
        None,
    ),
)
