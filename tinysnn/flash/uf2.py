"""UF2, the format of drag-and-drop bootloaders such as the RP2040's.

Source: the UF2 specification at github.com/microsoft/uf2 (README, "File format"); family ids in
its utils/uf2families.json.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from tinysnn.flash.segments import Segment

PAGE_BYTES = 256
"""Payload of a block; the specification: "256 is always correct"."""
BLOCK_BYTES = 512
_MAGIC_START = (0x0A324655, 0x9E5D5157)
_MAGIC_END = 0x0AB16F30
_FAMILY_PRESENT = 0x00002000
_BLOCK = struct.Struct("<8I476sI")


def uf2(segments: Sequence[Segment], family_id: int) -> bytes:
    """The file: a block per 256-byte page that holds anything, ascending; gaps within are 0xFF.

    Parameters
    ----------
    family_id: u32, the family that the board's bootloader takes.

    """
    pages = _pages(segments)
    blocks = [
        _BLOCK.pack(
            *_MAGIC_START,
            _FAMILY_PRESENT,
            address,
            PAGE_BYTES,
            number,
            len(pages),
            family_id,
            bytes(page),
            _MAGIC_END,
        )
        for number, (address, page) in enumerate(sorted(pages.items()))
    ]
    return b"".join(blocks)


def _pages(segments: Sequence[Segment]) -> dict[int, bytearray]:
    pages: dict[int, bytearray] = {}
    for segment in segments:
        at = segment.address
        while at < segment.end:
            base = at - at % PAGE_BYTES
            stop = min(base + PAGE_BYTES, segment.end)
            page = pages.setdefault(base, bytearray(b"\xff" * PAGE_BYTES))
            page[at - base : stop - base] = segment.data[
                at - segment.address : stop - segment.address
            ]
            at = stop
    return pages
