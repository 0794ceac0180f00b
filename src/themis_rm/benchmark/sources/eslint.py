"""ESLint: rules for JavaScript, whose pages show incorrect and correct code in containers, for each option."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.examples import (
    ExampleGroup,
    ExampleRule,
    MarkedSection,
    group_sections,
    key_by_word,
    pair_examples,
    word_set,
)
from themis_rm.benchmark.sources.formats.markdown import FencedBlock, fenced_blocks
from themis_rm.benchmark.sources.source import (
    SOURCES,
    BenchmarkSource,
    SourceRecord,
    UnusableRecord,
    read_text,
)

_SCRIPTS = ("js", "javascript", "jsx")

_OF_TYPE = {"problem": "FC", "suggestion": "R&M", "layout": "R&M"}
"""``rule_type`` of a page -> criterion."""

_CRITERIA = key_by_word(
    {
        "FC": """
            block-scoped-var consistent-return default-param-last eqeqeq guard-for-in handle-callback-err
            no-case-declarations no-delete-var no-invalid-this no-loop-func no-new-wrappers no-octal
            no-return-assign no-self-compare no-throw-literal radix require-unicode-regexp no-path-concat
            prefer-promise-reject-errors preserve-caught-error no-array-constructor no-new-require
        """,
        "EE": "no-await-in-loop no-extra-bind",
        "R&M": "no-debugger no-unused-vars no-unused-private-class-members no-duplicate-imports",
        "SH": "no-eval no-implied-eval no-new-func no-script-url no-buffer-constructor",
    }
)
"""Criteria of the rules whose type is not accurate."""

_CONTESTED = word_set(
    """
    array-bracket-newline array-element-newline arrow-body-style callback-return capitalized-comments
    class-methods-use-this consistent-this dot-location eol-last func-name-matching func-names func-style
    function-call-argument-newline global-require id-blacklist id-denylist id-length id-match init-declarations
    implicit-arrow-linebreak line-comment-position lines-around-comment logical-assignment-operators
    multiline-comment-style multiline-ternary newline-after-var newline-before-return newline-per-chained-call
    no-bitwise no-continue no-inline-comments no-invalid-this no-magic-numbers no-mixed-requires no-negated-condition
    no-plusplus no-process-env no-restricted-exports no-restricted-globals no-restricted-imports no-restricted-modules
    no-restricted-properties no-restricted-syntax no-ternary no-undefined no-underscore-dangle no-void no-return-await
    no-sync no-warning-comments nonblock-statement-body-position object-curly-newline object-property-newline one-var
    one-var-declaration-per-line operator-linebreak padded-blocks padding-line-between-statements prefer-reflect
    quote-props quotes require-jsdoc require-unicode-regexp sort-imports sort-keys sort-vars space-before-function-paren
    strict valid-jsdoc vars-on-top wrap-regex comma-dangle space-in-parens object-curly-spacing array-bracket-spacing
    """
)
"""Rules about taste, project conventions or settings, and rules that ESLint has withdrawn: neither side is better in
general."""

_REJECTED = word_set(
    """
    constructor-super/1.1 constructor-super/1.2 dot-notation/1.1 max-classes-per-file/1.1 no-array-constructor/1.1
    no-control-regex/1.1 no-control-regex/1.2 no-control-regex/1.3 no-control-regex/1.4 no-control-regex/1.5
    no-control-regex/1.6 no-control-regex/1.7 no-empty-character-class/1.2 no-empty-character-class/1.3
    no-empty-function/1.1 no-inner-declarations/1.1 no-inner-declarations/1.2 no-inner-declarations/1.3
    no-invalid-regexp/1.1 no-irregular-whitespace/1.1 no-irregular-whitespace/1.2 no-irregular-whitespace/1.3
    no-labels/1.1 no-labels/1.2 no-loss-of-precision/1.1 no-loss-of-precision/1.2 no-loss-of-precision/1.3
    no-loss-of-precision/1.4 no-loss-of-precision/1.5 no-loss-of-precision/1.6 no-misleading-character-class/1.1
    no-nested-ternary/1.1 no-object-constructor/1.1 no-object-constructor/1.2 no-path-concat/1.1
    no-this-before-super/1.1 no-this-before-super/1.2 no-this-before-super/1.3 no-unneeded-ternary/1.1
    no-unreachable/2.1 no-unsafe-finally/1.2 no-unsafe-negation/2.1 no-unused-private-class-members/1.1
    no-unused-private-class-members/1.2 no-useless-call/1.1 no-useless-call/2.1 no-useless-catch/1.1
    no-useless-catch/1.2 no-useless-computed-key/1.1 no-useless-concat/1.1 prefer-object-spread/1.1
    prefer-object-spread/1.2 prefer-object-spread/1.4 prefer-object-spread/1.5 prefer-object-spread/1.6
    prefer-regex-literals/1.1 prefer-regex-literals/1.2 prefer-regex-literals/1.3 prefer-regex-literals/1.4
    prefer-regex-literals/1.5 prefer-spread/1.1 radix/1.2 radix/1.3 require-yield/1.1 yoda/1.1 yoda/1.2 yoda/1.3
    yoda/1.4
    """
)
"""Pairs whose correct side does something else than the incorrect one."""

_SETTING = re.compile(r"/\*\s*eslint\s+(?P<rule>[\w-]+)\s*:\s*(?P<value>.*?)\*/", re.DOTALL)
_BARE = re.compile(r"^(?:2|[\"']?error[\"']?|\[\s*(?:2|[\"']error[\"'])\s*\])$")
_FIRST_OPTION = re.compile(r"^\[\s*[\"']error[\"']\s*,\s*[\"'](?P<option>[\w-]+)[\"']\s*\]$")


def _read(directory: Path) -> Iterator[SourceRecord]:
    for path in sorted(directory.glob("*.md")):
        name, page = path.stem, read_text(path)
        kind = re.search(r"^rule_type:\s*(\w+)", page, re.MULTILINE)
        if kind is None:
            yield UnusableRecord(name, "no-rule-type")
            continue
        if name in _CONTESTED:
            yield UnusableRecord(name, "contested-rule")
            continue
        groups, configured = _read_groups(page)
        for number in range(configured):
            yield UnusableRecord(f"{name}/option-{number + 1}", "non-default-option")
        if not groups and not configured:
            yield UnusableRecord(name, "no-example")
        yield from pair_examples(
            ExampleRule(
                key=name,
                title=name.replace("-", " "),
                criterion=_criterion(name, kind[1]),
                language="JavaScript",
                layout="separate",
            ),
            groups,
            _REJECTED,
        )


def _criterion(name: str, kind: str) -> str:
    return _CRITERIA.get(name, _OF_TYPE[kind])


def _read_groups(page: str) -> tuple[list[ExampleGroup], int]:
    """Return the examples of a page by section, and the number of blocks about options that are not the default."""
    groups: list[ExampleGroup] = []
    sections: list[MarkedSection] = []
    last: FencedBlock | None = None
    configured = 0
    for block in fenced_blocks(page):
        side = block.container.split()[0] if block.container else ""
        if side not in ("correct", "incorrect") or block.language not in _SCRIPTS:
            continue
        if not _is_default(block, page):
            configured += 1
            continue
        if last is not None and block.headings != last.headings:
            groups += group_sections(sections)
            sections = []
        sections.append(MarkedSection(side == "correct", _SETTING.sub("", block.code).strip("\n")))
        last = block
    return groups + group_sections(sections), configured


def _is_default(block: FencedBlock, page: str) -> bool:
    """Return whether a block shows the rule without options, by its comment and the page's list of options."""
    setting = _SETTING.search(block.code)
    value = setting["value"].strip() if setting else "error"
    if _BARE.match(value):
        return True
    option = _FIRST_OPTION.match(value)
    if option is None:
        return False
    listed = rf"[`\"']*{re.escape(option['option'])}[`\"']*"
    return bool(re.search(rf"^[*-] *{listed} *\(default\)|default {listed}", page, re.MULTILINE))


SOURCES.register(
    BenchmarkSource(
        name="eslint_docs",
        title="ESLint rules",
        subset="ESLINT_RULES",
        license="MIT",
        criteria=("FC", "R&M", "SH"),
        languages=("JavaScript",),
        prompts="template",
        responses="people; examples in the documentation of a linter",
        tests=False,
        citation=(
            "OpenJS Foundation and ESLint contributors. ESLint, documentation of the rules. "
            "https://github.com/eslint/eslint, commit c27bc92, 2026."
        ),
        upstream="github:eslint/eslint",
        revision="c27bc926e496985eb7911c09eb60914b2e4b5d0f",
        files=("docs/src/rules/*.md",),
        read=_read,
        notes="The pages are directly in the directory. Only examples of default settings, without rules about taste.",
    )
)
