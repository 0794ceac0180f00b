"""Complete runs with other settings of losses and sampling."""

import json
from dataclasses import replace

import pytest
from tests.training import pairs

from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.training.runner import train
from themis_rm.training.sampling import GroupDraws


def log_lines(out):
    lines = [json.loads(line) for line in (out / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["split"] == "train"]


def test_a_run_with_ties_counts_them_apart_from_preferences(tmp_path):
    # The responses of a tie are exchanged, so that counting ties would give an accuracy of about one half.
    rows = [
        replace(row, tie=True, chosen=row.rejected, rejected=row.chosen) if number % 2 else row
        for number, row in enumerate(pairs.rows(40))
    ]
    write_rows(tmp_path / "data/train.parquet", rows, Preference.schema())
    changes = {"preference_loss": "bradley_terry_ties", "max_steps": 10, "eval_steps": 10}
    report = train(pairs.recipe(**changes), tmp_path / "data", tmp_path / "out")
    log = log_lines(tmp_path / "out")
    assert (report.train.kept, report.train.ties, report.metrics["train"]["n"]) == (40, 20, 20)
    assert report.metrics["train"]["accuracy"] > 0.9
    assert sum(line["ties"] for line in log) == 40
    assert log[-1]["accuracy"] > 0.9
    terms = {"bradley_terry_ties": 1, "lm": 0.25, "center_rewards": 0.001}
    assert log[0]["loss"] == pytest.approx(sum(weight * log[0][name] for name, weight in terms.items()))
    assert report.records()[0]["ties"] == 20


@pytest.mark.parametrize("name", ["bradley_terry_scaled", "focal", "hinge"])
def test_a_run_learns_with_any_preference_loss(tmp_path, name):
    data = pairs.write(tmp_path / "data", validation=0)
    report = train(pairs.recipe(preference_loss=name, num_threads=1), data, tmp_path / "out")
    assert report.metrics["train"]["accuracy"] > 0.9
    assert name in log_lines(tmp_path / "out")[0]


def test_a_sampled_run_reports_the_draws_of_each_group(tmp_path):
    rows = [replace(row, language="Go" if number < 10 else "Python") for number, row in enumerate(pairs.rows(40))]
    write_rows(tmp_path / "data/train.parquet", rows, Preference.schema())
    recipe = pairs.recipe(sampling={"by": "language"}, max_steps=5)
    report = train(recipe, tmp_path / "data", tmp_path / "out")
    assert report.draws == {"Go": GroupDraws(10, 20, 2.0), "Python": GroupDraws(30, 20, 0.6667)}
    assert log_lines(tmp_path / "out")[-1]["epoch"] == 1.0
    metadata = json.loads((tmp_path / "out/model/training.json").read_text(encoding="utf-8"))
    assert metadata["draws"]["Go"] == {"pairs": 10, "draws": 20, "passes": 2.0}
