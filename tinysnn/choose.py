"""One of several things: the only one, the one a person picks, or an error that lists them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tinysnn.errors import OptionError


@dataclass(frozen=True)
class Choice:
    """Something to choose."""

    value: str
    """What the option takes, such as the name of a port."""
    text: str
    """What it is, for people."""

    def __str__(self) -> str:
        """One line for lists."""
        return f"{self.value} ({self.text})" if self.text else self.value


Ask = Callable[[str, Sequence[Choice]], str]
"""Takes what is asked for and the choices, and gives back the value of one of them."""


def one_of(choices: Sequence[Choice], *, what: str, option: str, ask: Ask | None) -> str:
    """Value of the only choice, or of the one that `ask` brings back.

    Parameters
    ----------
    choices: one or more.
    what: for example "serial port".
    option: the option that answers the question, such as ``--port``.
    ask: None where nobody can be asked.

    Raises
    ------
    OptionError: there are several and nobody can be asked; lists them.

    """
    if len(choices) == 1:
        return choices[0].value
    if ask is not None:
        return ask(what, choices)
    listed = ", ".join(map(str, choices))
    raise OptionError(
        f"there are {len(choices)} to choose from for the {what}: {listed}",
        fix=f"Name one with {option}.",
    )
