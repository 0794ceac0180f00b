"""A logistic regression per criterion on TF-IDF weights of words and on facts of a change.

The file is a Parquet table with a row for each feature (``block``, ``feature``, ``idf`` and a weight for each
criterion) and metadata as JSON: intercepts, calibration (Platt scaling: J. Platt, *Probabilistic outputs for support
vector machines*, 1999), thresholds, and what it was trained on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from math import exp, log, sqrt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from themis_rm.curation.commit_classifier.base import CommitChange, CommitClassifier
from themis_rm.curation.commit_classifier.features import (
    BLOCKS,
    changed_words,
    cheap_facts,
    message_words,
    tree_facts,
)
from themis_rm.errors import InputError

SCALES = {"message": 2.0, "change": 0.5, "facts": 0.5}
"""Factor of each block, after words are normalized to length 1."""
METADATA = b"themis_rm"
_FILE = "commit_classifier.parquet"


@dataclass(frozen=True)
class LinearClassifier(CommitClassifier):
    """The linear classifier.

    Attributes:
        criteria: Short names of the criteria, in the order of the weights.
        thresholds: Criterion -> least probability of a label.
        weights: Block -> feature -> weights of the criteria, times the inverse document frequency and the scale.
        idf: Block -> feature -> inverse document frequency, for the blocks of words.
        intercepts: Intercept of each criterion.
        calibration: Criterion by criterion, slope and offset of the logit.
        facts: What the classifier was trained on, and its estimated precision and recall.
    """

    criteria: tuple[str, ...]
    thresholds: Mapping[str, float]
    weights: Mapping[str, Mapping[str, tuple[float, ...]]] = field(repr=False)
    idf: Mapping[str, Mapping[str, float]] = field(repr=False)
    intercepts: tuple[float, ...]
    calibration: tuple[tuple[float, float], ...]
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def load(cls, path: Path | None = None) -> LinearClassifier:
        """Read a file; by default that of the package.

        Raises:
            InputError: The file is not a linear classifier of commits.
        """
        with resources.as_file(resources.files("themis_rm.curation.commit_classifier") / _FILE) as own:
            file = path or own
            try:
                table = pq.read_table(file)
                facts = json.loads((table.schema.metadata or {})[METADATA])
                criteria = tuple(facts["criteria"])
                columns = {name: table.column(name).to_pylist() for name in ("block", "feature", "idf", *criteria)}
                numbers = (tuple(facts["intercepts"]), tuple((a, b) for a, b in facts["calibration"]))
                thresholds = {short: float(value) for short, value in facts["thresholds"].items()}
            except (OSError, pa.ArrowException, KeyError, ValueError, TypeError) as error:
                raise InputError(
                    f"{file} is not a linear classifier of commits ({type(error).__name__}).",
                    "Train one with data/train_commit_classifier.py.",
                ) from error
        weights: dict[str, dict[str, tuple[float, ...]]] = {block: {} for block in BLOCKS}
        idf: dict[str, dict[str, float]] = {block: {} for block in BLOCKS}
        rows = zip(columns["block"], columns["feature"], columns["idf"], *(columns[c] for c in criteria), strict=True)
        for block, feature, inverse, *row in rows:
            weights[block][feature] = tuple(row)
            idf[block][feature] = inverse
        return cls(criteria, thresholds, weights, idf, *numbers, facts)

    def probabilities(self, commits: Sequence[CommitChange]) -> list[dict[str, float]]:
        """Return criterion -> calibrated probability for each commit."""
        return [self._probabilities(self._logits(commit, parse=True)) for commit in commits]

    def may_have_label(self, commit: CommitChange, thresholds: Mapping[str, float]) -> bool:
        """Return whether a probability can reach its threshold, whatever the syntax trees say of most commits."""
        found = self._probabilities(self._logits(commit, parse=False))
        return any(found[short] >= least for short, least in thresholds.items())

    def _logits(self, commit: CommitChange, parse: bool) -> list[float]:
        """Return the logit of each criterion; without parsing, the largest one that any trees give."""
        facts = cheap_facts(commit)
        if parse:
            facts |= tree_facts(commit)
        blocks: dict[str, Mapping[str, float]] = {
            "message": message_words(commit),
            "change": changed_words(commit),
            "facts": facts,
        }
        logits = list(self.intercepts)
        for block, values in blocks.items():
            weights, idf = self.weights[block], self.idf[block]
            known = {feature: value for feature, value in values.items() if feature in weights}
            scale = SCALES[block]
            if block != "facts":
                known = {feature: (1 + log(count)) * idf[feature] for feature, count in known.items()}
                scale /= sqrt(sum(value * value for value in known.values())) or 1.0
            for feature, value in known.items():
                for number, weight in enumerate(weights[feature]):
                    logits[number] += scale * value * weight
        return logits if parse else [logit + bonus for logit, bonus in zip(logits, self._tree_bonus, strict=True)]

    @property
    def _tree_bonus(self) -> Sequence[float]:
        """What the facts of the trees add to the logit of each criterion for most commits, see the training."""
        bonus: Sequence[float] = self.facts["tree_bonus"]
        return bonus

    def _probabilities(self, logits: Sequence[float]) -> dict[str, float]:
        scaled = (a * logit + b for logit, (a, b) in zip(logits, self.calibration, strict=True))
        return {short: 1 / (1 + exp(-max(-30.0, min(30.0, x)))) for short, x in zip(self.criteria, scaled, strict=True)}
