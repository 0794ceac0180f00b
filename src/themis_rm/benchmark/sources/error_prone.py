"""Error Prone: bug patterns for Java, where the sentence before a block says whether it is good or bad."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.examples import (
    ExampleRule,
    MarkedSection,
    group_sections,
    key_by_word,
    pair_examples,
)
from themis_rm.benchmark.sources.formats.markdown import FencedBlock, fenced_blocks
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_text,
)

_BAD = re.compile(
    r"(?i)(?:^|\W)(?:(?:instead|rather than|in place|and not|but not)(?: of)?(?: doing| writing| using)?"
    r"(?: something like)?(?: this| the following)?|not this|to this|to the following|over this|over code like this|"
    r"don't do this|do not do this|avoid(?: this)?|before|bad|to the equivalent but more verbose explicit conversion|"
    r"to replace this|is wrong|the incorrect code for this typically looks like)[:.]$"
)
_GOOD = re.compile(
    r"(?i)(?:^|\W)(?:prefer(?: this| using)?(?: instead)?|do this(?: instead)?|do instead|instead,? do this|write this|"
    r"you can write this|use this(?: instead)?|with this|after|good|correct|instead,? (?:use|write|prefer|do)[^.:]*|"
    r"you should (?:use|write|instead)[^.:]*|instead, you should write|should be written as|should be|which should be|"
    r"consider|(?:a better|the correct|the fix|the preferred|clearer)[^.:]*|the author probably meant|"
    r"instead,? consider[^.:]*|prefer [^.:]*)[:.]?$"
)
_ALSO = re.compile(r"(?i)^or(?: this| better| even better)?:?$")

_SIDES = {
    "AssertThrowsMinimizer": "bg",
    "AssertThrowsMultipleStatements": "bg",
    "AssertionFailureIgnored": "bg",
    "AssignmentExpression": "bg",
    "AvoidObjectArrays": "bgbg",
    "BadInstanceof": "---bg",
    "CatchAndPrintStackTrace": "g-b",
    "CheckReturnValue": "bg----",
    "ClassInitializationDeadlock": "bg------",
    "CloseableProvides": "bg-",
    "CollectionUndefinedEquality": "-bg",
    "CompareToZero": "bgbg",
    "ComplexBooleanConstant": "bg-",
    "ConstantOverflow": "bg",
    "DoNotMockAutoValue": "bg--",
    "EmptySetMultibindingContributions": "bg",
    "EnumOrdinal": "gbgb",
    "ExpectedExceptionChecker": "bg",
    "ExposedPrivateType": "bg-",
    "FieldCanBeLocal": "bg",
    "Finally": "bg-",
    "FloggerArgumentToString": "gb",
    "FloggerStringConcatenation": "gb",
    "IdentityHashMapBoxing": "bg",
    "ImpossibleNullComparison": "bg-",
    "InconsistentOverloads": "gb-",
    "InlineTrivialConstant": "gb",
    "IntLongMath": "bg",
    "InterfaceWithOnlyStatics": "bg",
    "IsInstanceOfClass": "bg",
    "LockNotBeforeTry": "gb-",
    "LongDoubleConversion": "bg",
    "LongFloatConversion": "bg-",
    "MemorySegmentReferenceEquality": "bg",
    "MissingFail": "bg-",
    "MixedArrayDimensions": "bg",
    "MockitoDoSetup": "gb",
    "ModifiedButNotUsed": "-bg-",
    "ObjectsHashCodePrimitive": "bg",
    "OperatorPrecedence": "gb",
    "OptionalNotPresent": "b-g",
    "PatternMatchingInstanceof": "gb",
    "PreferCharsetOverload": "bg",
    "RecordAccessorInCompactConstructor": "bg",
    "RedundantControlFlow": "bg-",
    "ReturnAtTheEndOfVoidFunction": "bg",
    "SelfAlwaysReturnsThis": "gb",
    "SelfSet": "bg--",
    "StreamToIterable": "-bg-",
    "SuperCallToObjectMethod": "bg-",
    "TestExceptionChecker": "bg",
    "TypeParameterQualifier": "bg",
    "UnnecessaryMethodReference": "bg",
    "UnnecessaryQualifier": "bg",
    "UnsafeLocaleUsage": "---bg---",
    "UnsafeReflectiveConstructionCast": "bg",
    "UnusedCollectionModifiedInPlace": "bg",
    "UnusedException": "bg--",
    "UseBinds": "bg",
    "UseCorrectAssertInTests": "bg",
    "VariableNameSameAsType": "bg",
    "flogger/FloggerWithoutCause": "bg-",
    "nullness/EqualsBrokenForNull": "bg",
}
"""Page -> side of each block (bad, good or neither), for pages whose sentences the patterns do not match."""

_CRITERIA = key_by_word(
    {
        "FC": """
            AssertThrowsMinimizer AssertThrowsMultipleStatements AssertionFailureIgnored ByteBufferBackingArray
            CheckReturnValue ClassInitializationDeadlock ClosingStandardOutputStreams CollectionUndefinedEquality
            ComparableType CompareToZero ConstantOverflow DistinctVarargsChecker EqualsBrokenForNull
            ErroneousThreadPoolConstructorChecker ExpectedExceptionChecker Finally FloggerLogWithCause
            FloggerWithoutCause IdentityHashMapBoxing ImpossibleNullComparison IntLongMath IsInstanceOfClass
            LockNotBeforeTry LockOnBoxedPrimitive MemorySegmentReferenceEquality MissingFail ModifiedButNotUsed
            ModifyCollectionInEnhancedForLoop ModifySourceCollectionInStream NarrowCalculation OptionalNotPresent
            OrphanedFormatString RecordAccessorInCompactConstructor RedundantControlFlow ReturnValueIgnored SelfSet
            ShortCircuitBoolean StreamToIterable SuperCallToObjectMethod TestExceptionChecker UnsafeLocaleUsage
            UnusedCollectionModifiedInPlace UnusedException UseCorrectAssertInTests WaitNotInLoop
        """,
        "EE": """
            ConstantPatternCompile ExpensiveLenientFormatString FloggerArgumentToString FloggerStringConcatenation
            ObjectsHashCodePrimitive UnnecessaryCopy
        """,
        "ME": "CloseableProvides DoubleBraceInitialization LoopOverCharArray StreamResourceLeak",
        "SH": "UnsafeReflectiveConstructionCast",
    }
)
"""Criteria of the bug patterns that are not about readability; the pages have neither category nor severity."""

_REJECTED = frozenset(
    {"FloatCast/1.1", "IdentityBinaryExpression/1.1", "StaticAssignmentOfThrowable/1.1", "TruthGetOrDefault/1.1"}
)
"""Pairs whose better version does something else."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    for path in sorted(directory.rglob("*.md")):
        name = path.relative_to(directory).with_suffix("").as_posix()
        shown = [block for block in fenced_blocks(read_text(path)) if block.language in ("java", "")]
        sides = _SIDES.get(name, "")
        if len(shown) == 1 or not shown:
            yield UnusableRecord(name, "one-side-only" if shown else "no-example")
            continue
        if sides and len(sides) != len(shown):
            yield UnusableRecord(name, "page-changed")
            continue
        parts = _assign_sides(shown, sides) if sides else list(_detect_sections(shown))
        if {part.good for part in parts} != {True, False}:
            yield UnusableRecord(name, "no-marked-example")
            continue
        rule = ExampleRule(
            key=name,
            title=re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", path.stem).lower(),
            criterion=_CRITERIA.get(path.stem, "R&M"),
            language="Java",
            layout="single",
        )
        yield from pair_examples(rule, group_sections(parts), _REJECTED)


def _assign_sides(shown: list[FencedBlock], sides: str) -> list[MarkedSection]:
    return [MarkedSection(side == "g", block.code) for block, side in zip(shown, sides, strict=True) if side != "-"]


def _detect_sections(shown: list[FencedBlock]) -> Iterator[MarkedSection]:
    side: bool | None = None
    for block in shown:
        side = _detect_side(block, side)
        if side is not None:
            yield MarkedSection(side, block.code)


def _detect_side(block: FencedBlock, last: bool | None) -> bool | None:
    if "{.bad}" in block.info or "{.good}" in block.info:
        return "{.good}" in block.info
    lead = " ".join(block.before.split()[-40:])
    sentence = re.split(r"(?<=[.!?]) (?=[A-Z])", lead)[-1].strip("*_` ")
    if _ALSO.match(sentence):
        return last
    if _BAD.search(sentence):
        return False
    if _GOOD.search(sentence):
        return True
    return None


SOURCES.register(
    BenchmarkSource(
        name="error_prone_docs",
        title="Error Prone bug patterns",
        subset="ERROR_PRONE",
        license="Apache-2.0",
        criteria=("R&M", "FC", "EE", "ME", "SH"),
        languages=("Java",),
        prompts="template",
        responses="people; examples in the documentation of a static analyzer",
        tests=False,
        citation=(
            "Google and contributors. Error Prone, bug patterns. "
            "https://github.com/google/error-prone, commit 984f6ad, 2026."
        ),
        upstream="github:google/error-prone",
        revision="984f6adb6ab11291d6fc200b18726c35937b0ccb",
        files=("docs/bugpattern/**/*.md",),
        read=_read,
        notes="Only pages whose text says which block is good and which is bad.",
    )
)
