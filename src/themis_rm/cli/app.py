"""The application: its groups of verbs, and how errors are reported.

Results go to standard output, progress and errors to standard error. An error that the user can fix is one line and
exit code 2.
"""

from __future__ import annotations

import importlib
import os
import traceback
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console

import themis_rm
from themis_rm.cli.grammar import DEBUG
from themis_rm.cli.groups import app
from themis_rm.errors import UserError

for _module in ("data", "train", "run", "evaluate", "benchmark", "score", "settings", "models"):
    importlib.import_module(f"themis_rm.cli.{_module}")  # adds its verbs to the application, in this order

_PATH_ERRORS = (FileExistsError, IsADirectoryError, NotADirectoryError, PermissionError)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line and exit; an error that the user can fix is one line on standard error and code 2."""
    raise SystemExit(run_verb(arguments))


def run_verb(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    try:
        code = root_command().main(arguments, prog_name="themis-rm", standalone_mode=False)
    except UserError as error:
        return _report(str(error))
    except typer.TyperException as error:
        return _report(_usage_error(error))
    except _PATH_ERRORS as error:
        return _report(f"Cannot use {error.filename or error}: {error.strerror or type(error).__name__}.")
    if code == 130:
        Console(stderr=True).print("Interrupted. Run the same command again to resume.")
    return code if isinstance(code, int) else 0


def root_command() -> Any:
    """Return the command-line parser of the application."""
    return typer.main.get_command(app)


def _report(message: str) -> int:
    if os.environ.get(DEBUG):
        traceback.print_exc()
    if message:
        text = f"[bold red]error:[/] {message.replace('[', chr(92) + '[')}"
        Console(stderr=True).print(text, highlight=False, soft_wrap=True)
    return 2


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
