"""A loss or gradient that is not finite stops the run; the state before it is kept and the rows are named."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.training import pairs

from themis_rm.errors import SettingError
from themis_rm.training import pair_model
from themis_rm.training.losses import LOSSES, LossTerm
from themis_rm.training.nonfinite import BATCH_FILE, describe
from themis_rm.training.resume import find_resume_checkpoint
from themis_rm.training.runner import train
from themis_rm.training.token_cache import TokenizedPairs
from themis_rm.training.trainer import PairTrainer


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return pairs.write(tmp_path_factory.mktemp("data"))


def settings(**changes):
    return {**pairs.RECIPE, "max_steps": 8, "save_steps": 3, "eval_steps": 8, "max_eval_samples": 4, **changes}


def dropout():
    return {**pairs.RECIPE["backbone"]["config"], "attention_dropout": 0.5}


class BrokenAt:
    """A loss term that is not finite from some step on."""

    def __init__(self, step, value):
        self.step, self.value, self.calls = step, value, 0

    def __call__(self, output):
        self.calls += 1
        return output.chosen * (self.value if self.calls >= self.step else 0)


@pytest.fixture
def term(monkeypatch):
    """Return a function that registers a loss term, and the setting that uses it."""

    def register(function):
        monkeypatch.setitem(LOSSES._items, "broken", LossTerm("broken", function))
        return {"extra_losses": {"broken": 1.0}}

    return register


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_run_stops_and_keeps_the_state_of_the_step_before(data, tmp_path, term, value):
    broken = term(BrokenAt(6, value))
    with pytest.raises(SettingError, match=r"The loss is (nan|-?inf) at step 6 \(broken\)") as error:
        train(settings(**broken), data, tmp_path)
    assert "checkpoint-5" in error.value.hint
    checkpoint = find_resume_checkpoint(tmp_path)
    assert checkpoint.name == "checkpoint-5"
    assert all(value.isfinite().all() for value in load_file(checkpoint / "model.safetensors").values())
    assert not (tmp_path / "model").exists()


def test_a_run_resumed_from_the_kept_state_equals_an_uninterrupted_one(data, tmp_path, term):
    changes = {"backbone": {"config": dropout(), "head_init_std": 0.02}}
    whole = settings(**changes, **term(BrokenAt(99, 1.0)))
    train(whole, data, tmp_path / "whole")
    term(BrokenAt(6, float("nan")))
    with pytest.raises(SettingError):
        train(whole, data, tmp_path / "stopped")
    term(BrokenAt(99, 1.0))
    train(whole, data, tmp_path / "stopped")
    for file in ("log.jsonl", "model/model.safetensors"):
        assert (tmp_path / "whole" / file).read_bytes() == (tmp_path / "stopped" / file).read_bytes()
    assert not (tmp_path / "stopped" / BATCH_FILE).exists()


def test_rows_without_finite_rewards_are_named(data, tmp_path, monkeypatch):
    original = pair_model.PairRewardModel.forward
    victim = []

    def broken(self, batch, with_nll=False):
        output = original(self, batch, with_nll)
        for number in range(batch.pairs):
            ids = batch.pack.ids[batch.pack.rows(number)].tolist()
            if batch.indices[number] == 3 and not victim:
                victim.append(ids)
            if ids in victim:
                output.chosen = output.chosen.index_fill(0, torch.tensor(number), float("nan"))
        return output

    monkeypatch.setattr(pair_model.PairRewardModel, "forward", broken)
    with pytest.raises(SettingError, match=r"of its 8 pairs have no finite rewards \(idx \d+"):
        train(settings(lm_loss_weight=0), data, tmp_path)
    found = json.loads((tmp_path / BATCH_FILE).read_text(encoding="utf-8"))
    assert (found["step"], found["loss"]) == (1, "nan")
    tokens = TokenizedPairs(tmp_path / "tokens/train.arrow")
    for row in found["rows"]:
        pair = tokens[row["index"]]
        assert row["finite"] == (victim[0] != pair["chosen"].tolist())
        assert row["idx"] == tokens.idx(row["index"])
    assert not found["rows"][0]["finite"]
    assert len({row["index"] for row in found["rows"]}) == 8


def test_a_complete_checkpoint_of_the_step_before_is_not_written_again(data, tmp_path, term, monkeypatch):
    saved = []
    original = PairTrainer._save_checkpoint
    monkeypatch.setattr(
        PairTrainer,
        "_save_checkpoint",
        lambda self, *args: (saved.append(self.state.global_step), original(self, *args)),
    )
    with pytest.raises(SettingError, match="step 7") as error:
        train(settings(**term(BrokenAt(7, float("nan")))), data, tmp_path)
    assert saved == [3, 6]
    assert "checkpoint-6" in error.value.hint


def test_a_gradient_that_is_not_finite_stops_the_run(data, tmp_path, term):
    # The square root has the value 0 and an infinite slope at 0.
    broken = term(lambda output: (output.chosen - output.chosen.detach()).abs().sqrt())
    with pytest.raises(SettingError, match=r"The gradient norm is nan at step 1; all its pairs have finite ones"):
        train(settings(**broken), data, tmp_path)


def test_a_checkpoint_with_broken_weights_is_not_written(data, tmp_path, monkeypatch):
    original = PairTrainer._save_checkpoint

    def save(self, model, trial):
        if self.state.global_step == 6:
            self.pair_model.score.weight.data[0, 0] = float("inf")
        original(self, model, trial)

    monkeypatch.setattr(PairTrainer, "_save_checkpoint", save)
    with pytest.raises(SettingError, match="the checkpoint before it is kept"):
        train(settings(), data, tmp_path)
    assert find_resume_checkpoint(tmp_path).name == "checkpoint-3"


def test_a_message_names_at_most_five_rows():
    rows = [{"finite": False, "idx": str(i)} for i in range(7)]
    line = {"loss": float("nan"), "lm": float("nan"), "bradley_terry": 0.7}
    text = describe(3, line, None, ("lm", "bradley_terry"), rows)
    assert text.startswith(
        "The loss is nan at step 3 (lm); 7 of its 7 pairs have no finite rewards (idx 0, 1, 2, 3, 4, ...)"
    )
    assert np.isnan(line["loss"])
