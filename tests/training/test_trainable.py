"""LoRA and frozen layers: what is trained, that runs resume, and that every form of the export gives the same rewards."""

import json
import shutil
import signal
import subprocess
import time
from importlib.util import find_spec

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.models import gguf_files
from tests.training import pairs
from tests.training.test_ranks import torchrun
from tests.training.test_runner import log_lines, same_run, start
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

from themis_rm.errors import SettingError
from themis_rm.messages import conversation
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.training import backbone as backbone_module
from themis_rm.training.checks import check_model
from themis_rm.training.runner import train

TALKS = [conversation(None, "Write f.", answer) for answer in ("def f():\n    return 1", "pass", "x = 2\n" * 6)]
LINEAR = ["down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"]
LORA = {"r": 4, "alpha": 16, "dropout": 0.1}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pairs.write(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def base(tmp_path_factory, data):
    """Return a small trained language model with a tokenizer."""
    folder = tmp_path_factory.mktemp("base")
    report = train(pairs.recipe(max_steps=2, lm_loss_weight=1.0), data, folder / "run")
    model = AutoModelForCausalLM.from_pretrained(report.checkpoint)
    model.save_pretrained(folder / "base")
    AutoTokenizer.from_pretrained(report.checkpoint).save_pretrained(folder / "base")
    return folder / "base"


def lora_recipe(base, peft=(), **changes):
    values = {"backbone": {"path": str(base), "head_init_std": 0.02}, "tokenizer": {}, "peft": {**LORA, **dict(peft)}}
    return pairs.recipe(**{**values, **changes})


def options(base, **peft):
    """Return the arguments of the program in ``pairs`` for a LoRA recipe."""
    values = {"backbone": {"path": str(base), "head_init_std": 0.02}, "tokenizer": {}, "peft": {**LORA, **peft}}
    return [f"{name}={json.dumps(value)}" for name, value in values.items()]


@pytest.fixture(scope="module")
def merged(tmp_path_factory, data, base):
    out = tmp_path_factory.mktemp("merged")
    return out, train(lora_recipe(base), data, out)


@pytest.fixture(scope="module")
def kept(tmp_path_factory, data, base):
    out = tmp_path_factory.mktemp("kept")
    return out, train(lora_recipe(base, {"merge": False}), data, out)


def rewards(folder):
    return [score.reward for score in load_model(folder, ModelSettings(device="cpu", dtype="float32")).score(TALKS)]


def plain_rewards(model, folder):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with torch.no_grad():
        return [
            float(model.eval()(**tokenizer.apply_chat_template(talk, return_dict=True, return_tensors="pt")).logits)
            for talk in TALKS
        ]


def test_only_the_matrices_and_the_head_are_trained(merged, base):
    out, report = merged
    before, after = load_file(base / "model.safetensors"), load_file(out / "model/model.safetensors")
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {name for name in before if any(f".{part}." in name for part in LINEAR)}
    # Rank 4 on the seven matrices of two layers, and the head.
    sizes = [sum(before[f"model.layers.{layer}.{m}.weight"].shape) for layer in range(2) for m in modules(before)]
    assert report.trained_parameters == 4 * sum(sizes) + 32
    assert report.parameters == sum(value.numel() for value in before.values()) + report.trained_parameters


def modules(weights):
    start = "model.layers.0."
    names = (name.removeprefix(start).removesuffix(".weight") for name in weights if name.startswith(start))
    return [name for name in names if name.rpartition(".")[2] in LINEAR]


def test_a_lora_run_learns(merged):
    log = [line for line in log_lines(merged[0]) if line["split"] == "train"]
    assert log[-1]["bradley_terry"] < 0.8 * log[0]["bradley_terry"]


def test_an_adapter_gives_the_rewards_of_the_merged_export(merged, kept):
    assert rewards(kept[0] / "model") == pytest.approx(rewards(merged[0] / "model"), abs=1e-5)
    assert log_lines(kept[0]) == log_lines(merged[0])


def test_an_adapter_loads_with_peft_alone(kept, base):
    from peft import PeftModel

    folder = kept[0] / "model"
    classifier = AutoModelForSequenceClassification.from_pretrained(base, num_labels=1)
    model = PeftModel.from_pretrained(classifier, folder)
    assert plain_rewards(model, folder) == pytest.approx(rewards(folder), abs=1e-5)


def test_an_adapter_loads_with_transformers_alone(kept):
    folder = kept[0] / "model"
    model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1)
    assert plain_rewards(model, folder) == pytest.approx(rewards(folder), abs=1e-5)


def test_a_finished_adapter_is_not_trained_again(kept, data, base):
    out, report = kept
    before = (out / "model/adapter_model.safetensors").stat().st_mtime_ns
    assert train(lora_recipe(base, {"merge": False}), data, out) == report
    assert (out / "model/adapter_model.safetensors").stat().st_mtime_ns == before


def test_another_base_of_the_same_shape_is_a_warning_with_both_digests(kept, base, tmp_path, caplog):
    model = load_model(kept[0] / "model", ModelSettings(device="cpu"))
    assert "trained on other weights" not in caplog.text
    recorded = kept[1].base.weights_digest
    assert model.identity.facts["base_weights"] == recorded[:16]
    assert "trained_on" not in model.identity.facts
    shutil.copytree(base, tmp_path / "other")
    weights = load_file(base / "model.safetensors")
    weights["model.norm.weight"] = weights["model.norm.weight"] * 1.01
    save_file(weights, tmp_path / "other/model.safetensors", {"format": "pt"})
    other = load_model(kept[0] / "model", ModelSettings(device="cpu", base=str(tmp_path / "other")))
    assert other.identity.facts["trained_on"] == recorded[:16]
    assert other.identity.digest != model.identity.digest
    (record,) = [item for item in caplog.messages if "trained on other weights" in item]
    assert recorded[:16] in record
    assert other.identity.facts["base_weights"] in record


def test_the_digest_of_weights_does_not_depend_on_their_files(base, tmp_path):
    AutoModelForCausalLM.from_pretrained(base).save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    assert Checkpoint(tmp_path / "shards").weights_digest == Checkpoint(base).weights_digest


def test_an_adapter_has_its_matrices_and_the_head_only(kept):
    names = load_file(kept[0] / "model/adapter_model.safetensors")
    assert len(names) == 2 * 2 * len(LINEAR) + 1
    assert not (kept[0] / "model/model.safetensors").exists()


def test_training_continues_from_an_adapter(kept, data, tmp_path):
    recipe = lora_recipe(kept[0] / "model", max_steps=1, learning_rate=1e-12, min_learning_rate=0.0)
    train(recipe, data, tmp_path)
    assert rewards(tmp_path / "model") == pytest.approx(rewards(kept[0] / "model"), abs=1e-5)


def test_the_last_layers_alone_can_be_adapted(data, base, tmp_path):
    train(lora_recipe(base, {"layers": 1, "target_modules": ["q_proj"]}, max_steps=2), data, tmp_path)
    assert changed_weights(base, tmp_path) == {"model.layers.1.self_attn.q_proj.weight"}


def changed_weights(base, out):
    before, after = load_file(base / "model.safetensors"), load_file(out / "model/model.safetensors")
    return {name for name in before if not torch.equal(before[name], after[name])}


def test_the_last_layers_alone_can_be_trained(data, base, tmp_path):
    report = train(frozen(base), data, tmp_path)
    changed = changed_weights(base, tmp_path)
    assert changed == {
        name for name in load_file(base / "model.safetensors") if "layers.1." in name or name == "model.norm.weight"
    }
    assert 0 < report.trained_parameters < report.parameters


def frozen(base, **changes):
    values = {
        "backbone": {"path": str(base), "head_init_std": 0.02},
        "tokenizer": {},
        "train_layers": 1,
        "max_steps": 2,
    }
    return pairs.recipe(**{**values, **changes})


def test_checkpoints_of_a_lora_run_have_the_trained_weights_only(data, base, tmp_path):
    report = train(lora_recipe(base, max_steps=1, keep_checkpoint=True), data, tmp_path)
    saved = load_file(tmp_path / "checkpoints/checkpoint-1/model.safetensors")
    assert sum(value.numel() for value in saved.values()) == report.trained_parameters


def test_gradient_checkpointing_does_not_change_a_lora_run(merged, data, base, tmp_path):
    train(lora_recipe(base, gradient_checkpointing=True), data, tmp_path)
    for one, other in zip(log_lines(merged[0]), log_lines(tmp_path), strict=True):
        assert other["bradley_terry"] == pytest.approx(one["bradley_terry"], rel=1e-4)


@pytest.mark.slow
def test_a_killed_lora_run_ends_with_the_same_bytes(kept, data, base, tmp_path):
    changes = options(base, merge=False)
    killed = 0
    for checkpoint in ("checkpoint-3", "checkpoint-6/complete"):
        process = start(data, tmp_path, *changes, stderr=subprocess.DEVNULL)
        while process.poll() is None and not (tmp_path / "checkpoints" / checkpoint).exists():
            time.sleep(0.001)
        killed += process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert killed == 2
    assert start(data, tmp_path, *changes).wait() == 0
    assert same_run(kept[0], tmp_path)


@pytest.mark.slow
def test_two_processes_with_shards_train_lora_like_one(data, base, tmp_path):
    train(lora_recipe(base, {"dropout": 0.0}), data, tmp_path / "one")
    settings = [*options(base, dropout=0.0), "micro_batch_tokens=200", "sharding=fsdp2"]
    process = torchrun("tests.training.pairs", data, tmp_path / "two", *settings)
    _, errors = process.communicate()
    assert process.returncode == 0, errors[-3000:]
    for one, other in zip(log_lines(tmp_path / "one"), log_lines(tmp_path / "two"), strict=True):
        assert other["bradley_terry"] == pytest.approx(one["bradley_terry"], rel=1e-3)
    assert rewards(tmp_path / "two/model") == pytest.approx(rewards(tmp_path / "one/model"), abs=1e-2)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"peft": {"target_modules": ["q_proj", "query"]}},
            r"no linear module 'query'. They have: down_proj, .*v_proj",
        ),
        ({"peft": {"layers": 3}}, "peft.layers is 3, but the backbone has 2 layers"),
        ({"train_layers": 3}, "train_layers is 3, but the backbone has 2 layers"),
    ],
)
def test_layers_and_modules_that_do_not_exist_are_refused_before_the_start(base, changes, message):
    recipe = pairs.recipe(backbone={"path": str(base)}, tokenizer={}, **changes)
    with pytest.raises(SettingError, match=message):
        check_model(recipe, AutoTokenizer.from_pretrained(base))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"peft": {}, "train_layers": 1}, "set peft.layers in place of train_layers"),
        ({"peft": {"merge": False}}, "an adapter needs a pretrained backbone"),
        ({"peft": {"load_in_4bit": True}}, "load_in_4bit needs merge=false"),
        ({"peft": {"r": 0}}, "greater than or equal to 1"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(changes, message):
    with pytest.raises(SettingError, match=message):
        pairs.recipe(**changes)


def test_weights_in_4_bits_need_bitsandbytes(base, monkeypatch):
    monkeypatch.setattr(backbone_module, "find_spec", lambda _: None)
    recipe = lora_recipe(base, {"load_in_4bit": True, "merge": False})
    with pytest.raises(SettingError, match="pip install bitsandbytes"):
        check_model(recipe, AutoTokenizer.from_pretrained(base))


@pytest.mark.skipif(not find_spec("bitsandbytes"), reason="the package bitsandbytes is not installed")
def test_an_adapter_is_trained_next_to_weights_in_4_bits(data, tmp_path):
    tokenizer = gguf_files.small_tokenizer()
    gguf_files.small_model(tokenizer, width=128).save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    report = train(lora_recipe(tmp_path / "base", {"load_in_4bit": True, "merge": False}), data, tmp_path / "run")
    log = [line for line in log_lines(tmp_path / "run") if line["split"] == "train"]
    assert log[-1]["bradley_terry"] < 0.8 * log[0]["bradley_terry"]
    assert len(set(rewards(report.checkpoint))) == len(TALKS)
