"""What would end a run after its last step is refused before its first one."""

import shutil
from unittest.mock import Mock

import pytest
import torch
from tests.training import pairs
from transformers import AutoConfig, AutoModelForCausalLM

from themis_rm.errors import CheckpointError, InputError, SettingError
from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import built_in
from themis_rm.training import checks, runner
from themis_rm.training.baselines import fit_baseline
from themis_rm.training.checks import check_backbone, check_model, check_processes, check_recipe
from themis_rm.training.export import save_reward_model
from themis_rm.training.pair_model import PairRewardModel
from themis_rm.training.recipe import TrainRecipe
from themis_rm.training.runner import train

SMALL = {
    "vocab_size": 1100,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}


def recipe_of(**changes):
    values = {"backbone": {"path": "backbone"}, "precision": "fp32", "max_length": 128, "lm_loss_weight": 0}
    return TrainRecipe.build({**values, **changes})


def backbone_of(kind, **changes):
    torch.manual_seed(1)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **{**SMALL, **changes}), dtype=torch.float32)


@pytest.fixture
def empty(monkeypatch):
    """Return a function that lets the checks see a backbone of some type."""
    return lambda kind, **changes: monkeypatch.setattr(
        checks, "build_empty_backbone", lambda *_: backbone_of(kind, **changes)
    )


@pytest.mark.parametrize("kind", ["granite", "cohere", "olmoe", "qwen3", "gemma2"])
def test_a_backbone_is_exported_in_a_form_that_scoring_reads(golden_tokenizer, tmp_path, kind):
    model = PairRewardModel(backbone_of(kind), head_init_std=0.5).eval()
    model.config.pad_token_id = 1024
    save_reward_model(model, golden_tokenizer, tmp_path / "m", prompts=built_in(), recipe=recipe_of(), training={})
    scorer = load_model(tmp_path / "m", ModelSettings(device="cpu", dtype="float32"))
    talk = conversation(None, "Add two numbers.", "return a + b")
    ids = golden_tokenizer.apply_chat_template(talk, return_dict=True, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        expected = float(model.score_rows(ids, torch.ones_like(ids))[0])
    assert scorer.score([talk])[0].reward == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", ["bert", "electra", "bart"])
def test_a_backbone_that_cannot_be_exported_is_refused(empty, golden_tokenizer, kind):
    empty(kind)
    with pytest.raises(CheckpointError, match=f"backbone of type {kind} cannot be exported"):
        check_model(recipe_of(), golden_tokenizer)


def test_a_tokenizer_that_is_larger_than_the_embedding_is_refused(empty, golden_tokenizer):
    empty("qwen3", vocab_size=len(golden_tokenizer) - 1)
    with pytest.raises(CheckpointError, match="but the backbone has embeddings for"):
        check_model(recipe_of(), golden_tokenizer)


def test_an_embedding_that_is_larger_than_the_tokenizer_is_normal(empty, golden_tokenizer):
    empty("qwen3")
    assert check_model(recipe_of(), golden_tokenizer).total > 0


def test_a_length_beyond_the_positions_is_refused(empty, golden_tokenizer):
    empty("gpt2", max_position_embeddings=64)
    with pytest.raises(SettingError, match="max_length 128 exceeds the 64 positions"):
        check_model(recipe_of(), golden_tokenizer)


def test_a_full_disk_is_found_before_the_first_step(empty, golden_tokenizer, tmp_path, monkeypatch):
    empty("qwen3")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Mock(free=1000))
    with pytest.raises(InputError, match="disk space for checkpoints"):
        check_backbone(recipe_of(), golden_tokenizer, 1024, tmp_path)


def test_a_checkpoint_to_keep_needs_space_too(empty, golden_tokenizer, tmp_path, monkeypatch):
    empty("qwen3")
    weights = check_model(recipe_of(), golden_tokenizer).total
    two = 2 * checks.STATE_BYTES * weights
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Mock(free=two))
    check_backbone(recipe_of(), golden_tokenizer, 1024, tmp_path)
    with pytest.raises(InputError, match="3 of them, or 2 and the exported one"):
        check_backbone(recipe_of(load_best_model_at_end=True), golden_tokenizer, 1024, tmp_path)
    # What the run wrote before it was interrupted does not need space again.
    (tmp_path / "checkpoints/checkpoint-1").mkdir(parents=True)
    with (tmp_path / "checkpoints/checkpoint-1/model.safetensors").open("wb") as file:
        file.truncate(two // 2)
    check_backbone(recipe_of(load_best_model_at_end=True), golden_tokenizer, 1024, tmp_path)


@pytest.mark.parametrize(
    ("changes", "process", "message"),
    [
        ({"sharding": "fsdp2"}, {"world_size": 1, "n_gpu": 0}, "sharding needs several processes"),
        ({}, {"world_size": 1, "n_gpu": 2}, "2 GPUs are visible"),
    ],
)
def test_processes_that_do_not_fit_the_recipe_are_refused(changes, process, message):
    with pytest.raises(SettingError, match=message):
        check_processes(recipe_of(**changes), Mock(**process))


@pytest.mark.parametrize("source", [{"backbone": {"path": "nowhere"}}, {"tokenizer": {"path": "nowhere"}}])
def test_a_missing_tokenizer_or_backbone_is_found_without_data(source):
    with pytest.raises(CheckpointError, match="nowhere"):
        check_recipe(recipe_of(**source))


@pytest.mark.parametrize("kind", ["json", "missing"])
def test_an_unusable_prompt_set_is_found_before_the_tokens_are_written(tmp_path, monkeypatch, kind):
    data = pairs.write(tmp_path / "data")
    if kind == "json":
        (data / "prompts.json").write_text('{"nane": "x"}', encoding="utf-8")
    monkeypatch.setattr(runner, "prepare_data", Mock(side_effect=AssertionError))
    settings = {"prompt_set": "dataset" if kind == "json" else str(tmp_path / "missing.yaml")}
    with pytest.raises(InputError):
        train(pairs.recipe(**settings), data, tmp_path / "out")


def test_without_differing_ngrams_there_is_no_baseline():
    splits = Mock(rows=lambda _: iter([{"chosen": "a b", "rejected": "a  b"}, {"chosen": "", "rejected": "x"}]))
    assert fit_baseline(splits) is None
