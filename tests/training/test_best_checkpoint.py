"""Early stopping and the checkpoint of the best evaluation, also of runs that were interrupted."""

import dataclasses
import json

import pytest
import torch
from safetensors.torch import load_file
from tests.training import pairs

from themis_rm.errors import SettingError
from themis_rm.training import runner
from themis_rm.training.best_checkpoint import has_stopped
from themis_rm.training.report import TrainReport
from themis_rm.training.runner import train
from themis_rm.training.trainer import PairTrainer

ACCURACIES = {2: 0.5, 4: 0.75, 6: 0.75, 8: 0.625, 10: 0.5, 12: 0.875}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pairs.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(autouse=True)
def _scripted_metrics(monkeypatch):
    """Replace the validation metrics by a script, since those of a tiny model rise all the time."""
    measured = PairTrainer.evaluate_pairs

    def scripted(self, dataset):
        result = measured(self, dataset)
        if dataset is self.eval_dataset and self.state.global_step in ACCURACIES and self.is_in_train:
            value = ACCURACIES[self.state.global_step]
            return dataclasses.replace(
                result, overall={**result.overall, "accuracy": value, "bradley_terry": 1 - value}
            )
        return result

    monkeypatch.setattr(PairTrainer, "evaluate_pairs", scripted)


def settings(**changes):
    values = {**pairs.RECIPE, "max_steps": 12, "save_steps": 5, "eval_steps": 2, "max_eval_samples": 8}
    return {**values, "load_best_model_at_end": True, "early_stopping_patience": 3, **changes}


def weights(folder):
    return load_file(folder / "model.safetensors")["score.weight"]


@pytest.mark.parametrize("metric", ["accuracy", "bradley_terry"])
def test_a_run_stops_after_evaluations_without_improvement_and_exports_the_best(data, tmp_path, metric):
    report = train(settings(keep_checkpoint=True, metric_for_best_model=metric), data, tmp_path)
    # Equal metrics do not count as an improvement.
    assert (report.steps, report.exported_step) == (10, 4)
    kept = {path.name for path in (tmp_path / "checkpoints").iterdir()}
    assert kept == {"checkpoint-4", "checkpoint-10"}
    torch.testing.assert_close(weights(tmp_path / "model"), weights(tmp_path / "checkpoints/checkpoint-4"))
    assert not torch.equal(weights(tmp_path / "model"), weights(tmp_path / "checkpoints/checkpoint-10"))
    assert "10 steps (best: 4)" in report.summary()


def test_without_patience_a_run_has_all_its_steps(data, tmp_path):
    report = train(settings(early_stopping_patience=None), data, tmp_path)
    assert (report.steps, report.exported_step) == (12, 12)


def test_stopping_early_alone_exports_the_last_weights(data, tmp_path):
    report = train(settings(load_best_model_at_end=False, keep_checkpoint=True), data, tmp_path)
    assert (report.steps, report.exported_step) == (10, 10)
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["checkpoint-10"]


def test_the_metrics_of_the_report_are_those_of_the_exported_weights(data, tmp_path):
    best = train(settings(), data, tmp_path / "best")
    log = [json.loads(line) for line in (tmp_path / "best/log.jsonl").read_text(encoding="utf-8").splitlines()]
    at = next(line for line in log if line["split"] == "validation" and line["step"] == best.exported_step)
    assert best.metrics["validation"]["margin"] == pytest.approx(at["margin"])


class Killed(BaseException):
    """Simulates the end of the process."""


@pytest.mark.parametrize("moment", ["step 3", "step 7", "export"])
def test_an_interrupted_run_stops_at_the_same_step_with_the_same_bytes(data, tmp_path, monkeypatch, moment):
    train(settings(), data, tmp_path / "whole")
    with monkeypatch.context() as patch:
        if moment == "export":
            patch.setattr(runner, "save_reward_model", kill)
        else:
            original = PairTrainer.training_step
            last = int(moment.split()[1])
            patch.setattr(
                PairTrainer,
                "training_step",
                lambda self, *args: kill() if self.state.global_step == last else original(self, *args),
            )
        with pytest.raises(Killed):
            train(settings(), data, tmp_path / "killed")
    report = train(settings(), data, tmp_path / "killed")
    assert report.exported_step == TrainReport.load(tmp_path / "whole").exported_step
    for file in ("log.jsonl", "model/model.safetensors", "model/training.json"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "killed" / file).read_bytes(), file


def kill(*_, **__):
    raise Killed


def test_comparing_evaluations_needs_validation_pairs(tmp_path):
    data = pairs.write(tmp_path / "data", validation=0)
    with pytest.raises(SettingError, match="no validation pairs"):
        train(settings(), data, tmp_path / "out")
    with pytest.raises(SettingError, match="no validation pairs"):
        train(settings(max_eval_samples=0), pairs.write(tmp_path / "more"), tmp_path / "out2")


@pytest.mark.parametrize(("step", "best", "stops"), [(8, 4, False), (10, 4, True), (11, 4, True), (10, None, False)])
def test_patience_counts_evaluations_after_the_best_one(step, best, stops):
    assert has_stopped(pairs.recipe(eval_steps=2, early_stopping_patience=3), step, best) == stops
