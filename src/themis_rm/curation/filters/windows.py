"""Cut both versions of long files to a window around the change."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter, OptionalFilterSettings
from themis_rm.curation.requests import commit_request
from themis_rm.curation.tokens import TokenCounter
from themis_rm.curation.windows import Window, cut_window
from themis_rm.languages import get_language
from themis_rm.pipeline import FilterResult


class WindowSettings(OptionalFilterSettings):
    """Settings of the windows of long files."""

    max_tokens: int | None = Field(None, ge=1)
    """Most tokens of the instruction and the longer version together, beyond which a file is cut; by default that of
    ``filters.token_length``."""
    max_bytes: int | None = Field(None, ge=1)
    """Most bytes of a version, beyond which a file is cut; by default that of ``filters.size``."""
    tokenizer: Path | None = None
    """A ``tokenizer.json`` to count tokens with; by default that of ``filters.token_length``."""
    instruction_tokens: int = Field(1024, ge=0)
    """Tokens that are left for the instruction, which is written from the window; at most a quarter of ``max_tokens``
    is."""
    partial: bool = False
    """Whether a window may leave out changes that do not fit into it."""


@FILTERS.register
class WindowFilter(CurationFilter):
    """Cuts both versions of long files to a window around the change.

    A window holds the changed functions, the headers of the classes around them, and the imports and short declarations
    that they mention. A file without a window that fits keeps its length, so that later filters drop it.
    """

    name = "windows"
    order = 65
    stages = (COMMITS,)
    reasons: ClassVar = {"partial-window": "a window of the long file cannot hold all changes"}
    Settings = WindowSettings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.count = TokenCounter(self.settings.tokenizer)

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Replace long versions by their window, and add the column ``window``."""
        row["window"] = ""
        settings = self.settings
        most = settings.max_tokens or _NO_LIMIT
        left = most - min(settings.instruction_tokens, most // 4)
        fits = _limit(self.count, settings.max_bytes or _NO_LIMIT)
        if all(fits(row[column]) <= left for column in self.versions):
            return True
        if get_language(row["language"]).syntax is None:
            return True
        window = cut_window(row["old_contents"], row["new_contents"], row["language"], left, fits)
        if window is None:
            return True
        if not (window.complete or settings.partial):
            return False, "partial-window"
        row["old_contents"], row["new_contents"] = window.old, window.new
        row["window"] = describe_window(window)
        if row.get("instruction_source") == "template":  # the request describes what the window contains
            row["instruction"] = commit_request(row) or row["instruction"]
        return True


_NO_LIMIT = 1 << 62


def _limit(count: Callable[[str], int], max_bytes: int) -> Callable[[str], int]:
    """Return a count of tokens that is above every limit for texts of more than a number of bytes."""
    return lambda text: _NO_LIMIT + 1 if len(text.encode("utf-8", "surrogatepass")) > max_bytes else count(text)


def describe_window(window: Window) -> str:
    """Return the lines of a window in the old and the new file, from 1: ``3-9,40-61 -> 3-9,40-62``."""
    return f"{_ranges(window.old_lines)} -> {_ranges(window.new_lines)}"


def _ranges(lines: Iterable[int]) -> str:
    runs: list[list[int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return ",".join(f"{first + 1}-{last + 1}" if first < last else str(first + 1) for first, last in runs)
