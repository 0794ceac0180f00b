"""Shares of right labels, agreement between readers, and accuracy of a model on the human labels."""

import pytest
from scipy.stats import beta
from tests.annotation.pairs import code_pair, commit, judgment, read, write_lines, write_pairs

from themis_rm.annotation.agreement import decide, measure_agreement
from themis_rm.annotation.results import AgreementResults
from themis_rm.annotation.settings import AgreementSettings
from themis_rm.errors import InputError

ADA = "rrrrrrwwu-"
BOB = "rrrrwrwuur"
"""Verdicts of two readers on ten rows: five of them about correctness, five about security."""
WORDS = {"r": "right", "w": "wrong", "u": "unsure"}


def slice_of(results, kind, name=""):
    return next(one for one in results.shares if (one.slice, one.name) == (kind, name))


def verdicts_of(rows, letters, reader):
    return [judgment(row, WORDS[at], reader) for row, at in zip(rows, letters, strict=True) if at != "-"]


@pytest.fixture
def data(tmp_path):
    return write_pairs(tmp_path / "p.parquet", [code_pair(n, ["FC" if n < 5 else "SH"]) for n in range(10)])


@pytest.fixture
def results(tmp_path, data):
    rows = read(data)
    files = [
        write_lines(tmp_path / f"{name}.jsonl", verdicts_of(rows, letters, name))
        for name, letters in (("ada", ADA), ("bob", BOB))
    ]
    return measure_agreement(data, files)


@pytest.mark.parametrize(
    ("letters", "right"),
    [("r", True), ("w", False), ("u", None), ("rw", None), ("ru", True), ("rrw", True), ("rwwu", False), ("", None)],
)
def test_the_majority_decides_a_label(letters, right):
    assert decide({str(at): WORDS[letter] for at, letter in enumerate(letters)}) is right


def test_shares_and_their_exact_intervals(results):
    # Rows: right 0-3 and 5, undecided 4 (right and wrong) and 8 (both unsure), wrong 6 and 7, right 9.
    right = results.overall.right
    assert (right.count, right.total, results.overall.undecided, results.overall.rows) == (6, 8, 2, 10)
    assert right.low == pytest.approx(beta.ppf(0.025, 6, 3))
    assert right.high == pytest.approx(beta.ppf(0.975, 7, 2))


def test_shares_by_criterion(results):
    correctness = slice_of(results, "criterion", "Functional Correctness")
    security = slice_of(results, "criterion", "Security Hardness")
    assert (correctness.right.count, correctness.right.total, correctness.undecided) == (4, 4, 1)
    assert (security.right.count, security.right.total, security.undecided) == (2, 4, 1)


def test_agreement_of_two_readers(results):
    # Nine rows of both: same on 0-3, 5, 6, 8. Ada: 6 right, 2 wrong, 1 unsure; Bob: 5, 2, 2.
    (pair,) = results.agreement
    assert (pair.first, pair.second, pair.same.count, pair.same.total) == ("ada", "bob", 7, 9)
    chance = (6 * 5 + 2 * 2 + 1 * 2) / 81
    assert pair.kappa == pytest.approx((7 / 9 - chance) / (1 - chance))
    assert pair.low < pair.kappa < pair.high


def test_rows_on_which_readers_differ(results):
    assert [(one.id, one.verdicts) for one in results.disagreements] == [
        ("pair4:FC", {"ada": "right", "bob": "wrong"}),
        ("pair7:SH", {"ada": "wrong", "bob": "unsure"}),
    ]


def test_answers_by_reader(results):
    assert [(one.reader, one.right, one.wrong, one.unsure) for one in results.readers] == [
        ("ada", 6, 2, 1),
        ("bob", 6, 2, 2),
    ]


def test_wilson_intervals(tmp_path, data):
    lines = write_lines(tmp_path / "j.jsonl", verdicts_of(read(data), "rrrrrrrrww", "ada"))
    right = measure_agreement(data, [lines], AgreementSettings(interval="wilson")).overall.right
    # z = 1.959964: center (8 + z^2 / 2) / (10 + z^2), half-width z / (10 + z^2) * sqrt(1.6 + z^2 / 4)
    assert (right.low, right.high) == pytest.approx((0.4901624, 0.9433178), abs=1e-6)


def test_requests_are_counted_apart_from_verdicts(tmp_path, data):
    rows = read(data)
    lines = [judgment(rows[0], None, self_contained=True, leaks=False), judgment(rows[1], "right", leaks=True)]
    overall = measure_agreement(data, [write_lines(tmp_path / "j.jsonl", lines)]).overall
    assert overall.rows == 1
    assert (overall.self_contained.count, overall.self_contained.total) == (1, 1)
    assert (overall.leaks.count, overall.leaks.total) == (1, 2)


def test_three_readers_have_three_agreements_and_alpha(tmp_path, data):
    rows = read(data)
    lines = [line for name in "abc" for line in verdicts_of(rows[:3], "rrw", name)]
    results = measure_agreement(data, [write_lines(tmp_path / "j.jsonl", lines)])
    assert [(one.first, one.second) for one in results.agreement] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert results.alpha == 1
    assert "alpha 1.00" in results.summary()


def test_dropped_rows_are_not_labels(tmp_path, data):
    dropped = write_lines(tmp_path / "d.jsonl", [commit(1).to_dict() | {"filter_reason": "no-criterion"}])
    rows = read(data, dropped)
    lines = write_lines(tmp_path / "j.jsonl", [judgment(rows[0], "right"), judgment(rows[-1], "wrong")])
    results = measure_agreement(data, [lines], dropped=dropped)
    assert (results.overall.right.count, results.overall.right.total) == (1, 1)
    assert slice_of(results, "reason", "no-criterion").right.count == 0
    assert {one.slice for one in results.shares} == {"all", "criterion", "language", "source", "reason"}


def test_judgments_of_other_digests_are_refused_and_counted(tmp_path, data):
    (first, second, *_) = read(data)
    lines = [judgment(first, "right"), judgment(second, "wrong", digest="0" * 32)]
    results = measure_agreement(data, [write_lines(tmp_path / "j.jsonl", lines)])
    assert results.rejected == {"other-digest": 1}
    assert results.overall.rows == 1
    assert "other-digest 1" in results.notes()[-1]


def test_judgments_of_other_data_are_an_error(tmp_path, data):
    lines = [judgment(row, "right", id=f"x{row.id}") for row in read(data)]
    with pytest.raises(InputError, match="unknown-row 10"):
        measure_agreement(data, [write_lines(tmp_path / "j.jsonl", lines)])


def test_an_empty_file_is_an_error(tmp_path, data):
    with pytest.raises(InputError, match="0 lines"):
        measure_agreement(data, [write_lines(tmp_path / "j.jsonl", [])])


def test_a_model_is_compared_with_the_labels_that_are_right(tmp_path):
    # The baseline prefers the longer version, which is the chosen one of the first pair only.
    texts = [("a = 10", "a = 1"), ("b", "b = 1"), ("c = 1", "c = 2"), ("d", "d = 1")]
    pairs = [code_pair(n, chosen=chosen, rejected=rejected) for n, (chosen, rejected) in enumerate(texts)]
    data = write_pairs(tmp_path / "p.parquet", pairs)
    lines = write_lines(tmp_path / "j.jsonl", verdicts_of(read(data), "rrrw", "ada"))
    model = measure_agreement(data, [lines], model="length").model
    total, correctness = model.slices
    assert (total.criterion, total.pairs, total.ties, total.failed) == ("", 3, 1, 0)
    assert total.value == pytest.approx(1.5 / 3)
    assert correctness.criterion == "Functional Correctness"


def test_a_model_needs_labels_that_are_right(tmp_path, data):
    lines = write_lines(tmp_path / "j.jsonl", verdicts_of(read(data)[:2], "wu", "ada"))
    with pytest.raises(InputError, match="no label right"):
        measure_agreement(data, [lines], model="length")


def test_the_result_is_the_same_after_it_was_saved(tmp_path, results):
    results.save(tmp_path / "agreement.json")
    assert AgreementResults.load(tmp_path / "agreement.json") == results


def test_the_result_is_a_table_with_a_row_per_slice(results):
    assert [row["slice"] for row in results.records()] == ["all", "criterion", "criterion", "language", "source"]
    assert results.records()[0]["right"] == 0.75
    assert "6 of 8 labels right" in results.summary()
