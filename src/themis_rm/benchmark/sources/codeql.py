"""CodeQL query help: pages that show a fault and its correction in two sample files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup

from themis_rm.benchmark.sources.cleaning.names import neutralize_names
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
from themis_rm.languages.syntax import strip_comments

CRITERION_OF_PATH: dict[str, str] = {
    "cpp/Critical": "ME",
    "cpp/Header Cleanup": "R&M",
    "cpp/Likely Bugs": "FC",
    "cpp/Likely Bugs/Format": "SH",
    "cpp/Likely Bugs/Memory Management/AllocaInLoop": "ME",
    "cpp/Likely Bugs/Memory Management/NtohlArrayNoBound": "SH",
    "cpp/Likely Bugs/Protocols": "SH",
    "cpp/Security": "SH",
    "cpp/Security/CWE/CWE-457": "FC",
    "cpp/Security/CWE/CWE-764": "FC",
    "cpp/Security/CWE/CWE-835": "FC",
    "cpp/jsf": "R&M",
    "csharp/API Abuse": "FC",
    "csharp/API Abuse/CallToObsoleteMethod": "R&M",
    "csharp/API Abuse/DisposeNotCalledOnException": "ME",
    "csharp/API Abuse/MissingDisposeCall": "ME",
    "csharp/API Abuse/MissingDisposeMethod": "ME",
    "csharp/API Abuse/NoDisposeCallOnLocalIDisposable": "ME",
    "csharp/Architecture": "R&M",
    "csharp/Bad Practices": "R&M",
    "csharp/Bad Practices/Control-Flow/ConstantCondition": "FC",
    "csharp/CSI": "FC",
    "csharp/Concurrency": "FC",
    "csharp/Dead Code": "R&M",
    "csharp/Input Validation": "SH",
    "csharp/Language Abuse": "R&M",
    "csharp/Language Abuse/ForeachCapture": "FC",
    "csharp/Likely Bugs": "FC",
    "csharp/Likely Bugs/Collections/WriteOnlyContainer": "R&M",
    "csharp/Likely Bugs/Statements/UseBraces": "R&M",
    "csharp/Linq": "R&M",
    "csharp/Linq/BadMultipleIteration": "FC",
    "csharp/Metrics": "R&M",
    "csharp/Performance": "EE",
    "csharp/Security Features": "SH",
    "csharp/Useless code": "R&M",
    "csharp/external": "R&M",
    "java/Advisory": "R&M",
    "java/Architecture": "R&M",
    "java/Complexity": "R&M",
    "java/DeadCode": "R&M",
    "java/Frameworks": "R&M",
    "java/Language Abuse": "R&M",
    "java/Language Abuse/IterableIterator": "FC",
    "java/Language Abuse/WrappedIterator": "FC",
    "java/Likely Bugs": "FC",
    "java/Likely Bugs/Collections/WriteOnlyContainer": "R&M",
    "java/Likely Bugs/Concurrency/BusyWait": "EE",
    "java/Likely Bugs/Resource Leaks": "ME",
    "java/Likely Bugs/Statements/UseBraces": "R&M",
    "java/Metrics": "R&M",
    "java/Performance": "EE",
    "java/Security": "SH",
    "java/Security/CWE/CWE-835": "FC",
    "java/Violations of Best Practice": "R&M",
    "java/Violations of Best Practice/Undesirable Calls/CallsToRunFinalizersOnExit": "FC",
    "java/experimental/Security": "SH",
    "javascript/AngularJS": "FC",
    "javascript/AngularJS/DisablingSce": "SH",
    "javascript/AngularJS/DuplicateDependency": "R&M",
    "javascript/AngularJS/RepeatedInjection": "R&M",
    "javascript/DOM/PseudoEval": "R&M",
    "javascript/DOM/TargetBlank": "SH",
    "javascript/Declarations": "FC",
    "javascript/Declarations/ClobberingVarInit": "R&M",
    "javascript/Declarations/DeadStore.inc": "R&M",
    "javascript/Declarations/DeadStoreOfGlobal": "R&M",
    "javascript/Declarations/TooManyParameters": "R&M",
    "javascript/Declarations/UnusedVariable": "R&M",
    "javascript/Expressions": "FC",
    "javascript/Expressions/UnneededDefensiveProgramming": "R&M",
    "javascript/Expressions/WhitespaceContradictsPrecedence": "R&M",
    "javascript/LanguageFeatures": "FC",
    "javascript/LanguageFeatures/ArgumentsCallerCallee": "R&M",
    "javascript/LanguageFeatures/DeleteVar": "R&M",
    "javascript/LanguageFeatures/EmptyArrayInit": "R&M",
    "javascript/LanguageFeatures/Eval": "R&M",
    "javascript/LanguageFeatures/ExpressionClosures": "R&M",
    "javascript/LanguageFeatures/ForInComprehensionBlocks": "R&M",
    "javascript/LanguageFeatures/SemicolonInsertion": "R&M",
    "javascript/LanguageFeatures/WithStatement": "R&M",
    "javascript/NodeJS": "FC",
    "javascript/NodeJS/CyclicImport": "R&M",
    "javascript/Performance": "EE",
    "javascript/React": "FC",
    "javascript/RegExp": "FC",
    "javascript/Security": "SH",
    "javascript/Statements": "FC",
    "javascript/Statements/DanglingElse": "R&M",
    "javascript/Statements/ImplicitReturn": "R&M",
    "javascript/Statements/InconsistentReturn": "R&M",
    "javascript/Statements/MisleadingIndentationAfterControlStmt": "R&M",
    "javascript/Statements/NestedLoopsSameVariable": "R&M",
    "javascript/Statements/ReturnAssignsLocal": "R&M",
    "javascript/Statements/UnreachableStatement": "R&M",
    "javascript/experimental/Security": "SH",
    "python/Classes": "FC",
    "python/Exceptions": "FC",
    "python/Expressions/TruncatedDivision": "FC",
    "python/Expressions/UnnecessaryLambda": "R&M",
    "python/Functions": "R&M",
    "python/Imports": "R&M",
    "python/Imports/FromImportOfMutableAttribute": "FC",
    "python/Metrics": "R&M",
    "python/Security": "SH",
    "python/Statements": "R&M",
    "python/Testing": "R&M",
    "python/Variables": "FC",
    "python/experimental/Security": "SH",
}
"""Path of pages -> their criterion; the longest matching path decides. Directories are upstream's categories; a single
page is listed where its criterion differs from its directory's."""

PAIRS_OF_PAGE: dict[str, tuple[tuple[str, str], ...]] = {
    "cpp/Likely Bugs/Arithmetic/BadAdditionOverflowCheck": (
        ("BadAdditionOverflowCheckExample1", "BadAdditionOverflowCheckExample2"),
    ),
    "csharp/Concurrency/UnsafeLazyInitialization": (
        ("UnsafeLazyInitialization1", "UnsafeLazyInitializationFix1"),
        ("UnsafeLazyInitialization2", "UnsafeLazyInitializationFix2"),
    ),
    "java/Likely Bugs/Comparison/HashedButNoHash": (("HashedButNoHashBad", "HashedButNoHash"),),
    "java/Likely Bugs/Comparison/RefEqBoxed": (("RefEqBoxedBad", "RefEqBoxed"),),
    "java/Likely Bugs/Concurrency/DoubleCheckedLockingShared.inc": (
        ("DoubleCheckedLockingBad1", "DoubleCheckedLockingGood"),
        ("DoubleCheckedLockingBad2", "DoubleCheckedLockingGood"),
    ),
    "java/Violations of Best Practice/Exception Handling/DroppedExceptions": (
        ("DroppedExceptions", "DroppedExceptions-good"),
    ),
    "java/experimental/Security/CWE/CWE-094/JexlInjection": (
        ("UnsafeJexlExpressionEvaluation", "SaferJexlExpressionEvaluationWithSandbox"),
        ("UnsafeJexlExpressionEvaluation", "SaferJexlExpressionEvaluationWithUberspectSandbox"),
    ),
    "java/experimental/Security/CWE/CWE-094/SpelInjection": (
        ("UnsafeSpelExpressionEvaluation", "SaferSpelExpressionEvaluation"),
    ),
    "java/experimental/Security/CWE/CWE-299/DisabledRevocationChecking": (
        ("NoRevocationChecking", "DefaultRevocationChecking"),
        ("NoRevocationChecking", "CustomRevocationChecking"),
    ),
    "java/experimental/Security/CWE/CWE-327/UnsafeTlsVersion": (("UnsafeTLSVersion", "SaferTLSVersion"),),
    "javascript/AngularJS/MissingExplicitInjection": (("ImplicitDependency", "ImplicitDependency-explicit"),),
    "javascript/Security/CWE-451/MissingXFrameOptions": (("missing-X-Frame-Options", "X-Frame-Options"),),
    "python/Imports/Imports": (("ImportTwiceOnALine", "ImportOnTwoLines"),),
    "python/Security/CWE-377/InsecureTemporaryFile": (("InsecureTemporaryFile", "SecureTemporaryFile"),),
    "python/Security/CWE-502/UnsafeDeserialization": (("UnpicklingBad", "JsonGood"),),
    "python/Statements/UseOfExit": (("ExitUsed", "SysExitUsed"),),
    "python/Testing/ImpreciseAssert": (("ImpreciseAssert", "ImpreciseAssert2"),),
    "python/Variables/LoopVariableCapture": (("LoopVariableCapture", "LoopVariableCapture2"),),
}
"""Page -> worse and better sample, for pages whose file names do not say which is which; taken from their texts."""

_SAMPLE_NAME = re.compile(
    r"(?P<base>.+?)(?:[-_.](?P<word>bad|BAD|good|GOOD|fixed|safe|better|ok)|(?P<Word>Bad|Incorrect|Vulnerable|Good|Fixed|Fix|"
    r"Correct|Acceptable))(?P<number>\d*)(?:-[A-Z])?"
)
_JSX_COMMENT = re.compile(r"[ \t]*//[ \t]*(?:GOOD|BAD)\b.*")
"""A comment within JSX text, where JavaScript has none."""
_MAX_LENGTH_RATIO = 3
"""Largest ratio of the sides' lengths; beyond it the longer one shows something else."""
_WORSE = frozenset({"bad", "incorrect", "vulnerable"})


@dataclass(frozen=True, slots=True)
class _Sample:
    """A sample file, described by its name: ``FooGood2`` is the second good one of ``Foo``."""

    path: Path
    base: str
    number: str
    side: str


def _read(directory: Path) -> Iterator[SourceRecord]:
    pages = sorted(directory.rglob("*.qhelp"), key=lambda page: page.relative_to(directory).as_posix())
    if not pages:
        raise InputError(f"{directory} contains no *.qhelp file.", DOWNLOAD_HINT)
    seen: set[tuple[Path, Path]] = set()
    for page in pages:
        name = page.relative_to(directory).as_posix().removesuffix(".qhelp").replace("/ql/src/", "/", 1)
        samples = _samples(page, directory)
        matched = _match_samples(name, samples)
        used = {sample.path for pair in matched for sample in pair}
        for worse, better in matched:
            key = f"{name}:{worse.path.stem}:{better.path.stem}"
            if (worse.path, better.path) in seen:
                yield UnusableRecord(key, "duplicate")
                continue
            seen.add((worse.path, better.path))
            yield _pair(key, name, worse.path, better.path)
        if not used:
            yield UnusableRecord(name, "unmatched-examples")
        for sample in samples if used else ():
            if sample.path not in used:
                yield UnusableRecord(f"{name}:{sample.path.name}", "unmatched-examples")


def _samples(page: Path, directory: Path) -> list[_Sample]:
    """Return the samples of a page without repetitions.

    Raises:
        InputError: The page refers to a file outside of the directory.
    """
    # Pages are XML, but the HTML parser does not expand entities that a page declares.
    tags = BeautifulSoup(read_text(page), "html.parser").find_all("sample", src=True)
    samples: dict[Path, _Sample] = {}
    for name in (str(tag["src"]) for tag in tags):
        path = (page.parent / name).resolve()
        if not path.is_relative_to(directory.resolve()):
            raise InputError(f"{page} refers to a file outside of its directory: {name}.", DOWNLOAD_HINT)
        samples[path] = _classify_sample(path)
    return list(samples.values())


def _classify_sample(path: Path) -> _Sample:
    match = _SAMPLE_NAME.fullmatch(path.stem)
    if match is None:
        return _Sample(path, path.stem, "", "")
    word = (match["word"] or match["Word"]).lower()
    return _Sample(path, match["base"], match["number"], "worse" if word in _WORSE else "better")


def _match_samples(name: str, samples: list[_Sample]) -> list[tuple[_Sample, _Sample]]:
    """Return the pairs of a worse and a better sample of a page, from the table or by their names.

    ``FooGood2`` matches ``FooBad2`` and ``Foo2``, or else both ``Foo`` and ``FooBad``. A better sample without a number
    matches all worse ones of its base name.
    """
    if name in PAIRS_OF_PAGE:
        by_stem = {sample.path.stem: sample for sample in samples}
        return [
            (by_stem[worse], by_stem[better])
            for worse, better in PAIRS_OF_PAGE[name]
            if worse in by_stem and better in by_stem
        ]
    pairs = []
    for better in (sample for sample in samples if sample.side == "better"):
        others = [
            sample
            for sample in samples
            if sample.side != "better" and sample.path.suffix == better.path.suffix and sample.base == better.base
        ]
        if better.number:
            same = [sample for sample in others if sample.number == better.number]
            same += [s for s in samples if not s.side and s.path.stem == better.base + better.number]
            others = same or [sample for sample in others if not sample.number]
        pairs += [(other, better) for other in others]
    return pairs


def _pair(key: str, name: str, worse: Path, better: Path) -> SourceRecord:
    language_row = benchmark_language_of_path(worse.name)
    if language_row is None or language_row != benchmark_language_of_path(better.name):
        return UnusableRecord(key, "language")
    criterion = _criterion(name)
    if criterion is None:
        return UnusableRecord(key, "page-without-criterion")
    texts = [_without_comments(path, language_row.name) for path in (better, worse)]
    if max(map(len, texts)) > _MAX_LENGTH_RATIO * min(map(len, texts)):
        return UnusableRecord(key, "other-scope")
    chosen, rejected = texts
    return SourcePair(
        key=key,
        criterion=criterion,
        language=language_row.benchmark_name,
        chosen=neutralize_names(chosen, language_row.name, other_side=rejected),
        rejected=neutralize_names(rejected, language_row.name, other_side=chosen),
        group=name,
        rule=re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name.rsplit("/", 1)[-1].removesuffix(".inc")),
    )


def _criterion(name: str) -> str | None:
    parts = name.split("/")
    for length in range(len(parts), 0, -1):
        criterion = CRITERION_OF_PATH.get("/".join(parts[:length]))
        if criterion:
            return criterion
    return None


def _without_comments(path: Path, language: str) -> str:
    """Return a sample without its comments, which explain the fault to the reader."""
    code = _JSX_COMMENT.sub("", strip_comments(read_text(path), language))
    lines = [line.rstrip() for line in code.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") + "\n"


SOURCES.register(
    BenchmarkSource(
        name="codeql",
        directory="codeql_examples",
        title="CodeQL query help",
        subset="CODEQL_EXAMPLES",
        license="MIT",
        criteria=("FC", "EE", "ME", "R&M", "SH"),
        languages=("C", "CSharp", "Cpp", "Java", "JavaScript", "Python"),
        prompts="template",
        responses="people; teaching examples of a fault and its correction",
        tests=False,
        citation="GitHub, Inc. (2021). CodeQL query help, https://github.com/Semmle/ql, commit a760ed8",
        upstream="github:Semmle/ql",
        revision="a760ed8c557ae34fa96b306f5cf79e013cfdeaa2",
        files=("{cpp,csharp,java,javascript,python}/ql/src/**/*.qhelp", "the sample files that they refer to"),
        read=_read,
        notes=(
            "Pages that show both sides in one file are not used. All comments of the samples are removed, as they "
            "explain the fault. Semmle/ql is the former name of github/codeql."
        ),
    )
)
