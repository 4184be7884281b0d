"""Which assembly a core can run."""

from __future__ import annotations

from typing import Literal

Family = Literal["dsp", "v6m"]
DSP_CORES = ("cortex-m4", "cortex-m7", "cortex-m33", "cortex-m55")
SMALL_CORES = ("cortex-m0", "cortex-m0plus")


def family_of(core: str) -> Family | None:
    """The kernels a core can run; None: the C ones only."""
    if core in DSP_CORES:
        return "dsp"
    return "v6m" if core in SMALL_CORES else None
