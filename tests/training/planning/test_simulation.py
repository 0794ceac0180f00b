"""Counts on fake tensors, against counts by hand and against a real forward pass."""

import pytest
import torch
from tests.training import pairs
from transformers import AutoConfig, AutoModelForCausalLM

from themis_rm.training.pair_model import PairRewardModel
from themis_rm.training.planning.simulation import ACTIVATIONS, COPIES, GRADIENTS, LOSS, WEIGHTS, simulate_pass

HIDDEN, INNER, LAYERS, VOCABULARY, TOKENS = 32, 48, 2, 1000, 64
PER_LAYER = 32 * 32 * 2 + 32 * 16 * 2 + 3 * HIDDEN * INNER
"""Weights of q and o, k and v, and of the three matrices of the MLP."""
NORMS = LAYERS * 2 * HIDDEN + HIDDEN
BODY = LAYERS * PER_LAYER
TOTAL = BODY + NORMS + VOCABULARY * HIDDEN
HEAD = HIDDEN


def backbone(device="meta"):
    config = AutoConfig.for_model(
        "llama",
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=INNER,
        num_hidden_layers=LAYERS,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        tie_word_embeddings=True,
    )
    with torch.device(device):
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32)


def cost(accumulated=True, tokens=TOKENS, **changes):
    return simulate_pass(pairs.recipe(**changes), backbone(), 2, tokens, accumulated=accumulated, predicted=tokens - 1)


def saved_bytes(gradient_checkpointing=False):
    """Return what a real forward pass keeps for the backward pass, besides weights."""
    model = PairRewardModel(backbone("cpu"))
    if gradient_checkpointing:
        model.enable_gradient_checkpointing()
    model.train()
    weights = {weight.data_ptr() for weight in model.parameters()}
    kept = {}

    def pack(tensor):
        if tensor.data_ptr() not in weights:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage()
        return tensor

    ids = torch.zeros(2, TOKENS, dtype=torch.long)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        hidden = model.backbone.base_model(input_ids=ids, use_cache=False).last_hidden_state
    assert hidden.requires_grad
    return sum(storage.nbytes() for storage in kept.values())


def test_weights_are_in_float32_and_tied_ones_count_once():
    buffers = 2 * 4 * (8 // 2)  # inverse frequencies, twice
    assert cost().peak[WEIGHTS] == pytest.approx(4 * (TOTAL + HEAD), abs=4 * buffers)


def test_gradients_have_the_size_of_the_trained_weights():
    assert cost().peak[GRADIENTS] == 4 * (TOTAL + HEAD)


def test_gradients_of_lora_have_the_size_of_the_matrices():
    peak = cost(peft={"r": 4, "target_modules": ["q_proj", "up_proj"]}).peak
    assert peak[GRADIENTS] == 4 * (LAYERS * 4 * ((HIDDEN + HIDDEN) + (HIDDEN + INNER)) + HEAD)


def test_activations_are_what_a_real_forward_pass_keeps():
    # At the peak the mask and the operands of the last operation are in memory too.
    assert 1 <= cost(lm_loss_weight=0).peak[ACTIVATIONS] / saved_bytes() < 1.2


def test_with_checkpointing_the_inputs_of_layers_are_kept():
    inputs = LAYERS * 2 * TOKENS * HIDDEN * 4
    found = cost(lm_loss_weight=0, gradient_checkpointing=True).peak[ACTIVATIONS]
    assert inputs <= found < saved_bytes() / 3


def test_logits_of_the_chosen_response_are_in_memory():
    logits = (TOKENS - 1) * VOCABULARY * 4
    assert cost().peak[LOSS] >= logits
    assert cost(lm_loss_weight=0).peak[LOSS] < logits / 10


def test_linear_weights_are_copied_in_bfloat16():
    # One copy of every matrix, embeddings among them as the language-model head.
    assert cost(precision="bf16").peak[COPIES] == 2 * (BODY + VOCABULARY * HIDDEN)


def test_without_an_earlier_pass_there_are_fewer_gradients():
    first, second = (cost(accumulated=value).peak for value in (False, True))
    assert sum(first.values()) < sum(second.values())


def test_sharded_weights_are_gathered_in_bfloat16():
    peak = cost(precision="bf16", sharding="fsdp2", accumulated=False).peak
    assert peak[WEIGHTS] == pytest.approx(2 * (TOTAL + HEAD), rel=0.02)
    assert GRADIENTS not in peak


def test_operations_of_the_forward_pass():
    linear = 2 * 2 * TOKENS * BODY
    attention = 2 * LAYERS * 4 * TOKENS * TOKENS * HIDDEN  # scores and values, of two responses
    head = 2 * (TOKENS - 1) * VOCABULARY * HIDDEN + 2 * 2 * HIDDEN
    assert cost().forward_flops == pytest.approx(linear + attention + head, rel=0.01)


def test_operations_of_the_backward_pass():
    made = cost()
    assert made.backward_flops == pytest.approx(2 * made.forward_flops, rel=0.1)
    assert made.recomputed_flops == 0


def test_checkpointing_repeats_the_forward_pass_of_the_layers():
    plain, repeated = cost(lm_loss_weight=0), cost(lm_loss_weight=0, gradient_checkpointing=True)
    assert repeated.recomputed_flops == pytest.approx(plain.forward_flops, rel=0.01)
    assert repeated.flops == pytest.approx(plain.flops + repeated.recomputed_flops, rel=0.1)


def test_frozen_layers_have_no_backward_pass():
    made = cost(train_layers=1, lm_loss_weight=0)
    assert made.backward_flops < 1.3 * made.forward_flops
