"""What a board file says: one struct for the board and one for each of its sections.

The keys are explained in ``boards/README.md``. Addresses and sizes are in bytes, rates in Hz.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

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
Offset = Annotated[int, msgspec.Meta(ge=0, le=0x1_0000, multiple_of=4)]
Hertz = Annotated[int, msgspec.Meta(ge=100_000, le=1_073_000_000)]
Id = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Token = Annotated[str, msgspec.Meta(pattern=r"^[\w.+-]+$", max_length=60)]
Line = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f]*$", max_length=300)]
Text = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f]+$", max_length=300)]
Driver = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]


class Uart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The serial port the firmware talks through."""

    driver: Literal[
        "cmsdk",
        "kinetis",
        "nrf51",
        "nrf_uarte",
        "nxp_lpuart",
        "pl011",
        "stm32_lpuart",
        "stm32_v1",
        "stm32_v2",
    ]
    base: Address
    baud: Annotated[int, msgspec.Meta(ge=1200, le=4_000_000)]
    clock_hz: Hertz | None = None
    """Clock of its divider; None: the core's."""
    irq: Annotated[int, msgspec.Meta(ge=0, le=239)] | None = None
    """Number of its receive interrupt, 0 being the first after the core's 16 vectors; None: the
    firmware polls, which only suits emulators, whose UARTs wait."""
    pins: Line = ""
    """For people: where it comes out of the chip, and what it leads to."""


class Counter(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What times a step of the model."""

    driver: Literal["systick", "dwt", "nrf_timer", "none"]
    counts: Counts
    clock_hz: Hertz | None = None
    """Its rate; None: the core's clock."""


class Clock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What brings the core to `Board.clock_hz`; without it the clock is left as after reset."""

    driver: Driver
    """``firmware/port/clock_<driver>.c``."""


class Boot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the chip's boot ROM wants to find in flash."""

    driver: Driver
    """``firmware/port/boot_<driver>.c`` or ``.S``."""
    vectors_offset: Offset = 0
    """Of the vector table from `Board.flash_base`."""
    config_offset: Offset = 0
    """Of a block of configuration behind the vectors; 0: wherever they end."""


class Storage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Flash set aside for weights that were learnt on the device."""

    driver: Driver
    """``firmware/port/flash_<driver>.c``."""
    base: Address
    sector_bytes: Annotated[int, msgspec.Meta(ge=64, le=0x10_0000, multiple_of=4)]
    """What one erasure clears."""
    sectors: Annotated[int, msgspec.Meta(ge=1, le=4096)]
    write_bytes: Literal[1, 2, 4, 8, 16, 32, 256]
    """What one programming operation writes; it begins at a multiple of this."""
    erased: Literal[0, 0xFF] = 0xFF
    """Value of an erased byte."""
    first_sector: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    """Number that the flash controller gives the first of them, where it counts."""
    controller: Address | None = None
    """Base of the flash controller's registers, where the family's chips differ."""

    @property
    def bytes(self) -> int:
        """Size of the area."""
        return self.sector_bytes * self.sectors


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


class Platformio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How PlatformIO calls this board."""

    board: Token
    platform: Token
    frameworks: tuple[Token, ...] = ()
    """Those it offers for the board."""


class Zephyr(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How Zephyr calls this board."""

    board: Annotated[str, msgspec.Meta(pattern=r"^[\w/@.-]+$", max_length=60)]


class Usb(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A USB device that the board can be."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")]
    """Vendor and product in hexadecimal, e.g. ``0483:374b``."""
    roles: Annotated[
        tuple[Literal["serial", "probe", "bootloader"], ...], msgspec.Meta(min_length=1)
    ]
    """What it is for: the port the firmware's UART comes out of, a debug probe, or what the board
    is while its boot loader waits."""
    what: Text


class Flasher(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an image gets onto the board."""

    methods: Annotated[
        tuple[Literal["pyocd", "volume", "platformio", "command"], ...], msgspec.Meta(min_length=1)
    ]
    """What works, best first."""
    pyocd_target: Token | None = None
    pyocd_pack: bool = False
    """Whether pyOCD needs the CMSIS pack of the target (``pyocd pack install``)."""
    volume: Token | None = None
    """Label of the drive to drop a file on."""
    volume_format: Literal["bin", "hex", "uf2"] | None = None
    """Kind of the file."""
    uf2_family: Word | None = None
    """Family number in UF2 blocks."""
    bootloader: Line = ""
    """For people: how to get the board to show its drive or boot loader."""


class Energy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the chip draws while it runs code, from its datasheet."""

    run_ua_per_mhz: Annotated[float, msgspec.Meta(gt=0, le=100_000)]
    """Typical supply current by core clock, in microamperes per megahertz."""
    supply_mv: Annotated[int, msgspec.Meta(ge=500, le=6000)]
    conditions: Text
    source: Text
    sleep_ua: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)] | None = None
    """Typical supply current while the firmware waits (WFI), in microamperes: clocks run on and the
    core alone stands still, since the serial port has to hear. None: not known."""
    sleep_source: Line = ""
    """Conditions and source of `sleep_ua`."""


class Board(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One board."""

    id: Id
    name: Line
    family: Id
    """Of the chip: those of one family share drivers."""
    core: Core
    clock_hz: Hertz
    flash_base: Address
    flash_bytes: Size
    ram_base: Address
    ram_bytes: Size
    stack_bytes: StackSize
    uart: Uart
    counter: Counter
    clock: Clock | None = None
    boot: Boot | None = None
    storage: Storage | None = None
    setup: tuple[Setup, ...] = ()
    qemu: Qemu | None = None
    renode: Renode | None = None
    platformio: Platformio | None = None
    zephyr: Zephyr | None = None
    flasher: Flasher | None = None
    usb: tuple[Usb, ...] = ()
    energy: Energy | None = None
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

    @property
    def vectors_base(self) -> int:
        """Address of the vector table."""
        return self.flash_base + (self.boot.vectors_offset if self.boot else 0)

    @property
    def image_bytes(self) -> int:
        """Flash that an image may take: all of it but the storage for weights."""
        end = self.flash_base + self.flash_bytes
        if self.storage is not None and self.flash_base <= self.storage.base < end:
            return self.storage.base - self.flash_base
        return self.flash_bytes

    def usb_ids(self, role: str) -> tuple[tuple[int, int], ...]:
        """Vendor and product numbers of its USB devices with a role (``serial``, ``probe``...)."""
        return tuple(
            (int(usb.id[:4], 16), int(usb.id[5:], 16)) for usb in self.usb if role in usb.roles
        )
