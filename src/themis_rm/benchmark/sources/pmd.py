"""PMD: rules for Java in XML, with examples whose comments mark statements as violations or as correct."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from themis_rm.benchmark.sources.formats.examples import (
    ExampleGroup,
    ExampleRule,
    find_marked_statements,
    group_sections,
    marker_pattern,
    pair_examples,
    split_sections,
)
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_xml,
)

_SPACE = "{http://pmd.sourceforge.net/ruleset/2.0.0}"

_OF_CATEGORY = {
    "bestpractices": "R&M",
    "codestyle": "R&M",
    "design": "R&M",
    "documentation": "R&M",
    "errorprone": "FC",
    "multithreading": "FC",
    "performance": "EE",
    "security": "SH",
}
"""Stem of the file -> criterion."""
_CRITERIA = {
    "AppendCharacterWithChar": "EE",
    "AvoidInstantiatingObjectsInLoops": "ME",
    "BigIntegerInstantiation": "ME",
    "InsufficientStringBufferDeclaration": "ME",
    "AvoidCalendarDateCreation": "ME",
    "AvoidFileStream": "ME",
    "AvoidDuplicateLiterals": "R&M",
    "AvoidFieldNameMatchingMethodName": "R&M",
    "AvoidFieldNameMatchingTypeName": "R&M",
    "AvoidLiteralsInIfCondition": "R&M",
    "EmptyCatchBlock": "R&M",
    "ImplicitSwitchFallThrough": "R&M",
    "MissingStaticMethodInNonInstantiatableClass": "R&M",
    "UnnecessaryBooleanAssertion": "R&M",
    "UnnecessaryConversionTemporary": "R&M",
    "UnusedNullCheckInEquals": "FC",
    "UseProperClassLoader": "FC",
    "LooseCoupling": "R&M",
    "UseTryWithResources": "FC",
    "PreserveStackTrace": "FC",
    "CheckResultSet": "FC",
    "MethodReturnsInternalArray": "FC",
    "PositionLiteralsFirstInComparisons": "FC",
    "LiteralsFirstInComparisons": "FC",
    "PrimitiveWrapperInstantiation": "ME",
    "ProperLogger": "R&M",
    "RelianceOnDefaultCharset": "FC",
    "UseStandardCharsets": "R&M",
}
"""Criteria of the rules whose category is not accurate."""

_BAD = re.compile(
    r"(?i)\b(?:bad|violation|avoid(?: this)?|inefficient|poor|wrong|incorrect|not recommended|disallowed|sub-?optimal|"
    r"instead of|(?<!\bnot )unnecessary|overly verbose|flagged|don't|problem)\b"
)
_GOOD = re.compile(
    r"(?i)\b(?:good|ok|correct|better|preferred|proper|recommended|clearer|more concise|equivalent to above|"
    r"this is fine|use this instead|you may just write|no violation)\b"
)
_NEITHER = re.compile(
    r"(?i)\b(?:no|not a|isn't a|won't|not) (?:violation|flagged|trigger|reported)|property|unless|\bif\b|could be"
)
_MARKS = marker_pattern(
    r"bad|violation|avoid this|inefficient|poor|wrong|try to avoid this|instead of|not recommended|problem|"
    r"don't do this|original implementation",
    r"good|ok|correct|better|prefer(?:red)?(?: approach| this)?|proper|recommended|you may just write|should be|"
    r"use this instead|clearer implementation",
)

_REJECTED = frozenset(
    {
        "bestpractices/EnumComparison/1.1",
        "bestpractices/UnitTestContainsTooManyAsserts/1.1",
        "codestyle/FieldDeclarationsShouldBeAtStartOfClass/1.1",
        "errorprone/AvoidLiteralsInIfCondition/1.1",
        "errorprone/NonSerializableClass/1.1",
        "performance/ConsecutiveAppendsShouldReuse/1.1",
    }
)
"""Pairs of statements that do different things."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    for path in sorted(directory.glob("*.xml")):
        for item in read_xml(path).iter(f"{_SPACE}rule"):
            yield from _read_rule(path.stem, item)


def _read_rule(category: str, item: ET.Element) -> Iterator[SourceRecord]:
    name = item.get("name", "")
    key = f"{category}/{name}"
    if item.get("deprecated") == "true" or item.get("ref"):
        yield UnusableRecord(key, "withdrawn-rule")
        return
    examples = [example.text or "" for example in item.findall(f"{_SPACE}example")]
    groups = [group for text in examples for group in _group_examples(text.strip("\n"))]
    if not groups:
        yield UnusableRecord(key, "no-marked-example" if examples else "no-example")
        return
    rule = ExampleRule(
        key=key,
        title=re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name).lower(),
        criterion=_CRITERIA.get(name, _OF_CATEGORY[category]),
        language="Java",
    )
    yield from pair_examples(rule, groups, _REJECTED)


def _group_examples(code: str) -> list[ExampleGroup]:
    """Return the groups of an example: its sections under markers, or else the statements that comments mark."""
    context, sections = split_sections(code, _MARKS)
    if {section.good for section in sections} == {True, False} and not context:
        return group_sections(sections)
    plain = _NEITHER_COMMENTS.sub("", code)
    marked = find_marked_statements(plain, "Java", _BAD, _GOOD)
    return group_sections(marked) if {section.good for section in marked} == {True, False} else []


_NEITHER_COMMENTS = re.compile(rf"(?m)//[^\n]*?(?:{_NEITHER.pattern.removeprefix('(?i)')})[^\n]*$", re.IGNORECASE)
"""Comments about a setting or a condition: the code that they describe is neither good nor bad in general."""


SOURCES.register(
    BenchmarkSource(
        name="pmd_rules",
        title="PMD rules for Java",
        subset="PMD_RULES",
        license="LicenseRef-PMD",
        criteria=("R&M", "FC", "EE", "ME"),
        languages=("Java",),
        prompts="template",
        responses="people; examples in the rule definitions of a linter",
        tests=False,
        citation="PMD contributors. PMD, rule sets for Java. https://github.com/pmd/pmd, commit cd096e9, 2026.",
        upstream="github:pmd/pmd",
        revision="cd096e90e4ed2e61f4109466d21a1eaab09721eb",
        files=("pmd-java/src/main/resources/category/java/*.xml",),
        read=_read,
        notes=(
            "Most examples show only violations; pairs are the statements that comments mark as bad and good. "
            "The license is PMD's variant of BSD with an acknowledgment clause."
        ),
    )
)
