"""Gradients of one optimizer step do not depend on its forward passes."""

import itertools

import pytest
import torch
from tests.training import pairs

from themis_rm.training.backbone import build_model
from themis_rm.training.losses import LOSSES, LossTerm
from themis_rm.training.runner import prepare_data
from themis_rm.training.splits import find_splits
from themis_rm.training.token_cache import TokenizedPairs
from themis_rm.training.trainer import PairTrainer, training_arguments


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gradients")
    splits = find_splits(pairs.write(folder / "data"), 0.02)
    data = prepare_data(pairs.recipe(), splits, "", folder)
    return folder, data.tokenizer, data.pad_token_id


def gradients(prepared, **changes):
    folder, tokenizer, pad = prepared
    recipe = pairs.recipe(max_steps=1, save_steps=9, eval_steps=9, max_eval_samples=0, **changes)
    split = TokenizedPairs(folder / "tokens/train.arrow")
    args = training_arguments(recipe, folder / "checkpoints", 1)
    model = build_model(recipe, tokenizer, pad)
    trainer = PairTrainer(model, recipe, args, split, split, pad_token_id=pad)
    gradients = {}

    original = trainer.create_optimizer

    def copy(*_):
        gradients.update({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})

    def create(model=None):
        optimizer = original(model)
        optimizer.register_step_pre_hook(copy)
        return optimizer

    trainer.create_optimizer = create
    trainer.train()
    return gradients


@pytest.mark.parametrize("form", ["sum", "absolute"])
@pytest.mark.parametrize("tied", [True, False])
def test_gradients_do_not_depend_on_forward_passes_and_shared_prefixes(prepared, form, tied):
    config = {**pairs.RECIPE["backbone"]["config"], "tie_word_embeddings": tied}
    # A large head and no clipping, so that every term of the objective matters.
    settings = {
        "backbone": {"config": config, "head_init_std": 1.0},
        "max_grad_norm": 0,
        "center_rewards_coefficient": 0.1,
        "center_rewards_form": form,
    }
    reference = gradients(prepared, share_prefixes=False, micro_batch_tokens=10000, **settings)
    for share, budget in itertools.product((True, False), (1, 300, 10000)):
        for name, gradient in gradients(prepared, share_prefixes=share, micro_batch_tokens=budget, **settings).items():
            torch.testing.assert_close(gradient, reference[name], rtol=1e-4, atol=1e-5, msg=name)


def test_means_per_forward_pass_would_fail_the_test_of_gradients(prepared):
    # With completions of equal length, that test would pass with means per forward pass too.
    lengths = TokenizedPairs(prepared[0] / "tokens/train.arrow").lengths
    assert lengths.max() > 1.3 * lengths.min()


def test_without_the_lm_loss_the_untied_lm_head_has_no_gradient(prepared):
    config = {**pairs.RECIPE["backbone"]["config"], "tie_word_embeddings": False}
    without = gradients(prepared, backbone={"config": config, "head_init_std": 1.0}, lm_loss_weight=0)
    assert "backbone.lm_head.weight" not in without
    assert "backbone.model.embed_tokens.weight" in without


def test_weight_decay_can_exclude_norms_and_biases(prepared):
    folder, tokenizer, pad = prepared
    split = TokenizedPairs(folder / "tokens/train.arrow")
    sizes = []
    for decay_norm_and_bias in (True, False):
        recipe = pairs.recipe(decay_norm_and_bias=decay_norm_and_bias)
        model = build_model(recipe, tokenizer, pad)
        args = training_arguments(recipe, folder / "checkpoints", 1)
        trainer = PairTrainer(model, recipe, args, split, split, pad_token_id=pad)
        groups = trainer.create_optimizer().param_groups
        sizes.append([(group["weight_decay"], len(group["params"])) for group in groups])
        norms = sum(p.ndim < 2 for p in model.parameters())
        total = len(list(model.parameters()))
    assert sizes == [[(0.1, total)], [(0.1, total - norms), (0.0, norms)]]
    assert norms > 0


def test_a_registered_loss_term_contributes_to_the_gradients(prepared, monkeypatch):
    monkeypatch.setitem(LOSSES._items, "chosen_reward", LossTerm("chosen_reward", lambda output: output.chosen))
    changes = {"max_grad_norm": 0, "lm_loss_weight": 0, "backbone": {**pairs.RECIPE["backbone"], "head_init_std": 1.0}}
    without, one, two = (
        gradients(prepared, extra_losses={"chosen_reward": weight}, **changes)["score.weight"] for weight in (0, 1, 2)
    )
    assert (one - without).abs().max() > 0.1
    torch.testing.assert_close(two - without, 2 * (one - without), rtol=1e-3, atol=1e-5)
