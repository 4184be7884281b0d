"""What `tinysnn inspect` says about cost: variants, reasons and predicted instructions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.screen import facts, table
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.boards import Board, Core
    from tinysnn.cost.activity import Activity
    from tinysnn.cost.predict import Prediction
    from tinysnn.pack import Pack

DEFAULT_DENSITY = 0.05
"""Where neither the user nor the pack says how busy the input is."""


@dataclass(frozen=True)
class Target:
    """What a prediction is for."""

    core: Core
    board: Board | None


def target(core: str | None, board: str | None, *, default: str) -> Target:
    """The core and board asked for.

    Raises
    ------
    OptionError: both were given, or there is no such core.
    BoardError: there is no such board.

    """
    from typing import cast, get_args

    from tinysnn.boards import Core, load_board

    if core is None:
        chosen = load_board(board or default)
        return Target(chosen.core, chosen)
    if board is not None:
        raise OptionError(
            "--core and --board are both given", fix="A board has its core: leave --core out"
        )
    if core not in get_args(Core):
        raise OptionError(f"unknown core {core!r}", fix=f"Known are {', '.join(get_args(Core))}")
    return Target(cast("Core", core), None)


def predicted(
    pack: Pack,
    chosen: Target,
    density: float | None,
    input_file: Path | None,
    events: tuple[str, ...] = (),
) -> Prediction:
    """Predict for some input, a density, or what the pack was calibrated on, in this order."""
    from tinysnn.cost.predict import predict

    if density is not None and input_file is not None:
        raise OptionError("--density and --input are both given", fix="Leave one of them out")
    if events and input_file is None:
        raise OptionError("is for --input", where="--events", fix="Leave it out.")
    return predict(pack, chosen.core, _activity(pack, density, input_file, events))


def _activity(
    pack: Pack, density: float | None, input_file: Path | None, events: tuple[str, ...]
) -> Activity:
    from tinysnn.cost.activity import of_clips, of_density
    from tinysnn.cost.report import of_report

    if input_file is not None:
        from tinysnn.events.options import event_options
        from tinysnn.load.stimuli import input_of

        clips = input_of(pack, input_file, event_options(events)).stimuli
        return of_clips(pack, clips, f"{len(clips)} clips of {input_file.name}, by the reference")
    if density is None:
        likely = of_report(pack)
        if likely is not None:
            return likely
    return of_density(pack, DEFAULT_DENSITY if density is None else density)


def cost_json(pack: Pack, chosen: Target, prediction: Prediction) -> dict[str, Any]:
    """The prediction as JSON."""
    import msgspec

    from tinysnn.cost.coefficients import coefficients

    content: dict[str, Any] = msgspec.to_builtins(prediction)
    content["board"] = chosen.board.id if chosen.board else None
    content["compiler"] = coefficients().provenance.compiler
    content["ticks_per_second"] = _ticks_per_second(pack)
    content["instructions_per_second"] = prediction.per_second(pack.meta.dt_s)
    content["clock_share"] = _clock_share(pack, chosen, prediction)
    return content


def show_cost(pack: Pack, chosen: Target, prediction: Prediction) -> None:
    """Print the prediction."""
    whole = prediction.instructions_per_tick
    rows = [
        (
            layer.name,
            layer.rows,
            layer.neurons,
            round(layer.events_per_tick, 2),
            round(layer.synaptic_operations_per_tick),
            f"{100 * layer.skipped_ticks:.0f} %",
            *_counted(layer.instructions_per_tick, whole),
            layer.flash_bytes,
            layer.ram_bytes,
        )
        for layer in prediction.layers
    ]
    step = (
        "call and output",
        "",
        "",
        "",
        "",
        "",
        *_counted(prediction.step_instructions, whole),
        "",
        "",
    )
    name = chosen.board.id if chosen.board else chosen.core
    click.echo()
    table(
        f"predicted for {name}",
        (
            "layer",
            "rows",
            "neurons",
            "events",
            "SOP",
            "skipped",
            "instructions",
            "share",
            "flash",
            "RAM",
        ),
        [*rows, step],
    )
    facts("", _totals(pack, chosen, prediction))


def _counted(value: float | None, whole: float | None) -> tuple[object, str]:
    if value is None or not whole:
        return "-", "-"
    return f"{value:,.0f}", f"{100 * value / whole:.0f} %"


def _totals(pack: Pack, chosen: Target, prediction: Prediction) -> dict[str, object]:
    from tinysnn.cost.coefficients import coefficients

    each = prediction.instructions_per_tick
    found: dict[str, object] = {"input": prediction.activity, **_memory(pack, chosen)}
    if each is None:
        return {**found, "instructions": f"not known: {_unknown(prediction)}"}
    found["instructions per tick"] = f"{each:,.0f} ({coefficients().provenance.compiler})"
    per_second = prediction.per_second(pack.meta.dt_s)
    if per_second is None:
        found["instructions per second"] = "not known: the pack has no time step"
        return found
    found["instructions per second"] = (
        f"{per_second:,.0f} at {_ticks_per_second(pack):,.6g} ticks/s"
    )
    share = _clock_share(pack, chosen, prediction)
    if chosen.board is not None and share is not None:
        clock = chosen.board.clock_hz / 1e6
        found["share of the clock"] = f"{100 * share:.3g} % of {clock:g} MHz, at 1 cycle each"
    return found


def _unknown(prediction: Prediction) -> str:
    """Why there is no figure for the whole."""
    from tinysnn.cost.predict import knows

    if not knows(prediction.core):
        return f"{prediction.core} was not measured"
    without = [c.name for c in prediction.layers if c.instructions_per_tick is None]
    return f"the cost model has none for {', '.join(map(repr, without))}"


def _memory(pack: Pack, chosen: Target) -> dict[str, object]:
    from tinysnn.footprint import flash_bytes
    from tinysnn.memory import plan

    flash, found = (
        flash_bytes(pack.layers, front_end=pack.front_end, graded_input=pack.graded_input),
        plan([pack], chosen.core, interrupts=_interrupts(chosen)),
    )
    ram = found.ram_bytes
    texts = {
        "flash": f"about {flash:,} bytes, the whole image",
        "RAM": f"about {ram:,} bytes: state {found.state_bytes:,}, work area of all layers "
        f"{found.work_bytes:,}, buffers {found.buffers_bytes:,}; beside the stack",
    }
    if chosen.board is not None:
        room = {"flash": (flash, chosen.board.flash_bytes), "RAM": (ram, chosen.board.ram_bytes)}
        shares = {name: 100 * used / there for name, (used, there) in room.items()}
        return {name: f"{text} ({shares[name]:.3g} %)" for name, text in texts.items()}
    return dict(texts)


def _interrupts(chosen: Target) -> bool:
    return chosen.board is not None and chosen.board.uart.irq is not None


def _ticks_per_second(pack: Pack) -> float | None:
    return 1 / pack.meta.dt_s if pack.meta.dt_s else None


def _clock_share(pack: Pack, chosen: Target, prediction: Prediction) -> float | None:
    """Part of the clock's cycles if an instruction took one: the least that it can be."""
    per_second = prediction.per_second(pack.meta.dt_s)
    return (
        None if chosen.board is None or per_second is None else per_second / chosen.board.clock_hz
    )
