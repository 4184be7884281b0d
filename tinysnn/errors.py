"""All errors a user can meet, and the exit code each ends the command line with.

TinysnnError                  2   bad input or usage
├── ModelError                2   a network that cannot be deployed as it is
├── OptionError               2   an option is missing or contradicts another
├── PackError                 2   a pack that cannot be read
├── StimulusError             2   input spikes that do not fit
├── BoardError                2   a board that is unknown, wrong, or too small
├── BuildError                2   the compiler refused
├── MismatchError             1   the device did not do what the reference does
├── CheckFailed               1   a promised property does not hold
├── ToolMissing               3   a compiler, emulator or probe is not here
└── DeviceError               3   a port or device does not answer as it should
"""

from __future__ import annotations

EXIT_OK = 0
EXIT_MISMATCH = 1
EXIT_USAGE = 2
EXIT_MISSING = 3


class TinysnnError(Exception):
    """Base of all errors that are reported without a traceback.

    ``what`` says what is wrong, ``where`` the file, node or layer, ``fix`` what to do next.
    """

    exit_code = EXIT_USAGE

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        self.what = what
        self.where = where
        self.fix = fix
        super().__init__(self.__str__())

    def __str__(self) -> str:
        """One line: ``where: what. fix``."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head.rstrip('.')}. {self.fix}" if self.fix else head


class ModelError(TinysnnError):
    """A network that cannot be deployed as it is."""


class OptionError(TinysnnError):
    """An option is missing or contradicts another."""


class PackError(TinysnnError):
    """A pack that cannot be read or breaks a rule of SPEC.md."""


class StimulusError(TinysnnError):
    """Input spikes that do not fit the network."""


class BoardError(TinysnnError):
    """A board that is unknown, badly described, or too small."""


class BuildError(TinysnnError):
    """The compiler or a check of the image refused."""


class MismatchError(TinysnnError):
    """The device did not do what the reference does."""

    exit_code = EXIT_MISMATCH


class CheckFailed(TinysnnError):  # noqa: N818  # says what happened
    """A promised property does not hold."""

    exit_code = EXIT_MISMATCH


class ToolMissing(TinysnnError):  # noqa: N818  # says what happened
    """A compiler, emulator, package or probe is not on this machine."""

    exit_code = EXIT_MISSING


class DeviceError(TinysnnError):
    """A port or device does not answer as it should."""

    exit_code = EXIT_MISSING
