import numpy as np
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from themis_rm.errors import CheckpointError
from themis_rm.training import pair_model as module
from themis_rm.training.batches import pack_pairs, pad_pairs
from themis_rm.training.pair_model import PairRewardModel, last_real_token

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "vocab_size": 64,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
FAMILIES = ["qwen3", "llama", "gemma2", "mistral", "cohere", "granite"]


def tiny(family, tied=True, **more):
    torch.manual_seed(0)
    extra = {"logits_scaling": 3.0} if family == "granite" else {}
    config = AutoConfig.for_model(family, **SIZES, tie_word_embeddings=tied, **extra, **more)
    return PairRewardModel(AutoModelForCausalLM.from_config(config), head_init_std=0.5).eval()


def token_pairs(count=2, width=12, seed=0):
    """Pairs with a prompt of four tokens; responses of different lengths that start alike."""
    rng = np.random.default_rng(seed)
    pairs = []
    for number in range(count):
        chosen = rng.integers(3, 64, width - number % 4)
        rejected = np.concatenate([chosen[:6], rng.integers(3, 64, width - 6 - (number + 2) % 4)])
        pairs.append({"chosen": chosen, "rejected": rejected, "prompt_length": 4})
    return pairs


def batch():
    return pad_pairs(token_pairs(), 0)


def gradients_of(model, inputs):
    output = model.train()(inputs, with_nll=True)
    (output.chosen - 2 * output.rejected).sum().add(output.nll).backward()
    return {name: p.grad.clone() for name, p in model.named_parameters()}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_nll_equals_that_of_the_backbones_logits(family):
    model, inputs, pairs = tiny(family), batch(), token_pairs()
    with torch.no_grad():
        nll = model(inputs, with_nll=True).nll
        expected = 0.0
        for pair in pairs:
            ids = torch.from_numpy(pair["chosen"])[None]
            probabilities = torch.log_softmax(model.backbone(ids).logits[0, :-1], -1)
            expected -= float(probabilities.gather(1, ids[0, 1:, None])[3:].sum())
    assert float(nll) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_scores_like_single_conversations(family):
    model, pairs = tiny(family), token_pairs()
    with torch.no_grad():
        output = model(batch())
        sequences = [pair["chosen"] for pair in pairs] + [pair["rejected"] for pair in pairs]
        for ids, reward in zip(sequences, [*output.chosen, *output.rejected], strict=True):
            row = torch.from_numpy(ids)[None]
            assert float(model.score_rows(row, torch.ones_like(row))) == pytest.approx(float(reward), abs=1e-5)


@pytest.mark.parametrize("recompute", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_packed_pairs_have_the_gradients_of_two_separate_passes(family, recompute):
    separate, packed = tiny(family), tiny(family)
    assert packed.share_prefixes()
    if recompute:
        packed.enable_gradient_checkpointing()
    pairs = token_pairs(count=5, width=40)
    # The prompt and two tokens of the responses are shared in every pair: too few for a branch by default.
    pairs = [
        {**p, "prompt_length": 20} | {"rejected": np.concatenate([p["chosen"][:20], p["rejected"]])} for p in pairs
    ]
    found = gradients_of(packed, pack_pairs(pairs))
    expected = gradients_of(separate, pad_pairs(pairs, 0))
    assert len(pack_pairs(pairs).input_ids[0]) < sum(len(p["chosen"]) + len(p["rejected"]) for p in pairs)
    for name, gradient in expected.items():
        assert float((found[name] - gradient).norm()) <= 1e-4 * float(gradient.norm()), name


def test_a_decoder_that_cannot_run_packs_keeps_padded_rows():
    torch.manual_seed(0)
    config = AutoConfig.for_model("bloom", hidden_size=32, n_layer=2, n_head=2, vocab_size=64)
    model = PairRewardModel(AutoModelForCausalLM.from_config(config), head_init_std=0.5)
    assert not model.share_prefixes()
    assert model(batch()).chosen.isfinite().all()


def test_the_pad_token_can_be_part_of_a_conversation():
    model = tiny("qwen3")
    ids = torch.tensor([[5, 6, 7, 0], [5, 6, 7, 0]])
    mask = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]])
    with torch.no_grad():
        first, second = model.score_rows(ids, mask)
    assert abs(float(first - second)) > 1e-3


def test_the_last_real_token_is_found_on_either_padding_side():
    assert last_real_token(torch.tensor([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1], [1, 0, 0, 0]])).tolist() == [
        1,
        3,
        3,
        0,
    ]


def test_logits_are_computed_only_for_completion_tokens():
    model, inputs, shapes = tiny("qwen3"), batch(), []
    model.backbone.lm_head.register_forward_hook(lambda *hook: shapes.append(tuple(hook[2].shape)))
    model(inputs, with_nll=True)
    assert shapes == [(sum(len(pair["chosen"]) - 4 for pair in token_pairs()), 64)]


def test_chunks_of_logits_have_the_same_loss_and_gradients(monkeypatch):
    results = []
    for elements in (1 << 26, 64 * 3):
        monkeypatch.setattr(module, "_CHUNK_ELEMENTS", elements)
        model = tiny("qwen3").train()
        value = model(batch(), with_nll=True).nll
        value.backward()
        results.append((float(value.detach()), model.backbone.lm_head.weight.grad.clone()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-6)
    torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-4, atol=1e-5)


def test_gradient_checkpointing_has_the_same_gradients():
    gradients = []
    for recompute in (False, True):
        model = tiny("qwen3")
        if recompute:
            model.enable_gradient_checkpointing()
            calls = []
            model.backbone.model.layers[0].self_attn.register_forward_pre_hook(lambda *_: calls.append(1))
        gradients.append(gradients_of(model, batch()))
    assert len(calls) == 2
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, msg=name)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_rewards_are_float32_or_float64(dtype):
    model = tiny("qwen3").to(dtype)
    output = model(batch(), with_nll=True)
    expected = torch.float64 if dtype == torch.float64 else torch.float32
    assert output.chosen.dtype == output.nll.dtype == expected
    reference = tiny("qwen3")(batch(), with_nll=True)
    assert float(output.nll.detach()) == pytest.approx(float(reference.nll.detach()), rel=2e-2)


def test_an_architecture_with_unknown_logit_steps_is_refused(monkeypatch):
    monkeypatch.setattr(module, "_LOGIT_STEPS", {})
    model = tiny("gemma2", final_logit_softcapping=0.01)
    with pytest.raises(CheckpointError, match="Gemma2ForCausalLM"):
        model.check_logits()


@pytest.mark.parametrize("family", FAMILIES)
def test_known_architectures_pass_the_check(family):
    tiny(family).check_logits()


def test_gemma2_keeps_soft_capping_of_its_scores():
    assert tiny("gemma2").config._attn_implementation == "eager"
