"""The shipped figures: labeled, complete, and equal to those of the published scores."""

import csv
from importlib import resources

import pyarrow.parquet as pq
import pytest

from themis_rm.evaluation.leaderboard.score_files import CRITERION_NAMES, LANGUAGE_NAMES
from themis_rm.evaluation.reference.runs import OVERALL, load


def test_the_file_names_its_source_and_is_small():
    text = resources.files("themis_rm.evaluation.reference").joinpath("runs.csv").read_text(encoding="utf-8")
    head = "".join(line for line in text.splitlines() if line.startswith("#"))
    assert "arXiv 2605.00754" in head
    assert "Apache-2.0" in head
    assert len(text.encode()) < 60_000


def test_facts_about_models_are_only_in_the_catalog():
    text = resources.files("themis_rm.evaluation.reference").joinpath("runs.csv").read_text(encoding="utf-8")
    header = next(line for line in text.splitlines() if not line.startswith("#")).split(",")
    assert not {"hub", "name", "series", "parameters", "kind", "note"} & set(header)
    run = load().runs["Themis-RM-8B"]
    assert (run.hub, run.series, run.parameters, run.kind) == ("project-themis/Themis-RM-8B", "Themis-RM", 8, "scalar")


def test_51_runs_of_which_40_have_scores():
    runs = load().runs.values()
    assert len(runs) == 51
    assert sum(run.score_file for run in runs) == 40
    assert {run.kind for run in runs} == {"scalar", "generative"}
    assert all(0.5 < run.parameters < 73 for run in runs)


def test_counts_add_up():
    pairs = load().pairs
    assert sum(pairs[name] for name in CRITERION_NAMES) == pairs[OVERALL] == 8866
    assert sum(pairs[name] for name in LANGUAGE_NAMES) == 8866
    subsets = [name for name in pairs if name not in {OVERALL, *CRITERION_NAMES, *LANGUAGE_NAMES}]
    assert len(subsets) == 19
    assert sum(pairs[name] for name in subsets) == 8866


def test_accuracies_by_criterion_average_to_the_overall_accuracy():
    pairs = load().pairs
    for run in load().runs.values():
        for names in (CRITERION_NAMES, LANGUAGE_NAMES):
            mean = sum(run.accuracies[name] * pairs[name] for name in names) / pairs[OVERALL]
            # Both sides are rounded; one run lacks four pairs, so its weights are slightly different.
            assert run.accuracies[OVERALL] == pytest.approx(mean, abs=0.0101 if run.rows == 8866 else 0.05)


def test_a_series_has_several_sizes():
    series = {}
    for run in load().runs.values():
        if run.series:
            series.setdefault(run.series, []).append(run.parameters)
    assert all(len(set(sizes)) == len(sizes) > 1 for sizes in series.values())
    assert sorted(series["Themis-RM"]) == [0.6, 1.7, 4, 8, 14, 32]


def test_a_name_belongs_to_one_run():
    names = [name for run in load().runs.values() for name in {run.run, run.name, run.hub} if name]
    assert len(names) == len(set(names))
    assert load().find("nvidia/AceMath-72B-RM").run == "AceMath-72B-RM"
    assert load().find("Themis-RM 8B").run == "Themis-RM-8B"
    assert load().find("acemath-72b-rm") is None


def test_ties_agree_with_the_pair_scores(shared):
    ties_by_run = {run.run: run.ties for run in load().runs.values() if run.ties is not None}
    assert set(ties_by_run) == {run.run for run in load().runs.values() if run.score_file}
    for name in ("LMUnit-qwen2.5-72b", "R3-Qwen3-4B-14k", "Qwen3-Nemotron-32B-GenRM-Principle", "Themis-RM-8B"):
        path = shared / "reference" / "published" / "scores" / name / "scores.parquet"
        scores = pq.read_table(path).to_pydict()
        failed = scores.get("parse_failed", [False] * len(scores["id"]))
        sides = zip(scores["chosen_score"], scores["rejected_score"], failed, strict=True)
        ties = sum(chosen == rejected and not fault for chosen, rejected, fault in sides)
        assert ties_by_run[name] == pytest.approx(100 * ties / len(scores["id"]), abs=0.005001)


def test_figures_equal_the_published_ones(shared):
    path = shared / "reference" / "published" / "runs_summary.csv"
    with path.open(encoding="utf-8", newline="") as handle:
        for line in csv.DictReader(handle):
            run = load().runs[line["run"]]
            assert run.rows == int(line["rows"])
            assert {name: float(line[name]) for name in run.accuracies} == dict(run.accuracies)


def test_names_sizes_and_other_figures_agree_with_the_published_tables(shared):
    found = {}
    for name in ("table2_criteria", "table4_reranking_adversarial", "table10_general"):
        with (shared / "reference" / "published" / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
            for line in csv.DictReader(handle):
                run = load().find(line["model"])
                if run is None:
                    assert " w/" in line["model"]  # ablation rows are not runs
                    continue
                assert f"{run.parameters:g}B" == line["size"]
                if name != "table2_criteria":
                    printed = {column: float(line[column]) for column in line if column not in {"model", "size"}}
                    found.setdefault(run.run, {}).update(printed)
    assert found == {run.run: dict(run.other_figures) for run in load().runs.values() if run.other_figures}
