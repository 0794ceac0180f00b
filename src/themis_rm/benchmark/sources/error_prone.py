"""Error Prone: bug patterns for Java, whose pages lead into each block with a sentence that says which side it is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.examples import Rule, Section, by_name, cases, paired
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
"""Pages whose sentences tell a reader, but no pattern, which block is which: bad, good or neither, block by block."""

_CRITERIA = by_name(
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
"""Patterns that are about anything else than readability; the pages name neither category nor severity."""

_REJECTED = frozenset(
    {"FloatCast/1.1", "IdentityBinaryExpression/1.1", "StaticAssignmentOfThrowable/1.1", "TruthGetOrDefault/1.1"}
)
"""Blocks whose better version does something else."""


def _read(folder: Path) -> Iterator[SourceRecord]:
    for path in sorted(folder.rglob("*.md")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        found = [block for block in fenced_blocks(read_text(path)) if block.language in ("java", "")]
        sides = _SIDES.get(name, "")
        if len(found) == 1 or not found:
            yield UnusableRecord(name, "one-side-only" if found else "no-example")
            continue
        if sides and len(sides) != len(found):
            yield UnusableRecord(name, "page-changed")
            continue
        parts = _listed(found, sides) if sides else list(_sections(found))
        if {part.good for part in parts} != {True, False}:
            yield UnusableRecord(name, "no-marked-example")
            continue
        rule = Rule(
            key=name,
            title=re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", path.stem).lower(),
            criterion=_CRITERIA.get(path.stem, "R&M"),
            language="Java",
            shown="whole",
        )
        yield from paired(rule, cases(parts), _REJECTED)


def _listed(found: list[FencedBlock], sides: str) -> list[Section]:
    return [Section(side == "g", block.code) for block, side in zip(found, sides, strict=True) if side != "-"]


def _sections(found: list[FencedBlock]) -> Iterator[Section]:
    side: bool | None = None
    for block in found:
        side = _side(block, side)
        if side is not None:
            yield Section(side, block.code)


def _side(block: FencedBlock, last: bool | None) -> bool | None:
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
        responses="people; examples in the documentation of a static analyser",
        tests=False,
        citation=(
            "Google and contributors. Error Prone, bug patterns. "
            "https://github.com/google/error-prone, commit 984f6ad, 2026."
        ),
        upstream="github:google/error-prone",
        revision="984f6adb6ab11291d6fc200b18726c35937b0ccb",
        files=("docs/bugpattern/**/*.md",),
        read=_read,
        notes="Only pages that say in words which block is which.",
    )
)
