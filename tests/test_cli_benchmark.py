"""The benchmark and evaluation verbs on small real input."""

import csv
import json

import pytest
from tests.command_line import cli


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
    completed = cli("benchmark", "sources")
    assert completed.returncode == 0
    assert "humanevalpack" in completed.stdout
    assert "Sources by criterion and language" in completed.stdout


def test_one_source_is_shown_in_full():
    text = cli("benchmark", "sources", "humanevalpack").stdout
    assert "MIT" in text
    assert "bigcode-project/octopack" in text


def test_a_compiled_benchmark_is_verified_and_audited(sources, tmp_path):
    bench = tmp_path / "bench.parquet"
    completed = cli("benchmark", "compile", "--sources", sources, "--out", bench, "--workers", "1")
    assert completed.returncode == 0, completed.stderr
    assert "3 pairs ->" in completed.stdout
    marked = tmp_path / "marked.parquet"
    completed = cli("benchmark", "verify", bench, "--out", tmp_path / "v", "--mark", marked)
    assert completed.returncode == 0, completed.stderr
    assert "agrees 3" in completed.stdout
    completed = cli("benchmark", "audit", marked, "--out", tmp_path / "audit")
    assert completed.returncode == 0, completed.stderr
    completed = cli("benchmark", "export", marked, "--out", tmp_path / "dataset")
    assert completed.returncode == 0, completed.stderr
    assert (tmp_path / "dataset" / "README.md").is_file()


def test_runs_are_compared_in_a_leaderboard(tmp_path):
    for name, model in (("one", "length"), ("two", "random")):
        assert cli("evaluate", "--model", model, "--out", tmp_path / name).returncode == 0
    board = tmp_path / "board.csv"
    completed = cli(
        "leaderboard", tmp_path / "one", tmp_path / "two", "--csv", board, "--html", tmp_path / "board.html"
    )
    assert completed.returncode == 0, completed.stderr
    assert "length" in completed.stdout
    assert {"length", "random"} <= {row["model"] for row in csv.DictReader(board.open(encoding="utf-8"))}
    assert "<html" in (tmp_path / "board.html").read_text("utf-8")


def test_authored_labels_are_executed(tmp_path):
    completed = cli(
        "benchmark", "verify", "authored", "--out", tmp_path / "v", "-s", "languages=[Python]", "--limit", "4"
    )
    assert completed.returncode == 0, completed.stderr
    assert "100.0" in completed.stdout
    assert "sandbox:" in completed.stdout


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
    completed = cli("rerank", tmp_path / "p.jsonl", "--model", "length", "--out", tmp_path / "out", "-s", "k=[1]")
    assert completed.returncode == 0, completed.stderr
    assert "Hits@1" in completed.stdout


def result(*arguments):
    completed = cli(*arguments, "--json")
    assert completed.returncode == 0, completed.stderr
    return json.loads(completed.stdout)


def test_verbs_of_benchmarks_print_json(sources, tmp_path):
    bench = tmp_path / "bench.parquet"
    assert result("benchmark", "compile", "--sources", sources, "--out", bench, "--workers", "1")["pairs"] == 3
    assert result("benchmark", "verify", bench, "--out", tmp_path / "v")["total"]["agree"] == 3
    assert result("benchmark", "audit", bench, "--out", tmp_path / "audit")["pairs"] == 3
    assert "MIT" in {source["license"] for source in result("benchmark", "sources")}


def test_verbs_of_evaluation_print_json(tmp_path):
    run = tmp_path / "run"
    assert result("evaluate", "--model", "length", "--out", run)["run"]["model"] == "length"
    assert "length" in {entry["name"] for entry in result("leaderboard", run)["entries"]}
    exported = result("export-results", run, "--out", tmp_path / "card")
    assert [str(tmp_path / "card" / "model-index.yaml")] == exported["files"]


def test_scores_written_to_a_file_are_summarized_as_json(tmp_path):
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    summary = result("score", tmp_path / "a.c", "--model", "length", "--out", tmp_path / "s.jsonl", "-c", "FC,SH")
    assert (summary["read"], summary["scored"]) == (1, 2)


def test_settings_are_listed_as_json_and_markdown():
    keys = {row["key"]: row for row in result("settings", "benchmark", "verify")}
    assert keys["limit"]["type"] == "int | null, >= 1"
    assert "| `limit` | int \\| null, >= 1 | `null` |" in cli("settings", "benchmark", "verify", "--markdown").stdout
    assert "benchmark verify" in cli("settings").stdout
