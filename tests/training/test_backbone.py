"""Sources of backbones: a GGUF file trains like the directory that it is converted to."""

import pytest
from tests.models import gguf_files
from tests.training import pairs

from themis_rm.errors import CheckpointError
from themis_rm.models.gguf import convert_gguf
from themis_rm.training.runner import train

pytest.importorskip("gguf", reason="the package gguf is not installed")


def pretrained(**backbone):
    return pairs.recipe(backbone=backbone, tokenizer={}, max_steps=2, learning_rate=1e-3)


def test_a_gguf_file_is_a_backbone(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    tokenizer = gguf_files.small_tokenizer()
    file = gguf_files.write(tmp_path / "small.gguf", gguf_files.small_model(tokenizer), tokenizer)
    data = pairs.write(tmp_path / "data", train=20, validation=4)
    train(pretrained(gguf=str(file)), data, tmp_path / "one")
    train(pretrained(path=str(convert_gguf(file))), data, tmp_path / "two")
    one, two = ((tmp_path / run / "model/model.safetensors").read_bytes() for run in ("one", "two"))
    assert one == two


def test_a_missing_gguf_file_is_named(tmp_path):
    data = pairs.write(tmp_path / "data", train=4, validation=0)
    with pytest.raises(CheckpointError, match=r"at 'missing\.gguf'"):
        train(pretrained(gguf="missing.gguf"), data, tmp_path / "out")
