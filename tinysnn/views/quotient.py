"""C text that divides by a constant without dividing: small cores have no instruction for it."""

from __future__ import annotations

import numpy as np


def quotient(name: str, divisor: int, limit: int) -> str:
    """C text for ``name / divisor``, a uint32_t below `limit` (at most 65536)."""
    if divisor == 1:
        return name
    if divisor & (divisor - 1) == 0:
        return f"({name} >> {divisor.bit_length() - 1})"
    if limit <= divisor:
        return "0u"
    found = reciprocal(divisor, limit)
    if found is None:
        return f"({name} / {divisor}u)"
    return f"(({name} * {found[0]}u) >> {found[1]})"


def remainder(name: str, divisor: int, limit: int) -> str:
    """C text for ``name % divisor``, a uint32_t below `limit` (at most 65536)."""
    if limit <= divisor:
        return name
    if divisor & (divisor - 1) == 0:
        return f"({name} & {divisor - 1}u)"
    return f"({name} - ({quotient(name, divisor, limit)} * {divisor}u))"


def reciprocal(divisor: int, limit: int) -> tuple[int, int] | None:
    """(factor, shift) with ``x / divisor == (x * factor) >> shift`` in 32 bits, x below `limit`.

    None: there is none, which happens close to 65536 alone.
    """
    x = np.arange(limit, dtype=np.uint64)
    wanted = x // np.uint64(divisor)
    for shift in range(8, 32):
        factor = -(-(1 << shift) // divisor)
        if (limit - 1) * factor >= 1 << 32:
            break
        if bool((((x * np.uint64(factor)) >> np.uint64(shift)) == wanted).all()):
            return factor, shift
    return None
