"""`tinysnn doctor`: what is here, what is missing, how to get it."""

from __future__ import annotations

import dataclasses

import click

from tinysnn.cli.screen import json_option, table, write_json
from tinysnn.errors import ToolMissing


@click.command(short_help="Look for compilers, emulators, probes and packages.")
@json_option
def doctor(json_file: str | None) -> None:
    """Look for compilers, emulators, probes and packages; say how to get what is missing.

    Ends with exit code 3 if no image could be built or emulated here.

    \b
    tinysnn doctor
    tinysnn doctor --json tools.json
    """
    from tinysnn import __version__
    from tinysnn.doctor import examine, missing_for_demo, python_line

    found = examine()
    problems = missing_for_demo(found)
    write_json(
        {
            "tinysnn": __version__,
            "python": python_line(),
            "ready": not problems,
            "missing": problems,
            "tools": [dataclasses.asdict(finding) for finding in found],
        },
        json_file,
    )
    if json_file != "-":
        click.echo(f"tinysnn {__version__}, {python_line()}")
        rows = [
            (
                f.kind,
                f.name,
                (f.version or "found") if f.found else "missing",
                f.use,
                "" if f.found else f.get,
            )
            for f in found
        ]
        table("", ("kind", "name", "version", "used for", "how to get it"), rows)
    if problems:
        raise ToolMissing(f"still needed: {'; '.join(problems)}")
    if json_file != "-":
        click.echo("Ready: `tinysnn demo` can run here.")
