"""The filters of curation: each looks at one row and says ``True`` or ``(False, reason)``."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from themis_rm.curation.changes import changed_span, kind_of_change, rewritten_share, tokens_of
from themis_rm.curation.subjects import clean_subject, word_count
from themis_rm.curation.terms import label
from themis_rm.curation.tokens import TokenCounter
from themis_rm.languages import language_of_path
from themis_rm.languages.syntax import tree_depth
from themis_rm.mining.functions import is_test
from themis_rm.pipeline import RowFilter, RowWriter

Verdict = bool | tuple[bool, str]

_COMMENT_CRITERION = "R&M"  # the one criterion that a comment can serve


class WellFormed(RowFilter):
    """Drops rows whose required text columns are null or of another type, and texts that are no Unicode."""

    name = "well-formed"

    def __init__(self, columns: Collection[str], writer: RowWriter) -> None:
        super().__init__(writer)
        self.columns = tuple(columns)

    def check(self, row: dict[str, Any]) -> Verdict:
        """Look at the columns' types."""
        return all(isinstance(row.get(column), str) for column in self.columns) or (False, "malformed-row")


class InLanguages(RowFilter):
    """Keeps rows of the given languages; a row without a language gets it from its file's ending."""

    name = "language"

    def __init__(self, languages: Collection[str], writer: RowWriter) -> None:
        super().__init__(writer)
        self.languages = frozenset(languages)

    def check(self, row: dict[str, Any]) -> Verdict:
        """Look at the language, and put it in where the published columns have none."""
        if not row.get("language"):
            known = language_of_path(row["file_path"])
            row["language"] = known.name if known else ""
        return row["language"] in self.languages or (False, "other-language")


class Standing(RowFilter):
    """Drops commits that a later one took back and, if asked, those not known to be merged."""

    name = "standing"

    def __init__(self, require_merged: bool, writer: RowWriter) -> None:
        super().__init__(writer)
        self.require_merged = require_merged

    def check(self, row: dict[str, Any]) -> Verdict:
        """Look at what the history says of the commit."""
        if row.get("reverted"):
            return False, "reverted"
        if self.require_merged and (row.get("merged") or "none") == "none":
            return False, "not-merged"
        return True


class NoTest(RowFilter):
    """Drops commits to tests: what they change is what is asked of the code, not the code."""

    name = "no test"

    def check(self, row: dict[str, Any]) -> Verdict:
        """Look at the path."""
        return not is_test(row["file_path"]) or (False, "test-file")


class SizeBetween(RowFilter):
    """Drops rows with a text that is too small or too large, in bytes of UTF-8."""

    name = "size"

    def __init__(self, columns: tuple[str, str], least: int, most: int, writer: RowWriter) -> None:
        super().__init__(writer)
        self.columns, self.least, self.most = columns, least, most

    def check(self, row: dict[str, Any]) -> Verdict:
        """Measure both texts."""
        sizes = [len(row[column].encode("utf-8", "surrogatepass")) for column in self.columns]
        if max(sizes) > self.most:
            return False, "too-large"
        return min(sizes) >= self.least or (False, "too-small")


class HasCriterion(RowFilter):
    """Labels commits by the term lists and drops those that speak of no criterion."""

    name = "criteria"

    def check(self, row: dict[str, Any]) -> Verdict:
        """Match the message; a kept row gets ``criteria`` (short names) and ``terms`` (``FC:off by one``)."""
        subject, message = row["subject"], row["message"]
        labels = label(message if message.startswith(subject) else f"{subject}\n\n{message}")
        row["criteria"] = list(labels)
        row["terms"] = [f"{short}:{phrase}" for short, phrases in labels.items() for phrase in phrases]
        return bool(labels) or (False, "no-criterion")


class TellingSubject(RowFilter):
    """Cleans the subject into ``instruction`` and drops commits whose subject says too little."""

    name = "subject"

    def __init__(self, min_words: int, writer: RowWriter) -> None:
        super().__init__(writer)
        self.min_words = min_words

    def check(self, row: dict[str, Any]) -> Verdict:
        """Clean the subject and count its words."""
        row["instruction"] = clean_subject(row["subject"])
        if not row["instruction"]:
            return False, "empty-subject"
        return word_count(row["instruction"]) >= self.min_words or (False, "thin-subject")


class RealChange(RowFilter):
    """Drops commits that change nothing, layout alone, comments without a matching label, too little, or nearly all."""

    name = "change"

    def __init__(self, max_rewrite: float, min_changed_tokens: int, writer: RowWriter) -> None:
        super().__init__(writer)
        self.max_rewrite, self.min_changed_tokens = max_rewrite, min_changed_tokens

    def check(self, row: dict[str, Any]) -> Verdict:
        """Compare the versions; a change of comments keeps the one label that comments can earn."""
        old, new = row["old_contents"], row["new_contents"]
        if rewritten_share(old, new) > self.max_rewrite:
            return False, "rewritten"
        old_tokens, new_tokens = tokens_of(old, new, row["language"])
        kind = kind_of_change(old, new, old_tokens, new_tokens)
        if kind == "none":
            return False, "unchanged"
        if kind == "layout":
            return False, "whitespace-only"
        if kind == "comments":
            if _COMMENT_CRITERION not in row["criteria"]:
                return False, "comment-only"
            row["criteria"] = [_COMMENT_CRITERION]
            row["terms"] = [term for term in row["terms"] if term.startswith(_COMMENT_CRITERION + ":")]
            return True
        return changed_span(old_tokens, new_tokens) >= self.min_changed_tokens or (False, "too-small-change")


class DeepSyntax(RowFilter):
    """Drops pairs of which a side has too shallow a syntax tree: data tables, includes, stubs."""

    name = "syntax depth"

    def __init__(self, least: int, writer: RowWriter) -> None:
        super().__init__(writer)
        self.least = least

    def check(self, row: dict[str, Any]) -> Verdict:
        """Parse both sides."""
        sides = (row["chosen"], row["rejected"])
        return all(tree_depth(code, row["language"]) >= self.least for code in sides) or (False, "shallow-syntax")


class FitsTokens(RowFilter):
    """Drops rows whose ``instruction`` and longer text exceed a number of tokens."""

    name = "tokens"

    def __init__(self, columns: tuple[str, str], count: TokenCounter, most: int, writer: RowWriter) -> None:
        super().__init__(writer)
        self.columns, self.count, self.most = columns, count, most

    def check(self, row: dict[str, Any]) -> Verdict:
        """Count the tokens."""
        left = self.most - self.count(row["instruction"])
        return all(self.count(row[column]) <= left for column in self.columns) or (False, "too-many-tokens")
