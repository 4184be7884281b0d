"""Intel HEX, as DAPLink volumes (micro:bit) and many tools take it.

Source: Intel, "Hexadecimal Object File Format Specification", revision A, 1988: records of type
data (00), end of file (01) and extended linear address (04).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tinysnn.flash.segments import Segment

_DATA, _END, _HIGH = 0x00, 0x01, 0x04
_ROW = 16


def intel_hex(segments: Sequence[Segment]) -> str:
    """Text of the file, with one extended linear address per 64 KiB window."""
    lines = []
    high = -1
    for address, row in _rows(segments):
        if address >> 16 != high:
            high = address >> 16
            lines.append(_record(_HIGH, 0, high.to_bytes(2, "big")))
        lines.append(_record(_DATA, address & 0xFFFF, row))
    lines.append(_record(_END, 0, b""))
    return "\n".join(lines) + "\n"


def _rows(segments: Sequence[Segment]) -> Iterator[tuple[int, bytes]]:
    """Pieces of at most 16 bytes; none crosses a multiple of 16, and so none a window."""
    for segment in segments:
        at = segment.address
        while at < segment.end:
            stop = min((at // _ROW + 1) * _ROW, segment.end)
            yield at, segment.data[at - segment.address : stop - segment.address]
            at = stop


def _record(kind: int, offset: int, data: bytes) -> str:
    body = bytes([len(data)]) + offset.to_bytes(2, "big") + bytes([kind]) + data
    checksum = -sum(body) & 0xFF
    return f":{body.hex().upper()}{checksum:02X}"
