"""What an evaluation cost in energy, where its board's registry entry allows an estimate."""

from __future__ import annotations

import re

from tinysnn.boards import load_board
from tinysnn.energy.estimate import Range, Work, estimate
from tinysnn.energy.supply import datasheet_supply
from tinysnn.errors import BoardError, OptionError
from tinysnn.evaluate.result import Evaluation


def energy_texts(found: Evaluation) -> dict[str, str]:
    """Named figures; a reason where there is none (docs/energy.md)."""
    name = "energy, an estimate"
    if found.instructions_per_tick is None:
        return {name: "not known: no instructions were counted"}
    if not re.fullmatch(r"[a-z0-9_]+", found.device.board):
        return {name: "not known: the board is none of the registry"}  # and no path to follow
    try:
        board = load_board(found.device.board)
        supply = datasheet_supply(board)
    except (BoardError, OptionError) as error:
        return {name: f"not known: {error.what}"}
    work = found.neurobench.synaptic_operations
    ticks = sum(clip.ticks for clip in found.clips) / len(found.clips)
    operations = (work.Effective_ACs + work.Effective_MACs) / max(ticks, 1)
    given = Work(found.instructions_per_tick, operations, found.dt_s, ticks)
    made = estimate(given, board.core, supply)
    texts = {f"{name}, per tick": _span(made.tick_uj, "µJ")}
    if made.inference_uj is not None:
        texts["per clip"] = _span(made.inference_uj, "µJ")
    if made.operation_pj is not None:
        texts["per synaptic operation"] = _span(made.operation_pj, "pJ")
    if made.active is not None:
        texts["part of the time that the core computes"] = _span(made.active.times(100), "%")
    return texts


def _span(found: Range, unit: str) -> str:
    low, high = (f"{v:,.0f}" if v >= 100 else f"{v:.3g}" for v in (found.low, found.high))
    return f"{low} to {high} {unit}"
