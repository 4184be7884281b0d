"""The most instructions per tick that networks made from a seed may take, as a table in a file.

`python benchmarks/gate.py` compares, with `--update` it writes what is measured now into the table
(tests/bench/instruction_gate.json). The table holds for the compiler that it names.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from benchmarks.cases import BITS, BOARDS, ROOT
from benchmarks.networks import PLANS, seeded_clip, seeded_pack
from tinysnn.boards import load_board
from tinysnn.build import build
from tinysnn.cli.screen import write_json
from tinysnn.errors import BuildError, MismatchError, TinysnnError
from tinysnn.run import open_runner
from tinysnn.toolchain import find_toolchain
from tinysnn.verify import verify

TABLE = ROOT / "tests" / "bench" / "instruction_gate.json"
CORES = ("cortex-m4", "cortex-m0plus")
TOLERANCE = 0.02
OTHER_COMPILER_TOLERANCE = 0.25
"""For another version of gcc than that of the table: it catches what is much worse."""
HOW_TO_UPDATE = (
    "If the change is meant, write the new figures with `python benchmarks/gate.py --update`"
    " and say in the commit why they rose."
)


@dataclass(frozen=True)
class Measured:
    """Instructions per tick by case, and the compiler that made the code."""

    toolchain: str
    instructions: dict[str, float]


def measure(core: str) -> Measured:
    """Run every network of `PLANS` at every width: without input, and with the input it is for.

    One image holds all of them; each is verified against the reference.

    Raises
    ------
    MismatchError: a network did not do what the reference does.

    """
    packs = [seeded_pack(name, bits) for name in PLANS for bits in BITS]
    cases = [(name, bits) for name in PLANS for bits in BITS]
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        board = load_board(BOARDS[core])
        image = build(packs, board, Path(folder), toolchain=find_toolchain("gcc"))
        for slot, (name, bits) in enumerate(cases):
            with open_runner("unicorn", packs=packs, image=image, slot=slot) as runner:
                for percent in (0, PLANS[name].percent):
                    clip = seeded_clip(PLANS[name].n_in, percent)
                    report = verify(packs[slot], runner, [clip])
                    case = f"{name}, {bits} bit, {core}, {percent} % input"
                    if report.mismatches or report.instructions_per_tick is None:
                        raise MismatchError(f"{case}: {report.first_divergence}")
                    found[case] = round(report.instructions_per_tick, 1)
        return Measured(image.compiler, found)


def load_table() -> tuple[str, dict[str, float]]:
    """Compiler and most instructions per tick by case; BuildError if there is no such table."""
    try:
        table = json.loads(TABLE.read_text(encoding="utf-8"))
        return str(table["toolchain"]), {str(k): float(v) for k, v in table["maximum"].items()}
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise BuildError(
            f"is no gate table ({error})", where=str(TABLE), fix=HOW_TO_UPDATE
        ) from None


def tolerance(table_toolchain: str, toolchain: str) -> float:
    """How far above the table a count may be, as a fraction."""
    return TOLERANCE if table_toolchain == toolchain else OTHER_COMPILER_TOLERANCE


def exceeded(
    measured: Mapping[str, float], maximum: Mapping[str, float], allowed: float
) -> list[str]:
    """What is above the table, or not in it, in words."""
    problems = []
    for case, count in measured.items():
        if case not in maximum:
            problems.append(f"{case}: {count:,.1f} instructions per tick, and not in the table")
        elif count > maximum[case] * (1 + allowed):
            more = 100 * (count / maximum[case] - 1)
            problems.append(
                f"{case}: {count:,.1f} instructions per tick, {more:.1f} % above {maximum[case]:,}"
            )
    return problems


@click.command()
@click.option("--update", is_flag=True, help="Write what is measured now into the table.")
@click.option("--slack", default=0.0, metavar="PERCENT", help="Write so much more than measured.")
def main(*, update: bool, slack: float) -> None:
    """Compare instructions per tick with the table of tests/bench/instruction_gate.json."""
    try:
        results = [measure(core) for core in CORES]
        now = {case: n for result in results for case, n in result.instructions.items()}
        if update:
            maximum = {case: round(n * (1 + slack / 100), 1) for case, n in now.items()}
            write_json({"toolchain": results[0].toolchain, "maximum": maximum}, str(TABLE))
            print(f"{len(now)} figures written to {TABLE.relative_to(ROOT)}")
            return
        toolchain, maximum = load_table()
    except TinysnnError as error:
        print(f"error: {error}")
        raise SystemExit(error.exit_code) from None
    for case, count in now.items():
        print(f"{case:48} {count:10,.1f}  of {maximum.get(case, 0):10,.1f}")
    problems = exceeded(now, maximum, tolerance(toolchain, results[0].toolchain))
    print("\n".join([*problems, HOW_TO_UPDATE] if problems else ["all within the table"]))
    raise SystemExit(1 if problems else 0)


if __name__ == "__main__":
    main()
