"""Flashing with a command of the user's, such as OpenOCD or J-Link."""

from __future__ import annotations

import re
import shlex
import shutil
import sys

from tinysnn.errors import OptionError, ToolMissing
from tinysnn.flash.job import KINDS, FlashJob
from tinysnn.flash.tool import failure, run_tool

_PLACE = re.compile(r"\{(\w*)\}")
_HELP = "Places: {elf} {hex} {bin} {uf2} {port}; one of the first four must be in it."


def flash_command(job: FlashJob) -> str:
    """Run the user's command with the image's files in its places; what was done.

    The command is split into arguments as a shell would, but no shell runs it.

    Raises
    ------
    OptionError: there is none, or it cannot be split, or has no or unknown places.
    ToolMissing: its program is not here.
    DeviceError: it failed.

    """
    arguments = [_filled(part, job) for part in split_command(job.command or "")]
    if shutil.which(arguments[0]) is None:
        raise ToolMissing(
            f"the program {arguments[0]!r} of --command is not here",
            fix="Install it, or give its full path.",
        )
    finished = run_tool(arguments)
    if finished.code != 0:
        raise failure(arguments[0], finished)
    return shlex.join(arguments)


def split_command(command: str) -> list[str]:
    """Arguments of a command with places.

    Raises
    ------
    OptionError: it is empty, a quotation mark is open, or its places are not as they should be.

    """
    try:
        parts = shlex.split(command, posix=sys.platform != "win32")
    except ValueError as error:
        raise OptionError(f"--command cannot be split ({error})", fix="Check its quotes.") from None
    if not parts:
        raise OptionError("--method command needs --command", fix=_HELP)
    places = set(_PLACE.findall(" ".join(parts)))
    unknown = places - {*KINDS, "port"}
    if unknown:
        raise OptionError(f"--command has an unknown place {{{min(unknown)}}}", fix=_HELP)
    if not places & set(KINDS):
        raise OptionError("--command has no place for the image", fix=_HELP)
    return parts


def _filled(part: str, job: FlashJob) -> str:
    """An argument with its places filled."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "port":
            return job.port or _no_port()
        return next(str(job.file(kind)) for kind in KINDS if kind == name)

    return _PLACE.sub(value, part)


def _no_port() -> str:
    raise OptionError("--command has the place {port}, but no port is known", fix="Add --port.")
