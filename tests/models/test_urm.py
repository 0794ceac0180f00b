"""The head of URM, on a synthetic checkpoint: no published one was available."""

import json
import shutil

import pytest

from themis_rm.errors import CheckpointError
from themis_rm.messages import conversation
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import detect_family
from themis_rm.models.loading import load_model

TALKS = [conversation(None, "Add two numbers.", text) for text in ("a + b", "return a", "x" * 40)]


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    import torch
    from safetensors.torch import load_file, save_file

    model_dir = shutil.copytree(tiny_checkpoint("llama"), tmp_path / "urm")
    weights = load_file(model_dir / "model.safetensors")
    torch.manual_seed(3)
    weights["score.weight"] = torch.randn(10, 32)
    for number, (rows, columns) in {0: (32, 32), 2: (32, 32), 4: (5, 32)}.items():
        weights[f"weights.fc.{number}.weight"] = torch.randn(rows, columns) / 6
        weights[f"weights.fc.{number}.bias"] = torch.randn(rows) / 6
    save_file(weights, model_dir / "model.safetensors", metadata={"format": "pt"})
    return model_dir


def test_the_family_is_detected(folder):
    assert detect_family(Checkpoint(folder)).name == "urm"


def test_the_reward_is_the_weighted_sum_of_the_means(folder):
    import torch
    from safetensors.torch import load_file
    from transformers import AutoModel

    model = load_model(folder)
    weights = load_file(folder / "model.safetensors")
    decoder = AutoModel.from_pretrained(folder, dtype=torch.float32)
    for talk, score in zip(TALKS, model.score(TALKS), strict=True):
        ids = torch.tensor([model.encoder.encode([talk])[0].ids])
        with torch.no_grad():
            last = decoder(input_ids=ids).last_hidden_state[0, -1]
        hidden = last
        for number in (0, 2):
            layer = weights[f"weights.fc.{number}.weight"] @ hidden + weights[f"weights.fc.{number}.bias"]
            hidden = torch.nn.functional.selu(layer)
        gate = weights["weights.fc.4.weight"] @ hidden + weights["weights.fc.4.bias"]
        means = (weights["score.weight"] @ last).reshape(5, 2)[:, 0]
        assert score.reward == pytest.approx(float((gate * means).sum()), abs=1e-4)


def test_a_wrong_number_of_attributes_is_rejected(folder):
    import torch
    from safetensors.torch import load_file, save_file

    weights = load_file(folder / "model.safetensors")
    weights["score.weight"] = torch.randn(8, 32)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(CheckpointError, match="weights 5 attributes but has 8 scores"):
        load_model(folder)


def test_its_python_code_is_not_needed(folder):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config |= {"auto_map": {"AutoModelForSequenceClassification": "modeling_custom.Other"}, "architectures": ["Other"]}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert load_model(folder).identity.family == "urm"
