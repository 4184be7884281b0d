"""A run in a few words for continuous integration: a badge, and Markdown for the job's page.

The badge is an endpoint of shields.io ("Endpoint Badge": schemaVersion, label, message, color).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tinysnn.errors import TinysnnError
    from tinysnn.verify import Report

_MESSAGE_CHARACTERS = 120


@dataclass(frozen=True)
class Summary:
    """What came of a run."""

    label: str
    """What ran where."""
    message: str
    ok: bool
    facts: tuple[tuple[str, str], ...] = ()
    """Named values, for the Markdown."""

    def badge(self) -> dict[str, object]:
        """The endpoint's JSON."""
        return {
            "schemaVersion": 1,
            "label": self.label,
            "message": _short(self.message),
            "color": "brightgreen" if self.ok else "red",
            "isError": not self.ok,
        }

    def markdown(self) -> str:
        """A heading and a table, with an empty line at the end."""
        rows = [f"| {_cell(name)} | {_cell(value)} |" for name, value in self.facts]
        head = f"### {_cell(self.label)}: {'passed' if self.ok else 'FAILED'}"
        table = ["| | |", "|---|---|", *rows, ""] if rows else []
        return "\n".join([head, "", _cell(self.message), "", *table, ""])


def summary_of(report: Report, pack: str) -> Summary:
    """Summary of clips that were run and compared."""
    info = report.info
    ticks = f"{report.ticks:,} ticks"
    if report.first_divergence is None:
        message = f"bit-exact, {ticks}"
    else:
        message = f"{report.mismatches} of {report.clips} clips differ: {report.first_divergence}"
    counted = report.counts_per_tick
    facts = {
        "Model": pack,
        "Runner": f"{info.runner}, {info.board} ({info.core})",
        "Compiler": info.compiler,
        "Clips, ticks": f"{report.clips}, {report.ticks:,}",
        "Clips that differ": f"{report.mismatches}",
        f"{(info.count_kind or 'counts').capitalize()} per tick": "not counted"
        if counted is None
        else f"{counted:,.0f}",
        "Flash, RAM": "unknown"
        if info.flash_bytes is None or info.ram_bytes is None
        else f"{info.flash_bytes:,}, {info.ram_bytes:,} bytes",
    }
    return Summary(_label(pack, info.board), message, report.ok, tuple(facts.items()))


def failed(error: TinysnnError, pack: str, where: str) -> Summary:
    """Summary of a run that did not take place."""
    return Summary(_label(pack, where), f"not run: {error}", ok=False)


def _label(pack: str, board: str) -> str:
    return f"{pack} on {board}"


def _short(text: str) -> str:
    most = _MESSAGE_CHARACTERS
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _cell(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    line = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in "\\|<>`*_[]#" else letter for letter in line)
