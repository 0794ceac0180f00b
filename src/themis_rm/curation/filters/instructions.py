"""Give commits an instruction that both versions answer; drop those without one."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from themis_rm.curation.english import is_english
from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter, FilterSettings
from themis_rm.curation.leaks import leaking_words
from themis_rm.curation.requests import commit_request, fixed_words
from themis_rm.curation.subjects import subject_of, word_count
from themis_rm.pipeline import FilterResult


class InstructionsSettings(FilterSettings):
    """Settings of the instructions of commits."""

    source: Literal["template", "subject"] = "template"
    """``template``: a request written from what both versions share; ``subject``: the cleaned commit subject."""
    min_words: int = Field(3, ge=1)
    """Fewest words of a cleaned commit subject, where it is the instruction."""
    allow_leaks: bool = False
    """Whether an instruction may contain words that occur in one version only."""


@FILTERS.register
class InstructionsFilter(CurationFilter):
    """Writes the column ``instruction``; drops commits in other languages than English, or without an instruction."""

    name = "instructions"
    order = 70
    stages = (COMMITS,)
    reasons: ClassVar = {
        "not-english": "the subject is not in English",
        "empty-subject": "nothing is left of the subject after cleaning",
        "short-subject": "the cleaned subject has fewer than min_words words",
        "cut-subject": "the subject was cut, and its rest is not in the message",
        "revert-subject": "the subject says that the commit reverts another one",
        "no-shared-function": "the versions share no function that a request could describe",
        "instruction-leaks": "words of the instruction occur in one version only",
    }
    Settings = InstructionsSettings

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Write the instruction and look for leaks."""
        if not is_english(row["subject"]):
            return False, "not-english"
        if self.settings.source == "subject":
            text, reason = self._from_subject(row)
        else:
            text = commit_request(row)
            reason = "" if text else "no-shared-function"
        row["instruction"], row["instruction_source"] = text, self.settings.source
        if reason:
            return False, reason
        template = self.settings.source == "template"
        ignored = fixed_words(row["file_path"], row["language"]) if template else frozenset[str]()
        leaks = leaking_words(text, row["new_contents"], row["old_contents"], ignored)
        return self.settings.allow_leaks or not leaks or (False, "instruction-leaks")

    def _from_subject(self, row: dict[str, Any]) -> tuple[str, str]:
        text, reason = subject_of(row["subject"], row["message"])
        if not reason and word_count(text) < self.settings.min_words:
            reason = "short-subject"
        return text, reason
