"""Flashes an image through a GDB server: QEMU, OpenOCD, pyOCD, J-Link, Black Magic Probe.

Where the server names flash in its memory map, it erases and programs (vFlashErase, vFlashWrite,
vFlashDone); elsewhere memory is written as it is, which is what QEMU's machines want. Everything
written is read back. Packets: GDB manual, appendix E, "GDB Remote Serial Protocol".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET

from tinysnn.errors import EXIT_USAGE, BuildError, DeviceError, TinysnnError
from tinysnn.gdb_remote import GdbRemote, connect

RESET_COMMANDS = {"qemu": "system_reset", "openocd": "reset halt", "pyocd": "reset halt"}
"""How servers are told to reset the device, in words of their own monitor."""
_MAP_LIMIT = 1 << 16
_WRITE_FACTOR = 4
"""A packet of P bytes carries about P / 4 bytes: two digits each to read, and escapes to write."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Segment:
    """Bytes of an image at the address they are loaded to."""

    address: int
    data: bytes


@dataclass(frozen=True)
class FlashRegion:
    """Flash of the device, as the server's memory map states it."""

    start: int
    length: int
    block_bytes: int

    def overlaps(self, segment: Segment) -> bool:
        """Whether some of a segment lies here."""
        end = segment.address + len(segment.data)
        return self.start < end and segment.address < self.start + self.length


def load_segments(elf: Path) -> tuple[Segment, ...]:
    """What an ELF file loads, by address.

    Raises
    ------
    BuildError: it is no ELF file, or loads nothing.

    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with elf.open("rb") as file:
            found = [
                Segment(part["p_paddr"], part.data())
                for part in ELFFile(file).iter_segments("PT_LOAD")
                if part["p_filesz"]
            ]
    except (OSError, ELFError) as error:
        raise BuildError(f"is no usable ELF file ({error})", where=str(elf)) from None
    if not found:
        raise BuildError("loads nothing", where=str(elf), fix="Build the image again.")
    return tuple(sorted(found, key=lambda segment: segment.address))


def parse_memory_map(text: str) -> tuple[FlashRegion, ...]:
    """Flash regions of a memory map; an entry that says no size of its blocks is not used.

    Raises
    ------
    DeviceError: it is no XML, or declares entities of its own.

    """
    body = re.sub(r"<!DOCTYPE[^>\[]*>", "", text)
    if "<!" in re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL):
        raise DeviceError("the server's memory map declares entities: refused")
    try:
        root = ET.fromstring(body)  # noqa: S314 (without declarations nothing can expand)
        return tuple(
            FlashRegion(
                int(memory.attrib["start"], 0),
                int(memory.attrib["length"], 0),
                int("".join(memory.itertext()).strip(), 0),
            )
            for memory in root.iter("memory")
            if memory.get("type") == "flash"
        )
    except (ET.ParseError, KeyError, ValueError) as error:
        raise DeviceError(f"the server's memory map cannot be read ({error})") from None


def flash_elf(
    elf: Path,
    address: str,
    *,
    reset_command: str = RESET_COMMANDS["qemu"],
    progress: Progress | None = None,
) -> int:
    """Write an image through the GDB server at `address`, verify it, reset the device, let it run.

    Parameters
    ----------
    elf: the image.
    address: ``HOST:PORT`` or ``:PORT``.
    reset_command: monitor command that resets the device and halts it, see `RESET_COMMANDS`.
    progress: called with bytes done and bytes in all.

    Returns
    -------
    The number of bytes written.

    Raises
    ------
    BuildError: the image cannot be read.
    OptionError: the address is none.
    DeviceError: nobody listens there, the server refuses, or memory reads back other bytes.

    """
    segments = load_segments(elf)
    with connect(address) as server:
        server.handshake()
        _write(server, segments, progress or (lambda _done, _total: None))
        _verify(server, segments)
        server.monitor(reset_command)
        server.resume()
    return sum(len(segment.data) for segment in segments)


def _write(server: GdbRemote, segments: Sequence[Segment], progress: Progress) -> None:
    regions: tuple[FlashRegion, ...] = ()
    if "qXfer:memory-map:read+" in server.features:
        regions = parse_memory_map(server.read_object("memory-map", _MAP_LIMIT))
    for region in regions:
        _erase(server, region, [segment for segment in segments if region.overlaps(segment)])
    total, done = sum(len(segment.data) for segment in segments), 0
    for segment in segments:
        flash = any(region.overlaps(segment) for region in regions)
        for at in range(0, len(segment.data), server.packet_bytes // _WRITE_FACTOR):
            part = segment.data[at : at + server.packet_bytes // _WRITE_FACTOR]
            put = server.write_flash if flash else server.write_memory
            put(segment.address + at, part)
            done += len(part)
            progress(done, total)
    if any(region.overlaps(segment) for region in regions for segment in segments):
        server.finish_flash()


def _erase(server: GdbRemote, region: FlashRegion, segments: Sequence[Segment]) -> None:
    """Erase the blocks of a region that segments lie in, each once."""
    if not segments:
        return
    block = region.block_bytes
    if block <= 0:
        raise DeviceError("the server's memory map has flash of blocks of 0 bytes")
    first = max(min(s.address for s in segments), region.start)
    last = min(max(s.address + len(s.data) for s in segments), region.start + region.length)
    start = region.start + (first - region.start) // block * block
    end = region.start + -(-(last - region.start) // block) * block
    server.erase_flash(start, end - start)


def _verify(server: GdbRemote, segments: Sequence[Segment]) -> None:
    """Read everything back.

    Raises
    ------
    DeviceError: at the first byte that differs.

    """
    step = server.packet_bytes // _WRITE_FACTOR
    for segment in segments:
        for at in range(0, len(segment.data), step):
            wanted = segment.data[at : at + step]
            found = server.read_memory(segment.address + at, len(wanted))
            if found != wanted:
                pairs = zip(wanted, found, strict=True)
                k = next(k for k, (mine, theirs) in enumerate(pairs) if mine != theirs)
                raise DeviceError(
                    f"memory at 0x{segment.address + at + k:08X} reads 0x{found[k]:02X} after "
                    f"0x{wanted[k]:02X} was written",
                    where=server.where,
                    fix="Check that the board is the one the image was built for.",
                )


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m tinysnn.flash_gdb HOST:PORT IMAGE.elf [RESET COMMAND]``, for build systems."""
    import sys

    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) not in (2, 3):
        sys.stderr.write("usage: python -m tinysnn.flash_gdb HOST:PORT IMAGE.elf [RESET COMMAND]\n")
        return EXIT_USAGE
    address, elf, reset = (*given, RESET_COMMANDS["qemu"])[:3]
    try:
        written = flash_elf(Path(elf), address, reset_command=reset)
    except TinysnnError as error:
        sys.stderr.write(f"error: {error}\n")
        return error.exit_code
    sys.stdout.write(f"{written:,} bytes written to {address} and verified\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
