"""Minimal models, one for each corner of SPEC.md, with the raster that drives them into it."""

from __future__ import annotations

from tests.corner_cells import CELLS
from tests.corner_decisions import DECISIONS
from tests.corner_dynamics import DYNAMICS
from tests.corner_maps import MAPS
from tests.corner_nets import NETS
from tests.corner_past import PAST
from tests.make_packs import Corner


def corners() -> dict[str, Corner]:
    """All corner models by name."""
    every = {**CELLS, **NETS, **PAST, **DYNAMICS, **MAPS, **DECISIONS}
    return {name: make(name) for name, make in every.items()}
