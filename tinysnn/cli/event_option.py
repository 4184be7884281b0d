"""The option of all commands that take recorded events as input."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def events_option(command: F) -> F:
    """Add ``--events``; it arrives as `events`, a tuple of texts for `event_options`."""
    return click.option(
        "--events",
        multiple=True,
        metavar="NAME=VALUE|FILE",
        help="How recorded events become ticks and inputs, such as tick_us=1000, sensor=34x34x2, "
        "or a TOML file; repeatable (docs/events.md).",
    )(command)
