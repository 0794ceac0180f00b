"""Filters of curation: what each drops and why, and how the chain is built from the registry."""

from typing import ClassVar

import pytest

from themis_rm.curation.filters import COMMIT_PAIRS, COMMITS, FILTERS, SOLUTIONS, CurationFilter, filters_of
from themis_rm.curation.settings import CurateSettings
from themis_rm.curation.tokens import TokenCounter
from themis_rm.errors import SettingError
from themis_rm.pipeline import exclusion_writer
from themis_rm.records import Commit

OLD = "def mean(values):\n    total = sum(values)\n    return total / len(values)\n"
NEW = OLD.replace("    total", "    if not values:\n        return 0.0\n    total")


@pytest.fixture
def check(tmp_path):
    """Return a function that runs one filter: ``check(name, row, stage, **settings)``."""

    def run(name, row, stage=COMMITS, **settings):
        item = FILTERS.get(name)
        return item(item.Settings(**settings), stage, exclusion_writer(tmp_path, Commit.schema(), "test")).check(row)

    return run


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
def test_malformed_rows_are_dropped(check, value):
    assert check("valid_row", commit() | {"subject": value}) == (False, "malformed-row")


def test_the_language_of_a_row_without_one_comes_from_its_path(check):
    row = commit(language="")
    assert check("language", row, languages=["Python"]) is True
    assert row["language"] == "Python"


@pytest.mark.parametrize("changes", [{"language": "Go"}, {"language": "", "file_path": "a.txt"}])
def test_other_languages_are_dropped(check, changes):
    assert check("language", commit(**changes), languages=["Python"]) == (False, "other-language")


@pytest.mark.parametrize(
    ("path", "result"),
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
def test_commits_to_tests_are_dropped(check, path, result):
    assert check("test_file", commit(file_path=path)) == result


@pytest.mark.parametrize(
    ("name", "changes", "result"),
    [
        ("reverted", {"reverted": True}, (False, "reverted")),
        ("reverted", {"merged": "none"}, True),
        ("merged", {"merged": "none"}, (False, "not-merged")),
        ("merged", {"merged": None}, (False, "not-merged")),
        ("merged", {"merged": "squash"}, True),
    ],
)
def test_reverted_and_unmerged_commits_are_dropped(check, name, changes, result):
    assert check(name, commit(**changes)) == result


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [("ab", "abcd", True), ("ab", "äöü", (False, "too-large")), ("a", "ab", (False, "too-small"))],
)
def test_the_size_of_either_version_is_limited_in_bytes(check, old, new, result):
    assert check("size", commit(old=old, new=new), min_bytes=2, max_bytes=4) == result


def test_labels_are_added_to_the_row(check):
    row = commit(subject="Tidy up", message="Tidy up\n\nFixes a crash too.")
    assert check("criteria", row) is True
    assert (row["criteria"], row["terms"]) == (["FC", "R&M"], ["FC:fixes a crash", "R&M:tidy up"])


def test_a_subject_that_the_message_lacks_is_labeled_too(check):
    assert check("criteria", commit(subject="Fix crash", message="More words")) is True


def test_a_message_without_a_term_is_dropped(check):
    assert check("criteria", commit(subject="Add a page")) == (False, "no-criterion")


@pytest.mark.parametrize(
    ("subject", "result"),
    [
        ("Fix crash on empty input (#12)", True),
        ("Fixes #12", (False, "empty-subject")),
        ("fix: bug", (False, "short-subject")),
        ("Fix the crash that occurs when the input is ...", (False, "cut-subject")),
        ('Revert "Fix crash on empty input"', (False, "revert-subject")),
        ("Corrige une erreur dans le calcul de la moyenne", (False, "not-english")),
        ("Return 0.0 for empty input", (False, "instruction-leaks")),
    ],
)
def test_subjects_that_cannot_be_a_request_are_dropped(check, subject, result):
    assert check("instructions", commit(subject=subject), source="subject", min_words=3) == result


def test_leaks_are_kept_on_request(check):
    row = commit(subject="Return 0.0 for empty input")
    assert check("instructions", row, source="subject", allow_leaks=True) is True


def test_a_template_needs_no_long_subject(check):
    row = commit(subject="fix: bug")
    assert check("instructions", row) is True
    assert (row["instruction_source"], "`mean`" in row["instruction"]) == ("template", True)


def test_a_template_does_not_contain_the_subject(check):
    row = commit(subject="Fix crash on empty input")
    check("instructions", row)
    assert "crash" not in row["instruction"]


def test_versions_without_a_shared_function_are_dropped(check):
    row = commit(old="LIMIT = 3\n", new="LIMIT = 4\n")
    assert check("instructions", row) == (False, "no-shared-function")


@pytest.mark.parametrize(
    ("new", "result"),
    [
        (NEW, True),
        (OLD, (False, "unchanged")),
        (OLD.replace("    ", "  "), (False, "whitespace-only")),
        (OLD + "# the end\n", (False, "comment-only")),
        ("class Other:\n    x = 1\n    y = 2\n    z = 3\n", (False, "rewritten")),
    ],
)
def test_trivial_changes_and_rewrites_are_dropped(check, new, result):
    assert check("trivial_change", commit(new=new)) == result


@pytest.mark.parametrize(("tokens", "result"), [(1, True), (2, (False, "too-small-change"))])
def test_changes_of_few_tokens_are_dropped(check, tokens, result):
    assert check("trivial_change", commit(new=OLD.replace("/", "//")), min_changed_tokens=tokens) == result


def test_a_change_of_comments_keeps_only_the_readability_label(check):
    row = commit(new=OLD + "# the end\n", criteria=["FC", "R&M"], terms=["FC:bug", "R&M:clarify"])
    assert check("trivial_change", row) is True
    assert (row["criteria"], row["terms"]) == (["R&M"], ["R&M:clarify"])


def pair(**changes) -> dict:
    return {"instruction": "Fix it", "chosen": NEW, "rejected": OLD, "language": "Python"} | changes


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({}, True),
        ({"rejected": ""}, (False, "shallow-syntax")),
        ({"chosen": "# only a comment\n"}, (False, "shallow-syntax")),
    ],
)
def test_shallow_syntax_trees_are_dropped(check, changes, result):
    assert check("syntax_depth", pair(**changes), COMMIT_PAIRS) == result


@pytest.mark.parametrize(("missing", "result"), [(0, True), (1, (False, "too-many-tokens"))])
def test_instruction_and_longer_version_share_the_token_limit(check, missing, result):
    count = TokenCounter()
    limit = count(NEW) + count("Fix it") - missing
    assert check("token_length", pair(), COMMIT_PAIRS, max_tokens=limit) == result


def chain(stage, tmp_path, settings=None):
    settings = settings or CurateSettings()
    return [
        item.name
        for item in filters_of(stage, settings.of_filter, lambda _: exclusion_writer(tmp_path, Commit.schema(), "x"))
    ]


def test_the_chain_runs_in_the_order_of_the_filters(tmp_path):
    names = [
        "valid_row",
        "language",
        "renamed",
        "reverted",
        "test_file",
        "criteria",
        "instructions",
        "windows",
        "size",
        "token_length",
        "trivial_change",
    ]
    assert chain(COMMITS, tmp_path) == names


def test_filters_can_be_turned_on_and_off(tmp_path):
    changed = {"merged": {"enabled": True}, "test_file": {"enabled": False}}
    names = chain(COMMITS, tmp_path, CurateSettings.build({"filters": changed}))
    assert names[:5] == ["valid_row", "language", "renamed", "reverted", "merged"]
    assert "test_file" not in names


def test_a_filter_that_later_steps_depend_on_cannot_be_turned_off():
    with pytest.raises(SettingError, match=r"filters\.criteria\.enabled: unknown key"):
        CurateSettings.build({"filters": {"criteria": {"enabled": False}}})


def test_a_registered_filter_joins_the_chain_without_further_configuration(tmp_path, monkeypatch):
    class OddLinesFilter(CurationFilter):
        """Drops solutions with an odd number of lines."""

        name, order, stages = "odd_lines", 15, (SOLUTIONS,)
        reasons: ClassVar = {"odd-lines": "has an odd number of lines"}

        def check(self, row):
            return row["solution"].count("\n") % 2 == 0 or (False, "odd-lines")

    FILTERS.names()  # loads the built-in filters into the dict that is copied
    monkeypatch.setattr(FILTERS, "_items", dict(FILTERS._items))
    FILTERS.register(OddLinesFilter)
    assert chain(SOLUTIONS, tmp_path) == ["valid_row", "odd_lines", "language"]
    assert "odd_lines" not in chain(COMMITS, tmp_path)


LONG_OLD = OLD + "".join(f"\n\ndef pad{n}(values):\n    return sorted(values)[{n}]\n" for n in range(60))
LONG_NEW = LONG_OLD.replace(OLD, NEW)


def long_commit(**changes) -> dict:
    return commit(old=LONG_OLD, new=LONG_NEW, **changes) | {"instruction": "Fix crash on empty input"}


def test_a_long_file_is_cut_to_its_change(check):
    row = long_commit()
    assert check("windows", row, max_tokens=120) is True
    assert (row["old_contents"], row["new_contents"]) == (OLD, NEW)
    assert row["window"] == "1-3 -> 1-5"


def test_a_large_file_is_cut_to_its_change(check):
    row = long_commit()
    assert check("windows", row, max_bytes=1000) is True
    assert row["window"]
    assert len(row["new_contents"]) <= 1000


@pytest.mark.parametrize("limits", [{}, {"max_tokens": 10_000}, {"max_tokens": 1}, {"max_tokens": 40}])
def test_files_that_fit_and_files_without_a_window_stay_whole(check, limits):
    row = long_commit()
    assert check("windows", row, **limits) is True
    assert (row["new_contents"], row["window"]) == (LONG_NEW, "")


@pytest.mark.parametrize(("partial", "result"), [(False, (False, "partial-window")), (True, True)])
def test_a_window_without_all_changes_is_used_on_request(check, partial, result):
    new = LONG_NEW.replace("[7]", "[7] or 0").replace("[40]", "[40] or 0")
    row = long_commit() | {"new_contents": new}
    assert check("windows", row, max_tokens=75, partial=partial) == result
    assert bool(row["window"]) == partial


def test_windows_have_the_limits_of_the_filters_that_drop_long_files():
    limits = {"token_length": {"max_tokens": 99}, "size": {"enabled": False}}
    settings = CurateSettings.build({"filters": limits}).of_filter(FILTERS.get("windows"))
    assert (settings.max_tokens, settings.max_bytes) == (99, None)
