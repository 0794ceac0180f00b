"""The benchmark verbs on small real input, read as a stranger reads them."""

import csv
import json

import pytest
from tests.test_cli import cli


@pytest.fixture
def sources(tmp_path):
    folder = tmp_path / "sources" / "ilf_surge_mbpp"
    folder.mkdir(parents=True)
    rows = []
    for number in range(1, 4):
        request = f'"""\nAdd {number} to a number.\n"""\n\n'
        head = f"def add_{number}(a):\n"
        rows.append(
            {
                "task_id": number,
                "passed": True,
                "prompt": request + head,
                "original_model_completion": f"{request}{head}    return a - {number}\n",
                "unedited_annotator_completion": f"{request}{head}    return a + {number}\n",
                "test": f"def check(candidate):\n    assert candidate(1) == {number + 1}",
            }
        )
    (folder / "surge_annotations.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return tmp_path / "sources"


def test_sources_are_listed_with_what_they_cover():
    done = cli("benchmark", "sources")
    assert done.returncode == 0
    assert "humanevalpack" in done.stdout
    assert "Sources by criterion and language" in done.stdout


def test_one_source_is_told_in_full():
    told = cli("benchmark", "sources", "humanevalpack").stdout
    assert "MIT" in told
    assert "bigcode-project/octopack" in told


def test_a_compiled_benchmark_is_verified_and_audited(sources, tmp_path):
    bench = tmp_path / "bench.parquet"
    done = cli("benchmark", "compile", "--sources", sources, "--out", bench, "--workers", "1")
    assert done.returncode == 0, done.stderr
    assert "3 pairs ->" in done.stdout
    marked = tmp_path / "marked.parquet"
    done = cli("benchmark", "verify", bench, "--out", tmp_path / "v", "--mark", marked)
    assert done.returncode == 0, done.stderr
    assert "agrees 3" in done.stdout
    done = cli("benchmark", "audit", marked, "--out", tmp_path / "audit")
    assert done.returncode == 0, done.stderr
    done = cli("benchmark", "card", marked, "--out", tmp_path / "dataset")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "dataset" / "README.md").is_file()


def test_runs_are_compared_and_held_against_a_table(tmp_path):
    for name, model in (("one", "length"), ("two", "random")):
        assert cli("evaluate", "--model", model, "--out", tmp_path / name).returncode == 0
    board = tmp_path / "board.csv"
    done = cli("leaderboard", tmp_path / "one", tmp_path / "two", "--csv", board, "--html", tmp_path / "board.html")
    assert done.returncode == 0, done.stderr
    assert "length" in done.stdout
    assert {"length", "random"} <= {row["model"] for row in csv.DictReader(board.open(encoding="utf-8"))}
    assert "<html" in (tmp_path / "board.html").read_text("utf-8")


def test_authored_labels_are_executed(tmp_path):
    done = cli("benchmark", "verify", "authored", "--out", tmp_path / "v", "languages=[Python]", "limit=4")
    assert done.returncode == 0, done.stderr
    assert "100.0%" in done.stdout
    assert "sandbox:" in done.stdout


def test_candidates_are_ranked(tmp_path):
    row = {
        "id": "a",
        "description": "Add.",
        "completions": ["x", "yy"],
        "num_passed": [0, 1],
        "num_failed": [1, 0],
        "final_verdict": [False, True],
        "language": "python",
    }
    (tmp_path / "p.jsonl").write_text(json.dumps(row) + "\n", "utf-8")
    done = cli("rerank-eval", tmp_path / "p.jsonl", "--model", "length", "--out", tmp_path / "out", "k=[1]")
    assert done.returncode == 0, done.stderr
    assert "Hits@1" in done.stdout
