"""Boards: what the firmware, the linker and the runners have to know, from ``boards/<id>.toml``.

The keys are explained in ``boards/README.md``. Nothing else in the project knows a board by name.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from tinysnn.errors import BoardError
from tinysnn.paths import boards_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Core = Literal[
    "cortex-m0",
    "cortex-m0plus",
    "cortex-m3",
    "cortex-m4",
    "cortex-m7",
    "cortex-m33",
    "cortex-m55",
]
Counts = Literal["nothing", "instructions", "cycles", "timer"]

COUNTER_KINDS: dict[Counts, int] = {"nothing": 0, "instructions": 1, "cycles": 2, "timer": 3}
"""What HELLO's ``counter`` says (SPEC.md 3.3)."""

Word = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
Address = Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFC, multiple_of=4)]
Size = Annotated[int, msgspec.Meta(ge=256, le=0x4000_0000, multiple_of=4)]
StackSize = Annotated[int, msgspec.Meta(ge=256, le=0x10_0000, multiple_of=8)]
Hertz = Annotated[int, msgspec.Meta(ge=100_000, le=1_073_000_000)]
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Line = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f]*$", max_length=200)]


class Uart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The serial port the firmware talks through."""

    driver: Literal["cmsdk", "nrf51", "pl011", "stm32_v1"]
    base: Address
    baud: Annotated[int, msgspec.Meta(ge=1200, le=4_000_000)]
    clock_hz: Hertz | None = None
    """Clock of its divider; None: the core's."""


class Counter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What times a step of the model."""

    driver: Literal["systick", "dwt", "none"]
    counts: Counts
    clock_hz: Hertz | None = None
    """Its rate; None: the core's clock."""


class Setup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One read-modify-write before the UART is set up: a clock gate or a pin."""

    register: Address
    why: Line
    clear: Word = 0
    """Bits to clear, first."""
    set: Word = 0
    """Bits to set."""


class Qemu(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How QEMU calls this board."""

    machine: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]+$")]
    args: tuple[str, ...] = ()


class Renode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How Renode describes this board."""

    platform: Annotated[str, msgspec.Meta(pattern=r"^(generic|[\w/.-]+\.repl)$")]
    """A platform file of Renode's, or ``generic``: one made from this board's own facts."""
    uart: Annotated[str, msgspec.Meta(pattern=r"^sysbus\.\w+$")]


class Board(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One board. Addresses and sizes are in bytes."""

    id: Id
    name: Line
    core: Core
    clock_hz: Hertz
    flash_base: Address
    flash_bytes: Size
    ram_base: Address
    ram_bytes: Size
    stack_bytes: StackSize
    uart: Uart
    counter: Counter
    setup: tuple[Setup, ...] = ()
    qemu: Qemu | None = None
    renode: Renode | None = None
    unicorn: bool = False
    """Whether the unicorn runner can be this board."""
    notes: Line = ""

    @property
    def uart_clock_hz(self) -> int:
        """Clock of the UART's divider."""
        return self.uart.clock_hz or self.clock_hz

    @property
    def counter_hz(self) -> int:
        """Rate of the counter."""
        return self.counter.clock_hz or self.clock_hz

    @property
    def counter_kind(self) -> int:
        """What HELLO's ``counter`` says (SPEC.md 3.3)."""
        return COUNTER_KINDS[self.counter.counts]


def _region_problem(board: Board) -> str:
    """What is wrong with the memory map; empty if nothing is."""
    for kind, base, size in (
        ("flash", board.flash_base, board.flash_bytes),
        ("ram", board.ram_base, board.ram_bytes),
    ):
        if base + size > 1 << 32:
            return f"'{kind}_base' + '{kind}_bytes' is beyond the 32-bit address space"
    if board.ram_base < board.flash_base + board.flash_bytes and (
        board.flash_base < board.ram_base + board.ram_bytes
    ):
        return "the ranges of flash and RAM overlap ('flash_base', 'ram_base')"
    if board.stack_bytes >= board.ram_bytes:
        return "'stack_bytes' leaves no RAM for the model"
    if (board.counter.driver == "none") != (board.counter.counts == "nothing"):
        return "'counter.driver' none and 'counter.counts' nothing go together"
    return ""


def _read(path: Path) -> Board:
    """Read and check one board file; BoardError names the file and the key."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
        board = msgspec.convert(table, Board)
    except (OSError, UnicodeDecodeError) as error:
        raise BoardError(f"cannot be read ({error})", where=str(path)) from None
    except tomllib.TOMLDecodeError as error:
        raise BoardError(f"is not TOML ({error})", where=str(path)) from None
    except msgspec.ValidationError as error:
        raise BoardError(
            f"is no board description: {error}",
            where=str(path),
            fix="The keys are listed in boards/README.md.",
        ) from None
    problem = _region_problem(board)
    if problem:
        raise BoardError(problem, where=str(path))
    return board


def load_board(name: str) -> Board:
    """The board of this id, or described by this file (anything that ends in ``.toml``).

    Raises
    ------
    BoardError
        There is no such board, or its file breaks a rule (names file and key).
    """
    if name.endswith(".toml"):
        return _read(Path(name))
    path = boards_dir() / f"{name}.toml"
    if name not in _ids():
        raise BoardError(
            f"there is no board '{name}'",
            fix=f"Boards: {', '.join(_ids())}; or give the path of your own .toml file.",
        )
    board = _read(path)
    if board.id != name:
        raise BoardError(f"'id' is '{board.id}', not the name of the file", where=str(path))
    return board


def _ids() -> list[str]:
    return sorted(path.stem for path in boards_dir().glob("*.toml"))


def list_boards() -> list[Board]:
    """All boards that come with tinysnn, by id."""
    return [load_board(name) for name in _ids()]
