"""Each row of the table of checkpoint layouts in docs/how-to/models.md is read, with the same rewards."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings

ROWS = [[5, 6, 7, 8], [9, 10, 11]]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "models.md"


class Folder:
    """A copy of a one-label checkpoint, and changes to it."""

    def __init__(self, path):
        self.path = path
        self.settings = {}

    def configure(self, **values):
        file = self.path / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | values), encoding="utf-8")

    def rename(self, change):
        file = self.path / "model.safetensors"
        weights = {change(name): value for name, value in load_file(file).items()}
        save_file(weights, file, metadata={"format": "pt"})

    def take_head(self):
        file = self.path / "model.safetensors"
        weights = load_file(file)
        head = weights.pop("score.weight")
        save_file(weights, file, metadata={"format": "pt"})
        return head

    def adapt(self, task, head_name):
        """Move the model to a base, and make the directory an adapter that only brings the head."""
        head = self.take_head()
        base = self.path.parent / "base"
        self.path.rename(base)
        self.path.mkdir()
        name = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
        rows = load_file(base / "model.safetensors")["model.layers.0.self_attn.q_proj.weight"].shape[0]
        tensors = {f"{name}A.weight": torch.ones(2, 32), f"{name}B.weight": torch.zeros(rows, 2)}
        if head_name:
            tensors[f"base_model.model.{head_name}"] = head
        save_file(tensors, self.path / "adapter_model.safetensors")
        config = {"peft_type": "LORA", "task_type": task, "r": 2, "base_model_name_or_path": str(base)}
        (self.path / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
        return head


def sequence_classifier(folder):
    folder.configure(architectures=["Qwen3ForSequenceClassification"])


def adapter(folder):
    folder.adapt("SEQ_CLS", "score.weight")


def wrapped_head(folder):
    folder.rename(lambda name: "score.modules_to_save.default.weight" if name == "score.weight" else name)


def trl_value_head(folder):
    folder.configure(architectures=["Qwen3ForCausalLM"])
    folder.rename(lambda name: "v_head.summary.weight" if name == "score.weight" else f"pretrained_model.{name}")


def openrlhf(folder):
    folder.configure(architectures=["RewardModel"], id2label=None, normalize_reward=True, mean=1.5, std=2.0)
    folder.rename(lambda name: name.replace("score", "value_head"))


def llama_factory(folder):
    folder.configure(architectures=["Qwen3ForCausalLM"])
    save_file({"v_head.summary.weight": folder.take_head()}, folder.path / "value_head.safetensors")


def llama_factory_adapter(folder):
    head = folder.adapt("CAUSAL_LM", "")
    save_file({"v_head.summary.weight": head}, folder.path / "value_head.safetensors")


def deepspeed_chat(folder):
    folder.configure(architectures=["RewardModel"])
    folder.rename(
        lambda name: "v_head.weight" if name == "score.weight" else name.replace("model.", "rwtransformer.", 1)
    )
    folder.settings = {"family": "sequence-classification"}


def token_classifier(folder):
    folder.configure(architectures=["Qwen3ForTokenClassification"])
    file = folder.path / "model.safetensors"
    save_file(load_file(file) | {"score.bias": torch.zeros(1)}, file, metadata={"format": "pt"})


def several_labels(folder):
    folder.configure(id2label={"0": "other", "1": "quality"})
    file = folder.path / "model.safetensors"
    weights = load_file(file)
    weights["score.weight"] = torch.cat([torch.ones(1, 32), weights["score.weight"]])
    save_file(weights, file, metadata={"format": "pt"})
    folder.settings = {"label": "quality"}


LAYOUTS = {
    "transformers, TRL": sequence_classifier,
    "TRL with LoRA": adapter,
    "saved while wrapped by peft": wrapped_head,
    "TRL, value head": trl_value_head,
    "TRL, token classifier": token_classifier,
    "OpenRLHF": openrlhf,
    "LLaMA-Factory": llama_factory,
    "LLaMA-Factory with LoRA": llama_factory_adapter,
    "DeepSpeed-Chat": deepspeed_chat,
    "several labels": several_labels,
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_layout_is_read(layout, tiny_checkpoint, tmp_path):
    folder = Folder(shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model"))
    shutil.copytree(folder.path, tmp_path / "original")
    LAYOUTS[layout](folder)
    expected = load_model(tmp_path / "original").rewards(ROWS)
    assert load_model(folder.path, ModelSettings(**folder.settings)).rewards(ROWS) == pytest.approx(expected, abs=1e-6)


def test_the_table_names_these_layouts():
    table = DOCS.read_text(encoding="utf-8").partition("### Checkpoint layouts")[2].partition("\n###")[0]
    rows = re.findall(r"^\| ([^|]+?) \|", table, re.MULTILINE)[1:]
    assert rows == list(LAYOUTS)
