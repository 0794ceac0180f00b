from pathlib import Path

import pytest

from themis_rm.errors import SettingError
from themis_rm.training.recipe import TrainRecipe

RECIPES = Path(__file__).resolve().parents[2] / "recipes" / "train"
SIZES = ["0.6B", "1.7B", "4B", "8B", "14B", "32B"]
PLAIN = {"backbone": {"path": "x"}}
STAGES = {
    "stage1": {
        "peak_rate": 2e-5, "terminal_rate": 1e-5, "lam": 0.4, "mu": 0.01, "clip": 2.0,
        "max_length": 2560, "global_batch": 1024, "epochs": 2,
    },
    "stage2": {
        "peak_rate": 1e-5, "terminal_rate": 5e-7, "lam": 0.25, "mu": 0.001, "clip": 1.5,
        "max_length": 4096, "global_batch": 512, "epochs": 1,
    },
}  # fmt: skip
DEVICES = {"stage1": [8, 8, 16, 32, 32, 64], "stage2": [8, 8, 16, 32, 64, 128]}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("size", SIZES)
def test_published_recipes_say_what_the_paper_says(stage, size):
    recipe = TrainRecipe.load(RECIPES / f"{stage}.yaml", [f"size={size}"])
    for key, value in STAGES[stage].items():
        assert getattr(recipe, key) == value, key
    assert recipe.warmup == 0.05
    assert (recipe.betas, recipe.eps, recipe.weight_decay) == ((0.9, 0.95), 1e-8, 0.1)
    assert (recipe.precision, recipe.gradient_checkpointing, recipe.magnitude) == ("bf16", True, "sum")
    assert recipe.devices == DEVICES[stage][SIZES.index(size)]
    assert recipe.accumulation(recipe.devices) >= 1
    assert size in recipe.backbone.path
    assert recipe.sizes == {}


@pytest.mark.parametrize("file", sorted(RECIPES.glob("*.yaml")), ids=lambda file: file.name)
def test_every_recipe_loads_and_survives_its_own_text(file):
    recipe = TrainRecipe.load(file, ["size=0.6B"] if "sizes:" in file.read_text(encoding="utf-8") else [])
    assert TrainRecipe.build(recipe.model_dump(mode="json")) == recipe


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "backbone"),
        ({"backbone": {}}, "either 'path' or 'config'"),
        ({"backbone": {"path": "x", "config": {}}}, "either 'path' or 'config'"),
        ({"backbone": {"config": {}}}, "train_bpe"),
        ({**PLAIN, "tokenizer": {"train_bpe": {}}}, "keeps its vocabulary"),
        ({**PLAIN, "global_batch": 10, "micro_batch": 4}, "no multiple"),
        ({**PLAIN, "peak_rate": 1e-6, "terminal_rate": 1e-5}, "above peak_rate"),
        ({**PLAIN, "betas": [0.9, 1.0]}, "betas"),
        ({**PLAIN, "warm_up": 0.1}, "Did you mean 'warmup'"),
        ({"backbone": {"pathh": "x"}}, "Did you mean 'backbone.path'"),
        ({**PLAIN, "lam": -1}, "lam"),
        ({**PLAIN, "sizes": {"4B": {}}}, "choose a size: size=4B"),
        ({**PLAIN, "sizes": {"4B": {}}, "size": "4b"}, "Did you mean '4B'"),
        ({**PLAIN, "sizes": {"4B": {"micro": 1}}, "size": "4B"}, "micro"),
    ],
)
def test_mistakes_are_named(values, message):
    with pytest.raises(SettingError, match=message):
        TrainRecipe.build(values)


def test_what_the_command_line_says_goes_over_the_size():
    recipe = TrainRecipe.load(RECIPES / "stage1.yaml", ["size=4B", "lam=0"])
    assert recipe.lam == 0


def test_accumulation_follows_from_ranks():
    recipe = TrainRecipe.build({**PLAIN, "global_batch": 24, "micro_batch": 2})
    assert [recipe.accumulation(ranks) for ranks in (1, 2, 4)] == [12, 6, 3]
    with pytest.raises(SettingError, match="5 ranks"):
        recipe.accumulation(5)


def test_steps_leave_no_row_out():
    recipe = TrainRecipe.build({**PLAIN, "global_batch": 16, "epochs": 1.5})
    assert recipe.steps(16) == 2
    assert recipe.steps(1) == 1
    assert recipe.steps(100) == 10
    assert TrainRecipe.build({**PLAIN, "max_steps": 7}).steps(5) == 7
