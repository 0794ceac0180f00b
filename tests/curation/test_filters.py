"""Each filter says True or (False, reason)."""

import pytest

from themis_rm.curation import filters
from themis_rm.curation.tokens import TokenCounter
from themis_rm.pipeline import exclusion_writer
from themis_rm.records import Commit

OLD = "def mean(values):\n    total = sum(values)\n    return total / len(values)\n"
NEW = OLD.replace("    total", "    if not values:\n        return 0.0\n    total")


@pytest.fixture
def aside(tmp_path):
    return exclusion_writer(tmp_path, Commit.schema(), "test")


def commit(**changes) -> dict:
    subject = changes.pop("subject", "Fix crash on empty input (#12)")
    row = Commit(
        commit="c0",
        subject=subject,
        message=changes.pop("message", subject),
        repos="r",
        file_path="src/mean.py",
        license="MIT",
        unix_time=0,
        new_contents=changes.pop("new", NEW),
        old_contents=changes.pop("old", OLD),
    )
    return row.to_dict() | {"language": "Python", "criteria": ["FC"], "terms": ["FC:fix crash"]} | changes


@pytest.mark.parametrize("value", [None, 3])
def test_malformed_rows_are_dropped(aside, value):
    assert filters.WellFormed(["subject"], aside).check(commit() | {"subject": value}) == (False, "malformed-row")


def test_language_comes_from_the_path_where_there_is_none(aside):
    row = commit(language="")
    assert filters.InLanguages(["Python"], aside).check(row) is True
    assert row["language"] == "Python"


@pytest.mark.parametrize("changes", [{"language": "Go"}, {"language": "", "file_path": "a.txt"}])
def test_other_languages_are_dropped(aside, changes):
    assert filters.InLanguages(["Python"], aside).check(commit(**changes)) == (False, "other-language")


@pytest.mark.parametrize(
    ("path", "verdict"),
    [
        ("src/mean.py", True),
        ("src/contest.py", True),
        ("latest/attest.py", True),
        ("tests/mean.py", (False, "test-file")),
        ("src/test_mean.py", (False, "test-file")),
        ("lib/mean_spec.rb", (False, "test-file")),
        ("a/MeanTest.java", (False, "test-file")),
    ],
)
def test_commits_to_tests_are_dropped(aside, path, verdict):
    assert filters.NoTest(aside).check(commit(file_path=path)) == verdict


@pytest.mark.parametrize(
    ("require", "changes", "verdict"),
    [
        (False, {"reverted": True}, (False, "reverted")),
        (False, {"merged": "none"}, True),
        (True, {"merged": "none"}, (False, "not-merged")),
        (True, {"merged": "squash"}, True),
        (True, {"merged": "squash", "reverted": True}, (False, "reverted")),
    ],
)
def test_standing(aside, require, changes, verdict):
    assert filters.Standing(require, aside).check(commit(**changes)) == verdict


def test_sizes_are_bytes_of_either_side(aside):
    check = filters.SizeBetween(("old_contents", "new_contents"), 2, 4, aside).check
    assert check(commit(old="ab", new="abcd")) is True
    assert check(commit(old="ab", new="äöü")) == (False, "too-large")
    assert check(commit(old="a", new="ab")) == (False, "too-small")


def test_labels_are_put_into_the_row(aside):
    row = commit(subject="Tidy up", message="Tidy up\n\nFixes a crash too.")
    assert filters.HasCriterion(aside).check(row) is True
    assert (row["criteria"], row["terms"]) == (["FC", "R&M"], ["FC:fixes a crash", "R&M:tidy up"])


def test_the_subject_counts_where_the_message_lacks_it(aside):
    assert filters.HasCriterion(aside).check(commit(subject="Fix crash", message="More words")) is True


def test_no_criterion(aside):
    assert filters.HasCriterion(aside).check(commit(subject="Add a page")) == (False, "no-criterion")


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        ("Fix crash on empty input (#12)", True),
        ("Fixes #12", (False, "empty-subject")),
        ("fix: bug", (False, "thin-subject")),
    ],
)
def test_subjects(aside, subject, verdict):
    row = commit(subject=subject)
    assert filters.TellingSubject(3, aside).check(row) == verdict


@pytest.mark.parametrize(
    ("new", "verdict"),
    [
        (NEW, True),
        (OLD, (False, "unchanged")),
        (OLD.replace("    ", "  "), (False, "whitespace-only")),
        (OLD + "# the end\n", (False, "comment-only")),
        ("class Other:\n    x = 1\n    y = 2\n    z = 3\n", (False, "rewritten")),
    ],
)
def test_changes(aside, new, verdict):
    assert filters.RealChange(0.8, 1, aside).check(commit(new=new)) == verdict


def test_a_change_below_the_fewest_tokens_is_too_small(aside):
    new = OLD.replace("/", "//")
    assert filters.RealChange(0.8, 1, aside).check(commit(new=new)) is True
    assert filters.RealChange(0.8, 2, aside).check(commit(new=new)) == (False, "too-small-change")


def test_a_change_of_comments_keeps_the_label_that_comments_can_earn(aside):
    row = commit(new=OLD + "# the end\n", criteria=["FC", "R&M"], terms=["FC:bug", "R&M:clarify"])
    assert filters.RealChange(0.8, 1, aside).check(row) is True
    assert (row["criteria"], row["terms"]) == (["R&M"], ["R&M:clarify"])


def pair(**changes) -> dict:
    return {"instruction": "Fix it", "chosen": NEW, "rejected": OLD, "language": "Python"} | changes


def test_shallow_syntax(aside):
    check = filters.DeepSyntax(3, aside).check
    assert check(pair()) is True
    assert check(pair(rejected="")) == (False, "shallow-syntax")
    assert check(pair(chosen="# only a comment\n")) == (False, "shallow-syntax")


def test_tokens_are_those_of_the_instruction_and_the_longer_side(aside):
    count = TokenCounter()
    most = count(NEW) + count("Fix it")
    sides = ("chosen", "rejected")
    assert filters.FitsTokens(sides, count, most, aside).check(pair()) is True
    assert filters.FitsTokens(sides, count, most - 1, aside).check(pair()) == (False, "too-many-tokens")
