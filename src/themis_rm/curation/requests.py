"""Write the request of a pair from what both versions share, without a language model.

The request describes the file or the part of it that both versions are: its role from the path, and the signatures and
the documentation of its functions. Text on which the versions differ is never used, so a request cannot reveal which
version is the better one, and does not mention that one exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from tree_sitter import Node

from themis_rm.curation.case_titles import shared_cases
from themis_rm.curation.english import is_english
from themis_rm.curation.leaks import shared_items
from themis_rm.curation.tasks import task_of_commit
from themis_rm.languages import Language, get_language
from themis_rm.languages.syntax import (
    Function,
    find_functions,
    has_ancestor,
    nodes_of_types,
    parse_fragment,
    to_text,
)
from themis_rm.mining.doctext import clean_doc
from themis_rm.mining.functions import signature
from themis_rm.records import TESTS
from themis_rm.storage.digests import stable_id

MAX_FUNCTIONS = 24
"""Most functions that a request lists."""
_CALLS, _SIGNATURE, _ENTRY = 6, 200, 300
"""Most called functions of a function that are named, longest signature that is quoted, longest text in a list."""
_CALLED = ("function", "name", "method", "type")
"""Fields of the node of a call that hold what is called."""
_COMMENT = re.compile(r"\s*(?:(?<!\w)#|//|/\*).*$")
_MEMBER = re.compile(r"::|->|\.|\s")
_TEXT = re.compile(r"[\"'][^\"'`\\\n]{3,40}[\"']")
_URL = re.compile(r"\(?<?\bhttps?://\S+")
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_NAME = re.compile(r"[^\W\d]\w*[?!]?$")


@dataclass(frozen=True, slots=True)
class SharedFunction:
    """A function that both versions have with the same signature.

    Attributes:
        name: Its qualified name.
        signature: Its signature on one line.
        doc: Its documentation as prose, empty if there is none or the versions differ in it.
        calls: Names of functions that both versions of it call, in order of the first call, or by name if that differs.
        texts: Short text literals that both versions of it contain, likewise.
    """

    name: str
    signature: str
    doc: str
    calls: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def owner(self) -> str:
        """The classes and modules around it."""
        return self.name.rpartition(".")[0]


def shared_functions(chosen: str, rejected: str, language: str) -> list[SharedFunction]:
    """Return the functions that both versions have and a request lists, in their order, or by name if it differs.

    Of more than :data:`MAX_FUNCTIONS`, these are the ones around the change. The changed functions are among them, at
    no fixed place.

    Raises:
        MissingPartError: The language defines no syntax.
    """
    row = get_language(language)
    return _shared_functions(_File(chosen, row), _File(rejected, row))


def _shared_functions(chosen: _File, rejected: _File) -> list[SharedFunction]:
    new, old = _by_signature(chosen), _by_signature(rejected)
    found = [(new[key], old[key]) for key in shared_items(list(new), list(old))]
    return [_shared(*versions) for versions in _around_change(found)]


def _by_signature(file: _File) -> dict[tuple[str, str], _Parsed]:
    """Return name and signature -> function, the first one of several, without those of very long signatures."""
    found: dict[tuple[str, str], _Parsed] = {}
    for item in file.functions():
        if len(item.signature) <= _SIGNATURE:
            found.setdefault((item.name, item.signature), item)
    return found


def _around_change(functions: list[tuple[_Parsed, _Parsed]]) -> list[tuple[_Parsed, _Parsed]]:
    if len(functions) <= MAX_FUNCTIONS:
        return functions
    changed = [index for index, (one, other) in enumerate(functions) if one.code != other.code] or [0]
    nearest = sorted(range(len(functions)), key=lambda index: (min(abs(index - c) for c in changed), index))
    return [functions[index] for index in sorted(nearest[:MAX_FUNCTIONS])]


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A function of one version."""

    name: str
    signature: str
    code: bytes
    function: Function
    file: _File

    @property
    def doc(self) -> str:
        """Return its documentation as prose."""
        parts = tuple(to_text(self.file.fragment.source[start:end]) for start, end in self.function.doc)
        return _prose_of(parts, self.file.row.name)


def _shared(one: _Parsed, other: _Parsed) -> SharedFunction:
    doc, changed = one.doc if one.doc == other.doc else "", one.code != other.code
    calls, texts = ([], []) if doc else one.file.uses(one.function)
    if changed and not doc:
        old_calls, old_texts = other.file.uses(other.function)
        calls, texts = shared_items(calls, old_calls), shared_items(texts, old_texts)
    return SharedFunction(one.name, one.signature, doc, tuple(calls), tuple(texts))


class _File:
    """One version: its functions, and what they call and contain."""

    def __init__(self, code: str, row: Language) -> None:
        self.row, self.syntax = row, row.require_syntax()
        self.fragment = parse_fragment(code, row.name)

    def functions(self) -> Iterator[_Parsed]:
        """Yield the functions of the version, in order."""
        fragment, row = self.fragment, self.row
        for function in find_functions(fragment.tree, fragment.source, row.name):
            start, end = function.node.start_byte, function.node.end_byte
            if fragment.start <= start and end <= fragment.end:
                line = _COMMENT.sub("", signature(function, fragment.source, row)).rstrip(" ;")
                yield _Parsed(function.name, line, fragment.source[start:end], function, self)

    def uses(self, function: Function) -> tuple[list[str], list[str]]:
        """Return the names of the functions that a function calls, and its short text literals, in order."""
        if function.body is None:
            return [], []
        kinds = self.row.injection.calls if self.row.injection is not None else frozenset[str]()
        documented = {start for start, _ in function.doc}
        calls: dict[str, None] = {}
        texts: dict[str, None] = {}
        for node in nodes_of_types(function.body, self.row.name, self.syntax.literals | kinds):
            if node.type in kinds:
                fields = (node.child_by_field_name(field) for field in _CALLED)
                called = next((child for child in fields if child is not None), None)
                name = _MEMBER.split(to_text(called.text or b"").strip())[-1] if called is not None else ""
                if _NAME.match(name):
                    calls.setdefault(name)
            if node.type in self.syntax.literals and node.start_byte not in documented:
                text = to_text(node.text or b"")
                if _TEXT.fullmatch(text):
                    texts.setdefault(text)
        return list(calls), list(texts)

    def summaries(self) -> Iterator[str]:
        """Yield the documentation of the classes and modules, in order."""
        outside = self.syntax.functions | self.syntax.literals
        for node in nodes_of_types(self.fragment.tree.root_node, self.row.name, self.syntax.containers - outside):
            doc = [] if has_ancestor(node, outside) else _container_doc(node, self.row)
            if text := _prose_of(tuple(doc), self.row.name):
                yield text


@lru_cache(maxsize=256)
def _prose_of(doc: tuple[str, ...], language: str) -> str:
    """Return documentation as prose; both versions mostly have the same one."""
    return _visible_prose(clean_doc(list(doc), get_language(language).documentation)) if doc else ""


def _visible_prose(doc: str) -> str:
    """Return documentation without addresses; empty if it is not in English."""
    return _URL.sub("", doc).strip() if is_english(doc) else ""


_OPENINGS = (
    "Write {what} in {language}.",
    "I need {what} in {language}.",
    "How would you write {what} in {language}?",
    "Implement {what} in {language}.",
    "Please provide {what}, written in {language}.",
)
_LISTINGS = ("It contains:", "It has these functions:", "Its functions are:", "The functions that it defines:")
_CONTRACTS = (
    "Names, parameters and results must be as given, since other code depends on them.",
    "Keep the names and signatures as they are given; callers rely on them.",
    "Other parts of the project call these functions, so their signatures are fixed.",
)


_TEST_OPENINGS = (
    "Write the tests of `{name}` in {language}.",
    "I need the tests in `{name}`, written in {language}.",
    "How would you write the tests of `{name}` in {language}?",
    "Implement the tests in `{name}` in {language}.",
    "Please provide the tests of `{name}`, written in {language}.",
)
_TEST_LISTINGS = ("It contains these tests and helpers:", "Its tests and helpers are:", "It defines:")
_CASES = ("These cases are covered:", "The cases are:", "It covers:")


def write_request(chosen: str, rejected: str, language: str, path: str, identity: str) -> str:
    """Return the request of a pair, empty if the versions share no function that it could describe.

    Args:
        chosen: The better version.
        rejected: The other version.
        language: Any name of the language of both.
        path: Path of the file in its repository.
        identity: Hexadecimal id of the pair, which selects the wording.

    Raises:
        MissingPartError: The language defines no syntax.
    """
    row = get_language(language)
    versions = _File(chosen, row), _File(rejected, row)
    kept = _shared_functions(*versions)
    if not kept:
        return ""
    draw = _Draw(identity)
    if len(kept) == 1:
        what = f"the function `{kept[0].name}`"
        facts = [f"```{row.fence}\n{kept[0].signature}\n```", _explained(kept[0])]
    else:
        what = f"the code of `{PurePosixPath(path).name}`"
        facts = ["\n".join([draw(_LISTINGS), *_entries(kept)]), draw(_CONTRACTS)]
    opening = draw(_OPENINGS).format(what=what, language=row.name) + _place(path, len(kept) == 1)
    return "\n\n".join(part for part in (opening, _shared_summary(*versions), *facts) if part)


def write_tests_request(chosen: str, rejected: str, language: str, path: str, identity: str) -> str:
    """Return the request for the tests in a file, empty if the versions share no test or helper.

    Args and errors are those of :func:`write_request`.
    """
    row, draw = get_language(language), _Draw(identity)
    functions = shared_functions(chosen, rejected, language)
    cases = [title for title in shared_cases(chosen, rejected, row) if len(title) <= _SIGNATURE][:MAX_FUNCTIONS]
    if not functions and not cases:
        return ""
    opening = draw(_TEST_OPENINGS).format(name=PurePosixPath(path).name, language=row.name) + _place(path, False)
    facts = ["\n".join([draw(_TEST_LISTINGS), *_entries(functions)])] if functions else []
    facts += ["\n".join([draw(_CASES), *(f"- {title}" for title in cases)])] if cases else []
    return "\n\n".join([opening, *facts])


def commit_request(row: Mapping[str, Any]) -> str:
    """Return the request of a commit, whose repository, hash and path select the wording; empty if there is none.

    The request asks for tests if the file is one.

    Raises:
        MissingPartError: The language defines no syntax.
    """
    identity = stable_id("request", row["repos"], row["commit"], row["file_path"])
    write = write_tests_request if task_of_commit(row) == TESTS else write_request
    return write(row["new_contents"], row["old_contents"], row["language"], row["file_path"], identity)


def _shared_summary(chosen: _File, rejected: _File) -> str:
    """Return the documentation of the first class or module that has the same one in both versions; may be empty."""
    if not next(chosen.summaries(), ""):
        return ""
    return next(iter(shared_items(*(list(dict.fromkeys(file.summaries())) for file in (chosen, rejected)))), "")


def _container_doc(node: Node, row: Language) -> list[str]:
    syntax = row.require_syntax()
    if row.documentation.docstring_quotes:
        body = node.child_by_field_name("body")
        first = body.named_children[0] if body is not None and body.named_children else None
        literal = first.named_children[0] if first is not None and first.named_child_count == 1 else None
        return [to_text(literal.text or b"")] if literal is not None and literal.type in syntax.literals else []
    comments: list[str] = []
    line, above = node.start_point.row, node.prev_named_sibling
    while above is not None and above.type in syntax.comments and above.end_point.row >= line - 1:
        comments.insert(0, to_text(above.text or b""))
        line, above = above.start_point.row, above.prev_named_sibling
    return comments


def fixed_words(path: str, language: str) -> frozenset[str]:
    """Return the words of a request that depend on the path and the language of the pair alone."""
    of_tests = (*_TEST_OPENINGS, *_TEST_LISTINGS, *_CASES)
    wordings = (*_OPENINGS, *_LISTINGS, *_CONTRACTS, *of_tests, "the function the code of It belongs to It is part of")
    texts = (*wordings, "It calls It uses the texts", language, path)
    return frozenset(re.findall(r"[^\W_]+|\w+", " ".join(texts)))


class _Draw:
    """Draws wordings by the id of a pair."""

    def __init__(self, identity: str) -> None:
        self.identity = identity

    def __call__(self, wordings: Sequence[str]) -> str:
        return wordings[int(stable_id(self.identity, wordings[0])[:8], 16) % len(wordings)]


def _entries(functions: list[SharedFunction]) -> Iterator[str]:
    several = len({function.owner for function in functions}) > 1
    for function in functions:
        quote = "``" if "`" in function.signature else "`"
        owner = f" of `{function.owner}`" if several and function.owner else ""
        text = " ".join(_shortened(_explained(function)).split())
        yield f"- {quote}{function.signature}{quote}{owner}" + (f": {text}" if text else "")


def _explained(function: SharedFunction) -> str:
    """Return what a function does: its documentation, else its name in words, its calls and its texts."""
    if function.doc:
        return function.doc
    facts = {"It calls": [f"`{call}`" for call in function.calls], "It uses the texts": function.texts}
    sentences = [f"{start} {', '.join(items[:_CALLS])}." for start, items in facts.items() if items]
    words = [word.lower() for word in _WORDS.findall(function.name.split(".")[-1])]
    return " ".join(sentences) or (f"{' '.join(words).capitalize()}." if len(words) > 1 else "")


def _shortened(text: str) -> str:
    """Return the first sentences of a text."""
    if len(text) <= _ENTRY:
        return text
    sentences = text[:_ENTRY].rpartition(". ")[0]
    return f"{sentences}." if sentences else text[:_ENTRY].rpartition(" ")[0]


def _place(path: str, one: bool) -> str:
    """Return a sentence about the part of the project that a file belongs to, from its path."""
    file = PurePosixPath(path)
    folders = "/".join(part for part in file.parent.parts if part not in ("src", "lib", "source", "main", ".", "/"))
    if one:
        return f" It belongs to `{file.name}`" + (f" of `{folders}`." if folders else ".")
    return f" It is part of `{folders}`." if folders else ""
