"""Checks of responses: a program is put together from the response, compiled and run in a sandbox."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from themis_rm.errors import InputError
from themis_rm.execute.check import Check
from themis_rm.execute.negative_controls import build_controls
from themis_rm.execute.output import output_difference
from themis_rm.execute.program import Program, ProgramParts
from themis_rm.execute.sandbox import Limits, RunOutcome, Sandbox
from themis_rm.execute.toolchains import InstalledToolchain, find_toolchain, has_package
from themis_rm.languages import get_language
from themis_rm.languages.definition import MEBIBYTE, NO_TOOLCHAIN

PASSED, FAILED, COMPILE_ERROR, TIMEOUT = "passed", "failed", "compile-error", "timeout"
"""States of a check, besides :data:`NO_TOOLCHAIN` and those of a run that exceeded a limit (``output-limit``,
``disk-limit``, ``memory-limit``, ``process-limit``)."""

VERDICT_VERSION = 2
"""Changes when the same response may get another verdict, so that cached outcomes are not used again."""

__all__ = [
    "COMPILE_ERROR",
    "FAILED",
    "NO_TOOLCHAIN",
    "PASSED",
    "TIMEOUT",
    "VERDICT_VERSION",
    "CheckOutcome",
    "run_check",
    "validate_check",
]

_NOTE_LENGTH = 300
"""Characters of standard error that an outcome keeps."""

_NOT_COMPLETED = "exit status 0 before its tests were completed"
_NOT_CHECKED = "it also passes with other expected values: it does not run its tests, or changes what they compare"

_COMPILER = Limits(memory=2048 * MEBIBYTE, output=4 * MEBIBYTE)


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """Outcome of a response's check.

    Attributes:
        state: See :data:`PASSED`.
        case: Index of the first case that did not pass; ``None`` if there are no cases, or none failed.
        note: Why, in one or a few lines: the end of standard error, or the expected and the printed line.
        seconds: Wall time, compilation included; not part of any result that is compared.
    """

    state: str
    case: int | None = None
    note: str = ""
    seconds: float = 0.0


def validate_check(check: Check) -> None:
    """Check that a check can be executed.

    Raises:
        InputError: Lists differ in length, a file name is outside the work directory, or a value is not allowed.
        SettingError: The language is unknown.
    """
    get_language(check.language)
    if len(check.names) != len(check.contents):
        raise InputError(f"Check {check.id}: {len(check.names)} names for {len(check.contents)} contents.")
    if len(check.inputs) != len(check.outputs):
        raise InputError(f"Check {check.id}: {len(check.inputs)} inputs for {len(check.outputs)} outputs.")
    if check.run and check.run not in check.names:
        raise InputError(f"Check {check.id}: it runs '{check.run}', which is not among its files.")
    if not 0 < check.seconds < float("inf"):
        raise InputError(f"Check {check.id}: a limit of {check.seconds} seconds.")
    if not 0 <= check.tolerance < float("inf"):
        raise InputError(f"Check {check.id}: a tolerance of {check.tolerance}.")
    for name in (*check.names, check.file):
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\0" in name:
            raise InputError(f"Check {check.id}: '{name}' does not name a file inside the work directory.")


def run_check(
    check: Check,
    response: str,
    program: str = "",
    *,
    factor: float = 1.0,
    disk: int = 128 * MEBIBYTE,
    isolated: bool = True,
) -> CheckOutcome:
    """Compile and run a response.

    Args:
        check: How the response is executed.
        response: The response's code.
        program: Complete program that replaces ``before + response + after``; empty if there is none.
        factor: Factor of the time limits, for a slow machine.
        disk: Bytes that the compiler and all runs may write together.
        isolated: Whether sandboxes get namespaces (:func:`themis_rm.execute.sandbox.isolation`).

    Raises:
        InputError: See :func:`validate_check`.
        UserError: No sandbox can be created.
    """
    validate_check(check)
    installed = find_toolchain(check.language, isolated)
    if isinstance(installed, str):
        return CheckOutcome(NO_TOOLCHAIN, note=installed)
    absent = [name for name in check.packages if not has_package(check.language, name, isolated)]
    if absent:
        return CheckOutcome(NO_TOOLCHAIN, note=f"{', '.join(absent)} not installed")
    return _CheckRun(check, installed, factor, disk, isolated).execute(
        ProgramParts.of(check, response, program, installed.toolchain)
    )


@dataclass(frozen=True)
class _CheckRun:
    check: Check
    installed: InstalledToolchain
    factor: float
    disk: int
    isolated: bool

    def execute(self, parts: ProgramParts) -> CheckOutcome:
        """Run a response with its tests and, if it passes, with their negative controls."""
        outcome = self._run(parts.program(parts.tests, reports=True))
        if outcome.state != PASSED or not parts.tests.strip():
            return outcome
        controls = build_controls(parts.tests, self.check.language, parts.toolchain)
        if self.check.inputs:
            # The output is compared as well, so a branch that ends the program need not be a failure.
            controls = replace(controls, failing=None)
        if controls.accept(lambda tests: self._run(parts.program(tests)).state == PASSED):
            return outcome
        return CheckOutcome(FAILED, note=_NOT_CHECKED, seconds=outcome.seconds)

    def _run(self, program: Program) -> CheckOutcome:
        packages = bool(self.check.packages)
        with self.installed.open_sandbox(program.encoded(), self.disk, self.isolated, packages) as sandbox:
            return _ProgramRun(self.check, self.installed, program, self.factor).execute(sandbox)


@dataclass(frozen=True)
class _ProgramRun:
    check: Check
    installed: InstalledToolchain
    program: Program
    factor: float

    def execute(self, sandbox: Sandbox) -> CheckOutcome:
        toolchain = self.installed.toolchain
        seconds = 0.0
        for command in toolchain.compile:
            time_limit = toolchain.compile_seconds * self.factor
            limits = Limits(seconds=time_limit, memory=_COMPILER.memory, output=_COMPILER.output)
            outcome = sandbox.run(self._argv(command), environment=toolchain.environment, limits=limits)
            seconds += outcome.seconds
            if outcome.state == "exit" and outcome.code != 0:
                return CheckOutcome(COMPILE_ERROR, note=_failure_note(outcome, sandbox), seconds=seconds)
            if outcome.state != "exit":
                state = COMPILE_ERROR if outcome.state == "killed" else outcome.state
                note = f"while compiling: {_failure_note(outcome, sandbox)}".rstrip(": ")
                return CheckOutcome(state, note=note, seconds=seconds)
        return self._run_cases(sandbox, seconds)

    def _run_cases(self, sandbox: Sandbox, seconds: float) -> CheckOutcome:
        toolchain, check = self.installed.toolchain, self.check
        limits = Limits(seconds=check.seconds * self.factor, memory=toolchain.memory, stack=toolchain.stack)
        argv = self._argv(toolchain.run)
        for index, stdin in enumerate(check.inputs or [""]):
            case = index if check.inputs else None
            given = stdin.encode("utf-8", "replace")
            outcome = sandbox.run(argv, given, toolchain.environment, limits, bool(self.program.report))
            seconds += outcome.seconds
            if outcome.state not in {"exit", "killed"}:
                return CheckOutcome(outcome.state, case, _failure_note(outcome, sandbox), seconds)
            if outcome.code != 0:
                status = f"exit status {outcome.code}" if outcome.code > 0 else f"signal {-outcome.code}"
                note = f"{status}: {_failure_note(outcome, sandbox)}".rstrip(": ")
                return CheckOutcome(FAILED, case, note, seconds)
            if outcome.report != self.program.report:
                return CheckOutcome(FAILED, case, _NOT_COMPLETED, seconds)
            if case is not None:
                printed = outcome.stdout.decode("utf-8", "replace")
                if difference := output_difference(check.outputs[index], printed, check.tolerance):
                    return CheckOutcome(FAILED, case, difference, seconds)
        return CheckOutcome(PASSED, seconds=seconds)

    def _argv(self, command: tuple[str, ...]) -> list[str]:
        extensions = self.installed.toolchain.extensions
        program = self.program
        sources = [name for name in sorted(program.files) if extensions and name.endswith(extensions)]
        packages, added = self.check.packages, program.completion_file
        return self.installed.argv(command, program.main, sources, program.main_class, packages, added)


def _failure_note(outcome: RunOutcome, sandbox: Sandbox) -> str:
    """Return the end of a failed program's output, without what differs between runs."""
    text = (outcome.stderr.strip() or outcome.stdout.strip()).decode("utf-8", "replace").replace(sandbox.directory, ".")
    lines = [line for line in text.splitlines() if not re.match(r"\s+at ", line)]  # stack frames of Java and JavaScript
    return re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", "\n".join(lines))[-_NOTE_LENGTH:].strip()
