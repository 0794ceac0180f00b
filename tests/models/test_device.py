"""Devices: those that a machine lacks are one line; ``split`` spreads the layers."""

import pytest
import torch

from themis_rm.errors import SettingError
from themis_rm.messages import conversation
from themis_rm.models.device import choose_device, choose_dtype
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings

TALK = [conversation(None, "Add.", answer) for answer in ("a + b", "sum((a, b))\n" * 20)]


@pytest.mark.parametrize("model", ["length", "random", "checkpoint"])
@pytest.mark.parametrize("device", ["tpu", "quantum", "cuda:", "cuda:-1", "cpu:1", "meta", "", "cuda:0:1", "disk"])
def test_an_unknown_device(model, device, tiny_checkpoint):
    name = tiny_checkpoint("qwen3") if model == "checkpoint" else model
    with pytest.raises(SettingError, match="Unknown device"):
        load_model(name, ModelSettings(device=device))


@pytest.mark.parametrize("device", ["cuda:99", "mps", "xpu", "xpu:99"])
def test_a_device_that_this_machine_lacks(device, monkeypatch):
    monkeypatch.setattr(torch.mps, "is_available", lambda: False)
    with pytest.raises(SettingError, match=f"no device '{device}'"):
        choose_device(ModelSettings(device=device))


@pytest.mark.parametrize(("units", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_the_fastest_dtype_follows_from_the_units(units, dtype, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": units})
    assert choose_dtype(ModelSettings(dtype="fastest"), torch.device("cpu")) is dtype


def test_split_runs_on_a_machine_without_gpus(tiny_checkpoint):
    folder = tiny_checkpoint("qwen3")
    split = load_model(folder, ModelSettings(device="split")).score(TALK)
    assert split == load_model(folder, ModelSettings(device="cpu")).score(TALK)


@pytest.mark.parametrize("share_prefixes", [True, False])
def test_layers_on_several_devices(share_prefixes, tiny_checkpoint, tmp_path, monkeypatch):
    """Spread the layers over memory and disk, with the hooks that spread them over GPUs."""
    from themis_rm.models import backbone

    folder = tiny_checkpoint("qwen3")
    placement = {"embed_tokens": "cpu", "layers.0": "cpu", "layers.1": "disk", "norm": "disk", "rotary_emb": "cpu"}
    options = {"device_map": placement, "offload_folder": str(tmp_path)}
    monkeypatch.setattr(backbone, "split_options", lambda: options)
    model = load_model(folder, ModelSettings(device="split", share_prefixes=share_prefixes))
    assert next(model.layout.backbone.layers[1].parameters()).is_meta
    expected = load_model(folder, ModelSettings(device="cpu")).score(TALK)
    assert [score.reward for score in model.score(TALK)] == pytest.approx([s.reward for s in expected], abs=1e-5)
