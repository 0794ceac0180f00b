"""The board's figures against those that a run's own results have, row by row."""

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from tests.evaluation.boards import LANGUAGES, write_run

from themis_rm.evaluation import statistics as stats
from themis_rm.evaluation.evaluate import EvaluateSettings, evaluate
from themis_rm.evaluation.leaderboard.build import LeaderboardSettings, leaderboard
from themis_rm.evaluation.leaderboard.tables import COLUMNS, terminal_table, to_csv
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.evaluation.scores import read_scores
from themis_rm.evaluation.statistics import Accuracy

LEVEL = 0.95
QUICK = LeaderboardSettings(resamples=500)
MARKS = st.text(alphabet="+0-", min_size=6, max_size=40)


@settings(max_examples=25)
@given(one=MARKS, two=MARKS, first=st.integers(0, 5))
def test_figures_are_those_of_the_row_by_row_way(tmp_path_factory, one, two, first):
    folder = tmp_path_factory.mktemp("runs")
    write_run(folder / "one", one)
    write_run(folder / "two", two, first=first)
    board = leaderboard([], folder, settings=QUICK)
    rows = {name: read_scores(folder / name / "scores.parquet") for name in ("one", "two")}
    names = [entry.name for entry in board.entries]
    for run, name in enumerate(names):
        for column, cut in enumerate(board.cuts):
            kept = [
                row
                for row in rows[name]
                if (cut.criterion in ("", row.aspect) and cut.language in ("", row.language))
                and cut.subset in ("", row.subset)
            ]
            expected = Accuracy.from_scores(kept, LEVEL).to_dict()
            assert board.accuracies.accuracy(run, column).to_dict() == pytest.approx(expected)
    expected = stats.compare(rows[names[0]], rows[names[1]], LEVEL)
    tests = board.comparison("all")
    assert tests.between(0, 1).to_dict() == pytest.approx(expected.to_dict())
    turned = stats.compare(rows[names[1]], rows[names[0]], LEVEL)
    assert tests.between(1, 0).to_dict() == pytest.approx(turned.to_dict())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("runs")
    rng = np.random.default_rng(3)
    for name, share in [("best", 0.9), ("good", 0.7), ("alike", 0.69), ("poor", 0.4)]:
        write_run(made / name, "".join(rng.choice(list("+0-"), p=[share, 0.02, 0.98 - share], size=600)))
    return made


@pytest.fixture(scope="module")
def board(folder):
    return leaderboard([], folder, settings=QUICK)


def test_the_best_comes_first(board):
    assert board.entries[0].name == "best"
    assert (np.diff(board.accuracies.value[:, 0]) <= 0).all()


def test_models_that_differ_are_in_different_groups(board):
    tests = board.comparison("all")
    by_name = {entry.name: tests.letters[index] for index, entry in enumerate(board.entries)}
    assert not set(by_name["best"]) & set(by_name["poor"])
    assert set(by_name["good"]) & set(by_name["alike"])


def test_holm_is_over_all_pairs_of_models(board):
    tests = board.comparison("all")
    assert len(tests.p_value) == 6
    assert tests.p_holm.tolist() == stats.holm_adjust(tests.p_value.tolist())


def test_the_macro_average_counts_each_criterion_the_same(board):
    macro = next(item for item in board.balanced if item.strata == "criterion")
    cuts = [index for index, cut in enumerate(board.cuts) if cut.kind == "criterion"]
    assert macro.value == pytest.approx(board.accuracies.value[:, cuts].mean(axis=1))
    assert (macro.low < macro.value).all()
    assert (macro.value < macro.high).all()


def test_a_clean_sweep_of_all_strata_has_a_width_of_nothing_but_a_value(tmp_path):
    board = leaderboard([write_run(tmp_path / "run", "+" * 12)], settings=QUICK)
    assert [item.value[0] for item in board.balanced] == [1.0, 1.0]


def test_json_is_plain_and_the_same_each_time(board, folder):
    text = board.to_json()
    again = leaderboard([folder / name for name in ("poor", "good", "best", "alike")], settings=QUICK)
    assert again.to_json() == text
    data = json.loads(text)
    size, cuts, tests = data["scored"], len(data["cuts"]), data["scored"] * (data["scored"] - 1) // 2
    assert np.array(data["accuracies"]["value"]).shape == (size, cuts)
    assert all(len(item["p_holm"]) == tests for item in data["comparisons"])
    assert [len(marks) for marks in data["pairs"]["outcomes"]] == [600] * size
    assert data["pairs"]["languages"][data["pairs"]["language"][0]] == LANGUAGES[0]


def test_a_run_alone_has_a_board(tmp_path):
    board = leaderboard([write_run(tmp_path / "run", "+0-+")], settings=QUICK)
    assert board.comparisons == ()
    assert json.loads(board.to_json())["comparisons"] == []
    Console(file=io.StringIO(), width=100).print(terminal_table(board))


def test_csv_is_tidy_and_adds_up(board):
    lines = list(csv.DictReader(io.StringIO(to_csv(board))))
    assert list(lines[0]) == list(COLUMNS)
    assert len({(x["model"], x["cut"], x["criterion"], x["language"], x["subset"]) for x in lines}) == len(lines)
    for name in ("n", "wins", "ties"):
        whole = sum(int(line[name]) for line in lines if line["cut"] == "all")
        for kind in ("criterion", "language", "subset", "cell"):
            assert sum(int(line[name]) for line in lines if line["cut"] == kind) == whole


@pytest.mark.parametrize("width", [80, 100])
def test_the_terminal_table_cuts_no_figure(board, width):
    out = io.StringIO()
    Console(file=out, width=width).print(terminal_table(board, width))
    assert "…" not in out.getvalue()
    assert max(map(len, out.getvalue().splitlines())) <= width
    assert f"{100 * board.accuracies.value[0, 0]:.1f}" in out.getvalue()


def test_results_that_the_scores_do_not_give_are_named(tmp_path):
    blocks = {"by_language": {}, "by_subset": {}}
    results = {"overall": {"accuracy": 0.9, "total_examples": 4}, "by_aspect": {}, **blocks}
    board = leaderboard([write_run(tmp_path / "run", "+0-+", results=results)], settings=QUICK)
    wrong = {item.figure: (item.stated, item.found) for item in board.differing}
    assert wrong["overall.accuracy"] == (0.9, 0.5)
    assert "overall.total_examples" not in wrong
    assert wrong["by_language.Go.count"] == (None, 2)
    assert [notice.reason for notice in board.notices] == ["results-differ"]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ours")
    for mode in ("none", "own"):
        evaluate("random", "authored", folder / mode, EvaluateSettings(prompts=mode, baselines=("length",)))
    return folder


def test_our_own_runs_bring_their_prompts_lengths_and_baseline(ours):
    board = leaderboard([ours / "none", ours / "own"], benchmark="authored", settings=QUICK)
    assert sorted(entry.name for entry in board.entries) == ["length", "random [none]", "random [own]"]
    assert {entry.prompts for entry in board.entries if entry.kind == "model"} == {"none", "own"}
    assert board.differing == board.notices == ()
    lengths = next(item for item in board.balanced if item.strata == "length")
    assert lengths.value[[entry.name for entry in board.entries].index("length")] == 0.5
    assert all(pair is not None and pair.id == key for pair, key in zip(board.pairs, board.runs.ids, strict=True))
    texts = json.loads(board.to_json(texts=True))["pairs"]["texts"]
    assert texts[0] == [board.pairs[0].prompt, board.pairs[0].chosen, board.pairs[0].rejected]


def test_the_board_and_a_runs_own_results_agree(ours):
    board = leaderboard([ours / "own"], settings=QUICK)
    results = EvaluationResults.load(ours / "own" / "results.json")
    index = [entry.name for entry in board.entries].index("random")
    assert board.accuracies.accuracy(index, 0).to_dict() == pytest.approx(results.accuracies.overall.to_dict())
    matched = board.cut("length-matched")
    assert board.accuracies.accuracy(index, matched).to_dict() == pytest.approx(
        results.accuracies.length_matched.to_dict()
    )
    balanced = next(item for item in board.balanced if item.strata == "length")
    assert balanced.value[index] == pytest.approx(results.accuracies.length_balanced)
