"""Worst-case stack of an image, read from its machine code.

For every function the bytes it takes (pushes and subtractions from SP, all of them, whether or not
they can happen on one path) and the functions it calls; then the deepest chain. An indirect call is
taken to reach every function whose address lies in the image's data. This holds for code of any
compiler and for its run-time library, whose sources are not here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

EXCEPTION_BYTES = 36
"""What the core pushes on an exception: eight words, and one to align SP to 8."""
VECTOR_BYTES = 72
"""What it pushes beside, once vector registers are in use."""


@dataclass(frozen=True)
class Function:
    """A function and its code."""

    name: str
    address: int
    code: bytes
    data_ranges: tuple[tuple[int, int], ...] = ()
    """Parts of the code that are literals, as (first, end) offsets."""


@dataclass
class Frame:
    """What one function does to the stack."""

    bytes: int = 0
    calls: set[int] = field(default_factory=set)
    """Addresses of functions called or jumped to."""
    indirect: bool = False
    """Whether it calls through a pointer."""
    known: bool = True
    """False if SP is changed by something that is not a constant."""
    vectors: bool = False
    """Whether it uses vector registers."""


def _instructions(function: Function) -> Iterator[tuple[int, int, int | None]]:
    """(offset, first halfword, second halfword or None) of each instruction."""
    literal = {offset for first, end in function.data_ranges for offset in range(first, end, 2)}
    at = 0
    while at + 2 <= len(function.code):
        if at in literal:
            at += 2
            continue
        (first,) = struct.unpack_from("<H", function.code, at)
        if first >> 11 in (0b11101, 0b11110, 0b11111) and at + 4 <= len(function.code):
            yield at, first, struct.unpack_from("<H", function.code, at + 2)[0]
            at += 4
        else:
            yield at, first, None
            at += 2


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def _expand_immediate(imm12: int) -> int:
    """ThumbExpandImm of the architecture manual."""
    low = imm12 & 0xFF
    if imm12 >> 10 == 0:
        return (low, low * 0x0001_0001, low * 0x0100_0100, low * 0x0101_0101)[imm12 >> 8 & 3]
    turn = imm12 >> 7
    value = 0x80 | imm12 & 0x7F
    return (value >> turn | value << (32 - turn)) & 0xFFFF_FFFF


def _narrow_stack(first: int) -> int:
    """Bytes a 16-bit instruction takes from the stack."""
    if first & 0xFE00 == 0xB400:  # push
        return 4 * (first & 0x1FF).bit_count()
    if first & 0xFF80 == 0xB080:  # sub sp, #imm
        return 4 * (first & 0x7F)
    return 0


def _wide_stack(first: int, second: int) -> int:
    """Bytes a 32-bit instruction takes from the stack."""
    if first == 0xE92D:  # stmdb sp!
        return 4 * second.bit_count()
    if first == 0xF84D and second & 0xF00 == 0xD00:  # str rt, [sp, #-imm]!
        return second & 0xFF
    if first == 0xE96D:  # strd rt, rt2, [sp, #-imm]!
        return 4 * (second & 0xFF)
    if first & 0xFFBF == 0xED2D and second & 0x0E00 == 0x0A00:  # vpush
        return 4 * (second & 0xFF)
    if first & 0xFBEF == 0xF1AD and second & 0x8F00 == 0x0D00:  # sub.w sp, sp, #const
        return _expand_immediate((first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF)
    if first & 0xFBFF == 0xF2AD and second & 0x8F00 == 0x0D00:  # subw sp, sp, #imm12
        return (first >> 10 & 1) << 11 | (second >> 12 & 7) << 8 | second & 0xFF
    return 0


def _literal(function: Function, at: int, first: int) -> int | None:
    """Word that a 16-bit ``ldr rN, [pc, #imm]`` at offset `at` loads."""
    base = (function.address + at + 4) & ~3
    offset = base + 4 * (first & 0xFF) - function.address
    if offset + 4 > len(function.code):
        return None
    return int(struct.unpack_from("<I", function.code, offset)[0])


def _narrow_target(first: int) -> int | None:
    """Distance of a 16-bit branch, None for other instructions."""
    if first & 0xF800 == 0xE000:
        return _signed(first & 0x7FF, 11) * 2
    if first & 0xF000 == 0xD000 and first >> 8 & 0xF < 0xE:
        return _signed(first & 0xFF, 8) * 2
    return None


def _wide_target(first: int, second: int) -> int | None:
    """Distance of BL, B.W or B<cond>.W, None for other instructions."""
    if first & 0xF800 != 0xF000 or second & 0x8000 == 0:
        return None
    sign, j1, j2 = first >> 10 & 1, second >> 13 & 1, second >> 11 & 1
    if second & 0x5000 in (0x1000, 0x5000):
        high = sign << 2 | (1 ^ j1 ^ sign) << 1 | (1 ^ j2 ^ sign)
        return _signed(high << 22 | (first & 0x3FF) << 12 | (second & 0x7FF) << 1, 25)
    if second & 0x5000 == 0 and first >> 6 & 0xF < 0xE:
        high = sign << 2 | j2 << 1 | j1
        return _signed(high << 18 | (first & 0x3F) << 12 | (second & 0x7FF) << 1, 21)
    return None


def _note_narrow(frame: Frame, first: int, loaded: Mapping[int, int | None]) -> None:
    """Take a 16-bit instruction into account, branches apart."""
    frame.bytes += _narrow_stack(first)
    register = first >> 3 & 0xF
    if first & 0xFF87 == 0x4485:  # add sp, rm: a large frame of a small core
        amount = loaded.get(register)
        if amount is None:
            frame.known = False
        elif amount >> 31:
            frame.bytes += (1 << 32) - amount
    elif first & 0xFF87 == 0x4685 and register != 7:  # mov sp, rm (r7: the frame pointer)
        frame.known = False
    elif first & 0xFF87 == 0x4780 or (first & 0xFF87 == 0x4700 and register != 14):
        frame.indirect = True


def measure(function: Function) -> Frame:
    """What `function` does to the stack, and whom it calls."""
    frame = Frame()
    loaded: dict[int, int | None] = {}
    end = function.address + len(function.code)
    for at, first, second in _instructions(function):
        if second is None:
            if first & 0xF800 == 0x4800:
                loaded[first >> 8 & 7] = _literal(function, at, first)
            _note_narrow(frame, first, loaded)
            distance = _narrow_target(first)
        else:
            frame.bytes += _wide_stack(first, second)
            frame.vectors = frame.vectors or first & 0xEC00 == 0xEC00
            if first == 0xEBAD and second & 0x0F00 == 0x0D00:  # sub.w sp, sp, rm
                frame.known = False
            distance = _wide_target(first, second)
        if distance is None:
            continue
        target = function.address + at + 4 + distance
        is_call = second is not None and second & 0xD000 == 0xD000
        # A call into the middle of itself is a far jump: small cores have no other.
        if not function.address <= target < end or (is_call and target == function.address):
            frame.calls.add(target)
    return frame


def deepest(entry: int, frames: Mapping[int, Frame], pointed_to: frozenset[int]) -> int | None:
    """Bytes of the deepest chain of calls from `entry`.

    A call through a pointer may lead to any function that is pointed to; from one of those on, only
    to such as make no calls through pointers themselves: the wire server calls its part for
    learning or hearing, that calls the model, and nothing calls back.

    None if it cannot be known: recursion, a frame of variable size, or a call into code that
    belongs to no function.
    """
    done: dict[tuple[int, bool], int] = {}
    last = frozenset(a for a in pointed_to if not _calls_pointers(a, frames))

    def depth(address: int, above: frozenset[int], *, pointed: bool) -> int | None:
        if (address, pointed) in done:
            return done[address, pointed]
        frame = frames.get(address)
        if frame is None or not frame.known or address in above:
            return None
        below = 0
        possible = (last if pointed else pointed_to) if frame.indirect else frozenset()
        for callee in frame.calls | possible:
            by_pointer = pointed or callee not in frame.calls
            deeper = depth(callee, above | {address}, pointed=by_pointer)
            if deeper is None:
                return None
            below = max(below, deeper)
        done[address, pointed] = frame.bytes + below
        return done[address, pointed]

    return depth(entry, frozenset(), pointed=False)


def _calls_pointers(entry: int, frames: Mapping[int, Frame]) -> bool:
    """Whether a function, or one that it calls, calls through a pointer."""
    seen, left = set(), [entry]
    while left:
        address = left.pop()
        frame = frames.get(address)
        if frame is None or address in seen:
            continue
        if frame.indirect:
            return True
        seen.add(address)
        left += frame.calls
    return False
