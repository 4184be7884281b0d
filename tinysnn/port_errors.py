"""Why a serial port cannot be opened, in words."""

from __future__ import annotations

import errno
import re
import sys

from tinysnn.errors import DeviceError

_BUSY = (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK)
_PERMISSION = (errno.EACCES, errno.EPERM)
_GONE = (errno.ENOENT, errno.ENODEV, errno.ENXIO)


def cannot_open(port: str, error: Exception) -> DeviceError:
    """The error for a port that pyserial could not open."""
    code = _number(error)
    if _is_busy(code, str(error)):
        return DeviceError(
            "the port is in use by another program",
            where=port,
            fix="Close the serial monitor, IDE or second tinysnn that has it open.",
        )
    if code in _PERMISSION:
        return DeviceError("you may not use the port", where=port, fix=_rights(port))
    if code == errno.ECONNREFUSED:
        return DeviceError(
            "cannot open the port: nothing listens there",
            where=port,
            fix="Check its name, and start the emulator or bridge that serves it.",
        )
    return DeviceError(
        "cannot open the port: there is none"
        if code in _GONE
        else f"cannot open the port ({error})",
        where=port,
        fix="Check its name and that it is plugged in; `tinysnn doctor` lists the ports.",
    )


def _number(error: Exception) -> int | None:
    """Errno of an error; pyserial keeps it in a field of its own, or only in the text."""
    number = getattr(error, "errno", None)
    if isinstance(number, int):
        return number
    match = re.search(r"\[Errno (\d+)\]|Error\((\d+),", str(error))
    return int(match.group(1) or match.group(2)) if match else None


def _is_busy(code: int | None, text: str) -> bool:
    if code in _BUSY or "exclusively lock" in text:
        return True
    # Windows denies access to a port that somebody else has open.
    return code == errno.EACCES and "PermissionError" in text


def _rights(port: str) -> str:
    if not sys.platform.startswith("linux"):
        return "Ask who administers this machine for access to serial ports."
    return (
        "Join the group that owns it, usually with `sudo usermod -aG dialout $USER` (Arch: uucp), "
        "and log in again; or add a udev rule: "
        '\'SUBSYSTEM=="tty", ATTRS{idVendor}=="...", MODE="0666"\' for '
        f"{port.rsplit('/', 1)[-1]} in /etc/udev/rules.d."
    )
