"""Scripts that run an image in Renode, and platforms for generic boards.

The UART is offered as a raw socket: the last argument of CreateServerSocketTerminal is false, or
Renode would speak telnet on it.
"""

from __future__ import annotations

from pathlib import Path

from tinysnn.boards import Board
from tinysnn.errors import BoardError
from tinysnn.paths import templates_dir

QUANTUM_S = "0.0001"
"""How often, in virtual seconds, Renode looks at its peripherals' events."""
_CPUS = {
    # The model of cortex-m0+ has instructions of an M3: the M0 is the honest choice for both.
    "cortex-m0plus": "cortex-m0",
}


def render_platform(board: Board) -> str:
    """Text of a platform file with a board's core, memories and UART.

    Raises
    ------
    BoardError: the UART is not the one the platform has.

    """
    if board.uart.driver != "pl011":
        raise BoardError(
            f"Renode's generic platform has a pl011, not a {board.uart.driver}",
            where=board.id,
            fix="Name one of Renode's own platform files in [renode] of the board's file.",
        )
    cpu = _CPUS.get(board.core, board.core)
    return render("generic.repl.jinja", board=_facts(board), cpu=cpu)


def render_script(board: Board, *, elf: str, port: int, platform: str, start: bool = True) -> str:
    """Text of the script that loads an image and offers its UART at a port of this machine.

    Parameters
    ----------
    elf, platform: as the monitor's language writes paths: `path_word`, or ``$ORIGIN/name`` for a
        file beside the script.
    start: let the machine run at once, until it is stopped; else it waits for RunFor.

    Raises
    ------
    BoardError: the board's file says nothing about Renode.

    """
    if board.renode is None:
        raise BoardError(
            "its file says nothing about Renode",
            where=board.id,
            fix="Choose a board that `tinysnn boards` marks with renode, or another runner.",
        )
    return render(
        "run.resc.jinja",
        board=_facts(board),
        platform=platform,
        mips=max(board.clock_hz // 1_000_000, 1),
        quantum=QUANTUM_S,
        port=port,
        uart=board.renode.uart,
        elf=elf,
        start=start,
    )


def write_scripts(board: Board, elf: Path, port: int, folder: Path, *, start: bool) -> Path:
    """Write the script, and the platform of a generic board, into folder; path of the script."""
    repl = write_platform(board, folder)
    platform = path_word(repl.resolve()) if repl else shipped_platform(board)
    script = folder / f"{board.id}.resc"
    image = path_word(elf.resolve())
    text = render_script(board, elf=image, port=port, platform=platform, start=start)
    script.write_text(text, encoding="utf-8")
    return script


def write_platform(board: Board, folder: Path) -> Path | None:
    """Write the platform file of a generic board; None for a board that Renode comes with."""
    if board.renode is None or board.renode.platform != "generic":
        return None
    repl = folder / f"{board.id}.repl"
    repl.write_text(render_platform(board), encoding="utf-8")
    return repl


def shipped_platform(board: Board) -> str:
    """Word for the platform file that comes with Renode; empty if the board has none."""
    return f"@{board.renode.platform}" if board.renode else ""


def render(name: str, **values: object) -> str:
    """A template of ``templates/renode``."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_dir() / "renode"),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701 (Renode scripts, not HTML)
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["hex"] = "0x{:08X}".format
    return environment.get_template(name).render(**values)


def path_word(path: Path) -> str:
    """A path as a word of the monitor's language."""
    return "@" + str(path).replace(" ", "\\ ")


def _facts(board: Board) -> dict[str, object]:
    names = ("id", "clock_hz", "flash_base", "flash_bytes", "ram_base", "ram_bytes")
    facts = {name: getattr(board, name) for name in names}
    vectors = {"vectors_base": board.vectors_base}
    return {**facts, **vectors, "uart_base": board.uart.base, "dwt": board.counter.driver == "dwt"}
