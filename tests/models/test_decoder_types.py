"""Decoders of many types equal transformers, in packed and in padded batches."""

import pytest
import torch
from tests.conftest import GOLDEN_MODELS
from transformers import CONFIG_MAPPING, AutoModelForSequenceClassification

from themis_rm.models.layouts import PackedLayout, PaddedLayout
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings

SIZES = {
    "vocab_size": 1032,
    "hidden_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 256,
}
EXPERTS = {
    "num_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 16,
}
LINEAR_ATTENTION = {
    "head_dim": 8,
    "layer_types": ["linear_attention", "full_attention"],
    "linear_num_value_heads": 2,
    "linear_num_key_heads": 2,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
}
LATENT_ATTENTION = {
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "n_group": 1,
    "topk_group": 1,
    "q_lora_rank": 8,
    "kv_lora_rank": 8,
    "qk_rope_head_dim": 4,
    "qk_nope_head_dim": 8,
    "v_head_dim": 8,
    "first_k_dense_replace": 1,
}
TYPES = {
    "gpt_neox": ({}, PackedLayout),  # attention has another name, and the norms are applied in parallel
    "jetmoe": ({"kv_channels": 8, "num_local_experts": 4}, PackedLayout),
    "gpt2": ({"n_inner": 32}, PackedLayout),  # learned positions
    "opt": ({"ffn_dim": 32, "word_embed_proj_dim": 16}, PackedLayout),
    "bloom": ({}, PaddedLayout),  # accepts no positions
    "falcon": ({"alibi": True}, PaddedLayout),  # biases instead of positions
    "mpt": ({"max_seq_len": 256}, PaddedLayout),
    "gptj": ({"rotary_dim": 4}, PaddedLayout),
    # the decoders of published models, with local attention, experts, linear attention, shared keys and values
    "gemma3_text": ({"head_dim": 8, "sliding_window": 16}, PackedLayout),
    "qwen3_moe": (
        {"head_dim": 8, "num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16},
        PackedLayout,
    ),
    "mixtral": ({"num_local_experts": 4}, PackedLayout),
    "glm4": ({"head_dim": 8}, PackedLayout),
    "olmo3": ({"sliding_window": 16}, PackedLayout),
    "phi3": ({}, PackedLayout),
    "smollm3": ({}, PackedLayout),
    "ministral3": ({"head_dim": 8}, PackedLayout),
    "exaone4": ({"sliding_window": 16}, PackedLayout),
    "seed_oss": ({"head_dim": 8}, PackedLayout),
    "starcoder2": ({}, PackedLayout),
    "hunyuan_v1_dense": ({"head_dim": 8}, PackedLayout),
    "qwen3_5_text": (LINEAR_ATTENTION, PaddedLayout),
    "qwen3_next": ({**LINEAR_ATTENTION, **EXPERTS}, PaddedLayout),
    "deepseek_v2": (LATENT_ATTENTION, PaddedLayout),
    "gpt_oss": ({"num_local_experts": 2, "num_experts_per_tok": 1, "head_dim": 8}, PaddedLayout),
}
ROWS = [[(index + 3 * position) % 1000 + 3 for position in range(n)] for index, n in enumerate((5, 40, 1, 17, 40, 23))]


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a function that saves a small classifier of a model type, and returns its rewards for single inputs."""
    made = {}

    def save(kind):
        if kind not in made:
            made[kind] = save_classifier(kind, tmp_path_factory.mktemp(kind))
        return made[kind]

    return save


def save_classifier(kind, folder):
    known = set(CONFIG_MAPPING[kind]().__dict__) | set(CONFIG_MAPPING[kind].attribute_map)
    fields = {name: value for name, value in (SIZES | TYPES[kind][0]).items() if name in known}
    config = CONFIG_MAPPING[kind](num_labels=1, pad_token_id=0, bos_token_id=1, eos_token_id=2, **fields)
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0.0, 0.15)
        expected = [float(model(input_ids=torch.tensor([row])).logits[0, 0]) for row in ROWS]
    model.save_pretrained(folder)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        (folder / name).write_bytes((GOLDEN_MODELS / "seqcls" / name).read_bytes())
    return folder, expected


@pytest.mark.parametrize("share_prefixes", [True, False])
@pytest.mark.parametrize("kind", TYPES)
def test_rewards_equal_those_of_transformers(kind, share_prefixes, saved):
    folder, expected = saved(kind)
    model = load_model(folder, ModelSettings(share_prefixes=share_prefixes, max_length=200))
    assert isinstance(model.layout, TYPES[kind][1] if share_prefixes else PaddedLayout)
    assert model.rewards(ROWS) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_a_decoder_that_padding_changes_runs_without(saved, monkeypatch):
    folder, expected = saved("gpt2")
    monkeypatch.setattr("themis_rm.models.layouts._pads_correctly", lambda *_: False)
    model = load_model(folder, ModelSettings(share_prefixes=False, max_length=200))
    assert model.layout.equal_length
    assert model.rewards(ROWS) == pytest.approx(expected, abs=1e-5)


def test_what_the_trial_of_packing_raises_means_padded_batches(saved, monkeypatch):
    def fail(*_, **__):
        raise AttributeError("no such layer")

    monkeypatch.setattr("themis_rm.models.prefix_sharing.tree_attention._run", fail)
    folder, expected = saved("gpt2")
    model = load_model(folder, ModelSettings(max_length=200))
    assert isinstance(model.layout, PaddedLayout)
    assert model.rewards(ROWS) == pytest.approx(expected, abs=1e-5)


def test_a_trained_decoder_of_another_form_can_be_scored(saved, tmp_path):
    from transformers import AutoTokenizer

    from themis_rm.prompts import built_in
    from themis_rm.training.backbone import build_model
    from themis_rm.training.export import save_reward_model
    from themis_rm.training.recipe import TrainRecipe

    folder, expected = saved("gpt_neox")
    values = {"precision": "fp32", "lm_loss_weight": 0, "max_length": 64, "tokenizer": {"path": "x"}}
    recipe = TrainRecipe.build({**values, "backbone": {"path": str(folder)}})
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = build_model(recipe, tokenizer, 0)
    save_reward_model(model, tokenizer, tmp_path / "model", prompts=built_in(), recipe=recipe, training={})
    rewards = load_model(tmp_path / "model", ModelSettings(max_length=200)).rewards(ROWS)
    assert rewards == pytest.approx(expected, abs=1e-5)
