"""Evaluations: figures that add up, baselines beside them, runs that go on where they were cut off."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from themis_rm.errors import InputError
from themis_rm.evaluation.evaluate import EvaluateSettings, RunPrompts, evaluate, pair_score
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.evaluation.scores import read_scores
from themis_rm.models.ngrams import NGramSettings, fit_ngrams
from themis_rm.models.protocol import Score
from themis_rm.models.settings import ModelSettings
from themis_rm.pipeline import StageReport
from themis_rm.prompts import PromptSet, built_in
from themis_rm.records import BenchmarkPair

QUICK = EvaluateSettings(part_pairs=4)


def pair(number, **change):
    values = {
        "id": f"p{number}",
        "prompt": f"Write number {number}.",
        "chosen": f"return {number} + 1" + "  # told" * (number % 3),
        "rejected": f"return {number} - 1" + "  # why" * (number % 2),
        "aspect": ["Functional_Correctness", "Memory_Efficiency"][number % 2],
        "language": ["Go", "CSharp", "Ruby"][number % 3],
        "subset": "OWN",
    }
    return {**values, **change}


@pytest.fixture
def benchmark_file(tmp_path):
    rows = [pair(number) for number in range(18)]
    rows.insert(3, pair(99, aspect="Beauty"))
    rows.append(pair(0))
    path = tmp_path / "bench.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_every_row_is_accounted_for(benchmark_file, tmp_path):
    results = evaluate("random", benchmark_file, tmp_path / "out", QUICK)
    assert results.counts.read == 20
    assert results.counts.scored == 18
    assert results.counts.rejected == {"duplicate-id": 1, "unknown-aspect": 1}
    kept = [json.loads(line) for line in (tmp_path / "out" / "rejected.jsonl").read_text("utf-8").splitlines()]
    assert [row["where"] for row in kept] == ["bench.jsonl:4", "bench.jsonl:20"]
    report = StageReport.load(tmp_path / "out")
    assert (report.read, report.kept, sum(report.dropped.values())) == (20, 18, 2)


def test_results_say_that_only_agreeing_pairs_were_used(tmp_path):
    states = ["agrees", "disagrees", "agrees", "unchecked", "agrees"]
    rows = [pair(number, verified=state) for number, state in enumerate(states)]
    path = tmp_path / "b.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    results = evaluate("random", path, tmp_path / "out", QUICK.model_copy(update={"verified": "agrees"}))
    assert results.run.verified == "agrees"
    assert results.accuracies.overall.n == results.overall["total_examples"] == 3
    assert results.counts.rejected == {"verified-disagrees": 1, "verified-unchecked": 1}
    assert "Only pairs whose label agrees with execution; 2 left out." in results.table().caption
    assert "Only pairs" not in evaluate("random", path, tmp_path / "all", QUICK).table().caption


def test_intervals_resample_tasks_where_the_benchmark_names_them(tmp_path):
    rows = [pair(number) for number in range(24)]
    for name, groups in (("alone", [""] * 24), ("tasks", [f"g{number // 8}" for number in range(24)])):
        lines = [json.dumps({**row, "source": "s", "group": group}) for row, group in zip(rows, groups, strict=True)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines), encoding="utf-8")
    alone, tasks = (
        evaluate("random", tmp_path / f"{name}.jsonl", tmp_path / name, QUICK) for name in ("alone", "tasks")
    )
    assert (alone.accuracies.overall.tasks, tasks.accuracies.overall.tasks) == (None, 3)
    assert all(baseline.accuracies.overall.tasks == 3 for baseline in tasks.baselines)
    assert alone.accuracies.overall.value == tasks.accuracies.overall.value
    assert alone.overall == tasks.overall
    assert (tmp_path / "alone" / "scores.parquet").read_bytes() == (tmp_path / "tasks" / "scores.parquet").read_bytes()
    assert EvaluationResults.load(tmp_path / "tasks" / "results.json") == tasks
    assert "Intervals and tests take tasks for units: the 24 pairs come from 3." in tasks.table().caption
    assert "tasks" not in alone.table().caption


def test_cells_add_up_to_the_whole(benchmark_file, tmp_path):
    found = evaluate("random", benchmark_file, tmp_path / "out", QUICK).accuracies
    cells = [cell for row in found.cells.values() for cell in row.values()]
    assert sum(cell.n for cell in cells) == found.overall.n == 18
    assert sum(cell.wins for cell in cells) == found.overall.wins
    assert sum(cell.wins for cell in found.by_language.values()) == found.overall.wins


def test_published_accuracy_is_strict(tmp_path):
    same = [pair(number, chosen="aa", rejected="bb") for number in range(4)]
    path = tmp_path / "b.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in same), encoding="utf-8")
    results = evaluate("length", path, tmp_path / "out", QUICK)
    assert results.overall["accuracy"] == 0.0
    assert (results.accuracies.overall.value, results.accuracies.overall.tie_rate) == (0.5, 1.0)


def test_saved_results_come_back_equal(benchmark_file, tmp_path):
    results = evaluate("random", benchmark_file, tmp_path / "out", QUICK)
    assert EvaluationResults.load(tmp_path / "out" / "results.json") == results


def test_a_file_that_is_no_results_is_refused(tmp_path):
    (tmp_path / "results.json").write_text('{"overall": 3}', encoding="utf-8")
    with pytest.raises(InputError, match="not a valid results file"):
        EvaluationResults.load(tmp_path / "results.json")


def test_two_runs_give_the_same_bytes(benchmark_file, tmp_path, tiny_checkpoint):
    for out in ("a", "b"):
        evaluate(tiny_checkpoint("qwen3"), benchmark_file, tmp_path / out, QUICK)
    for name in ("scores.parquet", "results.json", "baselines/length.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_run_goes_on_behind_its_last_part(benchmark_file, tmp_path, tiny_checkpoint, monkeypatch):
    from themis_rm.models.decoder import DecoderModel

    folder = tiny_checkpoint("qwen3")
    evaluate(folder, benchmark_file, tmp_path / "whole", QUICK)
    calls = []
    score = DecoderModel.score

    def counted(self, conversations):
        calls.append(len(conversations))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return score(self, conversations)

    monkeypatch.setattr(DecoderModel, "score", counted)
    with pytest.raises(KeyboardInterrupt):
        evaluate(folder, benchmark_file, tmp_path / "cut", QUICK)
    evaluate(folder, benchmark_file, tmp_path / "cut", QUICK)
    assert calls == [8, 8, 8, 8, 8, 4]  # two parts done, one cut off, then only what was left
    for name in ("scores.parquet", "results.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


@pytest.mark.slow
def test_a_killed_run_ends_with_the_same_files(benchmark_file, tmp_path, tiny_checkpoint):
    folder = tiny_checkpoint("qwen3")
    settings = EvaluateSettings(part_pairs=1)
    evaluate(folder, benchmark_file, tmp_path / "whole", settings)
    code = (
        "import sys; from pathlib import Path; from themis_rm.evaluation.evaluate import *\n"
        "evaluate(sys.argv[1], sys.argv[2], Path(sys.argv[3]), EvaluateSettings(part_pairs=1))"
    )
    cut = tmp_path / "cut"
    child = subprocess.Popen([sys.executable, "-c", code, str(folder), str(benchmark_file), str(cut)])
    deadline = time.monotonic() + 90
    while len(list(cut.glob("parts/*/*.parquet"))) < 3 and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert list(cut.glob("parts/*/*.parquet"))
    evaluate(folder, benchmark_file, cut, settings)
    for name in ("scores.parquet", "results.json"):
        assert (cut / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_another_prompt_mode_does_not_take_up_old_scores(benchmark_file, tmp_path, tiny_checkpoint):
    folder, out = tiny_checkpoint("qwen3"), tmp_path / "out"
    found = {}
    for mode in ("own", "none", "all"):
        settings = EvaluateSettings(prompts=mode)
        found[mode] = evaluate(folder, benchmark_file, out, settings).overall["mean_score_difference"]
    assert len(set(found.values())) == 3


def test_a_failed_pair_is_shown_and_counts_as_lost(tmp_path, tiny_checkpoint):
    rows = [pair(0, prompt="word " * 400), *(pair(number) for number in range(1, 4))]
    path = tmp_path / "b.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    settings = EvaluateSettings(prompts="none", model=ModelSettings(max_length=200))
    results = evaluate(tiny_checkpoint("qwen3"), path, tmp_path / "out", settings)
    assert results.counts.failed == {"prompt-too-long": 1}
    assert (results.overall["total_examples"], results.accuracies.overall.failed) == (4, 1)
    row = read_scores(tmp_path / "out" / "scores.parquet")[0]
    assert (row.status, row.chosen_score, row.correct) == ("failed", None, False)
    assert row.note == "chosen: prompt-too-long; rejected: prompt-too-long"


def test_a_cut_response_is_counted(tmp_path, tiny_checkpoint):
    path = tmp_path / "b.jsonl"
    path.write_text(json.dumps(pair(0, chosen="x = y\n" * 300)) + "\n", encoding="utf-8")
    settings = EvaluateSettings(prompts="none", model=ModelSettings(max_length=200))
    results = evaluate(tiny_checkpoint("qwen3"), path, tmp_path / "out", settings)
    assert (results.counts.truncated, results.counts.scored) == (1, 1)
    assert read_scores(tmp_path / "out" / "scores.parquet")[0].note == "chosen: truncated"


def test_one_failed_side_fails_the_pair():
    row = pair_score(BenchmarkPair(**pair(1)), Score(1.0), Score.failed("prompt-too-long"))
    assert (row.status, row.score_diff, row.correct) == ("failed", None, False)
    assert row.note == "rejected: prompt-too-long"


def test_baselines_stand_beside_the_model(benchmark_file, tmp_path, tiny_checkpoint):
    folder = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")
    rows = [{"chosen": f"good {n}", "rejected": f"bad {n}"} for n in range(9)]
    fit_ngrams(rows, NGramSettings(bits=10)).save(folder / "baselines" / "ngrams")
    results = evaluate(folder, benchmark_file, tmp_path / "out", QUICK)
    assert [item.name for item in results.baselines] == ["length", "ngrams-crossfit", "ngrams"]
    for item in results.baselines:
        assert item.comparison.n == 18
        assert item.p_holm >= item.comparison.p_mcnemar
        assert len(read_scores(tmp_path / "out" / "baselines" / f"{item.name}.parquet")) == 18


def test_the_length_baseline_is_not_compared_with_itself(benchmark_file, tmp_path):
    beside = evaluate("length", benchmark_file, tmp_path / "out", QUICK).baselines
    assert [item.name for item in beside] == ["ngrams-crossfit"]


def test_a_checkpoints_own_prompts_are_used(benchmark_file, tmp_path, tiny_checkpoint):
    folder = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")
    own = PromptSet("trained", "Judge:\n{criteria}", {k: k for k in built_in().items})
    (folder / "prompts.json").write_text(own.to_json(), encoding="utf-8")
    run = evaluate(folder, benchmark_file, tmp_path / "out", QUICK).run
    assert run.prompt_set == "trained"
    assert run.prompt_digest == RunPrompts("own", own).digest


def test_a_prompt_set_from_a_file_comes_first(benchmark_file, tmp_path):
    (tmp_path / "set.yaml").write_text(built_in().to_json().replace('"themis"', '"mine"'), encoding="utf-8")
    settings = EvaluateSettings(prompt_set=tmp_path / "set.yaml")
    assert evaluate("random", benchmark_file, tmp_path / "out", settings).run.prompt_set == "mine"


def test_the_table_shows_cells_baselines_and_numbers(benchmark_file, tmp_path):
    from rich.console import Console

    # Nothing may be cut off in a terminal of the usual width.
    console = Console(width=80, record=True, file=open(os.devnull, "w"))
    console.print(evaluate("random", benchmark_file, tmp_path / "out", QUICK).table())
    text = console.export_text()
    for part in ("FC", "ME", ".cs", "length", "n=18", "n=3", "McNemar"):
        assert part in text
    assert "…" not in text
