"""The published runs: results files agree with scores, and which cells of published tables do not."""

import subprocess
import sys
import time

import pytest
from tests.evaluation.score_files import write_run

from themis_rm.errors import InputError
from themis_rm.evaluation.leaderboard.build import leaderboard
from themis_rm.evaluation.leaderboard.published_tables import check_against
from themis_rm.evaluation.leaderboard.result import LeaderboardSettings
from themis_rm.evaluation.reference.runs import load

QUICK = LeaderboardSettings(n_resamples=500)


@pytest.fixture(scope="module")
def published(shared):
    return shared / "reference" / "published"


@pytest.fixture(scope="module")
def board(published):
    return leaderboard([], published / "scores", settings=QUICK)


def test_every_figure_of_every_results_file_agrees_with_its_scores(board):
    assert board.scored == 40
    assert all(run.results is not None for run in board.runs.runs)
    assert board.mismatches == ()


def test_problems_of_the_published_files_are_reported(board):
    assert {(notice.run, notice.reason, notice.count) for notice in board.notices} == {
        ("internlm2-20b-reward", "missing-ids", 4),
        ("R3-Qwen3-4B-14k", "parse-failed", 288),
        ("R3-Qwen3-14B-14k", "parse-failed", 241),
        ("LMUnit-qwen2.5-72b", "unmarked-failures", 413),
    }


def test_the_shipped_figures_agree_with_the_scores(board):
    for index, run in enumerate(board.runs.runs):
        stated = load().runs[run.name].accuracies
        for column, part in enumerate(board.slices):
            if part.kind != "cell":
                found = 100 * board.accuracies.strict[index, column]
                assert found == pytest.approx(stated["overall" if part.kind == "all" else part.key], abs=0.005001)


def test_the_eleven_runs_without_scores_are_reference_entries(board):
    references = [entry for entry in board.entries if entry.kind == "reference"]
    assert len(references) == 11
    assert {entry.name for entry in references}.isdisjoint(run.name for run in board.runs.runs)


def test_a_leaderboard_of_other_pairs_has_no_published_figures(tmp_path):
    board = leaderboard([write_run(tmp_path / "run", "+0-", subset=["ECCO"] * 3)], settings=QUICK)
    assert len(board.entries) == 1
    assert [notice.reason for notice in board.notices] == ["other-benchmark"]


def test_tests_of_runs_with_different_pairs_use_the_shared_pairs(board):
    tests = board.comparison("all")
    short = [entry.name for entry in board.entries].index("internlm2-20b-reward")
    for other in range(board.scored):
        if other != short:
            found = tests.between(short, other)
            assert (found.n, found.unshared) == (8862, 4)


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
    assert {(x.model, x.column, round(x.difference, 2)) for x in check.differing if x.model not in SMALL} == single
    assert sum(x.model in SMALL for x in check.differing) == small
    assert len(check.differing) == total
    assert (check.convention, check.average, check.decimals, check.rows) == ("strict", "pairs", 2, 40)
    assert len(check.unscored) == 11
    assert all(" w/" in model for model in check.unmatched)


@pytest.mark.parametrize(
    ("name", "differing"), [("table7_functional", 17), ("table8_efficiency", 14), ("table9_readability_security", 13)]
)
def test_tables_by_subset_are_checked(board, published, name, differing):
    check = check_against(board, published / f"{name}.csv")
    assert len(check.differing) == differing
    assert check.convention == "strict"


def test_the_summary_of_the_scores_has_no_differences(board, published):
    assert check_against(board, published / "runs_summary.csv").differing == ()


def test_two_swapped_cells_are_recognized(board, published):
    notes = {(x.model, x.column): x.note for x in check_against(board, published / "table3_languages.csv").differing}
    assert notes["LxzGordon/URM-LLaMa-3.1-8B", "CSharp"] == "swapped with Cpp"
    assert notes["allenai/Llama-3.1-8B-Base-RM-RB2", "Python"] == "the same digits in another order"


HEADER = "model,size,average,C,Go"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("modell,C\nx,1\n", "no column 'model'. Did you mean 'modell'"),
        (f"{HEADER},Rubi\n", "column 'Rubi' is not a criterion, language or subset of the runs. Did you mean 'Ruby'"),
        ("model,size\nThemis-RM-8B,8B\n", "no column to check"),
        (f"{HEADER}\nThemis-RM-8B,8B,90,ninety,3\n", ":2: 'ninety' in column C is not a number"),
        (f"{HEADER}\nThemis-RM-8B,8B,90\n", ":2 has another number of cells than the header"),
        ("", "no column 'model'"),
    ],
)
def test_an_invalid_table_is_reported_in_one_line(board, tmp_path, text, message):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        check_against(board, path)
    assert "\n" not in str(caught.value)


def test_absent_columns_rows_and_cells_are_counted(board, tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("model,C,Go\nThemis-RM-8B,,91.05\nnobody/knows,1,2\n", encoding="utf-8")
    check = check_against(board, path)
    assert (check.rows, check.cells, check.empty, check.unmatched) == (1, 1, 1, ("nobody/knows",))
    assert set(check.absent) == {"CSharp", "Cpp", "Java", "JavaScript", "Python", "Ruby"}
    with pytest.raises(InputError, match="Cannot read"):
        check_against(board, tmp_path / "absent.csv")


@pytest.mark.slow
def test_the_published_leaderboard_takes_less_than_20_seconds_of_cpu_time(published):
    code = (
        "import sys, pathlib, time; from themis_rm.evaluation.leaderboard.build import leaderboard\n"
        "board = leaderboard([], pathlib.Path(sys.argv[1])); board.to_json()\n"
        "assert len(board.comparison('all').p_holm) == 780; print(time.process_time())"
    )
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, published / "scores"], capture_output=True, text=True, check=True
    )
    # CPU time, not wall time, which depends on what else the machine does.
    assert float(done.stdout) < 20, f"{time.monotonic() - started:.0f} s wall time"
