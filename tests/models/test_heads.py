"""Heads that trainers save under other names, in other classes or in a separate file."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from themis_rm.errors import CheckpointError
from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings

TALK = [conversation(None, "Add.", "a + b"), conversation(None, "Sort.", "sorted(x)")]


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    return shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")


@pytest.fixture
def expected(tiny_checkpoint):
    return rewards(tiny_checkpoint("qwen3"))


def rewards(folder, **settings):
    return [score.reward for score in load_model(folder, ModelSettings(**settings)).score(TALK)]


def change_config(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def rename_tensors(folder, change):
    weights = load_file(folder / "model.safetensors")
    renamed = {change(name): value for name, value in weights.items()}
    save_file(renamed, folder / "model.safetensors", metadata={"format": "pt"})


def move_head(folder, names, file, **settings):
    """Move the head into a separate file, under other names, with a bias of 0.5."""
    weights = load_file(folder / "model.safetensors")
    head = dict(zip(names, (weights.pop("score.weight"), torch.tensor([0.5])), strict=False))
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    change_config(folder, architectures=["Qwen3ForCausalLM"])
    torch.save(head, folder / file) if file.endswith((".bin", ".pt")) else save_file(head, folder / file)


@pytest.mark.parametrize("architectures", [["RewardModel"], ["Qwen3ForSequenceRegression"], [], None, 5])
def test_a_class_that_only_a_trainer_has(folder, expected, architectures):
    change_config(folder, architectures=architectures)
    assert rewards(folder) == expected


def test_naming_the_family_decides_for_a_class_of_transformers(folder, expected):
    change_config(folder, architectures=["Qwen3ForTokenClassification"])
    with pytest.raises(CheckpointError, match="Qwen3ForTokenClassification"):
        load_model(folder)
    assert rewards(folder, family="sequence-classification") == expected


NAMES = ["value_head.weight", "reward_head.weight", "regression_head.weight", "classifier.weight", "rm_head.weight"]


@pytest.mark.parametrize("name", [*NAMES, "lm_head.weight", "v_head.summary.weight", "head.out_proj.weight"])
def test_other_names_of_a_linear_head(folder, expected, name):
    change_config(folder, architectures=["RewardModel"])
    rename_tensors(folder, lambda old: name if old == "score.weight" else old)
    assert rewards(folder) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("family", ["value-head", "sequence-classification"])
def test_a_family_that_is_named_reads_a_head_of_another_name(folder, expected, family):
    rename_tensors(folder, lambda old: "v_head.weight" if old == "score.weight" else old)
    with pytest.raises(CheckpointError, match=r"model\.family=sequence-classification"):
        load_model(folder)  # without a name, it is taken for a family with a classification token
    assert rewards(folder, family=family) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("prefix", ["module.", "pretrained_model.", "base_model.model.", "module.rwtransformer."])
def test_prefixes_of_wrappers(folder, expected, prefix):
    rename_tensors(folder, lambda old: old if old == "score.weight" else prefix + old)
    assert rewards(folder) == pytest.approx(expected, abs=1e-6)


def test_a_decoder_named_after_its_wrapper(folder, expected):
    rename_tensors(folder, lambda old: old.replace("model.", "rwtransformer.", 1))
    assert rewards(folder) == pytest.approx(expected, abs=1e-6)


SUMMARY = ["v_head.summary.weight", "v_head.summary.bias"]
FILES = [
    ("value_head.safetensors", SUMMARY),
    ("value_head.safetensors", ["weight", "bias"]),
    ("value_head.bin", SUMMARY),
    ("v_head.pt", ["v_head.weight", "v_head.bias"]),
    ("reward_head.safetensors", ["weight", "bias"]),
    ("score.safetensors", ["weight", "bias"]),
    ("classifier.safetensors", ["classifier.weight", "classifier.bias"]),
]


@pytest.mark.parametrize(("file", "names"), FILES)
def test_a_head_in_a_separate_file(folder, expected, file, names):
    move_head(folder, names, file)
    settings = {"pickled_weights": True} if not file.endswith("safetensors") else {}
    family = {} if names == SUMMARY else {"family": "sequence-classification"}
    assert rewards(folder, **settings, **family) == pytest.approx([value + 0.5 for value in expected], abs=1e-6)


def test_the_digest_covers_a_separate_head(folder):
    move_head(folder, SUMMARY, "value_head.safetensors")
    before = load_model(folder).identity.digest
    save_file({SUMMARY[0]: torch.ones(1, 32)}, folder / "value_head.safetensors")
    assert load_model(folder).identity.digest != before


def test_a_pickle_with_the_head_is_named(folder):
    move_head(folder, SUMMARY, "value_head.bin")
    with pytest.raises(CheckpointError, match=r"value_head\.bin.*pickled_weights=true"):
        load_model(folder, ModelSettings(family="value-head"))
    with pytest.raises(CheckpointError, match=r"value_head\.bin"):
        load_model(folder)


def test_two_heads(folder):
    weights = load_file(folder / "model.safetensors")
    weights |= {"first.weight": weights.pop("score.weight"), "second.weight": torch.ones(1, 32)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"first\.weight, second\.weight"):
        load_model(folder)


def test_a_head_in_the_weights_and_another_one_in_a_file(folder):
    save_file({SUMMARY[0]: torch.ones(1, 32)}, folder / "value_head.safetensors")
    with pytest.raises(CheckpointError, match=r"score\.weight"):
        load_model(folder)


def test_a_head_without_a_row(folder):
    weights = load_file(folder / "model.safetensors")
    weights["score.weight"] = weights["score.weight"][0].clone()
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match=r"shape \[32\]"):
        load_model(folder)


def test_tensors_of_an_adapter(folder):
    name = "model.layers.0.q_proj.lora_A.weight"
    rename_tensors(folder, lambda old: name if old == "score.weight" else old)
    with pytest.raises(CheckpointError, match="adapter that was not merged"):
        load_model(folder)


def test_an_adapter_next_to_the_configuration_of_its_base(folder):
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CheckpointError, match="is an adapter of type None"):
        load_model(folder)


def test_a_normalization_that_is_not_applied_is_reported(folder, expected, caplog):
    change_config(folder, architectures=["RewardModel"], normalize_reward=True, mean=1.5, std=2.0)
    model = load_model(folder)
    assert [score.reward for score in model.score(TALK)] == expected
    assert "mean 1.5" in str(model.identity.facts["normalization"])
    assert "without this normalization" in caplog.text


def test_an_encoder(folder):
    from transformers import BertConfig, BertForSequenceClassification

    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    BertForSequenceClassification(BertConfig(vocab_size=1032, num_labels=1, **sizes)).save_pretrained(folder)
    assert rewards(folder) == rewards(folder, family="sequence-classification")
    with pytest.raises(CheckpointError, match="is an encoder"):
        load_model(folder, ModelSettings(family="value-head"))
