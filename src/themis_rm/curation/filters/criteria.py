"""Label commits with criteria; drop those without any."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator

from themis_rm.criteria import criterion
from themis_rm.curation.commit_classifier.base import CommitChange, CommitClassifier, load_classifier
from themis_rm.curation.filters import COMMITS, FILTERS, CurationFilter, FilterSettings
from themis_rm.curation.labels import contradicted_criteria
from themis_rm.pipeline import FilterResult


class CriteriaSettings(FilterSettings):
    """Settings of the labels of commits."""

    labels: Literal["classifier", "evidence", "terms"] = "classifier"
    """``classifier``: probabilities of a classifier that was trained on labeled commits; ``evidence``: terms of the
    message, weighed by their place, and what the change does; ``terms``: any term anywhere in the message."""
    classifier: Path | None = None
    """File of a linear classifier, or directory of an encoder; by default the linear one of the package."""
    thresholds: dict[str, float] = Field(default_factory=dict)
    """Criterion -> least probability of a label; by default those of the classifier."""

    @field_validator("thresholds")
    @classmethod
    def _known(cls, thresholds: dict[str, float]) -> dict[str, float]:
        return {criterion(name).short: value for name, value in thresholds.items()}


@lru_cache(maxsize=2)
def _classifier(path: Path | None) -> CommitClassifier:
    return load_classifier(path)  # once per process: steps are copied to the workers


@FILTERS.register
class CriteriaFilter(CurationFilter):
    """Labels commits with criteria by their message and their change, and drops those without a criterion."""

    name = "criteria"
    order = 60
    stages = (COMMITS,)
    reasons: ClassVar = {"no-criterion": "the message and the change indicate no criterion"}
    Settings = CriteriaSettings

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        if self.settings.labels == "classifier":
            _classifier(self.settings.classifier)  # reports a bad file early

    def check(self, row: dict[str, Any]) -> FilterResult:
        """Label the commit; add the columns ``criteria`` (short names) and ``terms`` (such as ``FC:off by one``)."""
        change = CommitChange.of_row(row)
        if self.settings.labels == "terms":
            labels = change.terms
        elif self.settings.labels == "evidence" or change.of_tests:  # no test file was read for training
            labels = change.evidence
        else:
            labels = self._by_classifier(change)
        row["criteria"] = list(labels)
        row["terms"] = [f"{short}:{phrase}" for short, phrases in labels.items() for phrase in phrases]
        return bool(labels) or (False, "no-criterion")

    def _by_classifier(self, change: CommitChange) -> dict[str, list[str]]:
        classifier = _classifier(self.settings.classifier)
        found = classifier.labels(change, self.settings.thresholds)
        excluded = contradicted_criteria(change.features) if found else set()
        labels = {}
        for short in (short for short in found if short not in excluded):
            evidence = dict.fromkeys([*change.terms.get(short, []), *change.evidence.get(short, [])])
            labels[short] = [f"p={found[short]:.2f}", *evidence]
        return labels
