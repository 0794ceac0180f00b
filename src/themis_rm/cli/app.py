"""The application: its groups of verbs, how errors are reported, and how signals end it.

Results go to standard output, progress and errors to standard error. An error that the user can fix is one line and
exit code 2. A signal ends the program with one line and 128 plus its number; what was written stays, and the same
command resumes.
"""

from __future__ import annotations

import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from typing import Annotated, Any, NoReturn

import typer
from rich.text import Text

import themis_rm
from themis_rm.cli.grammar import DEBUG
from themis_rm.cli.groups import app
from themis_rm.cli.signals import ENDED_BY_SIGNAL, INTERRUPTED, OUTPUT_CLOSED, catch_signals
from themis_rm.system_errors import explain
from themis_rm.terminal import TerminalConsole, one_line, protect_streams, protected_streams

for _module in (
    "data",
    "annotation",
    "train",
    "plan",
    "merge",
    "run",
    "ablate",
    "evaluate",
    "calibrate",
    "benchmark",
    "score",
    "settings",
    "models",
):
    importlib.import_module(f"themis_rm.cli.{_module}")  # adds its verbs to the application, in this order

_LONGEST_MESSAGE = 2000


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; an error that the user can fix is one line on standard error and code 2."""
    _open_closed_streams()
    protect_streams()  # tracebacks of bugs are printed after the verb has ended
    code = run_verb(arguments)
    if code in ENDED_BY_SIGNAL:
        _flush_and_exit(code)
    raise SystemExit(code)


def run_verb(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    with protected_streams(), catch_signals() as received:
        try:
            code = _run(arguments)
        except KeyboardInterrupt:  # received while no verb was running; the command-line library returns its code else
            code = INTERRUPTED
        if code != INTERRUPTED:
            return code
        _print_line("", "", "Stopped. Run the same command again to resume.")
        return received.exit_code


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = root_command().main(arguments, prog_name="themis-rm", standalone_mode=False)
        sys.stdout.flush()
    except typer.TyperException as error:
        return _report(_usage_error(error))
    except typer.Abort:
        return _report("Standard input has ended.")
    except SystemExit as error:  # how the command-line library ends where the reader of a pipe has ended
        if isinstance(error.__context__, BrokenPipeError):
            return _discard_output()
        raise
    except BrokenPipeError as error:
        return _discard_output() if error.filename is None else _report(str(explain(error)))
    except Exception as error:
        explained = explain(error)
        if explained is None:
            raise
        return _report(str(explained))
    return code if isinstance(code, int) else 0


def root_command() -> Any:
    """Return the command-line parser of the application."""
    return typer.main.get_command(app)


def _report(message: str) -> int:
    if os.environ.get(DEBUG):
        traceback.print_exc()
    if message:
        _print_line("error:", "bold red", message)
    return 2


def _print_line(label: str, style: str, message: str) -> None:
    text = one_line(message)
    if len(text) > _LONGEST_MESSAGE:
        half = _LONGEST_MESSAGE // 2
        text = f"{text[:half]} ... {text[-half:]}"
    line = Text.assemble((label, style), " ", text) if label else Text(text)
    with suppress(OSError):  # standard error is closed, or on a full disk
        TerminalConsole(stderr=True).print(line, soft_wrap=True)


def _flush_and_exit(code: int) -> NoReturn:
    """End the process without waiting for threads: a request to a server can take minutes."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


def _open_closed_streams() -> None:
    """Open the null device for standard streams that the caller has closed, so that no file takes their numbers."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdout = sys.stdout or open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = sys.stderr or open(2, "w", closefd=False)  # noqa: SIM115


def _discard_output() -> int:
    """Send what is still buffered to the null device: the reader of standard output has ended."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return OUTPUT_CLOSED


def _usage_error(error: typer.TyperException) -> str:
    message = " ".join(error.format_message().split()).partition(", unable to parse")[0]
    message = message.replace("Input should be", "must be").replace("Value error, ", "")
    context = getattr(error, "ctx", None)
    if not message or context is None:  # the help text has been printed instead
        return message
    return f"{message.rstrip('.')}. See {context.command_path} --help."


@app.callback(invoke_without_command=True)
def _options(
    version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False,
) -> None:
    if version:
        typer.echo(f"themis-rm {themis_rm.__version__}")
        raise typer.Exit
