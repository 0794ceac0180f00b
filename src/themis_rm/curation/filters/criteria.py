"""Label commits with criteria; drop those without any."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from themis_rm.curation.change_features import change_features
from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter, FilterSettings
from themis_rm.curation.labels import label_commit, read_message
from themis_rm.curation.subjects import title_and_body
from themis_rm.curation.tasks import task_of_commit
from themis_rm.curation.terms import label
from themis_rm.pipeline import FilterResult
from themis_rm.records import TESTS


class CriteriaSettings(FilterSettings):
    """Settings of the labels of commits."""

    labels: Literal["evidence", "terms"] = "evidence"
    """``evidence``: terms of the message, weighed by their place, and what the change does; ``terms``: any term
    anywhere in the message, which is less often right."""


@FILTERS.register
class CriteriaFilter(CurationFilter):
    """Labels commits with criteria by their message and their change, and drops those without a criterion."""

    name = "criteria"
    order = 60
    stages = (COMMITS,)
    reasons: ClassVar = {"no-criterion": "the message and the change indicate no criterion"}
    Settings = CriteriaSettings

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Label the commit; add the columns ``criteria`` (short names) and ``terms`` (such as ``FC:off by one``)."""
        labels = self._by_terms(row) if self.settings.labels == "terms" else self._by_evidence(row)
        row["criteria"] = list(labels)
        row["terms"] = [f"{short}:{phrase}" for short, phrases in labels.items() for phrase in phrases]
        return bool(labels) or (False, "no-criterion")

    def _by_terms(self, row: dict[str, Any]) -> dict[str, list[str]]:
        subject, message = row["subject"], row["message"]
        return label(message if message.startswith(subject) else f"{subject}\n\n{message}")

    def _by_evidence(self, row: dict[str, Any]) -> dict[str, list[str]]:
        of_tests = task_of_commit(row) == TESTS
        message = read_message(*title_and_body(row["subject"], row["message"]), of_tests=of_tests)
        if not message.may_have_label():  # trees are parsed only where they can matter
            return {}
        return label_commit(message, change_features(row["old_contents"], row["new_contents"], row["language"]))
