"""Checkpoints with code of their own: run on leave for exactly that code."""

import shutil

import pytest
from tests.models import golden_cases as golden

from themis_rm.errors import CheckpointError
from themis_rm.models.loading import load_model
from themis_rm.models.remote_code import code_digest
from themis_rm.models.settings import ModelSettings

FOLDER = golden.FOLDER / "automodel"


def trusted(folder, digest):
    return load_model(folder, ModelSettings(trust_remote_code=digest))


def test_the_code_gives_the_golden_scores():
    model = trusted(FOLDER, code_digest(FOLDER))
    for side in golden.SIDES:
        found = [score.reward for score in model.score(golden.conversations("automodel", side))]
        assert found == pytest.approx(golden.right_scores("automodel", side), abs=1e-5)


def test_results_name_the_code():
    identity = trusted(FOLDER, code_digest(FOLDER)).identity
    assert identity.family == "remote-code"
    assert identity.facts["code"] == code_digest(FOLDER)


def test_without_leave_the_digest_to_give_is_told():
    with pytest.raises(CheckpointError, match=f"trust_remote_code={code_digest(FOLDER)}"):
        load_model(FOLDER)


def test_changed_code_is_other_code(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "model")
    before = code_digest(folder)
    with (folder / "modeling_tiny_reward.py").open("a", encoding="utf-8") as handle:
        handle.write("\nprint('changed')\n")
    with pytest.raises(CheckpointError, match="is another"):
        trusted(folder, before)


def test_a_model_of_two_logits_is_refused(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "model")
    path = folder / "modeling_tiny_reward.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace("logits=self.score(h[", "logits=2 * h[").replace("last]))", "last])"), encoding="utf-8"
    )
    model = trusted(folder, code_digest(folder))
    with pytest.raises(CheckpointError, match=r"logits of shape \[1, 32\]"):
        model.score(golden.conversations("automodel", "chosen"))


def test_code_that_does_not_load_is_one_clean_line(tmp_path):
    folder = shutil.copytree(FOLDER, tmp_path / "model")
    (folder / "modeling_tiny_reward.py").write_text("raise ValueError('no')\n", encoding="utf-8")
    with pytest.raises(CheckpointError, match="does not load"):
        trusted(folder, code_digest(folder))
