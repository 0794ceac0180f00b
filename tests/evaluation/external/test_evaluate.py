import json
from pathlib import Path
from typing import Any

import pytest

from themis_rm.errors import CheckpointError, InputError, SettingError
from themis_rm.evaluation.external.benchmarks import SUITES
from themis_rm.evaluation.external.evaluate import (
    ExternalSettings,
    evaluate_external,
    evaluate_suite,
    read_external,
)
from themis_rm.evaluation.external.results import ExternalResults, SuiteResults

SETTINGS = ExternalSettings(n_resamples=200, baselines=("random",))


def rows_of(name: str) -> list[dict[str, Any]]:
    """Return four rows in which the longer response is correct twice."""
    good, bad = ("long", "x"), ("x", "long")
    texts = [good, good, bad, bad]
    if name == "rewardbench":
        return [
            {"id": n, "prompt": "p", "chosen": c, "rejected": r, "subset": "hep-go"} for n, (c, r) in enumerate(texts)
        ]
    if name == "rewardbench2":
        return [
            {"id": str(n), "prompt": "p", "chosen": [c], "rejected": [r] * 3, "subset": "Math"}
            for n, (c, r) in enumerate(texts)
        ]
    if name == "rm-bench":
        return [
            {"id": n, "prompt": "p", "chosen": [c] * 3, "rejected": [r] * 3, "domain": "code"}
            for n, (c, r) in enumerate(texts)
        ]
    return [
        {
            "pair_id": str(n),
            "question": "p",
            "response_A": c,
            "response_B": r,
            "label": "A>B",
            "source": "livecodebench",
        }
        for n, (c, r) in enumerate(texts)
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in SUITES["general"]:
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows_of(name)))
    return folder


@pytest.mark.parametrize("name", SUITES["general"])
def test_a_benchmark_is_found_in_a_directory_by_its_name(data: Path, name: str) -> None:
    results = evaluate_external("length", name, data, settings=SETTINGS)
    assert results.overall.value == 0.5
    assert (results.counts.read, results.counts.scored) == (4, 4)


def test_a_benchmark_can_be_a_file(data: Path) -> None:
    assert evaluate_external("length", "judgebench", data / "judgebench.jsonl", settings=SETTINGS).overall.prompts == 4


def test_results_can_be_loaded_again(data: Path, tmp_path: Path) -> None:
    results = evaluate_external("length", "rewardbench", data, tmp_path / "out", SETTINGS)
    assert ExternalResults.load(tmp_path / "out" / "external.json") == results


def test_baselines_have_the_same_figures(data: Path) -> None:
    results = evaluate_external("length", "rewardbench", data, settings=SETTINGS)
    (baseline,) = results.baselines
    assert baseline.name == "random"
    assert [figure.name for figure in baseline.figures] == [figure.name for figure in results.figures]


def test_a_missing_baseline_is_reported_before_the_model_is_run(data: Path, tmp_path: Path) -> None:
    settings = SETTINGS.model_copy(update={"baselines": ("likelihood:nowhere",)})
    with pytest.raises(CheckpointError, match="no model directory 'nowhere'"):
        evaluate_external("length", "rewardbench", data, tmp_path / "out", settings)
    assert not (tmp_path / "out" / "parts").exists()


def test_complete_shards_are_not_scored_again(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = SETTINGS.model_copy(update={"shard_size": 2})
    first = evaluate_external("length", "rewardbench", data, tmp_path / "out", settings)
    (parts,) = (tmp_path / "out" / "parts").glob("scores-*")
    kept = sorted(parts.iterdir())
    assert len(kept) == 2
    times = [part.stat().st_mtime_ns for part in kept]
    (tmp_path / "out" / "external.json").unlink()
    assert evaluate_external("length", "rewardbench", data, tmp_path / "out", settings) == first
    assert [part.stat().st_mtime_ns for part in kept] == times


def test_bad_rows_are_counted_and_written_with_their_reason(data: Path, tmp_path: Path) -> None:
    with (data / "rewardbench.jsonl").open("a") as file:
        file.write('{broken\n{"id": 9, "prompt": "p", "chosen": null, "rejected": "r", "subset": "hep-go"}\n')
        file.write(json.dumps(rows_of("rewardbench")[0]) + "\n")
    results = evaluate_external("length", "rewardbench", data, tmp_path / "out", SETTINGS)
    assert results.counts.rejected == {"duplicate-id": 1, "missing-chosen": 1, "not-json": 1}
    assert len((tmp_path / "out" / "rejected.jsonl").read_text().splitlines()) == 3


def test_a_limit_takes_evenly_spaced_prompts(data: Path) -> None:
    results = evaluate_external("length", "rewardbench", data, settings=SETTINGS.model_copy(update={"limit": 2}))
    assert (results.overall.prompts, results.counts.beyond_limit) == (2, 2)


def test_a_suite_evaluates_each_benchmark_in_a_directory_of_its_own(data: Path, tmp_path: Path) -> None:
    results = evaluate_suite("length", "general", data, tmp_path / "out", SETTINGS)
    assert [one.benchmark for one in results.results] == list(SUITES["general"])
    assert SuiteResults.load(tmp_path / "out" / "suite.json") == results
    assert (tmp_path / "out" / "rm-bench" / "external.json").is_file()


def test_a_missing_benchmark_of_a_suite_is_refused_before_anything_is_scored(data: Path, tmp_path: Path) -> None:
    (data / "judgebench.jsonl").unlink()
    with pytest.raises(InputError, match="judgebench"):
        evaluate_suite("length", "general", data, tmp_path / "out", SETTINGS)
    assert not (tmp_path / "out").exists()


def test_unknown_names_are_refused(data: Path) -> None:
    with pytest.raises(SettingError, match="Unknown suite 'all'"):
        evaluate_suite("length", "all", data)
    with pytest.raises(SettingError, match="Unknown external benchmark 'rewardbenchh'"):
        read_external("rewardbenchh", data)


def test_data_without_a_usable_row_is_refused(data: Path) -> None:
    (data / "rewardbench.jsonl").write_text('{"prompt": "p"}\n')
    with pytest.raises(InputError, match="no usable row of RewardBench"):
        read_external("rewardbench", data)
