"""Every warning is provoked by a run that has the problem, and healthy runs have none."""

import dataclasses
import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file, save_file
from tests.training import pairs

from themis_rm.training import batches, pair_model
from themis_rm.training.backbone import build_model
from themis_rm.training.losses import LOSSES, LossTerm
from themis_rm.training.monitoring import DETECTORS, Limits, Monitor, start_warnings
from themis_rm.training.runner import prepare_data, train
from themis_rm.training.splits import find_splits
from themis_rm.training.token_cache import TokenizedPairs, tokenize
from themis_rm.training.trainer import PairTrainer, training_arguments

LIMITS = Limits(warmup=5, window=20, max_grad_norm=1.5)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitoring")
    data = prepare_data(pairs.recipe(), find_splits(pairs.write(folder / "data"), 0.02), "", folder)
    return folder, data


def run(prepared, split="train", **changes):
    """Train a few steps and return the names of the warnings."""
    folder, data = prepared
    recipe = pairs.recipe(**{"save_steps": 999, "eval_steps": 999, "max_eval_samples": 0, "max_steps": 80, **changes})
    args = training_arguments(recipe, folder / "checkpoints", recipe.max_steps)
    model = build_model(recipe, data.tokenizer, data.pad_token_id)
    dataset = TokenizedPairs(folder / f"tokens/{split}.arrow")
    monitor = Monitor(Limits.of(recipe, recipe.max_steps))
    trainer = PairTrainer(model, recipe, args, dataset, dataset, pad_token_id=data.pad_token_id, monitor=monitor)
    trainer.train()
    return {warning.name: warning for warning in monitor.warnings}


def register(monkeypatch, function):
    monkeypatch.setitem(LOSSES._items, "provoked", LossTerm("provoked", function))
    return {"extra_losses": {"provoked": 1.0}}


def test_a_healthy_run_has_no_warning(prepared):
    assert run(prepared) == {}


def test_a_reward_read_where_both_responses_are_equal(prepared, monkeypatch):
    original = batches.pack_pairs

    def read_at_the_start(*args, **options):
        batch = original(*args, **options)
        return replace(batch, last=torch.zeros_like(batch.last))

    monkeypatch.setattr(batches, "pack_pairs", read_at_the_start)
    found = run(prepared, max_steps=12)
    assert found.keys() == {"same-scores"}
    assert found["same-scores"].step == 12


def test_rewards_that_depend_on_the_prompt_only(prepared, monkeypatch):
    original = pair_model.PairRewardModel.forward

    def mostly_of_the_prompt(self, batch, with_nll=False):
        early = [batch.completion[batch.owners == number][8] for number in range(batch.pairs)]
        prompt = original(self, replace(batch, last=torch.stack(early * 2)), with_nll)
        full = original(self, batch, with_nll)
        return replace(
            full, chosen=100 * prompt.chosen + 1e-3 * full.chosen, rejected=100 * prompt.rejected + 1e-3 * full.rejected
        )

    monkeypatch.setattr(pair_model.PairRewardModel, "forward", mostly_of_the_prompt)
    found = run(prepared, max_steps=30, center_rewards_coefficient=0, lm_loss_weight=0)
    assert "the model reads the prompt only" in found["same-scores"].message


def test_a_learning_rate_that_is_too_low(prepared):
    backbone = {**pairs.RECIPE["backbone"], "head_init_std": 0}
    found = run(prepared, learning_rate=1e-8, min_learning_rate=1e-9, max_steps=30, backbone=backbone)
    assert found.keys() == {"loss-stuck"}
    assert "now 1e-08)" in found["loss-stuck"].message


def test_rewards_that_drift(prepared, monkeypatch):
    upward = register(monkeypatch, lambda output: -(output.chosen + output.rejected))
    found = run(prepared, center_rewards_coefficient=0, lm_loss_weight=0, learning_rate=1e-2, **upward)
    assert "center_rewards_coefficient" in found["reward-drift"].message


def test_labels_that_are_noise(prepared, monkeypatch):
    folder, data = prepared
    rows = [row.to_dict() for row in pairs.rows(400, seed=3)]
    # No row is seen twice, so that the labels cannot be learned by heart.
    swapped = [{**r, "chosen": r["rejected"], "rejected": r["chosen"]} if i % 2 else r for i, r in enumerate(rows)]
    tokenize(swapped, data.pair_encoder, folder / "tokens/noise.arrow")
    apart = register(monkeypatch, lambda output: -2 * (output.chosen - output.rejected).abs())
    found = run(prepared, split="noise", max_steps=100, lm_loss_weight=0, **apart)
    assert "the labels may be noise" in found["spread-without-accuracy"].message


def test_a_gradient_that_spikes(prepared, monkeypatch):
    calls = []

    def spike(output):
        calls.append(1)
        return 500.0 * output.chosen if len(calls) == 30 else 0 * output.chosen

    found = run(prepared, max_steps=32, **register(monkeypatch, spike))
    assert found.keys() == {"gradient-spike"}
    assert found["gradient-spike"].step == 30


def test_a_pad_token_that_ends_texts(golden_tokenizer):
    tokenizer = SimpleNamespace(eos_token="<|endoftext|>", eos_token_id=7)
    assert start_warnings(tokenizer, 7, None).keys() == {"pad-is-eos"}
    assert start_warnings(tokenizer, 8, None) == {}


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    report = train(pairs.recipe(max_steps=1, lm_loss_weight=0), pairs.write(folder / "data"), folder / "out")
    return folder, report


def with_tensors(folder, name, change):
    model = folder.parent / name
    model.mkdir()
    for file in folder.iterdir():
        if file.is_file():
            (model / file.name).write_bytes(file.read_bytes())
    tensors = change(load_file(model / "model.safetensors"))
    save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})
    return model


def renamed(tensors):
    return {name.replace("score.weight", "v_head.summary.weight"): value for name, value in tensors.items()}


def dropped(tensors):
    return {name: value for name, value in tensors.items() if name != "score.weight"}


@pytest.mark.parametrize(
    ("change", "named"), [(renamed, "(v_head.summary.weight)"), (dropped, "checkpoint is missing")]
)
def test_a_backbone_whose_reward_head_is_not_loaded(trained, tmp_path, change, named):
    folder, report = trained
    path = with_tensors(report.checkpoint, change.__name__, change)
    recipe = {**pairs.RECIPE, "backbone": {"path": str(path)}, "tokenizer": {}, "max_steps": 1, "lm_loss_weight": 0}
    (warning,) = train(recipe, folder / "data", tmp_path / "out").warnings
    assert (warning.name, warning.step) == ("new-head", 0)
    assert named in warning.message


def test_a_backbone_whose_reward_head_is_loaded_has_no_warning(trained, tmp_path):
    folder, report = trained
    recipe = {**pairs.RECIPE, "backbone": {"path": str(report.checkpoint)}, "tokenizer": {}, "max_steps": 1}
    assert train({**recipe, "lm_loss_weight": 0}, folder / "data", tmp_path).warnings == []


def line(step, **changes):
    values = {"bradley_terry": 0.5, "accuracy": 0.8, "n": 8, "reward_chosen": 1.0, "reward_rejected": -1.0}
    values |= {"reward_std": 1.0, "margin": 2.0, "margin_std": 1.0, "equal_rate": 0.0, "grad_norm": 1.0}
    return {"step": step, "split": "train", "learning_rate": 1e-5, **values, **changes}


def test_each_warning_is_given_once():
    monitor = Monitor(LIMITS)
    found = [w.step for step in range(1, 60) for w in monitor.update(line(step, equal_rate=1.0))]
    assert found == [12]


def test_a_resumed_run_warns_like_an_uninterrupted_one():
    lines = [line(step, grad_norm=100.0 if step in {30, 50} else 1.0) for step in range(1, 60)]
    whole = Monitor(LIMITS)
    written = []
    for item in lines:
        written.append(item)
        written += [{"split": "warning", **w.model_dump()} for w in whole.update(item)]
    for stop in (10, 29, 30, 45):
        resumed = Monitor(LIMITS)
        resumed.replay(json.loads(json.dumps([item for item in written if item["step"] <= stop])))
        for item in lines[stop:]:
            resumed.update(item)
        assert resumed.warnings == whole.warnings


@pytest.mark.parametrize("name", DETECTORS)
def test_detectors_need_more_than_one_step(name):
    assert DETECTORS[name]([line(1)], LIMITS) is None


def test_small_windows_do_not_become_empty():
    recipe = pairs.recipe()
    assert Limits.of(recipe, 1).window == 20
    assert dataclasses.astuple(Limits.of(recipe, 2000)) == (100, 100, 1.5)
