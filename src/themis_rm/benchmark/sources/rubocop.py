"""RuboCop and RuboCop Performance: cops for Ruby, with listings of "# bad" and "# good" sections for each setting."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.asciidoc import Listing, find_listings
from themis_rm.benchmark.sources.formats.examples import (
    ExampleRule,
    group_sections,
    key_by_word,
    marker_pattern,
    pair_examples,
    split_sections,
)
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_text,
)

_MARKS = marker_pattern("bad", "(?:also )?good|better|best", "okay|ok|acceptable")
_COP = re.compile(r"^== (?P<cop>[A-Z]\w+/\w+)$", re.MULTILINE)
_STATE = re.compile(r"\| Enabled by default .*\n\n\| (?P<state>\w+)")

_OF_DEPARTMENT = {
    "Bundler": "R&M",
    "Gemspec": "R&M",
    "Layout": "R&M",
    "Lint": "FC",
    "Metrics": "R&M",
    "Migration": "R&M",
    "Naming": "R&M",
    "Performance": "EE",
    "Security": "SH",
    "Style": "R&M",
}
_CRITERIA = key_by_word(
    {
        "R&M": """
            Lint/AmbiguousBlockAssociation Lint/AmbiguousOperator Lint/AmbiguousOperatorPrecedence
            Lint/AmbiguousRegexpLiteral Lint/AmbiguousRange Lint/ConstantDefinitionInBlock Lint/CopDirectiveSyntax
            Lint/Debugger Lint/DeprecatedClassMethods Lint/DeprecatedConstants Lint/DeprecatedOpenSSLConstant
            Lint/DuplicateMagicComment Lint/EmptyBlock Lint/EmptyClass Lint/EmptyConditionalBody Lint/EmptyEnsure
            Lint/EmptyExpression Lint/EmptyFile Lint/EmptyInPattern Lint/EmptyInterpolation Lint/EmptyWhen
            Lint/HeredocMethodCallPosition Lint/LambdaWithoutLiteralBlock Lint/MultipleComparison Lint/NumberConversion
            Lint/ParenthesesAsGroupedExpression Lint/PercentStringArray Lint/PercentSymbolArray
            Lint/RedundantCopDisableDirective Lint/RedundantCopEnableDirective Lint/RedundantDirGlobSort
            Lint/RedundantRegexpQuantifiers Lint/RedundantRequireStatement Lint/RedundantSafeNavigation
            Lint/RedundantSplatExpansion Lint/RedundantStringCoercion Lint/RedundantTypeConversion
            Lint/RedundantWithIndex Lint/RedundantWithObject Lint/RequireRelativeSelfPath Lint/ScriptPermission
            Lint/ShadowingOuterLocalVariable Lint/SymbolConversion Lint/TripleQuotes Lint/UnderscorePrefixedVariableName
            Lint/UnifiedInteger Lint/UnusedBlockArgument Lint/UnusedMethodArgument Lint/UriEscapeUnescape Lint/UriRegexp
            Lint/UselessAccessModifier Lint/UselessAssignment Lint/UselessElseWithoutRescue Lint/UselessMethodDefinition
            Lint/UselessDefaultValueArgument Lint/UselessConstantScoping Lint/UselessTimes Lint/UselessDefined
            Lint/UselessNumericOperation Lint/ConstantOverwrittenInRescue Lint/ConstantReassignment
        """,
        "ME": """
            Performance/ChainArrayAllocation Performance/FlatMap Performance/ConstantRegexp Performance/MapCompact
            Performance/SelectMap
        """,
        "FC": "Security/JSONLoad Style/FloatDivision Style/MissingRespondToMissing Style/OptionalArguments",
        "SH": "Style/OpenStructUse",
    }
)
"""Criteria of the cops whose department is not accurate."""

_REJECTED = frozenset({"Performance/RegexpMatch/1/1.3", "Performance/RegexpMatch/1/1.4", "Performance/Count/3/1.4"})
"""Pairs with an example that the cop allows instead of the better version."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    for path in sorted(directory.glob("cops_*.adoc")):
        page = read_text(path)
        headings = list(_COP.finditer(page))
        for match, following in zip(headings, [*headings[1:], None], strict=True):
            text = page[match.start() : following.start() if following else len(page)]
            yield from _read_cop(match["cop"], text)


def _read_cop(cop: str, text: str) -> Iterator[SourceRecord]:
    state = _STATE.search(text)
    if state is None or state["state"] == "Disabled":
        yield UnusableRecord(cop, "disabled-by-default")
        return
    shown = [item for item in find_listings(text) if item.language == "ruby"]
    if not shown:
        yield UnusableRecord(cop, "no-example")
    criterion = _CRITERIA.get(cop, _OF_DEPARTMENT[cop.partition("/")[0]])
    for number, item in enumerate(shown, 1):
        key = f"{cop}/{number}"
        context, sections = split_sections(item.code, _MARKS)
        if not _is_default(item):
            yield UnusableRecord(key, "non-default-option")
        elif not sections:
            yield UnusableRecord(key, "no-marked-example")
        else:
            rule = ExampleRule(key=key, title=_title(cop), criterion=criterion, language="Ruby", group=cop)
            yield from pair_examples(rule, group_sections(sections, context), _REJECTED)


def _is_default(item: Listing) -> bool:
    """Return whether a listing shows the default configuration of the cop: no setting, or its default value."""
    setting = item.headings[-1]
    return ":" not in setting or "(default)" in setting


def _title(cop: str) -> str:
    """Return the cop's name in words."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", cop.partition("/")[2]).lower()


def _build_source(
    name: str, title: str, subset: str, repository: str, revision: str, criteria: tuple[str, ...]
) -> BenchmarkSource:
    return BenchmarkSource(
        name=name,
        title=title,
        subset=subset,
        license="MIT",
        criteria=criteria,
        languages=("Ruby",),
        prompts="template",
        responses="people; examples in the documentation of a linter",
        tests=False,
        citation=(
            f"Bozhidar Batsov and contributors. {title}. https://github.com/{repository}, commit {revision[:7]}, 2026."
        ),
        upstream=f"github:{repository}",
        revision=revision,
        files=("docs/modules/ROOT/pages/cops_*.adoc",),
        read=_read,
        notes="The pages are directly in the directory. Only default settings of cops that are enabled by default.",
    )


SOURCES.register(
    _build_source(
        "rubocop_docs",
        "RuboCop cops",
        "RUBOCOP_COPS",
        "rubocop/rubocop",
        "3a42c622171794510e03999c8d55129b73c5dc8f",
        ("R&M", "FC", "SH"),
    )
)
SOURCES.register(
    _build_source(
        "rubocop_performance_docs",
        "RuboCop Performance cops",
        "RUBOCOP_PERFORMANCE",
        "rubocop/rubocop-performance",
        "3f4926e567e55ba218a65a73333a5a355fa334ad",
        ("EE", "ME"),
    )
)
