"""Juliet test suite for C and C++: programs made by a generator, each with one weakness and its remedy.

One file holds a ``bad`` function and one or more ``good`` ones, between ``#ifndef OMITBAD`` and ``#ifndef OMITGOOD``.
Everything in it tells the sides apart: file names, comments, names of functions, variables and macros. What is left
here of each side is what the preprocessor would leave, under neutral names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.cleaning.labels import remove_revealing_comments, reveals_label
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)
from themis_rm.errors import InputError
from themis_rm.languages import language_of_path
from themis_rm.languages.syntax import (
    Function,
    comment_ranges,
    find_functions,
    parse,
    strip_comments,
    to_bytes,
    to_text,
)

CRITERION_OF_CWE: dict[int, str] = {
    **dict.fromkeys((401, 404, 773, 775), "ME"),
    **dict.fromkeys((396, 397, 398, 561, 563), "R&M"),
    # Return values and errors passed over, wrong operators and blocks, arithmetic, undefined behaviour without a way in
    # for an attacker, resources used out of turn.
    **dict.fromkeys((188, 252, 253, 364, 366, 369, 390, 391, 440, 457, 467, 468, 469, 475, 476, 478, 479, 480), "FC"),
    **dict.fromkeys((481, 482, 483, 484, 562, 570, 571, 587, 588, 605, 617, 665, 666, 667, 672, 674, 675, 681), "FC"),
    **dict.fromkeys((685, 688, 690, 758, 832, 835), "FC"),
}
"""Weaknesses that are no matter of security in the first place; all others are ``SH``."""

_ABOUT_COMMENTS = frozenset({546, 615})
"""Weaknesses that lie in comments: without comments that tell, both sides are one."""

_READS = frozenset(
    (
        "recv",
        "fgets",
        "fgetws",
        "fscanf",
        "fwscanf",
        "scanf",
        "fread",
        "fgetc",
        "GETENV",
        "getenv",
        "gets",
        "rand",
        "RAND32",
    )
)
"""Functions by which the test programs get their input."""

_NAME = "action"
"""What the function under test is called on both sides."""
_FILE = re.compile(r"CWE(\d+)_(\w+?)__\w+_01\.(?:c|cpp)")
_SIDE = re.compile(r"(?i)(?:good|bad)(?:[GB]2[GB])?\d*")
_OWN_NAME = re.compile(r"CWE\d+_\w*?_01(?=_|[A-Z]|\b)_?")
_TELLS = re.compile(r"(?i)good|bad|flaw|incidental|warning|\bmay\b|\bmissing\b|\bno \w+|\bnot\b|\bneeded for\b")
_GOOD = re.compile(r"good(?:(G2B|B2G)?\d*)")


def _read(folder: Path) -> Iterator[SourceRecord]:
    paths = sorted(folder.rglob("*_01.c*"), key=lambda path: path.relative_to(folder).as_posix())
    if not paths:
        raise InputError(f"{folder} holds no *_01.c or *_01.cpp file.", "Fetch the source's files again.")
    for path in paths:
        key, spoken = path.stem, language_of_path(path.name)
        match = _FILE.fullmatch(path.name)
        if spoken is None or match is None:
            yield UnusableRecord(key, "not-a-test-case")
            continue
        cwe, title = int(match.group(1)), match.group(2).replace("_", " ")
        if cwe in _ABOUT_COMMENTS:
            yield UnusableRecord(key, "comments-only")
            continue
        yield _pair(key, read_text(path), spoken.benchmark_name, cwe, title)


def _pair(key: str, text: str, language: str, cwe: int, title: str) -> SourceRecord:
    bad = _side(text, "BAD")
    good = _side(text, "GOOD")
    rejected = _with_one(bad, language, _bad_function(bad, language))
    chosen_function, of_source = _good_function(good, language)
    chosen = _with_one(good, language, chosen_function)
    if not rejected or not chosen:
        return UnusableRecord(key, "one-side-only")
    if of_source and _reads(rejected, language) - _reads(chosen, language):
        # The remedy is to take a constant instead of the input: that solves another task.
        return UnusableRecord(key, "good-side-reads-no-input")
    return SourcePair(
        key=key,
        criterion=CRITERION_OF_CWE.get(cwe, "SH"),
        language=language,
        chosen=_neutral(chosen, language, _neutral_names(key, text, chosen)),
        rejected=_neutral(rejected, language, _neutral_names(key, text, rejected)),
        group=f"CWE{cwe}",
        rule=f"CWE-{cwe} {title}",
    )


def _side(text: str, side: str) -> str:
    """Return what the preprocessor would leave for one side, without ``main``; other conditions stay."""
    kept: list[str] = []
    stack: list[str | None] = []
    for line in text.split("\n"):
        word = line.strip().split()
        if word and word[0] in {"#if", "#ifdef", "#ifndef"}:
            name = word[1] if len(word) > 1 and word[1] in {"OMITBAD", "OMITGOOD", "INCLUDEMAIN"} else None
            stack.append(name)
            if name:
                continue
        elif word and word[0] == "#endif" and stack and stack.pop():
            continue
        if all(name in {None, f"OMIT{side}"} for name in stack):
            kept.append(line)
    return "\n".join(kept)


def _functions(code: str, language: str) -> list[Function]:
    data = to_bytes(code)
    return find_functions(parse(data, language), data, language)


def _bad_function(code: str, language: str) -> str:
    names = [found.name for found in _functions(code, language)]
    return next(
        (name for name in names if re.fullmatch(r"(?:CWE\w+_)?bad", name.rsplit("::", 1)[-1].rsplit(".")[-1])), ""
    )


def _good_function(code: str, language: str) -> tuple[str, bool]:
    """Return the remedy that is nearest to the bad function, and whether it is one in which the input differs.

    ``goodB2G`` has the bad function's input and a mended use of it; ``good1`` is a mended whole; ``goodG2B`` has a
    harmless input and the same use.
    """
    matches = [(found.name, _GOOD.fullmatch(found.name)) for found in _functions(code, language)]
    kinds = [(name, match.group(1) or "") for name, match in matches if match and name != "good"]
    for wanted in ("B2G", "", "G2B"):
        for name, kind in kinds:
            if kind == wanted:
                return name, wanted == "G2B"
    return "", False


def _with_one(code: str, language: str, name: str) -> str:
    """Return the code with one of its functions and those that it calls; empty if it has no such function."""
    data = to_bytes(code)
    found = find_functions(parse(data, language), data, language)
    texts = {f.name: to_text(data[f.node.start_byte : f.node.end_byte]) for f in found}
    if name not in texts:
        return ""
    needed, queue = {name}, [name]
    while queue:
        words = set(re.findall(r"\w+", texts[queue.pop()]))
        more = [other for other in texts if other in words and other not in needed]
        needed.update(more)
        queue += more
    kept, position = [], 0
    for function in found:
        if function.name not in needed:
            start = min([function.node.start_byte, *(first for first, _ in function.doc)])
            kept.append(data[position:start])
            position = function.node.end_byte
    return to_text(b"".join([*kept, data[position:]]))


def _reads(code: str, language: str) -> frozenset[str]:
    """Return the input functions that the code itself calls; a macro's definition calls nothing."""
    lines = strip_comments(code, language).split("\n")
    return _READS & set(re.findall(r"\w+", "\n".join(line for line in lines if not line.startswith("#"))))


def _neutral_names(key: str, text: str, code: str) -> dict[str, str]:
    """Return new names for the words of one side of a file that hold the side or the weakness.

    Which of two names that become one gets the number is drawn from the key: else the number would be the label.
    """
    here = set(re.findall(r"\w+", code))
    words = [word for word in dict.fromkeys(re.findall(r"\w+", text)) if word in here]
    if hashlib.sha256(key.encode()).digest()[0] & 1:
        words.reverse()
    taken = {word for word in words if _bare(word) == word}
    names: dict[str, str] = {}
    for word in words:
        new = _bare(word)
        if new == word:
            continue
        if _is_tested(word):
            names[word] = _NAME
            continue
        free, number = new, 2
        while free in taken:
            free, number = f"{new}{number}", number + 1
        taken.add(free)
        names[word] = free
    return names


def _is_tested(word: str) -> bool:
    return re.fullmatch(r"(?:CWE\d+_\w+_)?(?:bad|good(?:G2B|B2G)?\d*)", word) is not None


def _bare(word: str) -> str:
    text = _SIDE.sub("", _OWN_NAME.sub("", word))
    if text == word:
        return word
    text = re.sub(r"__+", "_", text).strip("_")
    return text if text and not text[0].isdigit() else f"part{text}"


def _neutral(code: str, language: str, names: dict[str, str]) -> str:
    code = remove_revealing_comments(code, language, _tells)
    data = to_bytes(code)
    ranges = comment_ranges(parse(data, language), language)
    if ranges and not data[: ranges[0][0]].strip():
        code = to_text(data[ranges[0][1] :])
    code = re.sub(r"\w+", lambda match: names.get(match.group(), match.group()), code)
    code = re.sub(rf"^static (void {_NAME}\()", r"\1", code, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", code).strip() + "\n"


def _tells(comment: str) -> bool:
    return reveals_label(comment) or _TELLS.search(comment) is not None


SOURCES.register(
    BenchmarkSource(
        name="juliet",
        directory="juliet_c_cpp_sample",
        title="Juliet C/C++ 1.3",
        subset="JULIET",
        license="LicenseRef-public-domain",
        criteria=("SH", "FC", "ME", "R&M"),
        languages=("C", "Cpp"),
        prompts="template",
        responses="a generator by the NSA's Center for Assured Software; one weakness and its remedy per file",
        tests=False,
        citation=(
            "Black (2018). Juliet 1.3 Test Suite: Changes From 1.2. NIST Technical Note 1995, doi:10.6028/NIST.TN.1995"
        ),
        upstream="github:arichardson/juliet-test-suite-c",
        revision="f88433e3443648a17671398797a04ea1f8e1a274",
        files=("testcases/**/*_01.c", "testcases/**/*_01.cpp"),
        read=_read,
        notes=(
            "Reads the single-file baseline variants (01). Some remedies of CWE-398 put a statement where none was. "
            "Variants of one weakness are near copies of each other: a weakness is one group."
        ),
    )
)
