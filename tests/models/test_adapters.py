"""LoRA adapters, merged into their base, give the rewards of peft's own forward pass."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.messages import conversation
from themis_rm.models.adapters import open_checkpoint
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings

ROWS = [[(index + 3 * position) % 1000 + 3 for position in range(n)] for index, n in enumerate((5, 40, 1, 17))]
TALK = [conversation(None, "Add.", "a + b")]
ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
LINEAR = [*ATTENTION, "gate_proj", "up_proj", "down_proj"]
FORMS = {
    "all linear layers": {"target_modules": LINEAR},
    "attention alone": {"target_modules": ATTENTION, "r": 4, "lora_alpha": 32},
    "rank-stabilized": {"target_modules": ATTENTION, "use_rslora": True, "r": 4},
    "patterns": {
        "target_modules": LINEAR,
        "rank_pattern": {"q_proj": 2, "layers.1.self_attn.v_proj": 6},
        "alpha_pattern": {"^model.layers.0.self_attn.k_proj": 1, "down_proj": 20},
    },
    "dora": {"target_modules": LINEAR, "use_dora": True},
    "embeddings": {"target_modules": ["q_proj", "embed_tokens"]},
    "complete embeddings": {"target_modules": ["q_proj"], "modules_to_save": ["embed_tokens", "score"]},
}


def trained_adapter(model, folder, **values):
    """Save an adapter with random matrices and return the rewards of peft's forward pass."""
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(3)
    wrapped = get_peft_model(model, LoraConfig(**{"task_type": "SEQ_CLS", "lora_dropout": 0.0} | values)).eval()
    with torch.no_grad():
        for name, weight in wrapped.named_parameters():
            if weight.requires_grad:
                if "magnitude" in name:
                    weight.mul_(1 + 0.3 * torch.rand_like(weight))
                else:
                    weight.normal_(0.0, 0.05)
        wrapped.save_pretrained(folder)
        return [float(wrapped(input_ids=torch.tensor([row])).logits[0, 0]) for row in ROWS]


def classifier(base):
    from transformers import AutoModelForSequenceClassification

    return AutoModelForSequenceClassification.from_pretrained(base, dtype=torch.float32)


@pytest.fixture(scope="module")
def base(tiny_checkpoint):
    return tiny_checkpoint("qwen3")


@pytest.fixture(scope="module")
def saved(base, tmp_path_factory):
    """Return an adapter on all linear layers, and its rewards; copy it before changing it."""
    folder = tmp_path_factory.mktemp("adapter")
    return folder, trained_adapter(classifier(base), folder, **FORMS["all linear layers"])


@pytest.fixture
def adapter(saved, tmp_path):
    return shutil.copytree(saved[0], tmp_path / "adapter")


def rewards(folder, **settings):
    return load_model(folder, ModelSettings(share_prefixes=False, **settings)).rewards(ROWS)


def change_settings(folder, **values):
    path = folder / "adapter_config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def change_tensors(folder, change):
    file = folder / "adapter_model.safetensors"
    save_file(change(load_file(file)), file)


def error_message(folder, **settings):
    with pytest.raises(CheckpointError) as error:
        load_model(folder, ModelSettings(**settings))
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("form", FORMS)
def test_rewards_equal_those_of_peft(form, base, tmp_path):
    expected = trained_adapter(classifier(base), tmp_path, **FORMS[form])
    assert rewards(tmp_path) == pytest.approx(expected, abs=1e-6)


def test_a_merged_model_has_the_rewards_of_the_adapter(saved, base, tmp_path):
    from peft import PeftModel

    PeftModel.from_pretrained(classifier(base), saved[0]).merge_and_unload().save_pretrained(tmp_path)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(base / name, tmp_path / name)
    assert rewards(saved[0]) == pytest.approx(rewards(tmp_path), abs=1e-6)


@pytest.mark.parametrize("values", [{"lora_bias": True}, {"bias": "all"}, {"bias": "lora_only"}])
def test_biases_of_an_adapter(values, base, tmp_path):
    from transformers import AutoConfig, AutoModelForSequenceClassification

    config = AutoConfig.from_pretrained(base, attention_bias=True)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path / "biased")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(base / name, tmp_path / "biased" / name)
    values = {"target_modules": ["q_proj", "v_proj"], **values}
    expected = trained_adapter(classifier(tmp_path / "biased"), tmp_path / "adapter", **values)
    assert rewards(tmp_path / "adapter") == pytest.approx(expected, abs=1e-6)


def test_transposed_weights(tmp_path):
    from transformers import GPT2Config, GPT2ForSequenceClassification

    sizes = {"vocab_size": 1032, "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 256}
    torch.manual_seed(0)
    GPT2ForSequenceClassification(GPT2Config(num_labels=1, pad_token_id=0, **sizes)).save_pretrained(tmp_path / "base")
    from tests.conftest import GOLDEN_MODELS

    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(GOLDEN_MODELS / "seqcls" / name, tmp_path / "base" / name)
    expected = trained_adapter(classifier(tmp_path / "base"), tmp_path / "adapter", target_modules=["c_attn", "c_proj"])
    assert rewards(tmp_path / "adapter") == pytest.approx(expected, abs=1e-6)


def test_a_base_of_a_language_model_with_the_head_in_the_adapter(saved, base, tmp_path):
    plain = shutil.copytree(base, tmp_path / "base")
    weights = load_file(plain / "model.safetensors")
    del weights["score.weight"]
    save_file(weights, plain / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((plain / "config.json").read_text(encoding="utf-8"))
    (plain / "config.json").write_text(json.dumps(config | {"architectures": ["Qwen3ForCausalLM"]}), encoding="utf-8")
    assert rewards(saved[0], base=str(plain)) == pytest.approx(saved[1], abs=1e-6)


def test_a_base_without_the_prefix_of_its_decoder(saved, base, tmp_path):
    plain = shutil.copytree(base, tmp_path / "base")
    weights = load_file(plain / "model.safetensors")
    bare = {name.removeprefix("model."): value for name, value in weights.items() if name != "score.weight"}
    save_file(bare, plain / "model.safetensors", metadata={"format": "pt"})
    assert rewards(saved[0], base=str(plain)) == pytest.approx(saved[1], abs=1e-6)


@pytest.mark.parametrize("file", ["value_head.safetensors", "score.safetensors"])
def test_a_head_next_to_the_adapter(adapter, saved, file):
    tensors = load_file(adapter / "adapter_model.safetensors")
    head = tensors.pop("base_model.model.score.weight")
    save_file(tensors, adapter / "adapter_model.safetensors")
    save_file({"v_head.summary.weight" if file.startswith("value") else "weight": head}, adapter / file)
    change_settings(adapter, task_type="CAUSAL_LM")
    if file.startswith("value"):  # the base has a head of its own, which the family does not read
        assert rewards(adapter, family="value-head", base=str(without_head(adapter))) == pytest.approx(
            saved[1], abs=1e-6
        )
    else:
        assert rewards(adapter) == pytest.approx(saved[1], abs=1e-6)


def without_head(adapter):
    config = json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))
    plain = shutil.copytree(config["base_model_name_or_path"], adapter.parent / "headless")
    weights = load_file(plain / "model.safetensors")
    del weights["score.weight"]
    save_file(weights, plain / "model.safetensors", metadata={"format": "pt"})
    return plain


@pytest.mark.parametrize(
    "rename",
    [
        lambda name: name.replace("score.weight", "score.modules_to_save.default.weight"),
        lambda name: name.replace(".lora_A.", ".lora_A.default.").replace(".lora_B.", ".lora_B.default."),
        lambda name: name.removeprefix("base_model.model."),
        lambda name: f"module.{name}",
        lambda name: name.replace("layers.", "_fsdp_wrapped_module.layers.").replace(
            "self_attn", "_orig_mod.self_attn"
        ),
    ],
)
def test_other_names_of_the_same_tensors(adapter, saved, rename):
    change_tensors(adapter, lambda tensors: {rename(name): value for name, value in tensors.items()})
    assert rewards(adapter) == pytest.approx(saved[1], abs=1e-6)


def test_an_adapter_without_its_head_uses_that_of_the_base(adapter, saved, base):
    change_tensors(adapter, lambda tensors: {name: value for name, value in tensors.items() if "score" not in name})
    assert rewards(adapter) != pytest.approx(saved[1], abs=1e-2)


def test_a_head_that_was_saved_as_the_model_next_to_the_adapter(adapter, saved):
    tensors = load_file(adapter / "adapter_model.safetensors")
    head = tensors.pop("base_model.model.score.weight")
    save_file(tensors, adapter / "adapter_model.safetensors")
    save_file({"v_head.summary.weight": head}, adapter / "model.safetensors")
    change_settings(adapter, task_type="CAUSAL_LM")
    assert rewards(adapter, base=str(without_head(adapter))) == pytest.approx(saved[1], abs=1e-6)


def test_a_base_for_a_model_that_is_not_an_adapter(base):
    with pytest.raises(SettingError, match=r"Remove model\.base"):
        load_model(base, ModelSettings(base=str(base)))


def test_a_base_whose_names_have_the_same_words_in_another_order(adapter, saved, base, tmp_path):
    def name_in_base(name):
        return name.replace("model.", "language_model.model.", 1) if name.startswith("model.") else name

    other = shutil.copytree(base, tmp_path / "base")
    weights = {name_in_base(name): value for name, value in load_file(base / "model.safetensors").items()}
    vision = "vision_model.encoder.layers.0.self_attn.q_proj.weight"
    save_file({**weights, vision: torch.ones(2, 2)}, other / "model.safetensors", metadata={"format": "pt"})

    def name_in_adapter(name):
        return name.replace("model.model.model.", "model.model.model.language_model.")

    change_tensors(adapter, lambda tensors: {name_in_adapter(name): value for name, value in tensors.items()})
    opened = open_checkpoint(adapter, ModelSettings(base=str(other)))
    name = "layers.0.self_attn.q_proj.weight"
    merged = opened.tensors([f"language_model.model.{name}", vision])
    expected = open_checkpoint(saved[0], ModelSettings()).tensors([f"model.{name}"])
    assert torch.equal(merged[f"language_model.model.{name}"], expected[f"model.{name}"])
    assert torch.equal(merged[vision], torch.ones(2, 2))


def test_a_base_next_to_the_adapter(adapter, saved, base):
    shutil.copytree(base, adapter / "own-base")
    change_settings(adapter, base_model_name_or_path="own-base")
    assert rewards(adapter) == pytest.approx(saved[1], abs=1e-6)
    shutil.move(adapter / "own-base", adapter.parent / "sibling")
    change_settings(adapter, base_model_name_or_path="sibling")
    assert rewards(adapter) == pytest.approx(saved[1], abs=1e-6)


def test_an_adapter_on_an_adapter(adapter, saved, tmp_path):
    shutil.copytree(adapter, tmp_path / "outer")
    change_settings(tmp_path / "outer", base_model_name_or_path=str(adapter))
    assert rewards(tmp_path / "outer") != pytest.approx(saved[1], abs=1e-2)
    change_settings(adapter, base_model_name_or_path=str(tmp_path / "outer"))
    assert "whose base is itself" in error_message(adapter)


def test_the_tokenizer_of_the_base_is_used(saved, base):
    assert load_model(saved[0]).score(TALK)[0].tokens == load_model(base).score(TALK)[0].tokens


def test_results_name_the_adapter_and_depend_on_adapter_and_base(adapter, base, tmp_path):
    identity = load_model(adapter).identity
    assert identity.facts["adapter"] == "LoRA of rank 8 on 14 matrices, merged"
    other = shutil.copytree(base, tmp_path / "other")
    weights = load_file(other / "model.safetensors")
    weights["model.norm.weight"] *= 2
    save_file(weights, other / "model.safetensors", metadata={"format": "pt"})
    assert load_model(adapter, ModelSettings(base=str(other))).identity.digest != identity.digest
    change_settings(adapter, lora_alpha=9)
    assert load_model(adapter).identity.digest != identity.digest


def test_an_adapter_without_its_base(adapter):
    change_settings(adapter, base_model_name_or_path="/nowhere/base")
    assert "model.base" in error_message(adapter)
    change_settings(adapter, base_model_name_or_path=None)
    assert "does not name its base" in error_message(adapter)


def test_a_base_of_another_width(adapter, tiny_checkpoint):
    message = error_message(adapter, base=str(tiny_checkpoint("qwen3", 64)))
    assert "does not fit its base" in message
    assert "but the adapter is for [" in message


def test_a_base_of_another_type(adapter, tiny_checkpoint, tmp_path):
    folder = shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "shallow")
    weights = {name: value for name, value in load_file(folder / "model.safetensors").items() if ".1." not in name}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert "does not have" in error_message(adapter, base=str(folder))


@pytest.mark.parametrize("task", ["CAUSAL_LM", "QUESTION_ANS"])
def test_an_adapter_of_another_task(adapter, task):
    change_settings(adapter, task_type=task)
    change_tensors(adapter, lambda tensors: {name: value for name, value in tensors.items() if "score" not in name})
    assert f"adapter for the task {task}" in error_message(adapter)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"peft_type": "IA3"}, "IA3"),
        ({"peft_type": None}, "None"),
        ({"init_lora_weights": "pissa_niter_4"}, "pissa"),
        ({"trainable_token_indices": [1]}, "trainable_token_indices"),
        ({"target_parameters": ["experts.down_proj"]}, "target_parameters"),
        ({"r": "8"}, "rank is '8'"),
        ({"r": 0}, "r is '0'"),
        ({"alpha_pattern": {"(": 1}}, "alphas is '('"),
        ({"rank_pattern": {"(a+)+": 1}}, "ranks is '(a+)+'"),
        ({"r": 4}, "matrices of rank 8"),
        ({"rank_pattern": [1]}, "ranks"),
        ({"base_model_name_or_path": 5}, "base is '5'"),
    ],
)
def test_adapters_that_are_not_read(adapter, values, said):
    change_settings(adapter, **values)
    assert said in error_message(adapter)


def test_a_file_without_one_of_two_matrices(adapter):
    change_tensors(adapter, lambda tensors: {n: v for n, v in tensors.items() if "0.mlp.up_proj.lora_A" not in n})
    assert "no two matrices of one rank" in error_message(adapter)


def test_a_missing_adapter_file(adapter):
    (adapter / "adapter_model.safetensors").unlink()
    assert "adapter without adapter_model.safetensors" in error_message(adapter)


def test_a_pickled_adapter(adapter, saved):
    tensors = load_file(adapter / "adapter_model.safetensors")
    torch.save(tensors, adapter / "adapter_model.bin")
    (adapter / "adapter_model.safetensors").unlink()
    assert "pickled" in error_message(adapter)
    assert rewards(adapter, pickled_weights=True) == pytest.approx(saved[1], abs=1e-6)


def test_a_head_that_was_saved_while_wrapped(base, tmp_path):
    folder = shutil.copytree(base, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    head = weights.pop("score.weight")
    weights |= {"score.modules_to_save.default.weight": head, "score.original_module.weight": torch.ones_like(head)}
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    assert rewards(folder) == rewards(base)
