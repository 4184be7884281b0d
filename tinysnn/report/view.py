"""What the page's template sees: texts, numbers and embedded charts, nothing to calculate."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Chart:
    """A picture."""

    title: str
    uri: str
    """``data:`` address."""
    words: str
    """What it shows and how to read it; also for those who cannot see it."""


@dataclass(frozen=True)
class Cell:
    """One entry of a confusion matrix."""

    text: str
    style: str


@dataclass(frozen=True)
class MatrixRow:
    """One class."""

    name: str
    cells: tuple[Cell, ...]
    found: str
    """Part of its clips that were found."""


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix."""

    names: tuple[str, ...]
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True)
class Table:
    """A plain table; columns after the first are set to the right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class EvaluationView:
    """One evaluation."""

    title: str
    facts: tuple[tuple[str, str], ...]
    divergence: str
    """Where the device first left the reference; empty: nowhere."""
    matrix: Matrix | None
    charts: tuple[Chart, ...]
    tables: tuple[Table, ...]


@dataclass(frozen=True)
class SubjectView:
    """One model."""

    title: str
    facts: tuple[tuple[str, str], ...]
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...]
    evaluations: tuple[EvaluationView, ...]


@dataclass(frozen=True)
class PageView:
    """The page."""

    title: str
    verdict_kind: str
    """good, bad or open."""
    verdict: str
    verdict_more: str
    overview: Table | None
    charts: tuple[Chart, ...]
    subjects: tuple[SubjectView, ...]
    commands: tuple[str, ...]
    version: str
