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
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from themis_rm.curation.commit_classifier.base import CommitChange, CommitClassifier
from themis_rm.curation.commit_classifier.calibration import Numbers
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
class WordBlock:
    """The words of a block.

    Attributes:
        rows: Word -> row of the arrays.
        idf: Inverse document frequencies, of shape ``[words]``.
        weights: Weights of the criteria, of shape ``[words, criteria]``.
    """

    rows: Mapping[str, int]
    idf: Numbers
    weights: Numbers

    def logits(self, counts: Mapping[str, int]) -> Numbers:
        """Return what words add to the logits, for TF-IDF weights of length 1."""
        known = {row: count for word, count in counts.items() if (row := self.rows.get(word)) is not None}
        if not known:
            return np.zeros(self.weights.shape[1])
        rows = np.array([*known])
        values = (1 + np.log(np.array([*known.values()]))) * self.idf[rows]
        return values @ self.weights[rows] / sqrt(values @ values)


@dataclass(frozen=True)
class LinearClassifier(CommitClassifier):
    """The linear classifier.

    Attributes:
        criteria: Short names of the criteria, in the order of the weights.
        thresholds: Criterion -> least probability of a label.
        words: Words of the message and of the change, by block.
        weights: Fact -> weights of the criteria.
        intercepts: Intercept of each criterion.
        calibration: Criterion by criterion, slope and offset of the logit.
        facts: What the classifier was trained on, and its estimated precision and recall.
    """

    criteria: tuple[str, ...]
    thresholds: Mapping[str, float]
    words: Mapping[str, WordBlock] = field(repr=False)
    weights: Mapping[str, Numbers] = field(repr=False)
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
        blocks, weights = np.array(columns["block"]), np.array([columns[name] for name in criteria]).T
        words: dict[str, WordBlock] = {}
        for block in BLOCKS:
            places = np.flatnonzero(blocks == block)
            features = {columns["feature"][row]: number for number, row in enumerate(places)}
            words[block] = WordBlock(features, np.array(columns["idf"])[places], weights[places])
        facts_block = words.pop("facts")
        of_facts = {name: facts_block.weights[row] for name, row in facts_block.rows.items()}
        return cls(criteria, thresholds, words, of_facts, *numbers, facts)

    def probabilities(self, commits: Sequence[CommitChange]) -> list[dict[str, float]]:
        """Return criterion -> calibrated probability for each commit."""
        return [self._calibrated(self._with_trees(self._without_trees(commit), commit)) for commit in commits]

    def labels(self, commit: CommitChange, thresholds: Mapping[str, float] | None = None) -> dict[str, float]:
        """Return criterion -> probability, for the criteria that reach their threshold.

        Files are parsed only if a criterion can reach its threshold: not if it lacks more than what their trees say of
        nine of ten commits of the training.
        """
        logits = self._without_trees(commit)
        if not self._reached(self._calibrated(np.add(logits, self.facts["tree_bonus"])), thresholds):
            return {}
        return self._reached(self._calibrated(self._with_trees(logits, commit)), thresholds)

    def _without_trees(self, commit: CommitChange) -> Numbers:
        """Return the logits of the criteria by what is known without parsing."""
        logits = np.array(self.intercepts)
        for block, counts in (("message", message_words(commit)), ("change", changed_words(commit))):
            logits += SCALES[block] * self.words[block].logits(counts)
        return logits + self._of_facts(cheap_facts(commit))

    def _with_trees(self, logits: Numbers, commit: CommitChange) -> Numbers:
        return logits + self._of_facts(tree_facts(commit))

    def _of_facts(self, facts: Mapping[str, float]) -> Numbers:
        weights = self.weights
        found = [SCALES["facts"] * value * weights[name] for name, value in facts.items() if name in weights]
        return np.sum(found, axis=0) if found else np.zeros(len(self.criteria))
