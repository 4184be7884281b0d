"""Reads UF2 as a boot loader would: written from the specification, not from our writer."""

from __future__ import annotations

import struct

MAGIC_0, MAGIC_1, MAGIC_END = 0x0A324655, 0x9E5D5157, 0x0AB16F30
NOT_MAIN_FLASH, FAMILY_ID_PRESENT = 0x1, 0x2000


def flashed(data: bytes, family_id: int, page_bytes: int = 256) -> dict[int, int]:
    """Address and value of every byte that a boot loader of this family writes."""
    assert len(data) % 512 == 0
    memory: dict[int, int] = {}
    seen = []
    totals = set()
    for at in range(0, len(data), 512):
        block = data[at : at + 512]
        magic0, magic1, flags, address, size, number, total, family = struct.unpack(
            "<8I", block[:32]
        )
        assert (magic0, magic1) == (MAGIC_0, MAGIC_1)
        assert struct.unpack("<I", block[508:]) == (MAGIC_END,)
        assert size <= 476
        assert size % page_bytes == 0
        assert address % page_bytes == 0
        assert not any(block[32 + size : 508]), "padded with zeros"
        if flags & NOT_MAIN_FLASH or not flags & FAMILY_ID_PRESENT or family != family_id:
            continue
        seen.append(number)
        totals.add(total)
        for offset in range(size):
            assert address + offset not in memory, "flashed twice"
            memory[address + offset] = block[32 + offset]
    assert seen == list(range(len(seen)))
    assert totals <= {len(seen)}
    return memory
