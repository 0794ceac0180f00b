"""Runs that fit a head to frozen hidden states: checkpoints, resume, ranks, and what they refuse."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from tests.training import pairs
from tests.training.test_ranks import torchrun

from themis_rm.criteria import criterion
from themis_rm.errors import CheckpointError, InputError, SettingError
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import built_in
from themis_rm.records import Preference, pair_conversations
from themis_rm.storage.parquet import write_rows
from themis_rm.training.head_training import FEATURES
from themis_rm.training.label_check import check_labels
from themis_rm.training.merging import merge
from themis_rm.training.planning.estimate import plan
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.runner import train


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pairs.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def recipe(tiny_language_model):
    settings = {key: pairs.RECIPE[key] for key in ("prompt_set", "precision", "num_threads")}
    return {**settings, "backbone": {"path": str(tiny_language_model())}, "head_fit": {}, "max_length": 256}


@pytest.fixture(scope="module")
def trained(data, recipe, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return out, train(recipe, data, out)


def rewards(folder, count=20, seed=1):
    system = built_in().render([criterion("FC")])
    talks = [t for row in pairs.rows(count, seed) for t in pair_conversations(row.to_dict(), system, row.input)]
    return [score.reward for score in load_model(folder, ModelSettings(device="cpu")).score(talks)]


def test_the_checkpoint_scores_as_the_report_says(trained):
    values = np.array(rewards(trained[1].checkpoint)).reshape(-1, 2)
    metrics = trained[1].metrics["validation"]
    assert metrics["n"] == 20
    assert metrics["accuracy"] == pytest.approx(float((values[:, 0] > values[:, 1]).mean()))
    assert metrics["margin"] == pytest.approx(float((values[:, 0] - values[:, 1]).mean()), abs=1e-4)


def test_the_head_learns_from_the_pairs(trained):
    assert trained[1].metrics["validation"]["accuracy"] > 0.9
    assert trained[1].head_fit.metrics["accuracy"] > 0.9


def test_the_checkpoint_is_small_and_has_no_weights_of_the_base(trained):
    folder = trained[1].checkpoint
    assert not (folder / "config.json").exists()
    assert (folder / "adapter_model.safetensors").stat().st_size < 10_000
    assert json.loads((folder / "criteria_head.json").read_text())["layers"] == [1]


def test_the_report_has_the_cross_validation(trained):
    found = trained[1].head_fit
    assert len(found.candidates) == 21
    assert min(item["loss"] for item in found.candidates) == pytest.approx(
        next(
            i["loss"] for i in found.candidates if (i["penalty"], i["ratio"]) == (found.penalty, found.criterion_ratio)
        )
    )


def test_the_card_says_what_was_trained(trained):
    card = (trained[1].checkpoint / "README.md").read_text()
    assert "head only" in card
    assert "learning rate" not in card


def test_a_complete_run_is_not_repeated(trained, data, recipe):
    before = (trained[1].checkpoint / "adapter_model.safetensors").stat().st_mtime_ns
    train(recipe, data, trained[0])
    assert (trained[1].checkpoint / "adapter_model.safetensors").stat().st_mtime_ns == before


def test_a_run_without_its_model_ends_with_the_same_bytes(trained, data, recipe, tmp_path):
    again = train(recipe, data, tmp_path)
    for name in ("adapter_model.safetensors", "criteria_head.json", "adapter_config.json"):
        assert (again.checkpoint / name).read_bytes() == (trained[1].checkpoint / name).read_bytes()


def test_features_that_are_there_are_not_computed_again(trained, data, recipe, tmp_path):
    train(recipe, data, tmp_path)
    file = tmp_path / FEATURES / "train" / "00000.npy"
    np.save(file, -np.load(file))
    (tmp_path / "training_report.json").unlink()
    again = train(recipe, data, tmp_path)
    assert again.metrics["validation"]["accuracy"] < 0.1


def test_training_goes_further_from_a_head(trained, data, recipe, tmp_path, caplog):
    settings = {**recipe, "backbone": {"path": str(trained[1].checkpoint)}, "head_fit": {"penalties": [1e9]}}
    again = train(settings, data, tmp_path)
    config = json.loads((again.checkpoint / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == recipe["backbone"]["path"]
    one, two = (np.array(rewards(folder)) for folder in (trained[1].checkpoint, again.checkpoint))
    assert "other weights" not in caplog.text  # the record names the weights of the base, not those of the first head
    # The prior keeps the weights; the constant is that of the same pairs.
    np.testing.assert_allclose(two, one, atol=1e-3)


@pytest.mark.slow
def test_two_processes_fit_the_same_head(trained, data, recipe, tmp_path):
    changes = [f"{key}={json.dumps(value)}" for key, value in recipe.items()]
    environment = [*changes, "tokenizer={}"]
    process = torchrun("tests.training.pairs", data, tmp_path / "two", *environment, stdout=subprocess.DEVNULL)
    assert process.wait(timeout=240) == 0
    one, two = ((f / "model" / "adapter_model.safetensors").read_bytes() for f in (trained[0], tmp_path / "two"))
    assert one == two


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"peft": {}}, "remove peft and train_layers"),
        ({"train_layers": 1}, "remove peft and train_layers"),
        ({"pooling": "mean"}, "remove pooling"),
        ({"preference_loss": "hinge"}, "loss bradley_terry"),
        ({"label_smoothing": 0.1}, "loss bradley_terry"),
        ({"precision": "fp64"}, "precision auto"),
        ({"backbone": {"config": {}}, "tokenizer": {"train_bpe": {}}}, "pretrained backbone"),
        ({"head_fit": {"penalties": [0]}}, "above 0"),
        ({"head_fit": {"penalties": []}}, "at least 1 item"),
        ({"head_fit": {"folds": 1}}, "greater than or equal to 2"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(recipe, changes, message):
    with pytest.raises(SettingError, match=message):
        TrainRecipe.build({**recipe, **changes})


@pytest.mark.parametrize("layer", [0, 2, 9])
def test_a_layer_that_is_not_below_the_last_one_is_refused(recipe, data, tmp_path, layer):
    with pytest.raises(SettingError, match=f"{layer} is not below the last of 2 layers"):
        train({**recipe, "head_fit": {"layers": [layer]}}, data, tmp_path)


def with_values(folder, **values):
    made = [Preference(**{**row.to_dict(), **values}) for row in pairs.rows(12)]
    write_rows(folder / "train.parquet", iter(made), Preference.schema())
    return folder


def test_pairs_without_a_criterion_are_refused(recipe, tmp_path):
    with pytest.raises(InputError, match="No training pair names a criterion"):
        train(recipe, with_values(tmp_path, aspect=""), tmp_path / "out")


def test_pairs_of_one_repository_are_refused(recipe, tmp_path):
    with pytest.raises(InputError, match="of one repository"):
        train({**recipe, "validation_fraction": 0}, with_values(tmp_path, repos="one"), tmp_path / "out")


def test_a_head_of_other_layers_is_refused(trained, recipe, data, tmp_path):
    settings = {**recipe, "backbone": {"path": str(trained[1].checkpoint)}, "head_fit": {"layers": [2]}}
    with pytest.raises(SettingError, match="reads the layers"):
        train(settings, data, tmp_path)


def test_gradient_training_of_such_a_head_is_refused(trained, recipe, data, tmp_path):
    settings = {**recipe, "backbone": {"path": str(trained[1].checkpoint)}, "head_fit": None}
    with pytest.raises(CheckpointError, match="head_fit"):
        train(settings, data, tmp_path)


def test_a_merge_of_such_heads_is_refused(trained, tmp_path):
    with pytest.raises(CheckpointError, match="one reward"):
        merge([trained[1].checkpoint] * 2, tmp_path)


def test_a_killed_run_ends_with_the_same_bytes(trained, data, recipe, tmp_path):
    changes = [f"{key}={json.dumps(value)}" for key, value in recipe.items()] + ["tokenizer={}"]
    command = [sys.executable, "-m", "tests.training.pairs", str(data), str(tmp_path), *changes]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ)
    while process.poll() is None and not (tmp_path / FEATURES / "train").is_dir():
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    again = train(pairs.recipe(**recipe, tokenizer={}), data, tmp_path)
    name = "adapter_model.safetensors"
    assert (again.checkpoint / name).read_bytes() == (trained[1].checkpoint / name).read_bytes()


@pytest.mark.parametrize("task", [check_labels, lambda recipe, *_: plan(recipe, "h100", 1)])
def test_what_needs_gradient_steps_is_refused(recipe, data, tmp_path, task):
    with pytest.raises(SettingError, match="needs training by gradient steps"):
        task(TrainRecipe.build(recipe), data, tmp_path)
