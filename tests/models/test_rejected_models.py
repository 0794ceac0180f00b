"""Directories that are not reward models: each is rejected with one line before anything runs."""

import json
import shutil

import pytest

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    return shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")


def change_config(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def change_weights(folder, change):
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def error_message(folder, **settings):
    with pytest.raises(CheckpointError) as error:
        load_model(folder, ModelSettings(**settings))
    message = str(error.value)
    assert "\n" not in message
    return message


def test_a_missing_directory(tmp_path):
    assert "There is no model directory" in error_message(tmp_path / "absent")


def test_a_misspelled_baseline_gets_a_suggestion():
    with pytest.raises(CheckpointError, match="Did you mean 'length'"):
        load_model("lenght")


def test_a_file_instead_of_a_directory(tmp_path):
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    assert "is a file" in error_message(tmp_path / "model.gguf")


def test_a_path_is_never_a_baseline(tmp_path, monkeypatch):
    from pathlib import Path

    monkeypatch.chdir(tmp_path)
    (tmp_path / "length").mkdir()
    assert "no config.json" in error_message(Path("length"))


def test_a_missing_config(folder):
    (folder / "config.json").unlink()
    assert "no config.json" in error_message(folder)


def test_an_adapter(folder):
    (folder / "config.json").rename(folder / "adapter_config.json")
    assert "adapter" in error_message(folder)


def test_a_config_that_is_not_json(folder):
    (folder / "config.json").write_text("{", encoding="utf-8")
    assert "not readable JSON" in error_message(folder)


def test_a_missing_reward_head(folder):
    change_weights(folder, lambda weights: weights.pop("score.weight"))
    assert "no reward head" in error_message(folder)


def test_the_error_names_other_heads(folder):
    def replace_head(weights):
        weights["reward_out.weight"] = weights.pop("score.weight").repeat(2, 1)

    change_weights(folder, replace_head)
    assert "reward_out.weight" in error_message(folder)


def test_two_labels(folder):
    import torch

    change_weights(folder, lambda weights: weights.update({"score.weight": torch.zeros(2, 32)}))
    assert "2 labels" in error_message(folder)


def test_a_language_model(folder):
    change_config(folder, architectures=["Qwen3ForCausalLM"])
    assert "Qwen3ForCausalLM" in error_message(folder)


def test_pickled_weights_are_not_loaded(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "only pickled weights" in error_message(folder)


def test_missing_weights(folder):
    (folder / "model.safetensors").unlink()
    assert "no weights" in error_message(folder)


def test_truncated_weights(folder):
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[: len(data) // 2])
    assert "not a complete safetensors file" in error_message(folder)


def test_a_missing_shard(folder):
    (folder / "model.safetensors").unlink()
    index = {"weight_map": {"score.weight": "model-00001-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index), encoding="utf-8")
    assert "model-00001-of-00002.safetensors" in error_message(folder)


def test_a_missing_layer(folder):
    change_weights(folder, lambda weights: weights.pop("model.layers.1.mlp.up_proj.weight"))
    assert "layers.1.mlp.up_proj.weight" in error_message(folder)


def test_a_layer_of_another_shape(folder):
    import torch

    change_weights(folder, lambda weights: weights.update({"model.norm.weight": torch.ones(16)}))
    assert "cannot be loaded" in error_message(folder)


def test_remote_code_is_not_run(folder):
    marker = folder / "ran"
    (folder / "modeling_evil.py").write_text(f"open({str(marker)!r}, 'w')\n", encoding="utf-8")
    change_config(folder, auto_map={"AutoModelForSequenceClassification": "modeling_evil.Evil"})
    assert "modeling_evil.Evil" in error_message(folder)
    assert not marker.exists()


def test_remote_code_can_be_ignored(folder):
    change_config(folder, auto_map={"AutoModel": "modeling_other.Other"}, architectures=["Other"])
    model = load_model(folder, ModelSettings(ignore_remote_code=True))
    assert model.identity.facts["architecture"] == "Qwen3Model"


def test_an_unsupported_architecture(folder):
    change_config(folder, model_type="nonesuch", architectures=["NonesuchForSequenceClassification"])
    assert "unsupported architecture" in error_message(folder)


def test_a_missing_tokenizer(folder):
    for file in folder.glob("*token*"):
        file.unlink()
    assert "tokenizer" in error_message(folder)


def test_a_missing_chat_template(folder):
    config = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    del config["chat_template"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    assert "no chat template" in error_message(folder)


def test_a_max_length_beyond_the_positions(folder):
    assert "1 to 2048" in error_message(folder, max_length=5000)


def test_an_unknown_device(folder):
    with pytest.raises(SettingError, match="Unknown device"):
        load_model(folder, ModelSettings(device="quantum"))


def test_the_digest_depends_on_the_weights(folder, tiny_checkpoint):
    first = load_model(tiny_checkpoint("qwen3")).identity.digest
    assert load_model(folder).identity.digest == first
    change_weights(folder, lambda weights: weights["score.weight"].mul_(1.5))
    assert load_model(folder).identity.digest != first


def test_a_reward_that_is_not_finite_is_a_failure(folder):
    from themis_rm.messages import conversation

    change_weights(folder, lambda weights: weights["score.weight"].fill_(float("nan")))
    score = load_model(folder).score([conversation(None, "a", "b")])[0]
    assert (score.reward, score.failure) == (None, "not-finite")
