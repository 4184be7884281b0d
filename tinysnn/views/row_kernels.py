"""Assembly that adds rows of weights: which a layer can use, and what its template needs."""

from __future__ import annotations

from dataclasses import dataclass

from tinysnn.pack import PackedLayer
from tinysnn.views import obstacles
from tinysnn.views.family import Family

WORDS = {8: 4, 4: 2, 2: 1, 1: 1}
"""Row words, and so 128 / 2, 64 / 4, 32 / 2 or 32 neurons, that a kernel adds side by side."""
GROUP = {2: 5, 1: 3}
"""Events whose sum fits a field of twice the weight's bits."""
CHUNK = {8: 65535, 4: 17, 2: 85, 1: 15}
"""Events between two moves of sums to 16 bits; bytes go there at once."""


@dataclass(frozen=True)
class RowsKernel:
    """A row-add: weights of `bits`, sums times 2^shift."""

    template: str
    symbol: str
    bits: int
    shift: int
    cap: int
    group: int
    mask: int
    """What a pair of sums keeps once shifted: of fields, and of bytes."""
    byte_mask: int
    long: bool
    """There may be more events than a byte can count."""
    words: int
    """Words of a row that are added side by side."""
    wide: bool
    """Twice as many as the width of its weights would have: 4-bit layers of full blocks."""
    scratch: int
    """Bytes of stack beside what the function was given."""


def shift_of(layer: PackedLayer) -> int:
    """Power of two by which stored sums are below state units; 1-bit weights count half steps."""
    return layer.spec.frac_bits + (layer.spec.bits == 1)


def rows_kernel(layer: PackedLayer, family: Family, *, in_state_units: bool) -> RowsKernel | None:
    """The row-add for a layer, or None where lanes would spill over."""
    bits, shift = layer.spec.bits, shift_of(layer) if in_state_units else 0
    if obstacles.of_rows(
        layer, family, in_state_units=in_state_units, shift=shift, chunk=CHUNK[bits]
    ):
        return None
    field = {8: 65535, 4: 255, 2: 255, 1: 15}[bits]
    long = family == "dsp" and bits == 1 and layer.spec.n_rows > 255
    wide = family == "dsp" and bits == 4 and -(-layer.n // 16) % 2 == 0
    return RowsKernel(
        template=f"ops/rows_{family}.S.jinja",
        symbol=f"tsnn_rows{bits}{'w' * wide}_s{shift}{'_long' * long}_{family}",
        bits=bits,
        shift=shift,
        cap=CHUNK[bits],
        group=GROUP.get(bits, 1),
        mask=_kept(field, shift),
        byte_mask=_kept(255, shift),
        long=long,
        words=WORDS[bits] * (2 if wide else 1),
        wide=wide,
        scratch=56 if bits == 1 else 28 if wide else 16,
    )


def _kept(field: int, shift: int) -> int:
    """Mask of two sums that are times 2^shift."""
    kept = (field << shift) & 65535
    return kept << 16 | kept
