"""Rotary embeddings whose frequencies depend on the longest input of a batch, or on earlier batches."""

import shutil

import pytest
from transformers import AutoConfig

from themis_rm.models.loading import load_model
from themis_rm.models.rotary import fixed_positions, frequency_group, group_indices
from themis_rm.models.settings import ModelSettings

KINDS = ["llama-dynamic", "phi3-longrope"]
LENGTHS = [12, 80, 81, 200, 30, 200, 79, 150]


def sequences():
    return [[(index * 7 + position * 13) % 1000 + 3 for position in range(n)] for index, n in enumerate(LENGTHS)]


def rewards_of_transformers(folder, rows):
    """Return the reward of each row by a model that has seen no other."""
    import copy

    import torch
    from transformers import AutoModelForSequenceClassification

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        return [float(copy.deepcopy(model)(input_ids=torch.tensor([row])).logits[0, 0]) for row in rows]


@pytest.mark.parametrize("share_prefixes", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_rewards_depend_neither_on_the_batch_nor_on_earlier_batches(kind, share_prefixes, tiny_checkpoint):
    folder, rows = tiny_checkpoint(kind), sequences()
    model = load_model(folder, ModelSettings(share_prefixes=share_prefixes))
    expected = rewards_of_transformers(folder, rows)
    assert model.rewards(rows) == pytest.approx(expected, abs=1e-5)
    assert [model.rewards([row])[0] for row in reversed(rows)] == pytest.approx(expected[::-1], abs=1e-5)


def test_frequencies_of_one_type_of_layer(tiny_checkpoint, tmp_path):
    import torch
    from transformers import AutoModelForSequenceClassification

    folder = tmp_path / "model"
    shutil.copytree(tiny_checkpoint("qwen3"), folder)
    ropes = {
        "full_attention": {"rope_type": "dynamic", "factor": 8.0, "rope_theta": 1e4},
        "sliding_attention": {"rope_type": "default", "rope_theta": 1e3},
    }
    config = AutoConfig.for_model(
        "gemma3_text",
        vocab_size=1032,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        query_pre_attn_scalar=8,
        sliding_window=64,
        layer_types=["full_attention", "sliding_attention"],
        max_position_embeddings=80,
        rope_parameters=ropes,
        num_labels=1,
        pad_token_id=None,
    )
    torch.manual_seed(3)
    reference = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for weight in reference.parameters():
            if weight.dim() > 1:
                weight.normal_(0.0, 0.3)
    reference.save_pretrained(folder)
    rows = sequences()
    # The smallest factor counts: one type of layer has none.
    assert load_model(folder).encoder.max_length == 80
    assert load_model(folder).rewards(rows) == pytest.approx(rewards_of_transformers(folder, rows), abs=1e-5)


def config_with(rope, **fields):
    return AutoConfig.for_model("llama", max_position_embeddings=100, rope_parameters=rope, **fields)


LONGROPE = {"rope_type": "longrope", "rope_theta": 1e4, "original_max_position_embeddings": 40}


@pytest.mark.parametrize(
    ("rope", "limit", "same", "different"),
    [
        ({"rope_type": "default", "rope_theta": 1e4}, float("inf"), (5, 500), None),
        ({"rope_type": "yarn", "rope_theta": 1e4, "factor": 4.0}, float("inf"), (5, 500), None),
        ({"rope_type": "dynamic", "rope_theta": 1e4, "factor": 4.0}, 100, (5, 100), (101, 102)),
        (LONGROPE | {"short_factor": [1.0], "long_factor": [2.0]}, 40, (41, 90), (40, 41)),
    ],
    ids=["default", "yarn", "dynamic", "longrope"],
)
def test_groups_of_lengths_with_the_same_frequencies(rope, limit, same, different):
    config = config_with(rope)
    group_of = frequency_group(config)
    assert fixed_positions(config) == limit
    assert group_of(same[0]) == group_of(same[1])
    assert different is None or group_of(different[0]) != group_of(different[1])


def test_groups_keep_every_input_and_begin_with_the_longest():
    groups = group_indices([3, 9, 1, 7, 9], lambda length: (length > 5,))
    assert groups == [[1, 3, 4], [0, 2]]


def test_training_beyond_the_fixed_positions_is_refused(tiny_checkpoint, tmp_path):
    from transformers import AutoTokenizer

    from themis_rm.errors import SettingError
    from themis_rm.training.backbone import build_model
    from themis_rm.training.recipe import TrainRecipe

    folder = tiny_checkpoint("phi3-longrope")
    values = {"precision": "fp32", "lm_loss_weight": 0, "max_length": 80, "tokenizer": {"path": "x"}}
    recipe = TrainRecipe.build({**values, "backbone": {"path": str(folder)}})
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert build_model(recipe, tokenizer, 0) is not None
    with pytest.raises(SettingError, match="max_length=80"):
        build_model(recipe.model_copy(update={"max_length": 81}), tokenizer, 0)
