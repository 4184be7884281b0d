"""`tinysnn energy`: what a network costs in energy on a board, as an estimate with its inputs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tinysnn.cli.screen import facts, json_option, table, write_json
from tinysnn.errors import OptionError

if TYPE_CHECKING:
    from tinysnn.boards import Board
    from tinysnn.energy.estimate import Estimate, Range, Work
    from tinysnn.energy.supply import Supply
    from tinysnn.pack import Pack


NO_RATE = "not known, the network has no time step: give --tick-rate"
NO_SLEEP = "not known: give --sleep-current"


@click.command(short_help="Estimate energy per tick, inference and synaptic operation.")
@click.argument("pack", type=click.Path(path_type=Path))
@click.option("--board", required=True, metavar="BOARD", help="Board id or board file.")
@click.option(
    "--density",
    type=click.FloatRange(0, 1),
    metavar="D",
    help="Part of the inputs active per tick, random. By default as on the calibration data.",
)
@click.option(
    "--input",
    "input_file",
    type=click.Path(path_type=Path),
    help="Input that the estimate is for, as for `tinysnn run`; a clip is an inference.",
)
@click.option(
    "--instructions",
    type=click.FloatRange(0, min_open=True),
    metavar="N",
    help="Instructions per tick as `tinysnn run` counted them, instead of predicted ones.",
)
@click.option("--ticks", type=click.IntRange(1), metavar="N", help="Ticks of one inference.")
@click.option(
    "--measured-current",
    metavar="CURRENT",
    help="What you measured while the board computes, e.g. 12.3mA, instead of the datasheet's.",
)
@click.option(
    "--voltage",
    type=click.FloatRange(0, 60, min_open=True),
    metavar="V",
    help="Supply voltage of --measured-current.",
)
@click.option(
    "--sleep-current",
    metavar="CURRENT",
    help="Drawn between ticks, e.g. 2.4mA, instead of the datasheet's in WFI.",
)
@click.option(
    "--tick-rate",
    type=click.FloatRange(0, 1e6, min_open=True),
    metavar="HZ",
    help="Ticks per second on average, instead of those of the network's time step.",
)
@click.option(
    "--battery",
    metavar="CHARGE",
    help="Say how long a battery lasts, e.g. 220mAh.",
)
@json_option
def energy(pack: Path, *, board: str, json_file: str | None, **options: Any) -> None:
    """Estimate what a network costs in energy, and print what the estimate is made of.

    Instructions are predicted (docs/cost-model.md) or given, cycles follow from a table by core,
    and the current from the board's file or your measurement (docs/energy.md).

    \b
    tinysnn energy net.tsnn --board nrf52840_dk --density 0.05 --ticks 50
    tinysnn energy net.tsnn --board stm32f4_discovery --tick-rate 20 --battery 2000mAh
    tinysnn energy net.tsnn --board nucleo_l476rg --input clips.npz --sleep-current 2.4mA
    tinysnn energy net.tsnn --board pico --instructions 12500 --measured-current 21mA --voltage 3.3
    """
    from tinysnn.boards import load_board
    from tinysnn.energy.estimate import estimate
    from tinysnn.pack_file import load

    loaded, target = load(pack), load_board(board)
    supply = _supply(target, options)
    work, words = _work(loaded, target, options)
    found = estimate(work, target.core, supply)
    life = _life(options["battery"], found)
    write_json({**_as_json(target, supply, work, words, found), **_life_json(life)}, json_file)
    if json_file != "-":
        _show(target, supply, work, words, found)
        _show_life(options["battery"], life, found)
        _show_chips()


def _supply(board: Board, options: dict[str, Any]) -> Supply:
    from tinysnn.energy.supply import datasheet_supply, measured_supply, parse_current

    current, voltage, sleep = (
        options[name] for name in ("measured_current", "voltage", "sleep_current")
    )
    if (current is None) != (voltage is None):
        raise OptionError(
            "--measured-current and --voltage go together", fix="Give both, or neither."
        )
    sleep_ua = parse_current(sleep, "--sleep-current") if sleep else None
    if current is None:
        return datasheet_supply(board, sleep_ua=sleep_ua)
    run_ua = parse_current(current, "--measured-current")
    return measured_supply(board, run_ua, voltage, sleep_ua=sleep_ua)


def _work(pack: Pack, board: Board, options: dict[str, Any]) -> tuple[Work, str]:
    """What happens in a tick, and where the number of instructions comes from."""
    from tinysnn.cli.cost_report import Target, predicted
    from tinysnn.energy.estimate import Work

    prediction = predicted(
        pack, Target(board.core, board), options["density"], options["input_file"]
    )
    given = options["instructions"]
    instructions = given or prediction.instructions_per_tick
    if instructions is None:
        raise OptionError(
            f"instructions of {board.core} cannot be predicted",
            where=board.id,
            fix="Give --instructions, as `tinysnn run --on qemu` counts them.",
        )
    operations = sum(layer.synaptic_operations_per_tick for layer in prediction.layers)
    ticks = options["ticks"] or _mean_ticks(pack, options["input_file"])
    words = "given" if given else "predicted, gcc -O2"
    rate = options["tick_rate"]
    return Work(instructions, operations, 1 / rate if rate else pack.meta.dt_s, ticks), (
        f"{words}; {prediction.activity}"
    )


def _mean_ticks(pack: Pack, input_file: Path | None) -> float | None:
    from tinysnn.load.stimuli import load_stimuli

    if input_file is None:
        return None
    meta = pack.meta
    clips = load_stimuli(input_file, n_in=meta.n_in, graded=pack.graded_input, dt_s=meta.dt_s)
    return sum(clip.n_ticks for clip in clips) / len(clips)


def _as_json(
    board: Board, supply: Supply, work: Work, words: str, found: Estimate
) -> dict[str, Any]:
    import dataclasses

    from tinysnn.energy.chips import CHIPS
    from tinysnn.energy.cycles import CPI

    return {
        "board": board.id,
        "core": board.core,
        "work": {**dataclasses.asdict(work), "source": words},
        "cycles_per_instruction": dataclasses.asdict(CPI[board.core]),
        "supply": {**dataclasses.asdict(supply), "pj_per_cycle": supply.pj_per_cycle},
        "estimate": dataclasses.asdict(found),
        "published": [dataclasses.asdict(chip) for chip in CHIPS],
    }


def _show(board: Board, supply: Supply, work: Work, words: str, found: Estimate) -> None:
    from tinysnn.energy.cycles import CPI

    cpi = CPI[board.core]
    inputs = {
        "board": f"{board.id} ({board.core}) at {supply.clock_hz / 1e6:g} MHz",
        "instructions": f"{work.instructions:,.0f} per tick ({words})",
        "operations": f"{work.operations:,.0f} synaptic operations per tick",
        "cycles": f"{cpi.low:g} to {cpi.high:g} per instruction ({cpi.source})",
        "current": f"{supply.run_ua / 1000:.3g} mA at {supply.voltage_v:g} V ({supply.source})",
        "asleep": _asleep(supply),
        "ticks": f"{1 / work.dt_s:,.4g} per second" if work.dt_s else NO_RATE,
    }
    facts("Made of", inputs)
    rows = {
        "cycles per tick": _between(found.cycles, ""),
        "energy per tick": _between(found.tick_uj, "uJ"),
        "per inference": _between(found.inference_uj, "uJ", "not known: give --ticks or --input"),
        "per synaptic operation": _between(found.operation_pj, "pJ", "no operations"),
        "core busy": _between(found.active and found.active.times(100), "%", NO_RATE),
        "asleep, per tick": _between(found.sleep_uj, "uJ", _why_no_mean(found)),
        "mean power": _between(found.power_uw, "uW", _why_no_mean(found)),
        "mean current": _between(found.mean_ua, "uA", _why_no_mean(found)),
    }
    facts("Estimate, not measured", rows)
    if found.active is not None and found.active.high > 1:
        click.echo("  The core may not keep up with real time.")


def _asleep(supply: Supply) -> str:
    if supply.sleep_ua is None:
        return NO_SLEEP
    return f"{supply.sleep_ua / 1000:.3g} mA ({supply.sleep_source})"


def _why_no_mean(found: Estimate) -> str:
    return NO_RATE if found.active is None else NO_SLEEP


def _life(battery: str | None, found: Estimate) -> Range | None:
    """Hours that the battery of the options lasts; None without one, or where nothing is known."""
    from tinysnn.energy.battery import life_h, parse_charge

    if battery is None:
        return None
    charge = parse_charge(battery, "--battery")
    return life_h(charge, found.mean_ua) if found.mean_ua else None


def _life_json(life: Range | None) -> dict[str, Any]:
    import dataclasses

    return {"battery_h": dataclasses.asdict(life) if life else None}


def _show_life(battery: str | None, life: Range | None, found: Estimate) -> None:
    if battery is None:
        return
    days = life is not None and life.low >= 48
    text = _between(life.times(1 / 24) if life and days else life, "days" if days else "hours")
    facts("Battery", {battery: text if life else _why_no_mean(found)})


def _show_chips() -> None:
    from tinysnn.energy.chips import CHIPS

    click.echo()
    table(
        "Published, pJ per synaptic operation (chips alone; two: incremental / all power)",
        ("chip", "pJ", "kind", "source"),
        [(chip.name, chip.pj_per_operation, chip.kind, chip.source) for chip in CHIPS],
    )


def _between(value: Range | None, unit: str, missing: str = "-") -> str:
    if value is None:
        return missing
    low, high = (f"{v:,.0f}" if v >= 1000 else f"{v:.4g}" for v in (value.low, value.high))
    return f"{low} {unit}".rstrip() if low == high else f"{low} to {high} {unit}".rstrip()
