"""All published runs: their own results follow from their scores, and which cells of the published tables do not."""

import subprocess
import sys
import time

import pytest
from tests.evaluation.boards import write_run

from themis_rm.errors import InputError
from themis_rm.evaluation.leaderboard.build import LeaderboardSettings, leaderboard
from themis_rm.evaluation.leaderboard.published_tables import check_against
from themis_rm.evaluation.reference.runs import load

QUICK = LeaderboardSettings(resamples=500)


@pytest.fixture(scope="module")
def published(shared):
    return shared / "reference" / "published"


@pytest.fixture(scope="module")
def board(published):
    return leaderboard([], published / "scores", settings=QUICK)


def test_every_figure_of_every_results_file_follows_from_its_scores(board):
    assert board.scored == 40
    assert all(run.results is not None for run in board.runs.runs)
    assert board.differing == ()


def test_what_the_files_hide_is_told(board):
    assert {(notice.run, notice.reason, notice.count) for notice in board.notices} == {
        ("internlm2-20b-reward", "missing-ids", 4),
        ("R3-Qwen3-4B-14k", "parse-failed", 288),
        ("R3-Qwen3-14B-14k", "parse-failed", 241),
        ("LMUnit-qwen2.5-72b", "unmarked-failures", 413),
    }


def test_the_shipped_figures_are_those_of_the_scores(board):
    for index, run in enumerate(board.runs.runs):
        stated = load().runs[run.name].accuracies
        for column, cut in enumerate(board.cuts):
            if cut.kind != "cell":
                found = 100 * board.accuracies.strict[index, column]
                assert found == pytest.approx(stated["overall" if cut.kind == "all" else cut.key], abs=0.005001)


def test_the_eleven_runs_without_scores_stand_beside(board):
    beside = [entry for entry in board.entries if entry.kind == "reference"]
    assert len(beside) == 11
    assert {entry.name for entry in beside}.isdisjoint(run.name for run in board.runs.runs)


def test_a_board_of_other_pairs_has_no_published_figures(tmp_path):
    board = leaderboard([write_run(tmp_path / "run", "+0-", subset=["ECCO"] * 3)], settings=QUICK)
    assert len(board.entries) == 1
    assert [notice.reason for notice in board.notices] == ["other-benchmark"]


def test_tests_of_unequal_sets_are_on_the_shared_pairs(board):
    tests = board.comparison("all")
    short = [entry.name for entry in board.entries].index("internlm2-20b-reward")
    for other in range(board.scored):
        if other != short:
            found = tests.between(short, other)
            assert (found.n, found.left_out) == (8862, 4)


SMALL = ("Themis-RM 0.6B", "Themis-RM 1.7B")
CRITERIA_CELLS = {
    ("nvidia/Llama-3.3-Nemotron-70B-Reward", "runtime_efficiency", -0.20),
    ("nicolinho/QRM-Gemma-2-27B", "security_hardness", -1.00),
    ("Skywork/Skywork-Reward-Gemma-2-27B-v0.2", "runtime_efficiency", 4.87),
    ("LxzGordon/URM-LLaMa-3.1-8B", "security_hardness", 0.10),
    ("eth-dl-rewards/internlm2-7b-reward-code-100k", "functional_correctness", 0.90),
    ("nvidia/AceMath-7B-RM", "memory_efficiency", 2.00),
}
LANGUAGE_CELLS = {
    ("Skywork/Skywork-Reward-Gemma-2-27B-v0.2", "Cpp", -0.10),
    ("Skywork/Skywork-Reward-V2-Qwen3-8B", "Go", -0.20),
    ("allenai/Llama-3.1-8B-Base-RM-RB2", "Python", 4.50),
    ("LxzGordon/URM-LLaMa-3.1-8B", "CSharp", 7.66),
    ("LxzGordon/URM-LLaMa-3.1-8B", "Cpp", -7.66),
    ("PKU-ONELab/CE-RM-4B", "JavaScript", 0.80),
    ("Skywork/Skywork-Reward-V2-Qwen3-0.6B", "Ruby", -1.00),
}


@pytest.mark.parametrize(
    ("name", "single", "small", "total"),
    [("table2_criteria.csv", CRITERIA_CELLS, 12, 18), ("table3_languages.csv", LANGUAGE_CELLS, 17, 24)],
)
def test_exactly_these_cells_differ(board, published, name, single, small, total):
    check = check_against(board, published / name)
    assert {(x.model, x.column, round(x.by, 2)) for x in check.differing if x.model not in SMALL} == single
    assert sum(x.model in SMALL for x in check.differing) == small
    assert len(check.differing) == total
    assert (check.convention, check.average, check.decimals, check.rows) == ("strict", "pairs", 2, 40)
    assert len(check.unscored) == 11
    assert all(" w/" in model for model in check.unmatched)


@pytest.mark.parametrize(
    ("name", "differing"), [("table7_functional", 17), ("table8_efficiency", 14), ("table9_readability_security", 13)]
)
def test_subset_tables_are_checked_too(board, published, name, differing):
    check = check_against(board, published / f"{name}.csv")
    assert len(check.differing) == differing
    assert check.convention == "strict"


def test_the_summary_of_the_scores_differs_nowhere(board, published):
    assert check_against(board, published / "runs_summary.csv").differing == ()


def test_an_exchange_of_two_cells_is_recognized(board, published):
    notes = {(x.model, x.column): x.note for x in check_against(board, published / "table3_languages.csv").differing}
    assert notes["LxzGordon/URM-LLaMa-3.1-8B", "CSharp"] == "exchanged with Cpp"
    assert notes["allenai/Llama-3.1-8B-Base-RM-RB2", "Python"] == "the same digits in another order"


HEADER = "model,size,average,C,Go"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modell,C\nx,1\n", "no column 'model'. Did you mean 'modell'"),
        (f"{HEADER},Rubi\n", "column 'Rubi' is no criterion, language or subset of the runs. Did you mean 'Ruby'"),
        ("model,size\nThemis-RM-8B,8B\n", "no column to check"),
        (f"{HEADER}\nThemis-RM-8B,8B,90,ninety,3\n", ":2: 'ninety' in column C is no number"),
        (f"{HEADER}\nThemis-RM-8B,8B,90\n", ":2 has another number of cells than the header"),
        ("", "no column 'model'"),
    ],
)
def test_a_table_that_is_none_is_one_line(board, tmp_path, text, message):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        check_against(board, path)
    assert "\n" not in str(caught.value)


def test_columns_rows_and_cells_that_are_not_there_are_counted(board, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("model,C,Go\nThemis-RM-8B,,91.05\nnobody/knows,1,2\n", encoding="utf-8")
    check = check_against(board, path)
    assert (check.rows, check.cells, check.empty, check.unmatched) == (1, 1, 1, ("nobody/knows",))
    assert set(check.absent) == {"CSharp", "Cpp", "Java", "JavaScript", "Python", "Ruby"}
    with pytest.raises(InputError, match="Cannot read"):
        check_against(board, tmp_path / "absent.csv")


@pytest.mark.slow
def test_the_whole_board_takes_less_than_20_seconds_of_work(published):
    code = (
        "import sys, pathlib, time; from themis_rm.evaluation.leaderboard.build import leaderboard\n"
        "board = leaderboard([], pathlib.Path(sys.argv[1])); board.to_json()\n"
        "assert len(board.comparison('all').p_holm) == 780; print(time.process_time())"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, published / "scores"], capture_output=True, text=True, check=True
    )
    # Work, not wall time: how busy the machine is else says nothing about the board.
    assert float(done.stdout) < 20, f"{time.monotonic() - started:.0f} s by the clock"
