import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from themis_rm.errors import CheckpointError
from themis_rm.training import pair_model as module
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


def batch(pairs=2, width=12, seed=0):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, 64, (2 * pairs, width), generator=generator)
    mask = torch.ones_like(ids)
    completion = torch.zeros(pairs, width, dtype=torch.bool)
    for row in range(2 * pairs):
        length = width - row % 4
        ids[row, length:], mask[row, length:] = 0, 0
        if row < pairs:
            completion[row, 4:length] = True
    return {"input_ids": ids, "attention_mask": mask, "completion_mask": completion}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_nll_equals_that_of_the_backbones_logits(family):
    model, inputs = tiny(family), batch()
    pairs = len(inputs["completion_mask"])
    with torch.no_grad():
        nll = model(**inputs).nll
        logits = model.backbone(inputs["input_ids"][:pairs], attention_mask=inputs["attention_mask"][:pairs]).logits
    probabilities = torch.log_softmax(logits[:, :-1], -1).gather(2, inputs["input_ids"][:pairs, 1:, None])[..., 0]
    assert float(nll) == pytest.approx(float(-probabilities[inputs["completion_mask"][:, 1:]].sum()), rel=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_scores_like_single_conversations(family):
    model, inputs = tiny(family), batch()
    with torch.no_grad():
        output = model(**inputs)
        for row, reward in enumerate([*output.chosen, *output.rejected]):
            length = int(inputs["attention_mask"][row].sum())
            ids = inputs["input_ids"][row : row + 1, :length]
            assert float(model.score_rows(ids, torch.ones_like(ids))) == pytest.approx(float(reward), abs=1e-5)


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
    model(**inputs)
    assert shapes == [(int(inputs["completion_mask"].sum()), 64)]


def test_chunks_of_logits_have_the_same_loss_and_gradients(monkeypatch):
    results = []
    for elements in (1 << 26, 64 * 3):
        monkeypatch.setattr(module, "_CHUNK_ELEMENTS", elements)
        model = tiny("qwen3").train()
        value = model(**batch()).nll
        value.backward()
        results.append((float(value.detach()), model.backbone.lm_head.weight.grad.clone()))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-6)
    torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-4, atol=1e-5)


def test_gradient_checkpointing_has_the_same_gradients():
    gradients = []
    for recompute in (False, True):
        model = tiny("qwen3").train()
        if recompute:
            model.enable_gradient_checkpointing()
            calls = []
            model.backbone.model.layers[0].self_attn.register_forward_pre_hook(lambda *_: calls.append(1))
        output = model(**batch())
        (output.chosen - output.rejected).sum().add(output.nll).backward()
        gradients.append([p.grad.clone() for p in model.parameters()])
    assert len(calls) == 2
    for plain, recomputed in zip(*gradients, strict=True):
        torch.testing.assert_close(plain, recomputed)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_rewards_are_float32_or_float64(dtype):
    model = tiny("qwen3").to(dtype)
    output = model(**batch())
    expected = torch.float64 if dtype == torch.float64 else torch.float32
    assert output.chosen.dtype == output.nll.dtype == expected
    reference = tiny("qwen3")(**batch())
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
