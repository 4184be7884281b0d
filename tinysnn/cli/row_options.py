"""Options of `generate` and `build` for how rows of weights are stored and walked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def row_options(command: F) -> F:
    """Add ``--rows`` and ``--dense-fallback``, as parameters `rows` and `dense_fallback`."""
    rows = click.option(
        "--rows",
        type=click.Choice(["auto", "dense", "sparse"]),
        default="auto",
        show_default=True,
        help="Store all weights, or those that are not 0; auto: what takes fewer instructions.",
    )
    fallback = click.option(
        "--dense-fallback",
        type=click.Choice(["auto", "never", "always"]),
        default="auto",
        show_default=True,
        help="Add the silent rows and subtract, in ticks in which most rows are active; auto:"
        " where calibration clips had such ticks.",
    )
    return rows(fallback(command))
