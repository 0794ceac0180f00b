"""Training of the linear classifier."""

import random

import numpy as np
import pyarrow.parquet as pq
import pytest

from themis_rm.curation.commit_classifier.base import CommitChange, load_classifier
from themis_rm.curation.commit_classifier.features import features_of
from themis_rm.curation.commit_classifier.training import LabeledCommit, Settings, Vectorizer, save, train
from themis_rm.errors import InputError

pytest.importorskip("sklearn")

SUBJECTS = {"FC": "fix crash of {}", "EE": "speed up {}", "": "add option for {}"}
SETTINGS = Settings(("FC", "EE"), most_features=50)


def commit(draw: random.Random, short: str) -> CommitChange:
    name = draw.choice(["parser", "lexer", "server", "client", "cache"])
    message = SUBJECTS[short].format(name)
    return CommitChange(message, message, f"{name}.py", "Python", "x = 1\n", f"x = {draw.randint(2, 9)}\n")


@pytest.fixture(scope="module")
def labeled():
    draw, found = random.Random(3), []
    for number in range(180):
        short = ("FC", "EE", "")[number % 3]
        found.append(LabeledCommit(features_of(commit(draw, short)), {short: 1.0} if short else {}, f"r{number % 9}"))
    return found


@pytest.fixture(scope="module")
def table(labeled):
    population = [row.features for row in labeled[:60]]
    return train(labeled, population, SETTINGS, {"date": "2026-01-01"}, str)[0]


@pytest.fixture
def classifier(table, tmp_path):
    save(table, tmp_path / "c.parquet")
    return load_classifier(tmp_path / "c.parquet")


def test_it_learns_the_words(classifier):
    draw = random.Random(4)
    for short, other in (("FC", "EE"), ("EE", "FC")):
        found = classifier.probabilities([commit(draw, short)])[0]
        assert found[short] >= classifier.thresholds[short]
        assert found[other] < classifier.thresholds[other]


def test_the_classifier_computes_what_was_trained(table, classifier, labeled, tmp_path):
    rows = table.to_pylist()
    vectorizer = Vectorizer(
        [row.features for row in labeled],
        {block: [row["feature"] for row in rows if row["block"] == block] for block in ("message", "change", "facts")},
    )
    weights = np.array([[row["FC"], row["EE"]] for row in rows])
    change = commit(random.Random(5), "FC")
    expected = (vectorizer([features_of(change)]) @ weights)[0] + np.array(classifier.facts["intercepts"])
    assert list(classifier._with_trees(classifier._without_trees(change), change)) == pytest.approx(
        list(expected), abs=1e-4
    )


def test_the_estimates_are_stored(table, tmp_path):
    save(table, tmp_path / "c.parquet")
    assert b'"estimates"' in pq.read_schema(tmp_path / "c.parquet").metadata[b"themis_rm"]


def test_too_few_labels_are_an_error(labeled):
    with pytest.raises(InputError, match="at least 6"):
        train(labeled[:5], [], SETTINGS, {}, str)
