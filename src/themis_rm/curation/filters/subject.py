"""Derive instructions from commit subjects; drop uninformative ones."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import Field

from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter, FilterSettings
from themis_rm.curation.subjects import clean_subject, word_count
from themis_rm.pipeline import FilterResult


class SubjectSettings(FilterSettings):
    """Settings of the subject filter."""

    min_words: int = Field(3, ge=1)
    """Fewest words of a cleaned commit subject, which serves as the instruction."""


@FILTERS.register
class SubjectFilter(CurationFilter):
    """Cleans the subject into the column ``instruction``, and drops commits with too short a subject."""

    name = "subject"
    order = 70
    stages = (COMMITS,)
    reasons: ClassVar = {
        "empty-subject": "nothing is left of the subject after cleaning",
        "short-subject": "the cleaned subject has fewer than min_words words",
    }
    Settings = SubjectSettings

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Clean the subject and count its words."""
        row["instruction"] = clean_subject(row["subject"])
        if not row["instruction"]:
            return False, "empty-subject"
        return word_count(row["instruction"]) >= self.settings.min_words or (False, "short-subject")
