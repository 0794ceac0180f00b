"""Label commits with criteria: the words of the message, weighed by their place, and what the change does.

Each criterion gets a score. A term of its list (``curation/terms``) counts fully in the subject and less in the body,
since a body also explains the background of a change. Features of the change support or contradict a criterion
(:mod:`themis_rm.curation.change_features`). Topics without a criterion, such as fixes of builds, warnings, tests and
typos, exclude those that they would be taken for. A criterion is a label from :data:`THRESHOLD` on, which is set for
precision: see ``docs/how-to/data.md``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from themis_rm.curation import topics
from themis_rm.curation.terms import TermList, prepare, term_lists

THRESHOLD = 1.0
"""Least score of a label."""

SUBJECT, WEAK = 1.0, 0.6
"""Weights of terms in the subject, and of weak ones."""
BODY, MAX_BODY = 0.35, 0.7
"""Weight of each term in the body, and of all of them."""
FEATURE = 0.4
"""Weight of features of the change, next to a term."""
SECOND = 0.65
"""Factor of weak evidence for a criterion where the subject names another one."""


@dataclass(frozen=True)
class Evidence:
    """What supports or contradicts a criterion.

    Attributes:
        supports: Features of a change that make the criterion more likely.
        contradicts: Features with which a change cannot be about the criterion.
    """

    supports: frozenset[str] = frozenset()
    contradicts: frozenset[str] = frozenset()


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_NO_CODE = "only-layout only-comments"
EVIDENCE = {
    "FC": Evidence(
        _names("added-check added-bounds-check added-handler added-lock added-condition"),
        _names(f"{_NO_CODE} only-renames only-imports"),
    ),
    "EE": Evidence(
        _names("fewer-calls-in-loops added-loop-exit removed-loop added-cache added-lookup-table less-nesting"),
        _names(f"{_NO_CODE} only-renames only-moves"),
    ),
    "ME": Evidence(
        _names("removed-allocation removed-copy added-release added-cache"),
        _names(f"{_NO_CODE} only-renames only-moves"),
    ),
    "R&M": Evidence(_names(f"{_NO_CODE} only-renames only-moves only-removes extracted-function less-nesting")),
    "SH": Evidence(
        _names("added-escape bounded-write removed-unsafe-call bound-parameter added-bounds-check"),
        _names(f"{_NO_CODE} only-renames only-imports"),
    ),
}
"""Criterion -> features of changes that count for or against it; others are labeled by terms only."""


def contradicted_criteria(features: Collection[str]) -> set[str]:
    """Return the criteria that a change with some features cannot be about."""
    return {short for short, evidence in EVIDENCE.items() if not evidence.contradicts.isdisjoint(features)}


_QUOTED_LINES = re.compile(r"^(?:[ ]{2,}|\t|>|==\d+==|\$ )[^\n]*$|^[^\n]*\bwarning:[^\n]*$", re.MULTILINE)
_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)
_SUPPORTING = frozenset(name for row in EVIDENCE.values() for name in row.supports) - frozenset(
    name for row in EVIDENCE.values() for name in row.contradicts
)
"""Features that support a criterion and contradict none."""


@dataclass(frozen=True)
class Message:
    """What the message of a commit says about the criteria.

    Attributes:
        title: The prepared subject.
        text: The prepared body, without quoted output of tools.
        in_title: Criterion -> terms in the subject.
        in_body: Criterion -> terms in the body, without weak ones.
        of_tests: Whether the commit changes a test.
    """

    title: str
    text: str
    in_title: dict[str, list[str]]
    in_body: dict[str, list[str]]
    of_tests: bool = False

    def may_have_label(self) -> bool:
        """Return whether any change could give the commit a label, so that its trees have to be parsed."""
        return any(label_commit(self, features) for features in (_SUPPORTING, frozenset({"only-comments"})))


def read_message(subject: str, body: str, of_tests: bool = False) -> Message:
    """Find the terms of all criteria in a message.

    Args:
        subject: First line of the message.
        body: The rest of the message; may be empty.
        of_tests: Whether the commit changes a test, to which the criteria then apply.
    """
    title, text = prepare(subject), prepare(_FENCED.sub("", _QUOTED_LINES.sub("", body)))
    lists = {terms.criterion.short: terms for terms in term_lists()}
    in_title = {short: terms.match(title) for short, terms in lists.items()}
    in_body = {short: [p for p in terms.match(text) if not terms.is_weak(p)] for short, terms in lists.items()}
    return Message(title, text, in_title, in_body, of_tests)


def label_commit(message: Message, features: Collection[str] = ()) -> dict[str, list[str]]:
    """Return the criteria of a commit.

    Args:
        message: What the message says.
        features: Names of features of the change, see :func:`~themis_rm.curation.change_features.change_features`.

    Returns:
        Criterion short name -> evidence, which is the terms that matched, subject first, and the features that support
        it, as ``+added-check``; in table order. Criteria below the threshold are absent.
    """
    has = frozenset(features)
    weights, in_title = _title_weights(message, has)
    excluded = topics.excluded_criteria(message.title, message.of_tests) | contradicted_criteria(has)
    named = {short for short, weight in weights.items() if weight >= SUBJECT and short not in excluded}
    found: dict[str, list[str]] = {}
    for short, weight in weights.items():
        if short in excluded:
            continue
        supports = sorted(EVIDENCE.get(short, Evidence()).supports & has)
        terms = list(dict.fromkeys([*in_title[short], *message.in_body[short]]))
        other = SECOND if named - {short} else 1
        score = weight if weight >= SUBJECT else weight * other
        score += min(BODY * len(message.in_body[short]), MAX_BODY) * other
        if score + FEATURE * bool(supports and terms) >= THRESHOLD:
            found[short] = [*terms, *(f"+{name}" for name in supports)]
    return found


def _title_weights(message: Message, features: Collection[str]) -> tuple[dict[str, float], dict[str, list[str]]]:
    """Return the weight of the subject for each criterion, and its phrases."""
    in_title = dict(message.in_title)
    weights = {terms.criterion.short: _weight(terms, in_title[terms.criterion.short]) for terms in term_lists()}
    for short, phrase, weight in _phrases(message.title, message.text, features):
        if weight > weights.get(short, weight):
            weights[short] = weight
            in_title[short] = in_title[short] or [phrase]
    if topics.is_fix(message.title) and not topics.is_fix_of_speed(message.title):
        weights |= {short: min(weights[short], WEAK) for short in ("EE", "ME") if short in weights}
    return weights, in_title


def _weight(terms: TermList, phrases: Collection[str]) -> float:
    if not phrases:
        return 0.0
    return WEAK if all(terms.is_weak(phrase) for phrase in phrases) else SUBJECT


def _phrases(title: str, text: str, features: Collection[str]) -> Iterator[tuple[str, str, float]]:
    """Yield a criterion, a phrase and its weight for what the form of a message says beyond single terms."""
    fix = topics.is_fix(title)
    if fix:
        yield "FC", "fix", SUBJECT
    elif topics.is_prevention(title, text):
        yield "FC", "prevent", WEAK
    if topics.is_removal(title, features):
        yield "R&M", "remove", SUBJECT
    if topics.is_documentation(title, features):
        yield "R&M", "comments", SUBJECT
    if topics.is_about_speed(text) and not fix:
        yield "EE", "performance", SUBJECT
    if topics.is_about_security(text):
        yield "SH", "vulnerability", SUBJECT
