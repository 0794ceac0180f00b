"""Metrics reach experiment trackers under the names of transformers, and a missing package is found at the start."""

import pytest
from tests.training import pairs
from transformers import TrainerCallback

from themis_rm.errors import SettingError
from themis_rm.training import reporting, runner
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.runner import train


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pairs.write(tmp_path_factory.mktemp("data"))


class Recorder(TrainerCallback):
    """A tracker that keeps what it gets."""

    def __init__(self):
        self.lines, self.run_name = [], None

    def on_log(self, args, state, control, logs=None, **kwargs):
        self.lines.append((state.global_step, logs))
        self.run_name = args.run_name


def test_trackers_get_every_step_and_every_evaluation_by_criterion(data, tmp_path, monkeypatch):
    recorder = Recorder()
    monkeypatch.setattr(runner, "tracker_callbacks", lambda *_: [recorder])
    train(pairs.recipe(max_steps=4, eval_steps=2, save_steps=9, run_name="first"), data, tmp_path)
    steps = [step for step, logs in recorder.lines if "bradley_terry" in logs]
    evaluations = [(step, logs) for step, logs in recorder.lines if "eval_bradley_terry" in logs]
    assert steps == [1, 2, 3, 4]
    assert [step for step, _ in evaluations] == [2, 4]
    assert {"eval_accuracy", "eval_accuracy/FC", "eval_accuracy/Python", "eval_margin"} <= evaluations[0][1].keys()
    assert {"loss", "accuracy", "margin", "grad_norm", "learning_rate", "epoch"} <= recorder.lines[0][1].keys()
    assert recorder.run_name == "first"


def test_an_unknown_tracker_is_refused_before_anything_is_written(data, tmp_path):
    with pytest.raises(SettingError, match="has no tracker 'tensorbord'") as error:
        train(pairs.recipe(report_to=["tensorbord"]), data, tmp_path / "out")
    assert "tensorboard" in error.value.hint
    assert not (tmp_path / "out").exists()


def test_a_tracker_that_is_not_installed_is_refused_before_anything_is_written(data, tmp_path, monkeypatch):
    monkeypatch.setattr(reporting, "get_available_reporting_integrations", lambda: ["tensorboard"])
    with pytest.raises(SettingError, match="'wandb' is not installed") as error:
        train(pairs.recipe(report_to=["tensorboard", "wandb"]), data, tmp_path / "out")
    assert "pip install wandb" in error.value.hint
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("value", "names"), [("none", []), ("tensorboard", ["tensorboard"]), ("wandb,trackio", ["wandb", "trackio"])]
)
def test_names_can_be_text_as_in_transformers(value, names):
    assert TrainRecipe.build({**pairs.RECIPE, "report_to": value}).report_to == names


def test_tensorboard_has_each_step_once_after_a_resumption(data, tmp_path, monkeypatch):
    event_accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    settings = pairs.recipe(max_steps=6, eval_steps=3, save_steps=2, report_to=["tensorboard"])

    class Killed(BaseException):
        pass

    original = runner.PairTrainer.training_step

    def step(self, *args):
        if self.state.global_step == 3 and not killed:
            killed.append(1)
            raise Killed
        return original(self, *args)

    killed = []
    monkeypatch.setattr(runner.PairTrainer, "training_step", step)
    with pytest.raises(Killed):
        train(settings, data, tmp_path)
    train(settings, data, tmp_path)
    events = event_accumulator.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("train/bradley_terry")] == [1, 2, 3, 4, 5, 6]
    assert [event.step for event in events.Scalars("eval/accuracy/FC")] == [3, 6]
