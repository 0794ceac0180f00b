"""The linear classifier of the package, and damaged files."""

import pytest

from themis_rm.criteria import CRITERIA
from themis_rm.curation.commit_classifier.base import CommitChange, load_classifier
from themis_rm.errors import InputError

CODE = "def find(items, key):\n    for item in items:\n        if item.key == key:\n            return item.value\n"


@pytest.fixture(scope="module")
def classifier():
    return load_classifier()


def change(message: str, old: str, new: str, path: str = "src/lookup.py") -> CommitChange:
    return CommitChange(message.split("\n", maxsplit=1)[0], message, path, "Python", old, new)


def likeliest(classifier, commit):
    found = classifier.probabilities([commit])[0]
    return max(found, key=found.get)


def test_it_has_all_criteria(classifier):
    assert set(classifier.criteria) == {row.short for row in CRITERIA}
    assert set(classifier.thresholds) == set(classifier.criteria)


@pytest.mark.parametrize(
    ("message", "new", "short"),
    [
        ("Fix crash when an item has no key", CODE.replace("if item.key", "if item is not None and item.key"), "FC"),
        ("Remove dead code and simplify find", CODE.replace("    for item", "    # Linear.\n    for item"), "R&M"),
        ("Speed up find with a dictionary, 10x faster", "def find(items, key):\n    return items[key]\n", "EE"),
        ("Fix memory leak: release the cache", CODE + "    del items\n", "ME"),
    ],
)
def test_clear_messages_have_their_criterion(classifier, message, new, short):
    assert likeliest(classifier, change(message, CODE, new)) == short


def test_probabilities_do_not_depend_on_other_commits(classifier):
    commits = [change("Fix crash", CODE, CODE + "\n"), change("Add option", CODE, CODE + "x = 1\n")]
    together = classifier.probabilities(commits)
    assert together == [classifier.probabilities([commit])[0] for commit in commits]


def test_labels_are_the_criteria_that_reach_their_threshold(classifier):
    commit = change("Fix crash when an item has no key", CODE, CODE.replace("item.key ==", "item and item.key =="))
    found = classifier.probabilities([commit])[0]
    assert classifier.labels(commit) == {"FC": found["FC"]}
    assert classifier.labels(commit, {"FC": found["FC"] + 1e-6}) == {}
    assert set(classifier.labels(commit, {"FC": 0.0, "SH": 0.0})) == {"FC", "SH"}


@pytest.mark.parametrize("content", [b"", b"no table", b"PAR1"])
def test_a_damaged_file_is_an_error(tmp_path, content):
    (tmp_path / "classifier.parquet").write_bytes(content)
    with pytest.raises(InputError, match="not a linear classifier"):
        load_classifier(tmp_path / "classifier.parquet")


def test_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(InputError, match="no classifier of commits"):
        load_classifier(tmp_path / "missing")
