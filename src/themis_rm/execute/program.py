"""The files of a program that is put together from a check and a response."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Self

from themis_rm.execute.check import Check
from themis_rm.execute.completion import ReportingTests, enable_assertions, report_completion
from themis_rm.languages.definition import Toolchain

_MAY_DISABLE_ASSERTIONS = frozenset(("C", "Cpp"))


@dataclass(frozen=True, slots=True)
class Program:
    """Source files to compile and run.

    Attributes:
        files: Content by name.
        main: Name of the file that is run.
        main_class: Class that is run, where a language has such.
        report: What the program reports when its tests have been executed; empty if it reports nothing.
        completion_file: Name of the source file that contains the report; may be empty.
    """

    files: Mapping[str, str]
    main: str
    main_class: str
    report: bytes = b""
    completion_file: str = ""

    def encoded(self) -> dict[str, bytes]:
        """Return the files as bytes."""
        return {name: content.encode("utf-8", "replace") for name, content in self.files.items()}


@dataclass(frozen=True, slots=True)
class ProgramParts:
    """A program as tests and the rest, so that the tests can be replaced.

    Attributes:
        check: The check.
        toolchain: Toolchain of its language.
        before: Text of the response's file up to the tests.
        tests: Source code of the tests, either the end of the response's file or the file that is run.
        follows: Whether the tests follow the response in the same file.
    """

    check: Check
    toolchain: Toolchain
    before: str
    tests: str
    follows: bool
    others: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, check: Check, response: str, program: str, toolchain: Toolchain) -> Self:
        """Split the program of a response.

        Args:
            check: How the response is executed.
            response: The response's code.
            program: Complete program that replaces ``before + response + after``; empty if there is none.
            toolchain: Toolchain of the check's language.
        """
        before, after = check.before + response, check.after
        if program:
            other = check.rejected_program if program == check.chosen_program else check.chosen_program
            before, after = _split_program(program, response, other)
        elif check.language in _MAY_DISABLE_ASSERTIONS and not check.run:
            after = enable_assertions(after)
        others = dict(zip(check.names, check.contents, strict=True))
        if check.run:
            return cls(check, toolchain, before + after, others.pop(check.run), False, others)
        return cls(check, toolchain, before, after, True, others)

    def program(self, tests: str, *, reports: bool = False) -> Program:
        """Return the program with other tests.

        Args:
            tests: The tests.
            reports: Whether they report their completion.
        """
        name, main, main_class = self._names()
        added = ReportingTests(tests)
        completion = self.toolchain.completion
        if reports and completion is not None and tests.strip():
            added = report_completion(tests, self.check.language, completion, main_class)
        files = {**self.others, **added.files}
        files[name] = self.before + added.tests if self.follows else self.before
        if not self.follows:
            files[main] = added.tests
        completion_file = next(iter(added.files), "")
        return Program(files, main, added.main_class or main_class, added.report, completion_file)

    def _names(self) -> tuple[str, str, str]:
        """Return the name of the response's file, of the file that is run, and of the class that is run."""
        check, toolchain = self.check, self.toolchain
        text = self.before + self.tests if self.follows else self.before
        name = check.file or toolchain.file
        if toolchain.file_name is not None and (found := toolchain.file_name(text)):
            named = str(PurePosixPath(name).with_name(found))
            name = name if named in check.names else named
        main = check.run or name
        if toolchain.main_class is None:
            return name, main, ""
        # The tests' class counts, and not one of the response that has an entry point, too.
        return name, main, toolchain.main_class(text if self.follows else self.tests, self.tests, main)


def _split_program(program: str, response: str, other: str) -> tuple[str, str]:
    """Split a complete program behind the response, or where it becomes equal to the other response's program."""
    code = response.strip()
    if code and code in program:
        end = program.index(code) + len(code)
        return program[:end], program[end:]
    lines, theirs = program.splitlines(keepends=True), other.splitlines(keepends=True)
    common = 0
    while common < min(len(lines), len(theirs)) and lines[-1 - common] == theirs[-1 - common]:
        common += 1
    start = len(lines) - common
    return "".join(lines[:start]), "".join(lines[start:])
