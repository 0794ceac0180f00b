import json

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.messages import conversation
from themis_rm.prompts import built_in
from themis_rm.training.backbone import LM_HEAD, build_model
from themis_rm.training.export import save_reward_model
from themis_rm.training.pair_model import PairRewardModel
from themis_rm.training.recipe import TrainRecipe


def recipe_for(path, **changes):
    return TrainRecipe.build({"backbone": {"path": str(path)}, "precision": "fp32", **changes})


def export(goldens, folder, tied):
    source = goldens / f"qwen3_tied_{tied}"
    tokenizer = AutoTokenizer.from_pretrained(source)
    recipe = recipe_for(source)
    model = build_model(recipe, tokenizer, 1024).eval()
    (head,) = load_file(source / "reward_head.safetensors").values()
    model.score.weight.data.copy_(head)
    save_reward_model(model, tokenizer, folder, prompts=built_in(), recipe=recipe, training={"steps": 0})
    return model, tokenizer


@pytest.mark.parametrize("tied", ["true", "false"])
def test_an_exported_checkpoint_scores_like_the_golden_one(goldens, golden_pairs, tmp_path, tied):
    _, tokenizer = export(goldens, tmp_path / "model", tied)
    golden = json.loads((goldens / "saved_checkpoint.json").read_text(encoding="utf-8"))[f"qwen3_tied_{tied}"]
    model = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model").eval()
    stored = load_file(tmp_path / "model/model.safetensors")
    assert {name: list(tensor.shape) for name, tensor in stored.items()} == golden["keys"]
    for row, expected in zip(
        golden_pairs, golden["scores_of_chosen_via_AutoModelForSequenceClassification"], strict=True
    ):
        inputs = tokenizer.apply_chat_template(
            conversation(row["system"], row["input"], row["chosen"]), return_dict=True, return_tensors="pt"
        )
        with torch.no_grad():
            assert float(model(**inputs).logits[0, 0]) == pytest.approx(expected, abs=1e-5)


def test_the_configuration_has_one_label(goldens, tmp_path):
    export(goldens, tmp_path / "model", "true")
    config = json.loads((tmp_path / "model/config.json").read_text(encoding="utf-8"))
    assert config["architectures"] == ["Qwen3ForSequenceClassification"]
    assert list(config["id2label"]) == ["0"]
    assert config["pad_token_id"] == 1024
    assert config["use_cache"] is True
    files = {file.name for file in (tmp_path / "model").iterdir()}
    assert {"prompts.json", "recipe.yaml", "training.json", "tokenizer.json", "chat_template.jinja"} <= files
    assert LM_HEAD not in files


@pytest.mark.parametrize("tied", ["true", "false"])
def test_a_second_stage_starts_from_both_heads(goldens, tmp_path, tied):
    model, tokenizer = export(goldens, tmp_path / "model", tied)
    again = build_model(recipe_for(tmp_path / "model"), tokenizer, 1024)
    before = model.state_dict()
    for name, tensor in again.state_dict().items():
        assert torch.equal(tensor, before[name]), name


def test_a_classifier_without_lm_head_does_not_get_a_random_one(goldens, tmp_path):
    _, tokenizer = export(goldens, tmp_path / "model", "false")
    (tmp_path / "model" / LM_HEAD).unlink()
    with pytest.raises(CheckpointError, match="lm_loss_weight=0"):
        build_model(recipe_for(tmp_path / "model"), tokenizer, 1024)
    assert isinstance(build_model(recipe_for(tmp_path / "model", lm_loss_weight=0), tokenizer, 1024), PairRewardModel)


def test_a_missing_backbone_is_an_error_of_one_line(golden_tokenizer, tmp_path):
    with pytest.raises(CheckpointError, match="No backbone at") as caught:
        build_model(recipe_for(tmp_path / "nothing"), golden_tokenizer, 0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"hiden_size": 32}, "Did you mean 'hidden_size'"),
        ({"model_type": "qwen33"}, "no architecture 'qwen33'"),
        ({"hidden_size": "wide"}, "not a valid configuration"),
    ],
)
def test_an_invalid_configuration_names_the_problem(golden_tokenizer, config, message):
    recipe = TrainRecipe.build({"backbone": {"config": config}, "tokenizer": {"path": "x"}, "precision": "fp32"})
    with pytest.raises(SettingError, match=message):
        build_model(recipe, golden_tokenizer, 0)
