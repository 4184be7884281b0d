"""`tinysnn boards`: which boards there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.screen import facts, json_option, table, write_json
from tinysnn.errors import BoardError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tinysnn.boards import Board


def _runners(board: Board) -> list[str]:
    named = {
        "unicorn": board.unicorn,
        "qemu": board.qemu,
        "renode": board.renode,
        "serial": not board.unicorn,  # those that unicorn can be exist in emulators only
    }
    return [name for name, there in named.items() if there]


@click.command()
@click.argument("name", required=False, metavar="[BOARD]")
@click.option("--core", metavar="CORE", help="Only boards with this core, e.g. cortex-m4 or m4.")
@click.option("--family", metavar="FAMILY", help="Only boards of this chip family, e.g. stm32f4.")
@click.option("--qemu", is_flag=True, help="Only boards that QEMU has.")
@click.option("--renode", is_flag=True, help="Only boards that Renode has.")
@click.option(
    "--runner",
    type=click.Choice(["unicorn", "qemu", "renode", "serial"]),
    help="Only boards this runner can be.",
)
@json_option
def boards(
    name: str | None,
    *,
    core: str | None,
    family: str | None,
    qemu: bool,
    renode: bool,
    runner: str | None,
    json_file: str | None,
) -> None:
    """List the boards, their memory and what can run them; with BOARD, show one of them.

    BOARD is an id, or a board file of your own (.toml).

    \b
    tinysnn boards --core cortex-m0
    tinysnn boards --family stm32l4
    tinysnn boards --qemu --json -
    tinysnn boards nucleo_f446re
    """
    if name is not None:
        if core or family or qemu or renode or runner:
            raise click.UsageError("BOARD shows one board; leave out the filters.")
        _show_one(name, json_file)
        return
    wanted = {runner} if runner else set()
    wanted |= {"qemu"} if qemu else set()
    wanted |= {"renode"} if renode else set()
    chosen = _choose(core, family, wanted)
    write_json([_as_json(board) for board in chosen], json_file)
    if json_file != "-":
        _show_list(chosen)


def _choose(core: str | None, family: str | None, runners: set[str]) -> list[Board]:
    """The boards that fit all filters; BoardError, with what there is, if none does."""
    from tinysnn.boards import list_boards

    known = list_boards()
    core = _long_name(core) if core else None
    chosen = [
        board
        for board in known
        if core in (None, board.core)
        and family in (None, board.family)
        and runners <= set(_runners(board))
    ]
    if not chosen:
        cores = ", ".join(sorted({board.core for board in known}))
        families = ", ".join(sorted({board.family for board in known}))
        raise BoardError(
            "no board fits all of these filters", fix=f"Cores: {cores}. Families: {families}."
        )
    return chosen


def _long_name(core: str) -> str:
    """A core as board files write it: ``M0+`` is ``cortex-m0plus``."""
    short = core.lower().replace("+", "plus").removeprefix("cortex").removeprefix("-")
    return f"cortex-{short}"


def _as_json(board: Board) -> dict[str, Any]:
    import msgspec

    return {**msgspec.to_builtins(board), "runners": _runners(board)}


def _show_list(chosen: Sequence[Board]) -> None:
    columns = ("board", "core", "MHz", "flash KiB", "RAM KiB", "runners", "name")
    rows = [
        (
            b.id,
            b.core,
            b.clock_hz / 1e6,
            b.flash_bytes // 1024,
            b.ram_bytes // 1024,
            ", ".join(_runners(b)),
            b.name,
        )
        for b in chosen
    ]
    table("", columns, rows)


def _show_one(name: str, json_file: str | None) -> None:
    from tinysnn.boards import load_board

    board = load_board(name)
    write_json(_as_json(board), json_file)
    if json_file != "-":
        facts(f"{board.id}: {board.name}", _facts(board))


def _facts(board: Board) -> dict[str, object]:
    """What one board is, in words; what it lacks is left out."""
    flash = f"{board.flash_bytes // 1024:,} KiB at 0x{board.flash_base:08X}"
    found: dict[str, object] = {
        "chip": f"{board.family}, {board.core}, {board.clock_hz / 1e6:g} MHz",
        "flash": f"{flash}, {board.image_bytes // 1024:,} KiB of it for the image",
        "RAM": f"{board.ram_bytes // 1024:,} KiB at 0x{board.ram_base:08X}",
        "stack": f"{board.stack_bytes:,} bytes reserved",
        "UART": f"{board.uart.baud:,} baud. {board.uart.pins}".rstrip(". "),
        "runners": ", ".join(_runners(board)),
    }
    if board.storage:
        s = board.storage
        found["saved weights"] = f"{s.sectors} sectors of {s.sector_bytes:,} bytes"
    if board.qemu:
        found["QEMU"] = board.qemu.machine
    if board.renode:
        found["Renode"] = f"{board.renode.platform}, {board.renode.uart}"
    return found | _desk_facts(board)


def _desk_facts(board: Board) -> dict[str, object]:
    """What others call it, how to get at it, and what it draws."""
    found: dict[str, object] = {}
    if board.platformio:
        p = board.platformio
        found["PlatformIO"] = f"{p.board} on {p.platform}: {', '.join(p.frameworks)}"
    if board.zephyr:
        found["Zephyr"] = board.zephyr.board
    if board.flasher:
        f = board.flasher
        names = [f"pyOCD target {f.pyocd_target}"] if f.pyocd_target else []
        names += [f"drive {f.volume} (.{f.volume_format})"] if f.volume else []
        names += [f.bootloader] if f.bootloader else []
        found["flashing"] = "; ".join([", ".join(f.methods), *names])
    if board.usb:
        found["USB"] = ", ".join(f"{u.id} {u.what} ({'/'.join(u.roles)})" for u in board.usb)
    if board.energy:
        e = board.energy
        found["current"] = f"{e.run_ua_per_mhz:g} uA/MHz at {e.supply_mv} mV: {e.conditions}"
        found["its source"] = e.source
        if e.sleep_ua:
            found["asleep (WFI)"] = f"{e.sleep_ua / 1000:g} mA: {e.sleep_source}"
    if board.notes:
        found["notes"] = board.notes
    return found
