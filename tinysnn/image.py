"""A linked firmware image: what is in it, how large it is, and whether it may be used."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinysnn.boards import Board
from tinysnn.errors import BoardError, BuildError
from tinysnn.stack import EXCEPTION_BYTES, VECTOR_BYTES, Function, deepest, measure

MIN_PAYLOAD = 256
"""TSNN_MIN_PAYLOAD of firmware/include/tsnn_image.h."""

_BUFFERS = frozenset(
    {
        "tsnn_in_index",
        "tsnn_in_samples",
        "tsnn_in_value",
        "tsnn_out_index",
        "tsnn_out_value",
        "tsnn_rx_payload",
        "tsnn_tx_payload",
        "tsnn_systick_rounds",
        "tsnn_ring",
        "tsnn_ring_in",
        "tsnn_ring_out",
        "tsnn_uarte_received",
        "tsnn_uarte_sent",
    }
)
HANDLERS = ("SysTick_Handler", "tsnn_uart_handler")
"""Functions that exceptions may start while a step runs."""
_SLOT_BYTES = 12
_STRUCT_BYTES_AT = 16
"""Offset of struct_bytes in tsnn_model_t: two pointers, two u16, flags."""
_FRONT_END_AT = 36
"""Offset of front_end in tsnn_model_t, behind the functions and `learn`; 0: it has none."""


@dataclass(frozen=True)
class Symbol:
    """A named function or object."""

    address: int
    """Without the Thumb bit."""
    size: int
    is_function: bool


@dataclass(frozen=True)
class Image:
    """A firmware for one board, with its models."""

    elf: Path
    board: Board
    compiler: str
    """Name and version of the toolchain."""
    optimise: str
    flash_bytes: int
    """Code, tables and initial values."""
    ram_bytes: int
    """Variables: state of the models, buffers. Without the stack."""
    stack_bytes: int | None
    """Worst case by the machine code; None if it has no bound. The board reserves
    `board.stack_bytes`."""
    sections: Mapping[str, int]
    """Bytes of each section that takes memory."""
    symbols: Mapping[str, Symbol]
    slots: tuple[str, ...]
    """Names of the models, in slot order."""


class ElfView:
    """Memory, symbols and sections of a little-endian 32-bit ELF file."""

    def __init__(self, path: Path) -> None:
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile

        self.path = path
        try:
            with path.open("rb") as file:
                elf = ELFFile(file)
                alloc = [s for s in elf.iter_sections() if s["sh_flags"] & 2 and s["sh_size"]]
                self.sections = {s.name: (s["sh_addr"], s["sh_size"]) for s in alloc}
                self._data = {s.name: s.data() for s in alloc if s["sh_type"] != "SHT_NOBITS"}
                table: Any = elf.get_section_by_name(".symtab")
                entries = [(s.name, s["st_info"]["type"], s.entry) for s in table.iter_symbols()]
        except (OSError, ELFError, AttributeError) as error:
            raise BuildError(f"is no usable ELF file ({error})", where=str(path)) from None
        self.marks = sorted(
            (entry["st_value"], name[1]) for name, _, entry in entries if name[:2] in ("$t", "$d")
        )
        self.symbols = {
            name: Symbol(entry["st_value"] & ~1, entry["st_size"], kind == "STT_FUNC")
            for name, kind, entry in entries
            if kind in ("STT_FUNC", "STT_OBJECT") and name
        }

    def read(self, address: int, size: int) -> bytes:
        """Bytes of the image at an address; BuildError if the file holds none there."""
        for name, data in self._data.items():
            offset = address - self.sections[name][0]
            if offset >= 0 and offset + size <= len(data):
                return data[offset : offset + size]
        raise BuildError(f"holds nothing at 0x{address:08X}", where=str(self.path))

    def word(self, address: int) -> int:
        """The 32-bit word at an address."""
        return int(struct.unpack("<I", self.read(address, 4))[0])

    def text(self, address: int) -> str:
        """The zero-terminated ASCII text at an address."""
        letters = bytearray()
        while (letter := self.read(address + len(letters), 1)) != b"\0":
            letters += letter
        return letters.decode("ascii", "replace")

    def symbol(self, name: str) -> Symbol:
        """The symbol of this name; BuildError if the image lacks it."""
        try:
            return self.symbols[name]
        except KeyError:
            raise BuildError(f"lacks the symbol '{name}'", where=str(self.path)) from None

    def words(self) -> set[int]:
        """Every aligned word of code and data."""
        return {
            word
            for data in self._data.values()
            for (word,) in struct.iter_unpack("<I", data[: len(data) & ~3])
        }

    def functions(self) -> list[Function]:
        """Functions with their code, one per address."""
        found = {}
        for name, symbol in self.symbols.items():
            if symbol.is_function and symbol.size:
                found[symbol.address] = Function(
                    name,
                    symbol.address,
                    self.read(symbol.address, symbol.size),
                    self._literals(symbol.address, symbol.size),
                )
        return list(found.values())

    def _literals(self, address: int, size: int) -> tuple[tuple[int, int], ...]:
        """Ranges of a function that are data, by the mapping symbols $d and $t."""
        ranges = []
        first: int | None = None
        for at, kind in self.marks:
            if not address <= at < address + size:
                continue
            if kind == "d" and first is None:
                first = at - address
            elif kind == "t" and first is not None:
                ranges.append((first, at - address))
                first = None
        if first is not None:
            ranges.append((first, size))
        return tuple(ranges)


def worst_stack(elf: ElfView) -> int | None:
    """Bytes of stack the image can need: the deepest chain from reset, and one exception."""
    functions = elf.functions()
    frames = {function.address: measure(function) for function in functions}
    words = elf.words()
    vectors = elf.symbol("tsnn_vectors")
    handlers = {elf.word(vectors.address + 4 * k) & ~1 for k in range(1, vectors.size // 4)}
    pointed_to = frozenset(a for a in frames if a | 1 in words) - handlers
    main = deepest(elf.symbol("Reset_Handler").address, frames, pointed_to)
    names = [name for name in HANDLERS if name in elf.symbols]
    handled = [deepest(elf.symbols[name].address, frames, pointed_to) for name in names]
    if main is None or None in handled:
        return None
    uses_vectors = any(frame.vectors for frame in frames.values())
    # All have the same priority: one handler never interrupts another.
    deepest_handler = max(depth for depth in handled if depth is not None)
    return main + EXCEPTION_BYTES + VECTOR_BYTES * uses_vectors + deepest_handler


def _slots(elf: ElfView) -> list[tuple[str, range, range]]:
    """Name of each slot's model and the addresses of its state and of its front end's memory."""
    count = elf.word(elf.symbol("tsnn_slot_count").address)
    table = elf.symbol("tsnn_slots")
    if count * _SLOT_BYTES != table.size:
        raise BuildError("tsnn_slot_count is not the length of tsnn_slots", where=str(elf.path))
    found = []
    for address in range(table.address, table.address + table.size, _SLOT_BYTES):
        model, state, ear = (elf.word(address + at) for at in (0, 4, 8))
        size = elf.word(model + _STRUCT_BYTES_AT)
        front_end = elf.word(model + _FRONT_END_AT)
        heard = elf.word(front_end + 4) if front_end else 0
        name = elf.text(elf.word(model))
        found.append((name, range(state, state + size), range(ear, ear + heard)))
    return found


def check_tables_in_flash(elf: ElfView, board: Board) -> None:
    """Refuse an image that keeps anything of a model in RAM but its state and the buffers.

    Raises
    ------
    BuildError
        Names the first such object.
    """
    ram = range(board.ram_base, board.ram_base + board.ram_bytes)
    states = [addresses for _, *memory in _slots(elf) for addresses in memory]
    for name, symbol in sorted(elf.symbols.items()):
        ours = name.startswith("tsnn_") and name not in _BUFFERS
        if symbol.is_function or not symbol.size or not ours or symbol.address not in ram:
            continue
        if not any(symbol.address in addresses for addresses in states):
            raise BuildError(
                f"'{name}' ({symbol.size} bytes) lies in RAM",
                where=str(elf.path),
                fix="Tables must be const; state belongs in the model's struct.",
            )


def _check_image(elf: ElfView, board: Board, stack: int | None) -> None:
    """The rules of tsnn_image.h, and the stack."""
    payload = elf.word(elf.symbol("tsnn_max_payload").address)
    if payload < MIN_PAYLOAD:
        raise BuildError(
            f"tsnn_max_payload is {payload}, must be {MIN_PAYLOAD} or more", where=str(elf.path)
        )
    check_tables_in_flash(elf, board)
    if stack is not None and stack > board.stack_bytes:
        raise BoardError(
            f"the stack can grow to {stack} bytes, {stack - board.stack_bytes} more than"
            f" 'stack_bytes' ({board.stack_bytes})",
            where=board.id,
        )


def read_image(path: Path, board: Board, *, compiler: str, optimise: str) -> Image:
    """Measure and check a linked image.

    Raises
    ------
    BuildError
        A table lies in RAM, or the image is not one of ours.
    BoardError
        The worst-case stack is larger than the board reserves.
    """
    elf = ElfView(path)
    stack = worst_stack(elf)
    _check_image(elf, board, stack)
    sections = {name: size for name, (_, size) in elf.sections.items()}
    data, bss = sections.get(".data", 0), sections.get(".bss", 0)
    return Image(
        elf=path,
        board=board,
        compiler=compiler,
        optimise=optimise,
        flash_bytes=sections.get(".text", 0) + sections.get(".rodata", 0) + data,
        ram_bytes=data + bss,
        stack_bytes=stack,
        sections=sections,
        symbols=elf.symbols,
        slots=tuple(name for name, *_ in _slots(elf)),
    )
