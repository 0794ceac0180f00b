"""Whether an answer passes its check: its program is put together, compiled and run in a box."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from themis_rm.errors import InputError
from themis_rm.execute.check import Check
from themis_rm.execute.sandbox import Limits, Outcome, Sandbox
from themis_rm.execute.toolchains import MEBIBYTE, InstalledToolchain, find_toolchain, get_toolchain, has_package

PASSED, FAILED, COMPILE_ERROR, TIMEOUT, NO_TOOLCHAIN = "passed", "failed", "compile-error", "timeout", "no-toolchain"
"""States of a verdict; the others are those of a run that went over a limit (``output-limit``, ``disk-limit``,
``memory-limit``, ``process-limit``)."""

_TAIL = 300
"""Characters of standard error that a verdict keeps."""

_COMPILER = Limits(memory=2048 * MEBIBYTE, output=4 * MEBIBYTE)


@dataclass(frozen=True, slots=True)
class CheckOutcome:
    """What became of an answer.

    Attributes:
        state: See :data:`PASSED` and what stands with it.
        case: Index of the first case that did not pass; ``None`` where there are no cases, or none failed.
        note: Why, in a line or a few: the end of standard error, or what was printed in the place of what.
        seconds: Wall time, compilation included; not part of any result that is compared.
    """

    state: str
    case: int | None = None
    note: str = ""
    seconds: float = 0.0


def validate_check(check: Check) -> None:
    """Look whether a check can be executed at all.

    Raises:
        InputError: Lists are out of step, a file's name leads out of the folder, or a value is not allowed.
        SettingError: The language is none of ours.
    """
    get_toolchain(check.language)
    if len(check.names) != len(check.contents):
        raise InputError(f"Check {check.id}: {len(check.names)} names for {len(check.contents)} contents.")
    if len(check.inputs) != len(check.outputs):
        raise InputError(f"Check {check.id}: {len(check.inputs)} inputs for {len(check.outputs)} outputs.")
    if check.run and check.run not in check.names:
        raise InputError(f"Check {check.id}: it runs '{check.run}', which is none of its files.")
    if not 0 < check.seconds < float("inf"):
        raise InputError(f"Check {check.id}: a limit of {check.seconds} seconds.")
    for name in (*check.names, check.file):
        if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts or "\0" in name:
            raise InputError(f"Check {check.id}: '{name}' does not name a file inside the work folder.")


def run_check(
    check: Check,
    answer: str,
    program: str = "",
    *,
    factor: float = 1.0,
    disk: int = 128 * MEBIBYTE,
    isolated: bool = True,
) -> CheckOutcome:
    """Compile and run an answer against a check.

    Args:
        check: How.
        answer: The answer's code.
        program: Whole program in the place of ``before + answer + after``; empty for none.
        factor: What the limits of time are multiplied by, for a slow machine.
        disk: Bytes that the compiler and all runs may write together.
        isolated: Whether boxes get namespaces (:func:`themis_rm.execute.sandbox.isolation`).

    Raises:
        InputError: See :func:`validate_check`.
        UserError: No box can be made.
    """
    validate_check(check)
    there = find_toolchain(get_toolchain(check.language).language, isolated)
    if isinstance(there, str):
        return CheckOutcome(NO_TOOLCHAIN, note=there)
    absent = [name for name in check.packages if not has_package(there.toolchain.language, name, isolated)]
    if absent:
        return CheckOutcome(NO_TOOLCHAIN, note=f"{', '.join(absent)} not installed")
    name = check.file or there.toolchain.file
    text = program or check.before + answer + check.after
    files = {key: _bytes(value) for key, value in zip(check.names, check.contents, strict=True)}
    files[name] = _bytes(text)
    main = check.run or name
    with Sandbox(files, there.reads, disk, isolated) as box:
        return _Program(check, there, main, sorted(files), _java_class(files[main], main), factor).judge(box)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _java_class(source: bytes, main: str) -> str:
    stem = PurePosixPath(main).stem
    package = re.search(rb"^\s*package\s+([\w.]+)\s*;", source, re.MULTILINE)
    return f"{package[1].decode()}.{stem}" if package else stem


@dataclass(frozen=True)
class _Program:
    check: Check
    there: InstalledToolchain
    main: str
    files: list[str]
    main_class: str
    factor: float

    def judge(self, box: Sandbox) -> CheckOutcome:
        row = self.there.toolchain
        seconds = 0.0
        for command in row.compile:
            limits = Limits(seconds=row.compile_seconds * self.factor, memory=_COMPILER.memory, output=_COMPILER.output)
            outcome = box.run(self._argv(command), environment=row.environment, limits=limits)
            seconds += outcome.seconds
            if outcome.state == "exit" and outcome.code != 0:
                return CheckOutcome(COMPILE_ERROR, note=_told(outcome, box), seconds=seconds)
            if outcome.state != "exit":
                state = COMPILE_ERROR if outcome.state == "killed" else outcome.state
                return CheckOutcome(state, note=f"while compiling: {_told(outcome, box)}".rstrip(": "), seconds=seconds)
        return self._run(box, seconds)

    def _run(self, box: Sandbox, seconds: float) -> CheckOutcome:
        row, check = self.there.toolchain, self.check
        limits = Limits(seconds=check.seconds * self.factor, memory=row.memory, stack=row.stack)
        argv = self._argv(row.run)
        for index, given in enumerate(check.inputs or [""]):
            case = index if check.inputs else None
            outcome = box.run(argv, _bytes(given), row.environment, limits)
            seconds += outcome.seconds
            if outcome.state not in {"exit", "killed"}:
                return CheckOutcome(outcome.state, case, _told(outcome, box), seconds)
            if outcome.code != 0:
                why = f"exit status {outcome.code}" if outcome.code > 0 else f"signal {-outcome.code}"
                return CheckOutcome(FAILED, case, f"{why}: {_told(outcome, box)}".rstrip(": "), seconds)
            if case is not None:
                wanted, printed = (
                    normalize_output(check.outputs[index]),
                    normalize_output(outcome.stdout.decode("utf-8", "replace")),
                )
                if wanted != printed:
                    return CheckOutcome(FAILED, case, _difference(wanted, printed), seconds)
        return CheckOutcome(PASSED, seconds=seconds)

    def _argv(self, command: tuple[str, ...]) -> list[str]:
        sources = [name for name in self.files if name.endswith(self.there.toolchain.endings or ("\0",))]
        return self.there.argv(command, self.main, sources, self.main_class, self.check.packages)


def normalize_output(text: str) -> str:
    """Return a program's output without white space at the ends of its lines and at its own end."""
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip()


def _difference(wanted: str, printed: str) -> str:
    for number, (line, other) in enumerate(zip(wanted.split("\n"), printed.split("\n"), strict=False), 1):
        if line != other:
            return f"line {number}: wanted {line[:80]!r}, printed {other[:80]!r}"
    return f"wanted {len(wanted.splitlines())} lines, printed {len(printed.splitlines())}"


def _told(outcome: Outcome, box: Sandbox) -> str:
    """Return the end of what a program told of its failure, without what differs from run to run."""
    text = (outcome.stderr.strip() or outcome.stdout.strip()).decode("utf-8", "replace").replace(box.folder, ".")
    lines = [line for line in text.splitlines() if not re.match(r"\s+at ", line)]  # frames of Java and JavaScript
    return re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", "\n".join(lines))[-_TAIL:].strip()
