"""Runs the command line inside the test process: no start-up time, and errors show their traceback on demand."""

import io
import os
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from unittest.mock import patch

from themis_rm.cli.app import root_command, run_verb


@dataclass
class Completed:
    returncode: int
    stdout: str
    stderr: str


def cli(*arguments, cwd=".", stdin="", width=200):
    """Return what ``themis-rm ARGUMENTS`` prints and its exit code."""
    stdout, stderr = io.StringIO(), io.StringIO()
    source = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
    with (
        patch.dict(os.environ, {"COLUMNS": str(width)}),
        patch.object(sys, "stdin", source),
        redirect_stdout(stdout),
        redirect_stderr(stderr),
        chdir(cwd),
    ):
        code = run_verb(list(map(str, arguments)))
    return Completed(code, stdout.getvalue(), stderr.getvalue())


def error_line(completed):
    """Return the one line of an error that the user can fix."""
    assert completed.returncode == 2, completed.stdout + completed.stderr
    lines = completed.stderr.strip().splitlines()
    assert len(lines) == 1, completed.stderr
    assert lines[0].startswith("error: ")
    return lines[0]


def all_verbs(group=None, path=""):
    """Yield name and command of every verb."""
    for name, command in (group or root_command()).commands.items():
        if hasattr(command, "commands"):
            yield from all_verbs(command, f"{path}{name} ")
        else:
            yield f"{path}{name}", command
