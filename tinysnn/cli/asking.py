"""Asking a person at a terminal for one of several things."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from tinysnn.choose import Ask, Choice


def asker() -> Ask | None:
    """Who asks: a list with numbers on standard error; None where no person is there."""
    return _ask if sys.stdin.isatty() and sys.stderr.isatty() else None


def _ask(what: str, choices: Sequence[Choice]) -> str:
    click.echo(f"There are {len(choices)} to choose from for the {what}:", err=True)
    for number, choice in enumerate(choices, 1):
        click.echo(f"  {number}  {choice}", err=True)
    limits = click.IntRange(1, len(choices))
    picked: int = click.prompt("Number", type=limits, err=True)
    return choices[picked - 1].value
