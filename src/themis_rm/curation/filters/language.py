"""Drop rows in other programming languages."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field, field_validator

from themis_rm.curation.filters import COMMITS, FILTERS, SOLUTIONS, CurationFilter, FilterSettings
from themis_rm.languages import LANGUAGES, get_language, language_of_path
from themis_rm.languages.headers import language_of_file
from themis_rm.pipeline import FilterResult


class LanguageSettings(FilterSettings):
    """Settings of the language filter."""

    languages: list[str] = Field(default_factory=lambda: [row.name for row in LANGUAGES])
    """Languages to keep, by any of their names."""

    @field_validator("languages")
    @classmethod
    def _known(cls, names: list[str]) -> list[str]:
        return [get_language(name).name for name in names]


@FILTERS.register
class LanguageFilter(CurationFilter):
    """Keeps rows in the given languages; a row without a language gets that of its file, by extension and text."""

    name = "language"
    order = 20
    stages = (COMMITS, SOLUTIONS)
    reasons: ClassVar = {"other-language": "not in one of the languages"}
    Settings = LanguageSettings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.languages = frozenset(self.settings.languages)

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Check the language, and fill the column in where it is empty."""
        by_path = language_of_path(row["file_path"])
        if not row.get("language") or (by_path and by_path.name == row["language"] and by_path.shared_extensions):
            known = language_of_file(row["file_path"], row[self.versions[0]]) if self.versions else by_path
            row["language"] = known.name if known else ""
        return row["language"] in self.languages or (False, "other-language")
