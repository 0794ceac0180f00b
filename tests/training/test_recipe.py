from pathlib import Path

import pytest
import yaml

from themis_rm.errors import InputError, SettingError
from themis_rm.settings import describe_settings
from themis_rm.settings.describe import nested_classes
from themis_rm.training.recipe import TrainRecipe

RECIPES = Path(__file__).resolve().parents[2] / "recipes" / "train"
SIZES = ["0.6B", "1.7B", "4B", "8B", "14B", "32B"]
PLAIN = {"backbone": {"path": "x"}}
STAGES = {
    "stage1": {
        "learning_rate": 2e-5, "min_learning_rate": 1e-5, "lm_loss_weight": 0.4, "center_rewards_coefficient": 0.01,
        "max_grad_norm": 2.0,
        "max_length": 2560, "global_batch_size": 1024, "num_train_epochs": 2,
    },
    "stage2": {
        "learning_rate": 1e-5, "min_learning_rate": 5e-7, "lm_loss_weight": 0.25, "center_rewards_coefficient": 0.001,
        "max_grad_norm": 1.5,
        "max_length": 4096, "global_batch_size": 512, "num_train_epochs": 1,
    },
}  # fmt: skip
NUM_PROCESSES = {"stage1": [8, 8, 16, 32, 32, 64], "stage2": [8, 8, 16, 32, 64, 128]}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("size", SIZES)
def test_published_recipes_have_the_values_of_the_paper(stage, size):
    recipe = TrainRecipe.load(stage, [f"size={size}"])
    for key, value in STAGES[stage].items():
        assert getattr(recipe, key) == value, key
    assert recipe.warmup_ratio == 0.05
    assert (recipe.adam_beta1, recipe.adam_beta2, recipe.adam_epsilon, recipe.weight_decay) == (0.9, 0.95, 1e-8, 0.1)
    assert (recipe.precision, recipe.gradient_checkpointing, recipe.center_rewards_form) == ("bf16", True, "sum")
    assert recipe.num_processes == NUM_PROCESSES[stage][SIZES.index(size)]
    assert size in recipe.backbone.path
    assert recipe.sizes == {}


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.yaml")), ids=lambda file: file.name)
def test_every_recipe_equals_its_dump(file):
    sizes = yaml.safe_load(file.read_text(encoding="utf-8")).get("sizes", {})
    recipe = TrainRecipe.load(file, [f"size={next(iter(sizes))}"] if sizes else [])
    assert TrainRecipe.build(recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "backbone"),
        ({"backbone": {}}, "one of 'path', 'gguf' and 'config'"),
        ({"backbone": {"path": "x", "config": {}}}, "one of 'path', 'gguf' and 'config'"),
        ({"backbone": {"config": {}}}, "train_bpe"),
        ({**PLAIN, "tokenizer": {"train_bpe": {}}}, "has a vocabulary"),
        ({**PLAIN, "learning_rate": 1e-6, "min_learning_rate": 1e-5}, "above learning_rate"),
        ({**PLAIN, "adam_beta2": 1.0}, "adam_beta2"),
        ({**PLAIN, "warm_up_ratio": 0.1}, "Did you mean 'warmup_ratio'"),
        ({"backbone": {"pathh": "x"}}, "Did you mean 'backbone.path'"),
        ({**PLAIN, "lm_loss_weight": -1}, "lm_loss_weight"),
        ({**PLAIN, "sizes": {"4B": {}}}, "select a size: size=4B"),
        ({**PLAIN, "sizes": {"4B": {}}, "size": "4b"}, "Did you mean '4B'"),
        ({**PLAIN, "sizes": {"4B": {"micro": 1}}, "size": "4B"}, "micro"),
    ],
)
def test_an_invalid_recipe_names_the_mistake(values, message):
    with pytest.raises(SettingError, match=message):
        TrainRecipe.build(values)


def test_overrides_take_precedence_over_the_size():
    recipe = TrainRecipe.load("stage1", ["size=4B", "lm_loss_weight=0", "backbone.path=x"])
    assert (recipe.lm_loss_weight, recipe.backbone.path, recipe.num_processes) == (0, "x", 16)


def test_steps_use_every_row():
    recipe = TrainRecipe.build({**PLAIN, "global_batch_size": 16, "num_train_epochs": 1.5})
    assert recipe.total_steps(16) == 2
    assert recipe.total_steps(1) == 1
    assert recipe.total_steps(100) == 10
    assert TrainRecipe.build({**PLAIN, "max_steps": 7}).total_steps(5) == 7


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("lr", "learning_rate"),
        ("batch_size", "global_batch_size"),
        ("max_seq_len", "max_length"),
        ("epochs", "num_train_epochs"),
        ("grad_clip", "max_grad_norm"),
        ("betas", "adam_beta1"),
        ("lambda", "lm_loss_weight"),
        ("warmup", "warmup_ratio"),
        ("per_device_train_batch_size", "micro_batch_tokens"),
        ("model_name_or_path", "backbone.path"),
        ("bf16", "precision"),
        ("fsdp", "sharding"),
    ],
)
def test_names_of_other_libraries_are_suggested(key, field):
    with pytest.raises(SettingError, match=f"Did you mean '{field}"):
        TrainRecipe.build({**PLAIN, key: 1})


def test_every_synonym_refers_to_a_setting():
    keys = {info.key for info in describe_settings(TrainRecipe)}
    for prefix, settings in nested_classes(TrainRecipe):
        for field in settings.synonyms.values():
            assert prefix + field in keys


def test_a_recipe_is_found_by_name():
    assert TrainRecipe.load("tiny") == TrainRecipe.load(RECIPES / "tiny.yaml")


def test_a_recipe_name_can_be_a_file_of_the_current_directory(tmp_path, monkeypatch):
    (tmp_path / "tiny").write_text("backbone: {path: y}")
    monkeypatch.chdir(tmp_path)
    assert TrainRecipe.load("tiny").backbone.path == "y"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("stage3", "Did you mean 'stage[12]'"), ("demo", "Known: lora, nano, smollm2-lora, stage1, stage2, tiny")],
)
def test_an_unknown_name_lists_the_training_recipes(name, hint):
    with pytest.raises(SettingError, match=f"Unknown training recipe '{name}'.*{hint}"):
        TrainRecipe.load(name)


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.yaml")), ids=lambda file: file.name)
def test_no_size_repeats_a_setting_of_its_recipe_which_would_take_precedence(file):
    values = yaml.safe_load(file.read_text(encoding="utf-8"))
    for size in values.get("sizes", {}).values():
        simple = {key for key, value in size.items() if not isinstance(value, dict)}
        assert not simple & set(values)


def test_a_missing_recipe_file_is_an_input_error():
    with pytest.raises(InputError, match=r"Cannot read none\.yaml"):
        TrainRecipe.load("none.yaml")


def test_a_recipe_of_another_type_is_a_type_error():
    with pytest.raises(TypeError, match="not int"):
        TrainRecipe.resolve(3)
