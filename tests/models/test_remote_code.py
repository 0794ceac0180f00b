"""Checkpoints that bring Python code: it runs only if exactly this code is trusted."""

import shutil

import pytest
from tests.models import golden_cases as golden

from themis_rm.errors import CheckpointError
from themis_rm.models.loading import load_model
from themis_rm.models.remote_code import code_digest
from themis_rm.models.settings import ModelSettings

FOLDER = golden.FOLDER / "automodel"


def load_trusted(folder, digest):
    return load_model(folder, ModelSettings(trust_remote_code=digest))


def test_remote_code_computes_the_golden_scores():
    model = load_trusted(FOLDER, code_digest(FOLDER))
    for side in golden.SIDES:
        rewards = [score.reward for score in model.score(golden.conversations("automodel", side))]
        assert rewards == pytest.approx(golden.right_scores("automodel", side), abs=1e-5)


def test_the_identity_names_the_code():
    identity = load_trusted(FOLDER, code_digest(FOLDER)).identity
    assert identity.family == "remote-code"
    assert identity.facts["code"] == code_digest(FOLDER)


def test_the_error_for_untrusted_code_names_its_digest():
    with pytest.raises(CheckpointError, match=f"trust_remote_code={code_digest(FOLDER)}"):
        load_model(FOLDER)


def test_changed_code_is_not_trusted(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "model")
    before = code_digest(folder)
    with (folder / "modeling_tiny_reward.py").open("a", encoding="utf-8") as handle:
        handle.write("\nprint('changed')\n")
    with pytest.raises(CheckpointError, match="has other code"):
        load_trusted(folder, before)


def test_a_model_with_several_logits_is_rejected(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "model")
    path = folder / "modeling_tiny_reward.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("logits=self.score(h[", "logits=2 * h[").replace("last]))", "last])"), encoding="utf-8"
    )
    model = load_trusted(folder, code_digest(folder))
    with pytest.raises(CheckpointError, match=r"logits of shape \[1, 32\]"):
        model.score(golden.conversations("automodel", "chosen"))


def test_code_that_does_not_load_is_a_checkpoint_error(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "model")
    (folder / "modeling_tiny_reward.py").write_text("raise ValueError('no')\n", encoding="utf-8")
    with pytest.raises(CheckpointError, match="does not load"):
        load_trusted(folder, code_digest(folder))
