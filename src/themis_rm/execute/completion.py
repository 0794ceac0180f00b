"""Proof that a program executed its tests to their end.

A program that ends with exit status 0 may have ended anywhere. So the tests get code at their end that writes a report
to a file descriptor of its own. The report is a random word of each run that the code computes from two others, so that
it is in no file, argument or environment variable.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from tree_sitter import Node

from themis_rm.execute.launcher import REPORT_SIZE
from themis_rm.languages import get_language
from themis_rm.languages.definition import Completion
from themis_rm.languages.syntax import parse_fragment, to_bytes, to_text, walk

_ARGUMENTS = frozenset(("argument_list", "arguments"))
_ASSERT_INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*<(?:assert\.h|cassert)>", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ReportingTests:
    """Tests that report when they have been executed.

    Attributes:
        tests: Their source code.
        report: What they write at their end; empty if the end of these tests is not known.
        files: Further source files, by name.
        main_class: Class to run instead of the tests' own; may be empty.
    """

    tests: str
    report: bytes = b""
    files: Mapping[str, str] = field(default_factory=dict)
    main_class: str = ""


def report_completion(tests: str, language: str, completion: Completion, main_class: str) -> ReportingTests:
    """Add the code that reports the completion of tests.

    Args:
        tests: Source code of the tests; they are the end of the program.
        language: Benchmark name of the language.
        completion: How programs of the language report.
        main_class: Class that contains the tests' entry point; may be empty.
    """
    if completion.main and not re.search(completion.main, tests):
        return ReportingTests(tests)
    key, mask = (_random_word(string.ascii_uppercase) for _ in range(2))
    values = {
        "@KEY@": key,
        "@MASK@": mask,
        "@ID@": _random_word(string.ascii_lowercase)[:12],
        "@MAIN@": main_class,
        "@REPORT@": completion.status.replace("@STATUS@", "0"),
    }
    code = _wrap_exits(tests, language, completion)
    if completion.renamed:
        code = re.sub(completion.main, completion.renamed, code, count=1)
    body, rest = _split_code(code, completion.end_of_code)
    code = f"{completion.declaration}{body}{completion.tail}{rest}"
    return ReportingTests(
        _fill(code, values),
        bytes((ord(a) + ord(b)) % 26 + 65 for a, b in zip(key, mask, strict=True)),
        {_fill(completion.file, values): _fill(completion.source, values)} if completion.file else {},
        _fill(completion.main_class, values),
    )


def enable_assertions(tests: str) -> str:
    """Return C or C++ tests in which ``assert`` has its meaning even if a response has defined ``NDEBUG``."""
    enabled = _ASSERT_INCLUDE.sub(lambda match: f"#undef NDEBUG\n{match[0]}", tests)
    if enabled == tests and re.search(r"\bassert\s*\(", tests) and not re.search(r"#\s*define\s+assert\b", tests):
        enabled = f"#undef NDEBUG\n#include <assert.h>\n{tests}"
    return enabled


def _random_word(alphabet: str) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(REPORT_SIZE))


def _fill(code: str, values: Mapping[str, str]) -> str:
    for _ in range(2):  # a report contains the key
        for name, value in values.items():
            code = code.replace(name, value)
    return code


def _split_code(code: str, end_of_code: str) -> tuple[str, str]:
    """Split code in front of the line behind which nothing is code."""
    found = re.search(rf"^{re.escape(end_of_code)}\s*$", code, re.MULTILINE) if end_of_code else None
    return (code[: found.start()], code[found.start() :]) if found else (code, "")


def _wrap_exits(tests: str, language: str, completion: Completion) -> str:
    """Return tests in which exits with success report the completion, too."""
    fragment = parse_fragment(tests, language)
    calls = get_language(language).require_injection().calls
    edits: dict[tuple[int, int], str] = {}
    for node in walk(fragment.tree.root_node):
        edits.update(_exit_edits(node, fragment.source, calls, completion))
    parts, at = [], fragment.start
    for (start, end), replacement in sorted(edits.items()):
        if start >= at:
            parts += [fragment.source[at:start], to_bytes(replacement)]
            at = end
    return to_text(b"".join([*parts, fragment.source[at : fragment.end]]))


def _exit_edits(
    node: Node, source: bytes, calls: frozenset[str], completion: Completion
) -> Iterator[tuple[tuple[int, int], str]]:
    def text(start: int, end: int) -> str:
        return source[start:end].decode("utf-8", "replace")

    if node.type == "identifier" and not (node.parent is not None and node.parent.type in calls):
        name = text(node.start_byte, node.end_byte)
        if name in completion.bare_exits:
            yield (node.start_byte, node.end_byte), f"{name}({completion.status.replace('@STATUS@', '0')})"
    arguments = node.child_by_field_name("arguments")
    if node.type not in calls or arguments is None:
        return
    callee = text(node.start_byte, arguments.start_byte).strip()
    given = text(arguments.start_byte, arguments.end_byte).strip()
    if given.startswith("("):
        given = given[1:-1].strip()
    if callee in completion.whole and "exit=" not in given:
        separated = f"{given.rstrip(',')}, " if given else ""
        yield (node.start_byte, node.end_byte), completion.whole[callee].replace("@ARGUMENTS@", separated)
    elif re.fullmatch(completion.exits, callee):
        status = completion.status.replace("@STATUS@", given or "0")
        yield (node.start_byte, node.end_byte), f"{callee}({status})"
