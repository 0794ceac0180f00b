"""Pairs that are longer than the context, cut to the functions that differ, as curation cuts long files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from themis_rm.curation.windows import cut_window, excerpt_note
from themis_rm.errors import SettingError
from themis_rm.languages import get_language
from themis_rm.languages.syntax import error_count, parse
from themis_rm.records import REPAIR

LARGEST = 262_144
"""Most characters of a response that is cut: the time to compare two versions grows with the square of their lines."""


class LineTokenCounter:
    """Counts the tokens of texts as the sum over their lines, each tokenized once with the line break before it.

    The windows that are tried for a file consist of the same lines. The sum is the number of tokens of the text or a
    little more, because no token is shared by two lines.

    Args:
        tokenizer: Tokenizer of the package ``tokenizers``.
    """

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer = tokenizer
        self._of_line: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """Return the number of tokens of a text."""
        lines = [f"\n{line}" for line in text.split("\n")]
        new = list({line for line in lines if line not in self._of_line})
        for line, encoding in zip(new, self.tokenizer.encode_batch(new, add_special_tokens=False), strict=True):
            self._of_line[line] = len(encoding.ids)
        return sum(self._of_line[line] for line in lines)


class CutPair(NamedTuple):
    """A row whose responses are cut.

    Attributes:
        row: The row.
        complete: Whether its responses contain every difference of the whole ones.
    """

    row: dict[str, Any]
    complete: bool


def cut_pair(row: Mapping[str, Any], max_tokens: int, count: Callable[[str], int]) -> CutPair | None:
    """Return a row whose responses are cut alike to a window around their differences.

    The window is that of :func:`~themis_rm.curation.windows.cut_window`, with the rejected response as the old version
    and the chosen one as the new version. Where it cannot hold all differences, it holds the largest ones that fit;
    truncation would keep the first ones, or none. The request says that the code is an excerpt, where the row names its
    file and is not one already.

    Args:
        row: A row in the columns of :class:`~themis_rm.records.Preference`.
        max_tokens: Most tokens of the longer response and of the sentence that the request gets.
        count: Returns the number of tokens of a text.

    Returns:
        The row, or ``None``: the responses are not code of a language with syntax (text with code blocks and rows
        without a file that do not parse count as text), are messages or larger than :data:`LARGEST`, the request quotes
        one of them (the task ``repair``), or no window fits.
    """
    if not _is_code(row):
        return None
    note = excerpt_note(row["file_path"]) if row.get("file_path") and not row.get("window") else ""
    if note and not row.get("messages"):
        row = {**row, "input": f"{row['input']}\n\n{note}"}
        max_tokens -= count(f"\n\n{note}")
    window = cut_window(row["rejected"], row["chosen"], row["language"], max_tokens, count)
    return None if window is None else CutPair({**row, "rejected": window.old, "chosen": window.new}, window.complete)


def _is_code(row: Mapping[str, Any]) -> bool:
    texts = row["chosen"], row["rejected"]
    if row.get("chosen_messages") or row.get("rejected_messages") or row.get("task") == REPAIR:
        return False
    if any(len(text) > LARGEST or "```" in text for text in texts) or not _has_syntax(row.get("language") or ""):
        return False
    return bool(row.get("file_path")) or not any(error_count(parse(text, row["language"])) for text in texts)


def _has_syntax(language: str) -> bool:
    try:
        return get_language(language).syntax is not None
    except SettingError:
        return False
