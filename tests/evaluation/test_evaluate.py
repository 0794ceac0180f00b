"""Evaluations: consistent figures, baselines, and interrupted runs that resume."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest

from themis_rm.errors import CheckpointError, InputError
from themis_rm.evaluation.evaluate import EvaluateSettings, RunPrompts, evaluate, pair_score
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.evaluation.scores import read_scores
from themis_rm.models.ngrams import NGramSettings, fit_ngrams
from themis_rm.models.protocol import Score
from themis_rm.models.settings import ModelSettings
from themis_rm.pipeline import StageReport
from themis_rm.prompts import PromptSet, built_in
from themis_rm.records import BenchmarkPair
from themis_rm.report.page import conclusions

QUICK = EvaluateSettings(shard_size=4)


def pair(number, **change):
    values = {
        "id": f"p{number}",
        "prompt": f"Write number {number}.",
        "chosen": f"return {number} + 1" + "  # note" * (number % 3),
        "rejected": f"return {number} - 1" + "  # why" * (number % 2),
        "aspect": ["Functional_Correctness", "Memory_Efficiency"][number % 2],
        "language": ["Go", "CSharp", "Ruby"][number % 3],
        "subset": "OWN",
    }
    return {**values, **change}


@pytest.fixture
def benchmark_file(tmp_path):
    rows = [pair(number) for number in range(18)]
    rows.insert(3, pair(99, rejected=" "))
    rows.append(pair(0))
    path = tmp_path / "bench.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_every_row_is_counted(benchmark_file, tmp_path):
    results = evaluate("random", benchmark_file, tmp_path / "out", QUICK)
    assert results.counts.read == 20
    assert results.counts.scored == 18
    assert results.counts.rejected == {"duplicate-id": 1, "empty-response": 1}
    kept = [json.loads(line) for line in (tmp_path / "out" / "rejected.jsonl").read_text("utf-8").splitlines()]
    assert [row["where"] for row in kept] == ["bench.jsonl:4", "bench.jsonl:20"]
    report = StageReport.load(tmp_path / "out")
    assert (report.read, report.kept, sum(report.dropped.values())) == (20, 18, 2)


def test_results_record_that_only_verified_pairs_were_used(tmp_path):
    states = ["agrees", "disagrees", "agrees", "unchecked", "agrees"]
    rows = [pair(number, verified=state) for number, state in enumerate(states)]
    path = tmp_path / "b.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    results = evaluate("random", path, tmp_path / "out", QUICK.model_copy(update={"verified": "agrees"}))
    assert results.run.verified == "agrees"
    assert results.accuracies.overall.n == results.overall["total_examples"] == 3
    assert results.counts.rejected == {"verified-disagrees": 1, "verified-unchecked": 1}
    assert "Only pairs whose label agrees with execution; 2 excluded." in results.notes()
    assert not any("Only pairs" in note for note in evaluate("random", path, settings=QUICK).notes())


def test_intervals_resample_tasks_if_the_benchmark_has_tasks(tmp_path):
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
    assert "Intervals and tests resample tasks: the 24 pairs come from 3 tasks." in tasks.notes()
    assert not any("tasks" in note for note in alone.notes())


def test_cells_add_up_to_the_overall_accuracy(benchmark_file, tmp_path):
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


def test_saved_results_are_loaded_equal(benchmark_file, tmp_path):
    results = evaluate("random", benchmark_file, tmp_path / "out", QUICK)
    assert EvaluationResults.load(tmp_path / "out" / "results.json") == results


def test_a_file_that_is_not_a_results_file_is_refused(tmp_path):
    (tmp_path / "results.json").write_text('{"overall": 3}', encoding="utf-8")
    with pytest.raises(InputError, match="not a valid results file"):
        EvaluationResults.load(tmp_path / "results.json")


def test_two_runs_write_the_same_bytes(benchmark_file, tmp_path, tiny_checkpoint):
    for out in ("a", "b"):
        evaluate(tiny_checkpoint("qwen3"), benchmark_file, tmp_path / out, QUICK)
    for name in ("scores.parquet", "results.json", "baselines/length.parquet"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_an_interrupted_run_resumes_after_its_last_shard(benchmark_file, tmp_path, tiny_checkpoint, monkeypatch):
    from themis_rm.models.decoder import DecoderModel

    checkpoint = tiny_checkpoint("qwen3")
    evaluate(checkpoint, benchmark_file, tmp_path / "complete", QUICK)
    calls = []
    score = DecoderModel.score

    def counted(self, conversations):
        calls.append(len(conversations))
        if len(calls) == 3:
            raise KeyboardInterrupt
        return score(self, conversations)

    monkeypatch.setattr(DecoderModel, "score", counted)
    with pytest.raises(KeyboardInterrupt):
        evaluate(checkpoint, benchmark_file, tmp_path / "resumed", QUICK)
    evaluate(checkpoint, benchmark_file, tmp_path / "resumed", QUICK)
    assert calls == [8, 8, 8, 8, 8, 4]  # two complete shards, an interrupted one, then only the remaining ones
    for name in ("scores.parquet", "results.json"):
        assert (tmp_path / "resumed" / name).read_bytes() == (tmp_path / "complete" / name).read_bytes()


@pytest.mark.slow
def test_a_killed_run_resumes_and_writes_the_same_files(benchmark_file, tmp_path, tiny_checkpoint):
    checkpoint = tiny_checkpoint("qwen3")
    settings = EvaluateSettings(shard_size=1)
    evaluate(checkpoint, benchmark_file, tmp_path / "complete", settings)
    code = (
        "import sys; from pathlib import Path; from themis_rm.evaluation.evaluate import *\n"
        "evaluate(sys.argv[1], sys.argv[2], Path(sys.argv[3]), EvaluateSettings(shard_size=1))"
    )
    resumed = tmp_path / "resumed"
    child = subprocess.Popen([sys.executable, "-c", code, str(checkpoint), str(benchmark_file), str(resumed)])
    deadline = time.monotonic() + 90
    while len(list(resumed.glob("parts/*/*.parquet"))) < 3 and time.monotonic() < deadline and child.poll() is None:
        time.sleep(0.005)
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    assert list(resumed.glob("parts/*/*.parquet"))
    evaluate(checkpoint, benchmark_file, resumed, settings)
    for name in ("scores.parquet", "results.json"):
        assert (resumed / name).read_bytes() == (tmp_path / "complete" / name).read_bytes()


def test_every_prompt_mode_gives_other_scores(benchmark_file, tmp_path, tiny_checkpoint):
    checkpoint = tiny_checkpoint("qwen3")
    found = {}
    for mode in ("own", "none", "all"):
        settings = EvaluateSettings(prompts=mode)
        found[mode] = evaluate(checkpoint, benchmark_file, tmp_path / mode, settings).overall["mean_score_difference"]
    assert len(set(found.values())) == 3


@pytest.mark.parametrize(
    ("model", "settings", "differing"),
    [("length", QUICK, "model"), ("random", EvaluateSettings(prompts="none"), "prompt_set, prompts")],
)
def test_the_directory_of_another_run_is_refused(benchmark_file, tmp_path, model, settings, differing):
    evaluate("random", benchmark_file, tmp_path / "out", QUICK)
    before = (tmp_path / "out" / "results.json").read_bytes()
    with pytest.raises(InputError, match=rf"other settings or inputs \((model_facts\.seed, )?{differing}"):
        evaluate(model, benchmark_file, tmp_path / "out", settings)
    assert (tmp_path / "out" / "results.json").read_bytes() == before


def test_the_same_run_can_be_repeated_with_another_confidence_level(benchmark_file, tmp_path):
    one = evaluate("random", benchmark_file, tmp_path / "out", QUICK)
    two = evaluate("random", benchmark_file, tmp_path / "out", QUICK.model_copy(update={"confidence_level": 0.5}))
    assert two.accuracies.overall.low > one.accuracies.overall.low


def test_a_failed_pair_is_reported_and_counts_as_a_loss(tmp_path, tiny_checkpoint):
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


def test_a_truncated_response_is_counted(tmp_path, tiny_checkpoint):
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


def test_baselines_are_evaluated_on_the_same_pairs(benchmark_file, tmp_path, tiny_checkpoint):
    checkpoint = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")
    rows = [{"chosen": f"good {n}", "rejected": f"bad {n}"} for n in range(9)]
    fit_ngrams(rows, NGramSettings(bits=10)).save(checkpoint / "baselines" / "ngrams")
    results = evaluate(checkpoint, benchmark_file, tmp_path / "out", QUICK)
    assert [item.name for item in results.baselines] == ["length", "ngrams-crossfit", "ngrams"]
    for item in results.baselines:
        assert item.comparison.n == 18
        assert item.p_holm >= item.comparison.p_mcnemar
        assert len(read_scores(tmp_path / "out" / "baselines" / f"{item.name}.parquet")) == 18


def test_a_likelihood_baseline_is_in_the_table(benchmark_file, tmp_path, tiny_language_model):
    name = f"likelihood:{tiny_language_model()}"
    # The chat template is that of the evaluated checkpoint.
    settings = EvaluateSettings(baselines=("length", name), model=ModelSettings(chat_template="its own"))
    results = evaluate("random", benchmark_file, tmp_path / "out", settings)
    names = ["length", f"likelihood-{tiny_language_model().name}"]
    assert [item.name for item in results.baselines] == names
    assert results.baselines[1].comparison.n == 18
    assert len(read_scores(tmp_path / "out" / "baselines" / f"{names[1]}.parquet")) == 18


def test_a_missing_likelihood_baseline_is_reported_before_the_model_is_run(benchmark_file, tmp_path):
    settings = EvaluateSettings(baselines=("likelihood:nowhere",))
    with pytest.raises(CheckpointError, match="no model directory 'nowhere'"):
        evaluate("random", benchmark_file, tmp_path / "out", settings)
    assert not (tmp_path / "out").exists()


def test_the_length_baseline_is_not_compared_with_itself(benchmark_file, tmp_path):
    baselines = evaluate("length", benchmark_file, tmp_path / "out", QUICK).baselines
    assert [item.name for item in baselines] == ["ngrams-crossfit"]


def test_the_prompt_set_of_the_checkpoint_is_used(benchmark_file, tmp_path, tiny_checkpoint):
    checkpoint = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")
    own = PromptSet("trained", "Judge:\n{criteria}", {k: k for k in built_in().items})
    (checkpoint / "prompts.json").write_text(own.to_json(), encoding="utf-8")
    run = evaluate(checkpoint, benchmark_file, tmp_path / "out", QUICK).run
    assert run.prompt_set == "trained"
    assert run.prompt_digest == RunPrompts("own", own).digest


def test_built_in_prompts_for_a_checkpoint_are_said_in_results_and_table(benchmark_file, tmp_path, tiny_checkpoint):
    settings = EvaluateSettings(baselines=(), limit=2)
    results = evaluate(tiny_checkpoint("qwen3"), benchmark_file, tmp_path / "out", settings)
    assert results.run.prompt_source.startswith("built-in prompts of this project; the checkpoint has no prompts.json")
    assert f"Criteria prompts: {results.run.prompt_source}." in results.notes()
    assert f"Criteria prompts: {results.run.prompt_source}." in conclusions(results)
    assert EvaluationResults.load(tmp_path / "out" / "results.json").run == results.run


def test_a_prompt_set_from_a_file_takes_precedence(benchmark_file, tmp_path):
    (tmp_path / "set.yaml").write_text(built_in().to_json().replace('"themis"', '"mine"'), encoding="utf-8")
    settings = EvaluateSettings(prompt_set=tmp_path / "set.yaml")
    assert evaluate("random", benchmark_file, tmp_path / "out", settings).run.prompt_set == "mine"


def test_the_table_shows_cells_baselines_and_numbers_of_pairs(benchmark_file, tmp_path):
    from rich.console import Console

    # Nothing may be truncated in a terminal of 80 columns.
    console = Console(width=80, record=True, file=open(os.devnull, "w"))
    console.print(evaluate("random", benchmark_file, tmp_path / "out", QUICK).table())
    text = console.export_text()
    for part in ("FC", "ME", ".cs", "length", "n=18", "n=3", "McNemar"):
        assert part in text
    assert "…" not in text


def test_without_an_output_directory_nothing_is_written(benchmark_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    results = evaluate("random", benchmark_file, settings=QUICK)
    assert sorted(tmp_path.rglob("*")) == before
    assert results == evaluate("random", benchmark_file, tmp_path / "out", QUICK)


def test_a_limit_scores_evenly_spaced_pairs_and_counts_the_others(benchmark_file, tmp_path):
    settings = EvaluateSettings(limit=6, baselines=())
    results = evaluate("random", benchmark_file, tmp_path / "out", settings)
    assert [row.id for row in read_scores(tmp_path / "out" / "scores.parquet")] == [
        "p1",
        "p4",
        "p7",
        "p10",
        "p13",
        "p16",
    ]
    assert (results.run.limit, results.accuracies.overall.n, results.counts.read) == (6, 6, 20)
    assert (results.counts.beyond_limit, StageReport.load(tmp_path / "out").dropped["beyond-limit"]) == (12, 12)
    assert "Only a sample of the pairs was scored; 12 not scored." in results.notes()


def test_records_have_one_row_per_model_and_slice(benchmark_file):
    results = evaluate("random", benchmark_file, settings=QUICK)
    rows = results.records()
    assert {row["model"] for row in rows} == {"random", "length", "ngrams-crossfit"}
    overall = [row for row in rows if row["slice"] == "all"]
    assert [row["accuracy"] for row in overall] == [of.overall.value for _, of in results.systems()]
    for kind in ("criterion", "language", "subset", "cell"):
        assert sum(row["n"] for row in rows if row["slice"] == kind) == 3 * 18


def test_results_have_a_short_repr_and_an_html_table(benchmark_file):
    results = evaluate("random", benchmark_file, settings=QUICK)
    assert repr(results).startswith("<EvaluationResults: random on bench.jsonl: accuracy ")
    assert "\n" not in repr(results)
    assert "<th>tie_rate</th>" in results._repr_html_()
