"""Gradients of one update, however it is dealt."""

import importlib.util
from pathlib import Path

import pytest
import torch

from themis_rm.training.backbone import build_model
from themis_rm.training.corpus import TokenPairs, find_corpus
from themis_rm.training.train import _prepare
from themis_rm.training.trainer import PairTrainer, arguments

_spec = importlib.util.spec_from_file_location("train_pairs", Path(__file__).with_name("pairs.py"))
pairs = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(pairs)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gradients")
    corpus = find_corpus(pairs.write(folder / "data"), 0.02)
    tokenizer, _, pad, _ = _prepare(pairs.recipe(), corpus, "", folder)
    return folder, tokenizer, pad


def gradients(prepared, **changes):
    folder, tokenizer, pad = prepared
    recipe = pairs.recipe(max_steps=1, save_every=9, eval_every=9, eval_rows=0, **changes)
    split = TokenPairs(folder / "tokens/train.arrow")
    args = arguments(recipe, folder / "checkpoints", 1, 1)
    model = build_model(recipe, tokenizer, pad)
    trainer = PairTrainer(model, recipe, args, split, split, pad=pad)
    found = {}

    original = trainer.create_optimizer

    def catch(*_):
        found.update({name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None})

    def create(model=None):
        optimizer = original(model)
        optimizer.register_step_pre_hook(catch)
        return optimizer

    trainer.create_optimizer = create
    trainer.train()
    return found


@pytest.mark.parametrize("form", ["sum", "absolute"])
@pytest.mark.parametrize("tied", [True, False])
def test_one_by_eight_two_by_four_and_eight_by_one_are_the_same_update(prepared, form, tied):
    config = {**pairs.RECIPE["backbone"]["config"], "tie_word_embeddings": tied}
    # A large head and no clipping: every term of the objective has a say.
    told = {"backbone": {"config": config, "head_init": 1.0}, "clip": 0, "mu": 0.1, "magnitude": form}
    whole = gradients(prepared, micro_batch=8, **told)
    for micro in (1, 2, 4):
        for name, gradient in gradients(prepared, micro_batch=micro, **told).items():
            torch.testing.assert_close(gradient, whole[name], rtol=1e-4, atol=1e-5, msg=name)


def test_means_per_micro_batch_would_be_told_apart(prepared):
    # The test above would pass on any data if all completions were equally long.
    lengths = TokenPairs(prepared[0] / "tokens/train.arrow").lengths
    assert lengths.max() > 1.3 * lengths.min()


def test_without_the_lm_term_its_untied_head_is_left_alone(prepared):
    config = {**pairs.RECIPE["backbone"]["config"], "tie_word_embeddings": False}
    found = gradients(prepared, backbone={"config": config, "head_init": 1.0}, lam=0)
    assert "backbone.lm_head.weight" not in found
    assert "backbone.model.embed_tokens.weight" in found


def test_norms_can_be_spared_from_decay(prepared):
    folder, tokenizer, pad = prepared
    split = TokenPairs(folder / "tokens/train.arrow")
    sizes = []
    for decay_all in (True, False):
        recipe = pairs.recipe(decay_all=decay_all)
        model = build_model(recipe, tokenizer, pad)
        trainer = PairTrainer(model, recipe, arguments(recipe, folder / "checkpoints", 1, 1), split, split, pad=pad)
        groups = trainer.create_optimizer().param_groups
        sizes.append([(group["weight_decay"], len(group["params"])) for group in groups])
        norms = sum(p.ndim < 2 for p in model.parameters())
        total = len(list(model.parameters()))
    assert sizes == [[(0.1, total)], [(0.1, total - norms), (0.0, norms)]]
    assert norms > 0
