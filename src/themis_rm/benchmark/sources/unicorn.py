"""eslint-plugin-unicorn: rules for JavaScript, with examples under ❌ and ✅, in one block or in two."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from themis_rm.benchmark.sources.formats.examples import (
    ExampleGroup,
    ExampleRule,
    MarkedSection,
    group_sections,
    key_by_word,
    marker_pattern,
    pair_examples,
    split_sections,
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

_MARKS = marker_pattern("❌", "✅")
_SCRIPTS = ("js", "javascript", "jsx")

_CRITERIA = key_by_word(
    {
        "FC": """
            consistent-date-clone custom-error-definition new-for-builtins no-accessor-recursion
            no-accidental-bitwise-operator no-array-callback-reference no-array-fill-with-reference-type
            no-async-promise-finally no-await-in-promise-methods no-boolean-sort-comparator no-chained-comparison
            no-collection-bracket-access no-confusing-array-splice no-confusing-array-with no-constant-zero-expression
            no-duplicate-if-branches no-duplicate-set-values no-error-property-assignment
            no-impossible-length-comparison no-incorrect-query-selector no-incorrect-template-string-interpolation
            no-instanceof-builtins no-invalid-argument-count no-invalid-character-comparison no-invalid-fetch-options
            no-invalid-file-input-accept no-invalid-remove-event-listener no-invalid-well-known-symbol-methods
            no-late-current-target-access no-late-event-control no-loop-iterable-mutation no-mismatched-map-key
            no-misrefactored-assignment no-multiple-promise-resolver-calls no-negation-in-equality-check
            no-object-methods-with-collections no-optional-chaining-on-undeclared-variable no-return-array-push
            no-selector-as-dom-name no-thenable no-uncalled-method no-unsafe-buffer-conversion
            no-unsafe-promise-all-settled-values no-unsafe-property-key no-unsafe-string-replacement
            no-unused-array-method-return no-xor-as-exponentiation prefer-number-is-safe-integer
            require-array-sort-compare require-proxy-trap-boolean-return throw-new-error no-duplicate-logical-operands
            isolated-functions
        """,
        "EE": """
            no-array-concat-in-loop no-array-front-mutation no-array-sort-for-min-max no-canvas-to-image
            no-duplicate-loops no-useless-iterator-to-array prefer-array-find prefer-array-flat-map
            prefer-array-from-map prefer-array-index-of prefer-array-last-methods prefer-array-some
            prefer-iterator-to-array-at-end prefer-observer-apis prefer-path2d prefer-regexp-test prefer-set-has
            prefer-simple-condition-first prefer-single-array-predicate prefer-single-call prefer-single-replace
            prefer-split-limit require-passive-events
        """,
        "ME": """
            no-blob-to-file prefer-iterator-concat prefer-iterator-helpers prefer-iterator-to-array prefer-set-size
        """,
        "SH": """
            no-document-cookie no-unsafe-dom-html no-unsafe-sqlite-interpolation prefer-dom-node-html-methods
            prefer-https require-css-escape require-post-message-target-origin
        """,
    }
)
"""Criteria of the rules that are not about readability; the plugin has no categories."""

_CONTESTED = word_set(
    """
    consistent-function-style default-export-style explicit-timer-delay filename-case id-match import-style
    name-replacements no-asterisk-prefix-in-documentation-comments no-break-in-nested-loop no-for-each no-keyword-prefix
    no-null no-this-outside-of-class prefer-number-coercion prefer-temporal relative-url-style string-content
    template-indent logical-assignment-operators no-array-reduce no-process-exit no-useless-undefined
    """
)
"""Rules about taste, project conventions or configured names: neither side is better in general."""


def _read(directory: Path) -> Iterator[SourceRecord]:
    for path in sorted(directory.glob("*.md")):
        name = path.stem
        page = read_text(path)
        if name in _CONTESTED:
            yield UnusableRecord(name, "contested-rule")
            continue
        groups, configured = _read_groups(page)
        for number in range(configured):
            yield UnusableRecord(f"{name}/option-{number + 1}", "non-default-option")
        if not groups and not configured:
            yield UnusableRecord(name, "no-example")
        rule = ExampleRule(key=name, title=_title(page), criterion=_criterion(name), language="JavaScript")
        yield from pair_examples(rule, groups)


def _title(page: str) -> str:
    lines = (line.removeprefix("📝").strip() for line in page.split("\n")[1:])
    return next((line for line in lines if line), "")


def _criterion(name: str) -> str:
    return _CRITERIA.get(name, "R&M")


def _read_groups(page: str) -> tuple[list[ExampleGroup], int]:
    """Return the examples of a page, and the number of blocks about settings that are not the default.

    Blocks separated by text or a heading belong to different groups.
    """
    runs: list[list[FencedBlock]] = [[]]
    configured = 0
    for block in fenced_blocks(page):
        if runs[-1] and (block.before or block.headings != runs[-1][-1].headings):
            runs.append([])
        if block.language not in _SCRIPTS or not any(_MARKS.match(line) for line in block.code.split("\n")):
            continue
        if "Options" in block.headings or "eslint unicorn/" in block.code:
            configured += 1
        else:
            runs[-1].append(block)
    return [group for run in runs for group in _group_run(run)], configured


def _group_run(run: list[FencedBlock]) -> Iterator[ExampleGroup]:
    pending: list[MarkedSection] = []
    for block in run:
        context, sections = split_sections(block.code, _MARKS)
        if {section.good for section in sections} == {True, False}:
            yield from group_sections(pending)
            yield from group_sections(sections, context)
            pending = []
        else:
            pending += sections
    yield from group_sections(pending)


SOURCES.register(
    BenchmarkSource(
        name="eslint_unicorn_docs",
        title="eslint-plugin-unicorn rules",
        subset="UNICORN_RULES",
        license="MIT",
        criteria=("R&M", "FC", "EE", "ME", "SH"),
        languages=("JavaScript",),
        prompts="template",
        responses="people; examples in the documentation of a linter",
        tests=False,
        citation=(
            "Sindre Sorhus and contributors. eslint-plugin-unicorn: more than 100 powerful ESLint rules. "
            "https://github.com/sindresorhus/eslint-plugin-unicorn, commit cc58720, 2026."
        ),
        upstream="github:sindresorhus/eslint-plugin-unicorn",
        revision="cc58720b95c45395f671ebb8fa1fdc176c3250b6",
        files=("docs/rules/*.md",),
        read=_read,
        notes="The pages are directly in the directory. Rules about taste are omitted; the module lists them.",
    )
)
