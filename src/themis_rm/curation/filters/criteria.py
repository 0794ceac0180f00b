"""Label commits with criteria; drop those without any."""

from __future__ import annotations

from typing import Any, ClassVar

from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter, FilterSettings
from themis_rm.curation.terms import label
from themis_rm.pipeline import FilterResult


@FILTERS.register
class CriteriaFilter(CurationFilter):
    """Labels commits with criteria by the terms in their messages, and drops those without a matching term."""

    name = "criteria"
    order = 60
    stages = (COMMITS,)
    reasons: ClassVar = {"no-criterion": "the message contains no term of a criterion"}
    Settings = FilterSettings

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Match the message; add the columns ``criteria`` (short names) and ``terms`` (such as ``FC:off by one``)."""
        subject, message = row["subject"], row["message"]
        labels = label(message if message.startswith(subject) else f"{subject}\n\n{message}")
        row["criteria"] = list(labels)
        row["terms"] = [f"{short}:{phrase}" for short, phrases in labels.items() for phrase in phrases]
        return bool(labels) or (False, "no-criterion")
