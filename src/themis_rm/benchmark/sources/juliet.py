"""Juliet test suite for C and C++: generated programs, each with one weakness and its remedy.

A file contains a ``bad`` function and one or more ``good`` ones, after ``#ifndef OMITBAD`` and ``#ifndef OMITGOOD``.
File names, comments and the names of functions, variables and macros all reveal the side. Each response is the
preprocessor's output for one side, with neutral names.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.cleaning.labels import remove_revealing_comments, reveals_label
from themis_rm.benchmark.sources.source import (
    DOWNLOAD_HINT,
    SOURCES,
    BenchmarkSource,
    SourcePair,
    SourceRecord,
    UnusableRecord,
    read_text,
)
from themis_rm.errors import InputError
from themis_rm.languages import benchmark_language_of_path
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
    # Ignored return values and errors, wrong operators and blocks, arithmetic, undefined behavior that an attacker
    # cannot exploit, resources used in the wrong order.
    **dict.fromkeys((188, 252, 253, 364, 366, 369, 390, 391, 440, 457, 467, 468, 469, 475, 476, 478, 479, 480), "FC"),
    **dict.fromkeys((481, 482, 483, 484, 562, 570, 571, 587, 588, 605, 617, 665, 666, 667, 672, 674, 675, 681), "FC"),
    **dict.fromkeys((685, 688, 690, 758, 832, 835), "FC"),
}
"""Criteria of the weaknesses that are not primarily about security; all others are ``SH``."""

_ABOUT_COMMENTS = frozenset({546, 615})
"""Weaknesses in comments: without revealing comments, both sides are equal."""

_INPUT_FUNCTIONS = frozenset(
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
"""Functions by which the test programs read input."""

_NAME = "action"
"""Neutral name of the function under test."""
_FILE = re.compile(r"CWE(\d+)_(\w+?)__\w+_01\.(?:c|cpp)")
_SIDE = re.compile(r"(?i)(?:good|bad)(?:[GB]2[GB])?\d*")
_OWN_NAME = re.compile(r"CWE\d+_\w*?_01(?=_|[A-Z]|\b)_?")
_REVEALING = re.compile(r"(?i)good|bad|flaw|incidental|warning|\bmay\b|\bmissing\b|\bno \w+|\bnot\b|\bneeded for\b")
_GOOD = re.compile(r"good(?:(G2B|B2G)?\d*)")


def _read(directory: Path) -> Iterator[SourceRecord]:
    paths = sorted(directory.rglob("*_01.c*"), key=lambda path: path.relative_to(directory).as_posix())
    if not paths:
        raise InputError(f"{directory} contains no *_01.c or *_01.cpp file.", DOWNLOAD_HINT)
    for path in paths:
        key, language_row = path.stem, benchmark_language_of_path(path.name)
        match = _FILE.fullmatch(path.name)
        if language_row is None or match is None:
            yield UnusableRecord(key, "not-a-test-case")
            continue
        cwe, title = int(match.group(1)), match.group(2).replace("_", " ")
        if cwe in _ABOUT_COMMENTS:
            yield UnusableRecord(key, "comments-only")
            continue
        yield _pair(key, read_text(path), language_row.benchmark_name, cwe, title)


def _pair(key: str, text: str, language: str, cwe: int, title: str) -> SourceRecord:
    bad = _preprocess(text, "BAD")
    good = _preprocess(text, "GOOD")
    rejected = _keep_function(bad, language, _find_bad_function(bad, language))
    chosen_function, of_source = _find_good_function(good, language)
    chosen = _keep_function(good, language, chosen_function)
    if not rejected or not chosen:
        return UnusableRecord(key, "one-side-only")
    if of_source and _input_calls(rejected, language) - _input_calls(chosen, language):
        # The remedy replaces the input by a constant, which solves a different task.
        return UnusableRecord(key, "good-side-reads-no-input")
    return SourcePair(
        key=key,
        criterion=CRITERION_OF_CWE.get(cwe, "SH"),
        language=language,
        chosen=_neutralize(chosen, language, _neutral_names(key, text, chosen)),
        rejected=_neutralize(rejected, language, _neutral_names(key, text, rejected)),
        group=f"CWE{cwe}",
        rule=f"CWE-{cwe} {title}",
    )


def _preprocess(text: str, side: str) -> str:
    """Return the preprocessor's output for one side, without ``main``; other conditions stay."""
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


def _parse_functions(code: str, language: str) -> list[Function]:
    data = to_bytes(code)
    return find_functions(parse(data, language), data, language)


def _find_bad_function(code: str, language: str) -> str:
    names = [function.name for function in _parse_functions(code, language)]
    return next(
        (name for name in names if re.fullmatch(r"(?:CWE\w+_)?bad", name.rsplit("::", 1)[-1].rsplit(".")[-1])), ""
    )


def _find_good_function(code: str, language: str) -> tuple[str, bool]:
    """Return the remedy that is closest to the bad function, and whether it differs in the input only.

    ``goodB2G`` uses the bad function's input correctly; ``good1`` is a corrected version of the complete function;
    ``goodG2B`` uses a harmless input in the same way.
    """
    matches = [(function.name, _GOOD.fullmatch(function.name)) for function in _parse_functions(code, language)]
    kinds = [(name, match.group(1) or "") for name, match in matches if match and name != "good"]
    for wanted in ("B2G", "", "G2B"):
        for name, kind in kinds:
            if kind == wanted:
                return name, wanted == "G2B"
    return "", False


def _keep_function(code: str, language: str, name: str) -> str:
    """Return the code with only one of its functions and those that it calls; empty if that function is missing."""
    data = to_bytes(code)
    all_functions = find_functions(parse(data, language), data, language)
    texts = {f.name: to_text(data[f.node.start_byte : f.node.end_byte]) for f in all_functions}
    if name not in texts:
        return ""
    needed, queue = {name}, [name]
    while queue:
        words = set(re.findall(r"\w+", texts[queue.pop()]))
        more = [other for other in texts if other in words and other not in needed]
        needed.update(more)
        queue += more
    kept, position = [], 0
    for function in all_functions:
        if function.name not in needed:
            start = min([function.node.start_byte, *(first for first, _ in function.doc)])
            kept.append(data[position:start])
            position = function.node.end_byte
    return to_text(b"".join([*kept, data[position:]]))


def _input_calls(code: str, language: str) -> frozenset[str]:
    """Return the input functions that the code calls outside of macro definitions."""
    lines = strip_comments(code, language).split("\n")
    return _INPUT_FUNCTIONS & set(re.findall(r"\w+", "\n".join(line for line in lines if not line.startswith("#"))))


def _neutral_names(key: str, text: str, code: str) -> dict[str, str]:
    """Return neutral names for the words of one side of a file that reveal the side or the weakness.

    The key decides at random which of two names that become equal gets a number, as the number would otherwise reveal
    the side.
    """
    used = set(re.findall(r"\w+", code))
    words = [word for word in dict.fromkeys(re.findall(r"\w+", text)) if word in used]
    if hashlib.sha256(key.encode()).digest()[0] & 1:
        words.reverse()
    taken = {word for word in words if _strip_label(word) == word}
    names: dict[str, str] = {}
    for word in words:
        new = _strip_label(word)
        if new == word:
            continue
        if _is_function_under_test(word):
            names[word] = _NAME
            continue
        free, number = new, 2
        while free in taken:
            free, number = f"{new}{number}", number + 1
        taken.add(free)
        names[word] = free
    return names


def _is_function_under_test(word: str) -> bool:
    return re.fullmatch(r"(?:CWE\d+_\w+_)?(?:bad|good(?:G2B|B2G)?\d*)", word) is not None


def _strip_label(word: str) -> str:
    text = _SIDE.sub("", _OWN_NAME.sub("", word))
    if text == word:
        return word
    text = re.sub(r"__+", "_", text).strip("_")
    return text if text and not text[0].isdigit() else f"part{text}"


def _neutralize(code: str, language: str, names: dict[str, str]) -> str:
    code = remove_revealing_comments(code, language, _reveals)
    data = to_bytes(code)
    ranges = comment_ranges(parse(data, language), language)
    if ranges and not data[: ranges[0][0]].strip():
        code = to_text(data[ranges[0][1] :])
    code = re.sub(r"\w+", lambda match: names.get(match.group(), match.group()), code)
    code = re.sub(rf"^static (void {_NAME}\()", r"\1", code, flags=re.MULTILINE)
    return re.sub(r"\n{3,}", "\n\n", code).strip() + "\n"


def _reveals(comment: str) -> bool:
    return reveals_label(comment) or _REVEALING.search(comment) is not None


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
        responses="generated by the NSA's Center for Assured Software; one weakness and its remedy per file",
        tests=False,
        citation=(
            "Black (2018). Juliet 1.3 Test Suite: Changes From 1.2. NIST Technical Note 1995, doi:10.6028/NIST.TN.1995"
        ),
        upstream="github:arichardson/juliet-test-suite-c",
        revision="f88433e3443648a17671398797a04ea1f8e1a274",
        files=("testcases/**/*_01.c", "testcases/**/*_01.cpp"),
        read=_read,
        notes=(
            "Reads the single-file baseline variants (01). Some remedies of CWE-398 add a statement to an empty block. "
            "Variants of a weakness are near copies of each other and form one group."
        ),
    )
)
