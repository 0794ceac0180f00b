"""Figures of a leaderboard, compared with those computed row by row from the scores."""

import csv
import io
import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from tests.evaluation.score_files import LANGUAGES, columns, write_run

from themis_rm.errors import InputError
from themis_rm.evaluation import statistics as stats
from themis_rm.evaluation.evaluate import EvaluateSettings, evaluate
from themis_rm.evaluation.leaderboard.build import leaderboard
from themis_rm.evaluation.leaderboard.result import Leaderboard, LeaderboardSettings
from themis_rm.evaluation.leaderboard.tables import CSV_COLUMNS, terminal_table, to_csv
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.evaluation.scores import read_scores
from themis_rm.evaluation.statistics import Accuracy

LEVEL = 0.95
QUICK = LeaderboardSettings(n_resamples=500)
MARKS = st.text(alphabet="+0-", min_size=6, max_size=40)


@settings(max_examples=25)
@given(one=MARKS, two=MARKS, first=st.integers(0, 5))
def test_figures_match_those_computed_row_by_row(tmp_path_factory, one, two, first):
    directory = tmp_path_factory.mktemp("runs")
    write_run(directory / "one", one)
    write_run(directory / "two", two, first=first)
    board = leaderboard([], directory, settings=QUICK)
    rows = {name: read_scores(directory / name / "scores.parquet") for name in ("one", "two")}
    names = [entry.name for entry in board.entries]
    for run, name in enumerate(names):
        for column, part in enumerate(board.slices):
            kept = [
                row
                for row in rows[name]
                if (part.criterion in ("", row.aspect) and part.language in ("", row.language))
                and part.subset in ("", row.subset)
            ]
            expected = Accuracy.from_scores(kept, LEVEL).to_dict()
            assert board.accuracies.accuracy(run, column).to_dict() == pytest.approx(expected)
    expected = stats.compare(rows[names[0]], rows[names[1]], LEVEL)
    tests = board.comparison("all")
    assert tests.between(0, 1).to_dict() == pytest.approx(expected.to_dict())
    swapped = stats.compare(rows[names[1]], rows[names[0]], LEVEL)
    assert tests.between(1, 0).to_dict() == pytest.approx(swapped.to_dict())


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    made = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(3)
    for name, share in [("best", 0.9), ("good", 0.7), ("alike", 0.69), ("poor", 0.4)]:
        write_run(made / name, "".join(rng.choice(list("+0-"), p=[share, 0.02, 0.98 - share], size=600)))
    return made


@pytest.fixture(scope="module")
def board(directory):
    return leaderboard([], directory, settings=QUICK)


def test_models_are_sorted_by_accuracy(board):
    assert board.entries[0].name == "best"
    assert (np.diff(board.accuracies.value[:, 0]) <= 0).all()


def test_significantly_different_models_share_no_letter(board):
    tests = board.comparison("all")
    by_name = {entry.name: tests.letters[index] for index, entry in enumerate(board.entries)}
    assert not set(by_name["best"]) & set(by_name["poor"])
    assert set(by_name["good"]) & set(by_name["alike"])


def test_p_values_are_adjusted_for_all_pairs_of_models(board):
    tests = board.comparison("all")
    assert len(tests.p_value) == 6
    assert tests.p_holm.tolist() == stats.holm_adjust(tests.p_value.tolist())


def test_the_macro_average_gives_each_criterion_the_same_weight(board):
    macro = next(item for item in board.macro if item.over == "criterion")
    slices = [index for index, part in enumerate(board.slices) if part.kind == "criterion"]
    assert macro.value == pytest.approx(board.accuracies.value[:, slices].mean(axis=1))
    assert (macro.low < macro.value).all()
    assert (macro.value < macro.high).all()


def test_the_macro_average_of_only_wins_is_one(tmp_path):
    board = leaderboard([write_run(tmp_path / "run", "+" * 12)], settings=QUICK)
    assert [item.value[0] for item in board.macro] == [1.0, 1.0]


def test_json_is_deterministic_and_independent_of_the_order_of_runs(board, directory):
    text = board.to_json()
    again = leaderboard([directory / name for name in ("poor", "good", "best", "alike")], settings=QUICK)
    assert again.to_json() == text
    data = json.loads(text)
    size, slices, tests = data["scored"], len(data["slices"]), data["scored"] * (data["scored"] - 1) // 2
    assert np.array(data["accuracies"]["value"]).shape == (size, slices)
    assert all(len(item["p_holm"]) == tests for item in data["comparisons"])
    assert [len(marks) for marks in data["pairs"]["outcomes"]] == [600] * size
    assert data["pairs"]["languages"][data["pairs"]["language"][0]] == LANGUAGES[0]


def test_a_single_run_makes_a_leaderboard(tmp_path):
    board = leaderboard([write_run(tmp_path / "run", "+0-+")], settings=QUICK)
    assert board.comparisons == ()
    assert json.loads(board.to_json())["comparisons"] == []
    Console(file=io.StringIO(), width=100).print(terminal_table(board))


def test_csv_is_tidy_and_consistent(board):
    lines = list(csv.DictReader(io.StringIO(to_csv(board))))
    assert list(lines[0]) == list(CSV_COLUMNS)
    assert len({(x["model"], x["slice"], x["criterion"], x["language"], x["subset"]) for x in lines}) == len(lines)
    for name in ("n", "wins", "ties"):
        total = sum(int(line[name]) for line in lines if line["slice"] == "all")
        for kind in ("criterion", "language", "subset", "cell"):
            assert sum(int(line[name]) for line in lines if line["slice"] == kind) == total


@pytest.mark.parametrize("width", [80, 100])
def test_the_terminal_table_truncates_no_figure(board, width):
    out = io.StringIO()
    Console(file=out, width=width).print(terminal_table(board, width))
    assert "…" not in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= width
    assert f"{100 * board.accuracies.value[0, 0]:.1f}" in out.getvalue()


def test_results_that_differ_from_the_scores_are_reported(tmp_path):
    blocks = {"by_language": {}, "by_subset": {}}
    results = {"overall": {"accuracy": 0.9, "total_examples": 4}, "by_aspect": {}, **blocks}
    board = leaderboard([write_run(tmp_path / "run", "+0-+", results=results)], settings=QUICK)
    wrong = {item.figure: (item.stated, item.computed) for item in board.mismatches}
    assert wrong["overall.accuracy"] == (0.9, 0.5)
    assert "overall.total_examples" not in wrong
    assert wrong["by_language.Go.count"] == (None, 2)
    assert [notice.reason for notice in board.notices] == ["results-mismatch"]


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    directory = tmp_path_factory.mktemp("evaluated")
    for mode in ("none", "own"):
        evaluate("random", "authored", directory / mode, EvaluateSettings(prompts=mode, baselines=("length",)))
    return directory


def test_evaluation_runs_have_prompts_lengths_and_a_baseline(evaluated):
    board = leaderboard([evaluated / "none", evaluated / "own"], benchmark="authored", settings=QUICK)
    assert sorted(entry.name for entry in board.entries) == ["length", "random [none]", "random [own]"]
    assert {entry.prompts for entry in board.entries if entry.kind == "model"} == {"none", "own"}
    assert board.mismatches == board.notices == ()
    lengths = next(item for item in board.macro if item.over == "length")
    assert lengths.value[[entry.name for entry in board.entries].index("length")] == 0.5
    assert all(pair is not None and pair.id == key for pair, key in zip(board.pairs, board.runs.ids, strict=True))
    texts = json.loads(board.to_json(texts=True))["pairs"]["texts"]
    assert texts[0] == [board.pairs[0].prompt, board.pairs[0].chosen, board.pairs[0].rejected]


def test_the_leaderboard_agrees_with_the_results_of_a_run(evaluated):
    board = leaderboard([evaluated / "own"], settings=QUICK)
    results = EvaluationResults.load(evaluated / "own" / "results.json")
    index = [entry.name for entry in board.entries].index("random")
    assert board.accuracies.accuracy(index, 0).to_dict() == pytest.approx(results.accuracies.overall.to_dict())
    matched = board.find_slice("length-matched")
    assert board.accuracies.accuracy(index, matched).to_dict() == pytest.approx(
        results.accuracies.length_matched.to_dict()
    )
    balanced = next(item for item in board.macro if item.over == "length")
    assert balanced.value[index] == pytest.approx(results.accuracies.length_balanced)


def test_a_saved_leaderboard_is_loaded_with_the_same_content(evaluated, tmp_path):
    board = leaderboard([evaluated / "none", evaluated / "own"], benchmark="authored", settings=QUICK)
    board.save(tmp_path / "board.json", texts=True)
    loaded = Leaderboard.load(tmp_path / "board.json")
    assert loaded.to_json(texts=True) == board.to_json(texts=True)
    assert loaded.pairs == board.pairs
    assert to_csv(loaded) == to_csv(board)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"schema": 99}'])
def test_a_file_that_is_not_a_leaderboard_is_refused(tmp_path, content):
    (tmp_path / "board.json").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match="is not a valid leaderboard"):
        Leaderboard.load(tmp_path / "board.json")


def test_records_have_one_row_per_model_best_first(board):
    rows = board.records()
    assert [row["model"] for row in rows] == [entry.name for entry in board.entries]
    assert rows[0]["accuracy"] == board.accuracies.value[0, 0]
    assert [row["group"] for row in rows] == list(board.comparison("all").letters)
    assert repr(board) == f"<Leaderboard: 4 models on 600 pairs, best: best ({100 * rows[0]['accuracy']:.1f} %)>"


@pytest.mark.parametrize(("column", "word"), [("aspect", "criterion"), ("language", "language")])
def test_pairs_with_other_labels_are_in_the_figures_of_all_pairs_only(tmp_path, column, word):
    marks = "+-+-++-+"
    labels = columns(marks)[column]
    changed = ["Beauty"] * 3 + labels[3:]
    for name in ("one", "two"):
        write_run(tmp_path / name, marks, **{column: changed})
    board = leaderboard([tmp_path / "one", tmp_path / "two"], settings=LeaderboardSettings(n_resamples=200))
    sizes = Counter()
    for part in board.slices:
        sizes[part.kind] += part.pairs
    assert (sizes["all"], sizes[word], sizes["cell"]) == (8, 5, 5)
    assert [notice.reason for notice in board.notices if notice.reason.startswith("other")] == [f"other-{word}"] * 2
    board.save(tmp_path / "board.json")
    assert Leaderboard.load(tmp_path / "board.json").to_json() == board.to_json()


def test_a_benchmark_without_known_criteria_has_a_leaderboard(tmp_path):
    for name, marks in (("one", "++-+"), ("two", "+--+")):
        write_run(tmp_path / name, marks, aspect=["unspecified"] * 4, language=["COBOL"] * 4)
    board = leaderboard([tmp_path / "one", tmp_path / "two"], settings=LeaderboardSettings(n_resamples=200))
    assert {part.kind for part in board.slices} <= {"all", "subset", "length-matched"}
    assert board.accuracies.value[0, 0] == 0.75
    assert "unspecified" in str(board.notices[0])
