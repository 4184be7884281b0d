"""docs/cli.md names every command and every option."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tinysnn.cli.main import cli as group

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text()


def _commands(command, name=""):
    if isinstance(command, click.Group):
        for key, child in command.commands.items():
            yield from _commands(child, f"{name} {key}".strip())
    else:
        yield name, command


ALL = dict(_commands(group))


@pytest.mark.parametrize("name", ALL)
def test_command_and_options_are_documented(name):
    assert f"`{name}" in TEXT
    for parameter in ALL[name].params:
        if isinstance(parameter, click.Option):
            longest = max(parameter.opts, key=len)
            assert f"`{longest}" in TEXT, longest


ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), target
