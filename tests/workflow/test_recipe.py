import sysconfig
from pathlib import Path

import pytest
import yaml

from themis_rm.errors import InputError, SettingError
from themis_rm.workflow.recipe import RunRecipe

TRAIN = {"backbone": {"path": "some/model"}}


def write(path, values):
    path.write_text(yaml.safe_dump(values))
    return path


def test_the_demo_continues_the_model_of_this_package():
    assert RunRecipe.load("demo").start_model == "themis-nano"


def test_the_tiny_recipe_needs_no_backbone():
    assert RunRecipe.load("tiny").train.backbone.config


@pytest.mark.parametrize("name", ["demo", "tiny"])
def test_a_recipe_of_the_package_is_valid_on_every_machine(name):
    recipe = RunRecipe.load(name)
    assert "/" not in "".join([*recipe.repositories, *recipe.trees])


def test_a_training_recipe_is_found_next_to_the_recipe_that_names_it(tmp_path):
    write(tmp_path / "t.yaml", TRAIN)
    path = write(tmp_path / "r.yaml", {"trees": ["x"], "train": "t.yaml"})
    assert RunRecipe.load(path, ["train.max_steps=3"]).train.max_steps == 3


def test_a_training_recipe_can_be_a_name(tmp_path):
    path = write(tmp_path / "r.yaml", {"trees": ["x"], "train": "tiny"})
    assert RunRecipe.load(path).train.run_name == "tiny"


def test_an_unknown_recipe_name_suggests_the_closest_one():
    with pytest.raises(SettingError, match=r"Unknown recipe 'dmo'\. Did you mean 'demo'"):
        RunRecipe.load("dmo")


def test_a_recipe_can_be_a_mapping():
    assert RunRecipe.resolve({"train": TRAIN, "trees": ["x"]}).trees == ["x"]


def test_a_missing_training_recipe_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"Cannot read .*t\.yaml"):
        RunRecipe.load(write(tmp_path / "r.yaml", {"train": "t.yaml"}))


def test_several_sources_can_be_one_value(tmp_path):
    path = write(tmp_path / "r.yaml", {"train": TRAIN})
    assert RunRecipe.load(path, ["repositories=a b", "trees="]).repositories == ["a", "b"]


def test_the_trees_of_the_running_python_are_found(tmp_path):
    path = write(tmp_path / "r.yaml", {"train": TRAIN, "trees": ["python:stdlib", "python:site-packages"]})
    assert RunRecipe.load(path).tree_paths() == [
        Path(sysconfig.get_path("stdlib")),
        Path(sysconfig.get_path("purelib")),
    ]


def test_a_tree_that_is_not_a_directory_is_an_error(tmp_path):
    path = write(tmp_path / "r.yaml", {"train": TRAIN, "trees": [str(tmp_path / "none")]})
    with pytest.raises(InputError, match="is not a directory"):
        RunRecipe.load(path).tree_paths()


def test_an_unknown_key_of_a_stage_suggests_the_closest_one(tmp_path):
    path = write(tmp_path / "r.yaml", {"train": TRAIN, "curate": {"max_token": 3}})
    with pytest.raises(
        SettingError, match=r"curate\.max_token: unknown key\. Did you mean .curate\.filters\.token_length\.max_tokens."
    ):
        RunRecipe.load(path)


def test_requests_of_the_benchmark_are_removed_from_the_dataset():
    recipe = RunRecipe.resolve({"train": TRAIN, "trees": ["x"], "benchmark": "compiled.parquet"})
    assert recipe.assembly.decontaminate == ["authored", "compiled.parquet"]
    kept = RunRecipe.resolve({"train": TRAIN, "trees": ["x"], "assemble": {"decontaminate": []}})
    assert kept.assembly.decontaminate == []


def test_a_start_model_is_that_of_the_training_recipe():
    recipe = RunRecipe.resolve({"train": {"backbone": {"path": "some/model", "revision": "v2"}}, "eval_on_start": True})
    assert (recipe.start_model, recipe.start_settings.model.revision) == ("some/model", "v2")


def test_without_eval_on_start_no_model_is_evaluated_before_training():
    assert RunRecipe.resolve({"train": TRAIN}).start_model == ""


def test_random_weights_cannot_be_evaluated_before_training():
    train = {"backbone": {"config": {"hidden_size": 8}}, "tokenizer": {"path": "some/tokenizer"}}
    with pytest.raises(SettingError, match=r"set train\.backbone\.path to a reward model"):
        RunRecipe.resolve({"train": train, "eval_on_start": True})
