"""The `tinysnn` command: the list of subcommands, and what errors turn into.

Exit codes: 0 ok, 1 mismatch or failed check, 2 usage or bad input, 3 a tool, board or device is
missing, 70 a fault of tinysnn itself, 130 interrupted.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence

import click

from tinysnn import __version__
from tinysnn.cli.boards import boards
from tinysnn.cli.build import build
from tinysnn.cli.check import check
from tinysnn.cli.convert import convert
from tinysnn.cli.data import data
from tinysnn.cli.demo import demo
from tinysnn.cli.doctor import doctor
from tinysnn.cli.energy import energy
from tinysnn.cli.evaluate import evaluate
from tinysnn.cli.events import events
from tinysnn.cli.flash import flash
from tinysnn.cli.generate import generate
from tinysnn.cli.inspect import inspect
from tinysnn.cli.learn import learn
from tinysnn.cli.listen import listen
from tinysnn.cli.pack import pack
from tinysnn.cli.pull import pull, push
from tinysnn.cli.renode import renode
from tinysnn.cli.report import report
from tinysnn.cli.run import run as run_command
from tinysnn.errors import EXIT_USAGE, TinysnnError

EXIT_FAULT = 70
EXIT_INTERRUPTED = 130
EXIT_PIPE = 141


class _InOrder(click.Group):
    """Lists the subcommands in the order of the work, not of the alphabet."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(self.commands)


@click.group(
    cls=_InOrder,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 ok, 1 mismatch or failed check, 2 bad input, 3 tool or device missing.",
)
@click.version_option(__version__, prog_name="tinysnn", message="%(prog)s %(version)s")
def cli() -> None:
    """Deploy trained spiking neural networks on Cortex-M, bit for bit as on the desktop.

    \b
    A first look:     tinysnn demo
    Your own network: tinysnn check net.nir
                      tinysnn pack net.nir -o net.tsnn
                      tinysnn run net.tsnn --board generic_m4 --input clips.npz
    """


for _command in (
    demo,
    doctor,
    boards,
    convert,
    check,
    pack,
    inspect,
    energy,
    generate,
    build,
    flash,
    run_command,
    listen,
    learn,
    pull,
    push,
    renode,
    evaluate,
    report,
    events,
    data,
):
    cli.add_command(_command)


def run(arguments: Sequence[str]) -> int:
    """Run the command line; the exit code. Never raises."""
    try:
        result = cli.main(list(arguments), prog_name="tinysnn", standalone_mode=False)
        sys.stdout.flush()
    except TinysnnError as error:
        return _fail(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return error.exit_code
    except click.ClickException as error:
        return _fail(_with_hint(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        return _fail("interrupted", EXIT_INTERRUPTED)
    except (BrokenPipeError, SystemExit):
        # click exits by itself when the reader of a pipe has gone, with a code that is taken.
        # Python flushes stdout once more at exit, which would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_PIPE
    except OSError as error:
        return _outside(error)
    except Exception as error:  # noqa: BLE001 (last resort: a fault of ours, said in plain words)
        return _fault(error)
    return result if isinstance(result, int) else 0


def _fail(message: str, code: int) -> int:
    click.echo(f"error: {message.rstrip()}", err=True)
    return code


def _with_hint(error: click.ClickException) -> str:
    message = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{message} (see: {context.command_path} --help)" if context else message


def _outside(error: OSError) -> int:
    """A file or folder that cannot be used: not a fault of ours if it has a name, or is full."""
    if error.filename is None and error.errno != errno.ENOSPC:
        return _fault(error)
    where = f"{error.filename}: " if error.filename is not None else ""
    return _fail(f"{where}{error.strerror or error}", EXIT_USAGE)


def _fault(error: Exception) -> int:
    if os.environ.get("TINYSNN_DEBUG") == "1":
        traceback.print_exc()
    return _fail(
        f"a fault of tinysnn itself: {type(error).__name__}: {error}. Please report it with this "
        "command and its input; TINYSNN_DEBUG=1 shows where it happened.",
        EXIT_FAULT,
    )


def main() -> None:
    """Entry point of the `tinysnn` program."""
    sys.exit(run(sys.argv[1:]))
