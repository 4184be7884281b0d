"""Energy per synaptic operation that others publish for their chips."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chip:
    """One figure of a paper, in picojoules per synaptic operation."""

    name: str
    pj_per_operation: str
    kind: str
    source: str


CHIPS = (
    Chip("ODIN", "8.4 / 12.7", "digital, 28 nm", "Frenkel et al., IEEE TBioCAS 2019"),
    Chip("Loihi", "23.6", "digital, 14 nm", "Davies et al., IEEE Micro 2018"),
    Chip("TrueNorth", "26", "digital, 28 nm", "Merolla et al., Science 2014"),
    Chip("MorphIC", "30 / 51", "digital, 65 nm, 1-bit weights", "Frenkel et al., TBioCAS 2019"),
    Chip("SpiNNaker", "11,300 / 26,600", "ARM cores, 130 nm", "Stromatias et al., IJCNN 2013"),
)
"""Where there are two: incremental, and with the static power shared out."""
