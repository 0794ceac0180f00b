"""Drop rows that exceed a number of tokens."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field

from themis_rm.curation.filters import COMMITS, FILTERS, INJECTED_PAIRS, CurationFilter, OptionalFilterSettings
from themis_rm.curation.tokens import TokenCounter
from themis_rm.pipeline import FilterResult


class TokenLengthSettings(OptionalFilterSettings):
    """Settings of the filter of token length."""

    max_tokens: int = Field(4096, ge=1)
    """Most tokens of the instruction and the longer version together."""
    tokenizer: Path | None = None
    """A ``tokenizer.json`` to count tokens with; by default the number is estimated."""


@FILTERS.register
class TokenLengthFilter(CurationFilter):
    """Drops rows whose instruction and longer version together exceed a number of tokens."""

    name = "token_length"
    order = 80
    stages = (COMMITS, INJECTED_PAIRS)
    reasons: ClassVar = {"too-many-tokens": "instruction and longer version have more than max_tokens tokens"}
    Settings = TokenLengthSettings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.count = TokenCounter(self.settings.tokenizer)

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Count the tokens."""
        left = self.settings.max_tokens - self.count(row["instruction"])
        return all(self.count(row[column]) <= left for column in self.versions) or (False, "too-many-tokens")

    def report_details(self) -> dict[str, Any]:
        """Return the name of the tokenizer."""
        return {"tokens_counted_by": self.count.name}
