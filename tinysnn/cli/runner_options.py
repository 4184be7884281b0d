"""Options that `run` and `demo` share: where it runs and what it is built with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

_FLAGS = (
    click.option(
        "--on",
        "runner",
        type=click.Choice(["host", "unicorn", "qemu", "renode", "serial"]),
        default="unicorn",
        show_default=True,
        help="Where it runs.",
    ),
    click.option(
        "--board",
        metavar="BOARD",
        help="Board id or board file. By default generic_m4 (unicorn, renode), mps2_an386 (qemu).",
    ),
    click.option(
        "--toolchain",
        type=click.Choice(["gcc", "zig"]),
        help="By default gcc where it is, else zig.",
    ),
)


def runner_options(command: F) -> F:
    """Add the options; they arrive as `runner`, `board` and `toolchain`."""
    for flag in reversed(_FLAGS):
        command = flag(command)
    return command
