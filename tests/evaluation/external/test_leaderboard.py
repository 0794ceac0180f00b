"""Leaderboards of external benchmarks: models, baselines and published models in one table."""

import csv
import io
from pathlib import Path

import pytest
from tests.evaluation.external.results import result

from themis_rm.errors import InputError
from themis_rm.evaluation.external.leaderboard import (
    ExternalLeaderboard,
    build_external_leaderboard,
    find_external_results,
)
from themis_rm.evaluation.external.results import ExternalCounts, SuiteResults


def save(folder: Path, *results) -> Path:
    """Write results as the output directory of a suite."""
    for one in results:
        (folder / one.benchmark).mkdir(parents=True)
        one.save(folder / one.benchmark / "external.json")
    SuiteResults.of("general", results).save(folder / "suite.json")
    return folder


def test_models_come_before_baselines_and_published_models(tmp_path: Path) -> None:
    a = save(tmp_path / "a", result("rewardbench", "low", 0.6), result("judgebench", "low", 0.6))
    b = save(tmp_path / "b", result("rewardbench", "high", 0.8), result("judgebench", "high", 0.8))
    board = build_external_leaderboard([a, b])
    assert [(entry.name, entry.kind) for entry in board.entries[:3]] == [
        ("high", "model"),
        ("low", "model"),
        ("length", "baseline"),
    ]
    assert {entry.kind for entry in board.entries[3:]} == {"reference"}


def test_published_figures_are_those_of_the_paper(tmp_path: Path) -> None:
    board = build_external_leaderboard([save(tmp_path, result("rewardbench2"), result("judgebench"))])
    published = next(entry for entry in board.entries if entry.name == "Themis-RM-32B")
    assert {name: figure.value for name, figure in published.figures.items()} == {
        "rewardbench2": pytest.approx(0.7234),
        "judgebench": pytest.approx(0.7165),
    }


def test_published_models_can_be_left_out(tmp_path: Path) -> None:
    board = build_external_leaderboard([save(tmp_path, result("rewardbench"))], with_reference=False)
    assert [entry.kind for entry in board.entries] == ["model", "baseline"]
    assert board.source == ""


def test_an_average_needs_every_figure(tmp_path: Path) -> None:
    a = save(tmp_path / "a", result("rewardbench", "both", 0.6), result("judgebench", "both", 0.7))
    b = save(tmp_path / "b", result("rewardbench", "one"))
    board = build_external_leaderboard([a, b], with_reference=False)
    averages = {entry.name: entry.average(board.benchmarks) for entry in board.entries}
    assert averages["both"] == pytest.approx(0.65)
    assert averages["one"] is None


def test_two_prompt_modes_of_a_model_are_two_entries(tmp_path: Path) -> None:
    a = save(tmp_path / "a", result("rewardbench"))
    b = save(tmp_path / "b", result("rewardbench", prompts="all"))
    board = build_external_leaderboard([a, b], with_reference=False)
    assert {entry.name for entry in board.entries} == {"m [prompts: none]", "m [prompts: all]", "length"}


def test_the_same_run_twice_is_refused(tmp_path: Path) -> None:
    folder = save(tmp_path, result("rewardbench"))
    with pytest.raises(InputError, match="two results"):
        build_external_leaderboard([folder, folder / "rewardbench"])


def test_different_prompts_are_noticed(tmp_path: Path) -> None:
    a = save(tmp_path / "a", result("rewardbench", "a"))
    b = save(tmp_path / "b", result("rewardbench", "b", benchmark_digest="other"))
    (notice,) = build_external_leaderboard([a, b]).notices
    assert "not comparable" in notice


def test_failed_prompts_are_noticed(tmp_path: Path) -> None:
    counts = ExternalCounts(read=40, scored=38, failed={"timeout": 3}, truncated=0, ties=0, rejected={})
    board = build_external_leaderboard([save(tmp_path, result("rewardbench", counts=counts))])
    assert board.notices == ["m on Rewardbench: failed 2 of 40 prompts (timeout 3)."]
    assert board.entries[0].figures["rewardbench"].failed == 2


def test_results_are_found_in_a_suite_a_benchmark_and_a_file(tmp_path: Path) -> None:
    folder = save(tmp_path, result("rewardbench"), result("judgebench"))
    assert len(find_external_results(folder)) == 2
    assert len(find_external_results(folder / "suite.json")) == 2
    assert find_external_results(folder / "judgebench") == [folder / "judgebench" / "external.json"]
    assert find_external_results(tmp_path / "missing") == []


def test_runs_of_another_kind_are_refused(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", result("rewardbench"))
    (tmp_path / "code").mkdir()
    with pytest.raises(InputError, match="separately"):
        build_external_leaderboard([folder, tmp_path / "code"])


def test_a_leaderboard_can_be_loaded_again(tmp_path: Path) -> None:
    board = build_external_leaderboard([save(tmp_path / "a", result("rewardbench"))])
    board.save(tmp_path / "board.json")
    assert ExternalLeaderboard.load(tmp_path / "board.json") == board


def test_csv_has_a_line_per_figure(tmp_path: Path) -> None:
    board = build_external_leaderboard([save(tmp_path, result("rewardbench"))], with_reference=False)
    lines = list(csv.DictReader(io.StringIO(board.to_csv())))
    assert [(line["model"], line["value"], line["prompts"]) for line in lines] == [
        ("m", "0.75", "40"),
        ("length", "0.5", "40"),
    ]
