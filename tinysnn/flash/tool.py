"""Flashing programs as subprocesses, and what their complaints mean."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tinysnn.errors import DeviceError, ToolMissing

LIMIT_S = 300.0
"""Longest time for one program; the largest flash here is written in under a minute."""
_TAIL_CHARACTERS = 400


@dataclass(frozen=True)
class Finished:
    """A program that has ended."""

    code: int
    text: str
    """Standard output and standard error, as they came."""


def run_tool(
    command: Sequence[str], *, cwd: Path | None = None, limit_s: float = LIMIT_S
) -> Finished:
    """Run a program to its end, without a shell and without standard input.

    Raises
    ------
    ToolMissing: it cannot be started.
    DeviceError: it does not end in time.

    """
    try:
        done = subprocess.run(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=limit_s,
            check=False,
        )
    except OSError as error:
        raise ToolMissing(
            f"cannot be started ({error.strerror or error})",
            where=command[0],
            fix="Check that it is installed and on PATH.",
        ) from None
    except subprocess.TimeoutExpired:
        raise DeviceError(
            f"did not finish within {limit_s:g} s",
            where=command[0],
            fix="Unplug the board, plug it in again and repeat.",
        ) from None
    return Finished(done.returncode, done.stdout.decode("utf-8", "replace"))


@dataclass(frozen=True)
class Complaint:
    """What a flashing program says, in a pattern, and what it means for the user."""

    pattern: str
    what: str
    fix: str


_PLUG_IN = "Plug the board in with a cable that carries data, and check its power."
_RULES = (
    "On Linux install udev rules for it and plug it in again: pyOCD's are in its repository's "
    "'udev' folder, PlatformIO's at docs.platformio.org (99-platformio-udev.rules)."
)
COMPLAINTS = (
    Complaint(
        r"(?i)LIBUSB_ERROR_ACCESS|insufficient permissions|udev rule|Access denied",
        "you may not use the debug probe",
        _RULES,
    ),
    Complaint(
        r"(?i)LIBUSB_ERROR_BUSY|Resource busy|already (?:in use|open)|could not claim interface",
        "the debug probe is busy",
        "Close the debugger, IDE or monitor that uses it.",
    ),
    Complaint(
        r"(?i)No connected debug probe|No available debug probe|No target device available|"
        r"unable to find a matching CMSIS-DAP|Error: open failed|No (?:ST-?Link|J-?Link) detected|"
        r"Couldn't find (?:any )?ST-?Link|No emulators connected via USB|"
        r"No accessible RP.* devices? in BOOTSEL|"
        r"Please specify `?upload_port|Unable to find (?:a )?Teensy|no device found",
        "no debug probe, or no board that can be flashed, is connected",
        _PLUG_IN,
    ),
    Complaint(
        r"(?i)No ACK|UNEXPECTED idcode|Unexpected ACK|init mode failed|unable to connect to the "
        r"target|target not examined|Cannot connect to target|could not connect to target|"
        r"Transfer (?:fault|error)|device ID does not match",
        "the probe reaches no chip of this kind",
        "Check that it is this board, that it has power, and that its debug pins are connected.",
    ),
)


def failure(name: str, finished: Finished, *, extra: Sequence[Complaint] = ()) -> DeviceError:
    """The error for a program that has failed, in plain words where its complaint is known."""
    for complaint in (*extra, *COMPLAINTS):
        if re.search(complaint.pattern, finished.text):
            return DeviceError(
                f"{complaint.what} (it said: {said(finished.text)})",
                where=name,
                fix=complaint.fix,
            )
    return DeviceError(
        f"failed with exit code {finished.code}: {said(finished.text)}",
        where=name,
        fix="Run it by hand to see more.",
    )


def said(text: str) -> str:
    """The end of what a program wrote, as one line of printable text."""
    plain = re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", text)
    lines = [line.strip() for line in re.split(r"[\r\n]+", plain) if line.strip()]
    line = " / ".join(lines)
    tail = "".join(letter if letter.isprintable() else "?" for letter in line)
    return tail[-_TAIL_CHARACTERS:] or "nothing"
