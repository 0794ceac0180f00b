"""Reading and aligning score files: every problem is reported, and no other row changes."""

import contextlib
import json
import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.score_files import columns, write_run

from themis_rm.benchmark.pairs import Benchmark
from themis_rm.errors import InputError
from themis_rm.evaluation.leaderboard.runs import read_runs
from themis_rm.evaluation.leaderboard.score_files import FAILED, LOST, MISSING, TIED, WON, read_score_file
from themis_rm.records import BenchmarkPair

TWELVE = "++0-+-+0++-+"


def reported(runs):
    return {(notice.run, notice.reason): notice.count for notice in runs.notices}


@pytest.fixture
def one(tmp_path):
    return write_run(tmp_path / "one", TWELVE)


def test_outcomes_are_aligned_by_id(tmp_path, one):
    other = columns("+0-")
    two = write_run(tmp_path / "two", "+0-", **{name: values[::-1] for name, values in other.items()})
    runs = read_runs([one, two])
    assert runs.ids == tuple(f"pair-{number:04d}" for number in range(12))
    codes = {"+": WON, "0": TIED, "-": LOST}
    assert runs.runs[0].outcomes.tolist() == [codes[mark] for mark in TWELVE]
    assert runs.runs[1].outcomes.tolist() == [WON, TIED, LOST] + [MISSING] * 9


def test_the_order_of_runs_does_not_change_a_run(tmp_path, one):
    two = write_run(tmp_path / "two", "--0+", first=10)
    forward, backward = read_runs([one, two]), read_runs([two, one])
    assert forward.ids == backward.ids
    assert forward.digest == backward.digest
    for run, same in zip(forward.runs, reversed(backward.runs), strict=True):
        assert run.outcomes.tolist() == same.outcomes.tolist()


def test_missing_and_unshared_ids_are_reported(tmp_path, one):
    two = write_run(tmp_path / "two", "+-+-", first=10)
    assert reported(read_runs([one, two])) == {
        ("one", "missing-ids"): 2,
        ("one", "unshared-ids"): 10,
        ("two", "missing-ids"): 10,
        ("two", "unshared-ids"): 2,
    }


def test_runs_of_two_benchmarks_are_refused(tmp_path, one):
    two = write_run(tmp_path / "two", "+-", first=100)
    with pytest.raises(InputError, match="shares no id with any other run"):
        read_runs([one, two])


@pytest.mark.parametrize(
    ("score", "reason"),
    [(math.nan, "not-finite"), (math.inf, "not-finite"), (-math.inf, "not-finite"), (None, "no-score")],
)
def test_a_score_that_is_not_a_number_is_a_failed_row(tmp_path, score, reason):
    made = columns("+++")
    run = write_run(tmp_path / "run", "+++", chosen_score=pa.array([score, *made["chosen_score"][1:]], pa.float64()))
    runs = read_runs([run])
    assert runs.runs[0].outcomes.tolist() == [FAILED, WON, WON]
    assert reported(runs)["run", reason] == 1
    assert np.isnan(runs.runs[0].scores[:, 0]).all()


def test_a_parse_failure_counts_as_failed_whatever_the_score(tmp_path):
    runs = read_runs(
        [write_run(tmp_path / "run", "++-", parse_failed=[False, True, True], correct=[True, False, False])]
    )
    assert runs.runs[0].outcomes.tolist() == [WON, FAILED, FAILED]
    assert reported(runs) == {("run", "parse-failed"): 2}


def test_scores_take_precedence_over_an_inconsistent_correct(tmp_path):
    runs = read_runs([write_run(tmp_path / "run", "+-", correct=[True, True])])
    assert runs.runs[0].outcomes.tolist() == [WON, LOST]
    assert reported(runs) == {("run", "inconsistent-correct"): 1}


def test_parse_failures_without_marks_in_the_scores_are_reported(tmp_path):
    results = {"overall": {"parse_failures": 7}, "by_aspect": {}, "by_language": {}, "by_subset": {}}
    assert reported(read_runs([write_run(tmp_path / "run", "+-", results=results)]))["run", "unmarked-failures"] == 7


@pytest.mark.parametrize(("column", "other"), [("aspect", "Runtime_Efficiency"), ("language", "C"), ("subset", "X")])
def test_conflicting_labels_are_reported_and_the_first_is_used(tmp_path, one, column, other):
    two = write_run(tmp_path / "two", TWELVE, **{column: [other, *columns(TWELVE)[column][1:]]})
    runs = read_runs([one, two])
    assert reported(runs) == {("two", f"conflicting-{column}"): 1}
    plain = read_runs([one])
    assert runs.criteria.tolist() == plain.criteria.tolist()
    assert runs.languages.tolist() == plain.languages.tolist()
    assert [runs.subset_names[code] for code in runs.subsets] == [plain.subset_names[code] for code in plain.subsets]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": ["a", "a", "b"]}, "1 duplicate ids .first: a."),
        ({"id": ["a", None, "b"]}, "1 rows without id"),
        ({"id": None, "pair": ["a", "b", "c"]}, "lacks the column id"),
        ({"chosen_score": None, "chosen_scores": [1.0, 2.0, 3.0]}, "chosen_score. Did you mean 'chosen_scores'"),
        ({"chosen_score": ["1", "2", "3"]}, "chosen_score has type string, not numbers"),
        ({"parse_failed": ["no", "no", "perhaps"]}, "parse_failed has type string, not bool"),
    ],
)
def test_an_invalid_score_file_is_reported_in_one_line(tmp_path, changes, message):
    with pytest.raises(InputError, match=message) as caught:
        read_runs([write_run(tmp_path / "run", "+0-", **changes)])
    assert "\n" not in str(caught.value)
    assert "run/scores.parquet" in str(caught.value)


@settings(max_examples=25)
@given(share=st.floats(0, 0.999), flip=st.booleans())
def test_a_truncated_or_damaged_file_is_refused_or_read_completely(tmp_path_factory, share, flip):
    directory = write_run(tmp_path_factory.mktemp("cut") / "run", TWELVE * 20)
    path = directory / "scores.parquet"
    data = bytearray(path.read_bytes())
    place = int(share * len(data))
    if flip:
        data[place] ^= 0xFF
        path.write_bytes(bytes(data))
        with contextlib.suppress(
            InputError
        ):  # a flipped bit in a number cannot be detected; any other exception is a bug
            assert len(read_score_file(path).outcomes) == 240
    else:
        path.write_bytes(bytes(data[:place]))
        with pytest.raises(InputError):
            read_score_file(path)


def test_missing_rows_files_and_runs_are_refused(tmp_path):
    with pytest.raises(InputError, match="has no rows"):
        read_runs([write_run(tmp_path / "empty", "")])
    with pytest.raises(InputError, match="has no scores"):
        read_runs([tmp_path / "absent"])
    with pytest.raises(InputError, match="No runs to compare"):
        read_runs([])
    with pytest.raises(InputError, match="contains no directory with"):
        read_runs([], tmp_path / "nothing")


def test_a_directory_of_runs_is_read_in_name_order_without_duplicates(tmp_path):
    for name in ("b", "a"):
        write_run(tmp_path / name, "+0-")
    runs = read_runs([tmp_path / "a"], tmp_path)
    assert [run.name for run in runs.runs] == ["a", "b"]
    assert [notice.reason for notice in runs.notices] == ["duplicate-run"]


def test_runs_with_the_same_name_get_different_names(tmp_path):
    runs = read_runs([write_run(tmp_path / place / "model", "+0-") for place in ("x", "y")])
    assert len({run.name for run in runs.runs}) == 2


@pytest.mark.parametrize("kind", [pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_text_columns_may_have_other_arrow_types(tmp_path, kind):
    made = columns(TWELVE)
    changes = {name: pa.array(made[name]).cast(kind) for name in ("id", "aspect", "language", "subset")}
    plain = read_runs([write_run(tmp_path / "plain", TWELVE)])
    other = read_runs([write_run(tmp_path / "other", TWELVE, **changes)])
    assert (other.ids, other.subset_names) == (plain.ids, plain.subset_names)
    assert other.languages.tolist() == plain.languages.tolist()


def texts(lengths, first=0):
    return Benchmark(
        "texts",
        tuple(
            BenchmarkPair(
                id=f"pair-{number:04d}",
                prompt="p",
                chosen="c" * a,
                rejected="r" * b,
                aspect="Functional_Correctness",
                language="Go",
                subset="ONE",
            )
            for number, (a, b) in enumerate(lengths, first)
        ),
    )


def test_texts_add_the_length_baseline(tmp_path):
    run = write_run(tmp_path / "run", "+0-+")
    runs = read_runs([run], benchmark=texts([(5, 2), (2, 2), (1, 9)]))
    assert [(item.name, item.kind) for item in runs.runs] == [("run", "model"), ("length", "baseline")]
    assert runs.runs[1].outcomes.tolist() == [WON, TIED, LOST, MISSING]
    assert reported(runs) == {("", "missing-texts"): 1}


def test_texts_of_another_benchmark_are_refused(tmp_path):
    with pytest.raises(InputError, match="none of the runs' ids"):
        read_runs([write_run(tmp_path / "run", "+0")], benchmark=texts([(1, 2)], first=50))


def test_lengths_that_contradict_the_texts_are_reported(tmp_path):
    run = write_run(tmp_path / "run", "+0-", chosen_length=[5, 2, 1], rejected_length=[2, 2, 8])
    assert reported(read_runs([run], benchmark=texts([(5, 2), (2, 2), (1, 9)]))) == {("run", "conflicting-lengths"): 1}


def test_baselines_of_several_runs_are_read_once(tmp_path):
    directories = []
    for name in ("a", "b"):
        directory = write_run(tmp_path / name, "+0-")
        write_run(tmp_path / "made", "-0+")
        (directory / "baselines").mkdir()
        (tmp_path / "made" / "scores.parquet").rename(directory / "baselines" / "length.parquet")
        results = {"overall": {}, "by_aspect": {}, "by_language": {}, "by_subset": {}}
        (directory / "results.json").write_text(json.dumps(results), encoding="utf-8")
        directories.append(directory)
    names = [(run.name, run.kind) for run in read_runs(directories).runs]
    # Without a digest it is unknown whether the two are the same baseline.
    assert names == [("a", "model"), ("b", "model"), ("length", "baseline"), ("length [b]", "baseline")]
