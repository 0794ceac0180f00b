"""Train the linear classifier of commits on commits that were labeled by reading them.

Commits to read are chosen so that rare criteria are frequent, so their shares say little about a history. Therefore
all estimates are post-stratified: the commits are divided by their score, and each interval counts as much as it does
in a random sample of commits. Scores are those of classifiers that have seen no commit of the same repository.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from themis_rm.curation.commit_classifier.calibration import Numbers, calibrate
from themis_rm.curation.commit_classifier.features import BLOCKS
from themis_rm.curation.commit_classifier.linear import METADATA, SCALES
from themis_rm.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Features = Mapping[str, Mapping[str, float]]
"""Block -> feature -> count or value, from :func:`~themis_rm.curation.commit_classifier.features.features_of`."""

PRECISION = 0.85
"""Share of right labels for which thresholds are set."""

_FOLDS, _INTERVALS = 6, 25
_MIN_COMMITS = 4  # commits that a word must be in
_TREE_FACTS = ("f:", "l:")
_BONUS_QUANTILE = 90


@dataclass(frozen=True)
class LabeledCommit:
    """A commit that was read.

    Attributes:
        features: Its features.
        criteria: Criterion -> share of the readers that chose it.
        repository: Its repository, which is never divided between training and test.
    """

    features: Features
    criteria: Mapping[str, float]
    repository: str


@dataclass(frozen=True)
class Settings:
    """Settings of the training.

    Attributes:
        criteria: Short names.
        strength: Inverse of the L2 regularization.
        most_features: Most features of each block that are kept.
        precision: Criterion -> share of right labels for which its threshold is set; :data:`PRECISION` by default.
    """

    criteria: tuple[str, ...]
    strength: float = 2.0
    most_features: int = 8000
    precision: Mapping[str, float] = field(default_factory=dict)


class Vectorizer:
    """Makes vectors of features: TF-IDF weights of words, each block with length 1, and facts as they are."""

    def __init__(self, commits: Sequence[Features], kept: Mapping[str, Sequence[str]] | None = None) -> None:
        self.index: dict[tuple[str, str], int] = {}
        self.idf: list[float] = []
        for block in BLOCKS:
            counts = Counter(feature for commit in commits for feature in commit[block])
            names = kept[block] if kept is not None else [n for n, c in counts.items() if c >= _MIN_COMMITS]
            for name in sorted(names):
                self.index[block, name] = len(self.index)
                self.idf.append(1.0 if block == "facts" else log((1 + len(commits)) / (1 + counts[name])) + 1)

    def __call__(self, commits: Sequence[Features]) -> csr_matrix:
        """Return a matrix with a row for each commit."""
        from scipy.sparse import csr_matrix

        rows, columns, values = [], [], []
        for number, commit in enumerate(commits):
            for block in BLOCKS:
                known = ((self.index.get((block, name)), value) for name, value in commit[block].items())
                found = [(i, value) for i, value in known if i is not None]
                if block == "facts":
                    cells = np.array([value for _, value in found])
                else:
                    cells = np.array([(1 + log(value)) * self.idf[i] for i, value in found])
                    cells = cells / (np.linalg.norm(cells) or 1.0) if len(cells) else cells
                rows += [number] * len(found)
                columns += [i for i, _ in found]
                values += list(cells * SCALES[block])
        return csr_matrix((values, (rows, columns)), shape=(len(commits), len(self.index)))


def train(
    labeled: Sequence[LabeledCommit],
    population: Sequence[Features],
    settings: Settings,
    facts: Mapping[str, Any],
    progress: Callable[[str], object],
) -> tuple[pa.Table, Numbers]:
    """Train a classifier.

    Args:
        labeled: The commits that were read.
        population: Features of a random sample of commits, for the estimates.
        settings: Settings.
        facts: What to store about the labels.
        progress: Called with a line for each step.

    Returns:
        The table that :meth:`LinearClassifier.load` reads, and the probabilities of the labeled commits by classifiers
        without their repository, of shape ``[commits, criteria]``.

    Raises:
        MissingExtraError: scikit-learn is not installed.
        InputError: There are too few labels or repositories.
    """
    classes = np.array([[commit.criteria.get(short, 0.0) for short in settings.criteria] for commit in labeled])
    if len({commit.repository for commit in labeled}) < _FOLDS or ((classes >= 0.5).sum(0) < _FOLDS).any():
        raise InputError(f"Every criterion needs labels in commits of at least {_FOLDS} repositories.")
    scores, of_population = _scores_of_unseen(labeled, population, classes, settings, progress)
    estimates, calibration, thresholds, unseen = {}, [], {}, np.zeros_like(classes)
    for number, short in enumerate(settings.criteria):
        weights = _population_weights(scores[:, number], of_population[:, number])
        precision = settings.precision.get(short, PRECISION)
        found = calibrate(scores[:, number], classes[:, number], weights, precision)
        calibration.append(found.platt)
        unseen[:, number] = found.chances
        thresholds[short], estimates[short] = found.threshold, found.estimates
        progress(f"{short}: {estimates[short]}")
    vectorizer = _selected([commit.features for commit in labeled], classes, settings)
    vectors = vectorizer([commit.features for commit in labeled])
    models = [_fit(vectors, classes[:, number], settings) for number in range(len(settings.criteria))]
    weights = np.stack([model.coef_[0] for model in models], axis=1)
    facts = {
        **facts,
        "criteria": settings.criteria,
        "intercepts": [float(model.intercept_[0]) for model in models],
        "calibration": calibration,
        "thresholds": thresholds,
        "tree_bonus": _tree_bonus(vectorizer, vectors, weights),
        "estimates": estimates,
        "labeled": len(labeled),
        "population": len(population),
    }
    return _table(vectorizer, weights, settings.criteria, facts), unseen


def _scores_of_unseen(
    labeled: Sequence[LabeledCommit],
    population: Sequence[Features],
    classes: Numbers,
    settings: Settings,
    progress: Callable[[str], object],
) -> tuple[Numbers, Numbers]:
    """Return the scores of labeled commits by classifiers without their repository, and the mean ones of others."""
    try:
        from sklearn.model_selection import GroupKFold
    except ImportError as error:
        raise MissingExtraError("scikit-learn", "classifier") from error
    scores = np.zeros_like(classes)
    of_population = np.zeros((len(population), classes.shape[1]))
    repositories = [commit.repository for commit in labeled]
    for fold, (seen, unseen) in enumerate(GroupKFold(_FOLDS).split(classes, groups=repositories)):
        progress(f"part {fold + 1} of {_FOLDS}")
        part = [labeled[i] for i in seen]
        vectorizer = _selected([commit.features for commit in part], classes[seen], settings)
        vectors = vectorizer([commit.features for commit in part])
        others = vectorizer([labeled[i].features for i in unseen]), vectorizer(population)
        for number in range(classes.shape[1]):
            model = _fit(vectors, classes[seen, number], settings)
            scores[unseen, number] = model.decision_function(others[0])
            of_population[:, number] += model.decision_function(others[1]) / _FOLDS
    return scores, of_population


def _selected(features: Sequence[Features], classes: Numbers, settings: Settings) -> Vectorizer:
    """Return a vectorizer of the features with the largest weights."""
    vectorizer = Vectorizer(features)
    vectors = vectorizer(features)
    weights = np.stack([_fit(vectors, column, settings).coef_[0] for column in classes.T], axis=1)
    kept: dict[str, list[str]] = {block: [] for block in BLOCKS}
    largest = -np.abs(weights).max(axis=1)
    for block, name in sorted(vectorizer.index, key=lambda item: largest[vectorizer.index[item]]):
        if len(kept[block]) < settings.most_features:
            kept[block].append(name)
    return Vectorizer(features, kept)


def _fit(vectors: csr_matrix, shares: Numbers, settings: Settings) -> Any:
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=settings.strength, max_iter=3000)
    return model.fit(vectors, (shares >= 0.5).astype(int))


def _population_weights(scores: Numbers, of_population: Numbers) -> Numbers:
    """Return the share of the population that each labeled commit represents."""
    edges = np.quantile(scores, np.linspace(0, 1, _INTERVALS + 1)[1:-1])
    own, others = np.digitize(scores, edges), np.digitize(of_population, edges)
    counts = np.bincount(own, minlength=_INTERVALS), np.bincount(others, minlength=_INTERVALS)
    weights: Numbers = (counts[1] / len(of_population) / np.maximum(counts[0], 1))[own]
    return weights


def _tree_bonus(vectorizer: Vectorizer, vectors: csr_matrix, weights: Numbers) -> list[float]:
    """Return what the facts of the trees add to the score of each criterion, at most, for most commits."""
    columns = [i for (block, name), i in vectorizer.index.items() if block == "facts" and name.startswith(_TREE_FACTS)]
    added = vectors[:, columns] @ weights[columns]
    return [max(0.0, float(value)) for value in np.percentile(added, _BONUS_QUANTILE, axis=0)]


def _table(vectorizer: Vectorizer, weights: Numbers, criteria: Sequence[str], facts: Mapping[str, Any]) -> pa.Table:
    names = list(vectorizer.index)
    columns = {
        "block": pa.array([block for block, _ in names]).dictionary_encode(),
        "feature": pa.array([name for _, name in names]),
        "idf": pa.array(np.array(vectorizer.idf, np.float32)),
    }
    columns |= {short: pa.array(weights[:, number].astype(np.float32)) for number, short in enumerate(criteria)}
    return pa.table(columns).replace_schema_metadata({METADATA: json.dumps(facts)})


def save(table: pa.Table, path: Path) -> None:
    """Write the table of a classifier."""
    pq.write_table(table, path, compression="zstd", compression_level=19)
