"""Drop commits that change too little or too much."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from pydantic import Field

from themis_rm.curation.changes import changed_span, kind_of_change, rewritten_share
from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter, OptionalFilterSettings
from themis_rm.languages import get_language
from themis_rm.languages.definition import NO_SYNTAX
from themis_rm.languages.syntax import changed_tokens
from themis_rm.pipeline import FilterResult

_READABILITY = "R&M"  # the only criterion that a change of comments or layout can improve
_FORMATTING = re.compile(
    r"(?i)\b(?:re)?(?:format|indent)\w*|\bwhite ?space|\bspacing|\bstyle|\bstyling|\blint\w*|\bpep-?8|\brubocop|"
    r"\bgofmt|\bclang-format|\bprettier|\bline (?:length|break)s?|\blong lines?|\balign\w*|\blayout"
)


class TrivialChangeSettings(OptionalFilterSettings):
    """Settings of the filter of trivial changes."""

    max_rewrite: float = Field(0.8, gt=0, le=1)
    """Largest share of lines that a commit may change; beyond it the versions are different programs."""
    min_changed_tokens: int = Field(1, ge=1)
    """Fewest tokens between the first and the last difference, for a change that is not limited to comments."""


@FILTERS.register
class TrivialChangeFilter(CurationFilter):
    """Drops commits that change nothing, only white space, only comments, too few tokens, or nearly every line.

    A change of comments is kept where the message is labeled with readability, as the only label; a change of
    layout, if the message also asks for formatting.
    """

    name = "trivial_change"
    order = 90
    stages = (COMMITS,)
    reasons: ClassVar = {
        "rewritten": "more than max_rewrite of the lines differ",
        "unchanged": "both versions are equal",
        "whitespace-only": "only white space differs, and the message does not ask for formatting",
        "comment-only": "only comments differ, and the message is not about readability",
        "too-small-change": "fewer than min_changed_tokens tokens differ",
        NO_SYNTAX: "the language defines no syntax, which is needed to recognize comments",
    }
    Settings = TrivialChangeSettings

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Compare the versions."""
        old, new = row["old_contents"], row["new_contents"]
        if rewritten_share(old, new) > self.settings.max_rewrite:
            return False, "rewritten"
        if get_language(row["language"]).syntax is None:
            return False, NO_SYNTAX
        old_tokens, new_tokens = changed_tokens(old, new, row["language"])
        kind = kind_of_change(old, new, old_tokens, new_tokens)
        if kind == "none":
            return False, "unchanged"
        if kind == "layout":
            return (is_formatting(old, new, row["message"]) and _keep_readability(row)) or (False, "whitespace-only")
        if kind == "comments":
            return _keep_readability(row) or (False, "comment-only")
        span = changed_span(old_tokens, new_tokens)
        return span >= self.settings.min_changed_tokens or (False, "too-small-change")


def is_formatting(old: str, new: str, message: str) -> bool:
    """Return whether a change of white space is one of layout, and its message asks for that.

    Changes of line ends and of white space at the end of lines are invisible and so none of layout.
    """
    visible = [[line.rstrip() for line in text.rstrip().splitlines()] for text in (old, new)]
    return visible[0] != visible[1] and _FORMATTING.search(message) is not None


def _keep_readability(row: dict[str, Any]) -> bool:
    """Make readability the only label of a row; returns whether it was one."""
    if _READABILITY not in row["criteria"]:
        return False
    row["criteria"] = [_READABILITY]
    row["terms"] = [term for term in row["terms"] if term.startswith(_READABILITY + ":")]
    return True
