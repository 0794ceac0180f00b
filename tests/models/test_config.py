"""Configurations are untrusted: each is loaded as it says, or refused in one line before memory is allocated."""

import contextlib
import json
import shutil
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from themis_rm.errors import CheckpointError
from themis_rm.models.backbone import load_backbone
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.config import build_skeleton, read_config
from themis_rm.models.config_counts import require_plausible_counts
from themis_rm.models.families.sequence_classification import load_head
from themis_rm.models.layouts import choose_layout


@pytest.fixture
def folder(tiny_checkpoint, tmp_path):
    return shutil.copytree(tiny_checkpoint("qwen3"), tmp_path / "model")


def changed(folder, values):
    """Return the checkpoint with keys of its configuration replaced."""
    checkpoint = Checkpoint(folder)
    checkpoint.config = checkpoint.config | values
    return checkpoint


def load(checkpoint):
    """Load a decoder and run it, without a tokenizer."""
    head = load_head(checkpoint)
    config = read_config(checkpoint)
    layout = choose_layout(load_backbone(checkpoint, head, config, torch.float32, torch.device("cpu")), True)
    with torch.inference_mode():
        (states,) = layout.pooled_states([[3, 4, 5]], [-1], 64)
    return states.last


def refused(checkpoint):
    begin = time.monotonic()
    with pytest.raises(CheckpointError) as error:
        load(checkpoint)
    assert "\n" not in str(error.value)
    assert time.monotonic() - begin < 20
    return str(error.value)


HUGE = [
    {"num_hidden_layers": 2_000_000_000},
    {"num_hidden_layers": 3},
    {"num_hidden_layers": 0},
    {"num_hidden_layers": -1},
    {"vocab_size": 10**12},
    {"hidden_size": 10**9},
    {"intermediate_size": 10**12},
    {"head_dim": 10**9},
    {"num_attention_heads": 10**9},
    {"num_attention_heads": 0},
    {"num_key_value_heads": 10**9},
    {"num_experts": 10**9},
    {"text_config": {"num_hidden_layers": 10**9}},
    {"vision_config": {"num_hidden_layers": 10**9}},
    {"model_type": "gpt2", "n_layer": 10**9},
    {"model_type": "gpt_neox", "num_hidden_layers": 10**9},
]


@pytest.mark.parametrize("values", HUGE, ids=str)
def test_sizes_that_the_weights_do_not_have(folder, values):
    refused(changed(folder, values))


def test_tables_beyond_the_weights(folder):
    # GPT-Neo has a mask of positions x positions, which is not among the weights.
    checkpoint = changed(folder, {})
    from transformers import GPTNeoConfig

    sizes = {"hidden_size": 8, "num_layers": 1, "num_heads": 1, "vocab_size": 8, "attention_types": [[["global"], 1]]}
    checkpoint.shapes["wpe.weight"] = (200_000, 8)
    with pytest.raises(CheckpointError, match="tables of"):
        build_skeleton(checkpoint, GPTNeoConfig(max_position_embeddings=200_000, **sizes))


def test_labels_are_not_read(folder):
    expected = load(changed(folder, {}))
    assert torch.equal(load(changed(folder, {"num_labels": 10**9, "id2label": 5})), expected)


@pytest.mark.parametrize("key", ["attn_implementation", "_attn_implementation", "experts_implementation"])
def test_a_configuration_chooses_no_code(folder, key):
    expected = load(changed(folder, {}))
    assert torch.equal(load(changed(folder, {key: "kernels-community/evil"})), expected)


WRONG = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from([10**5, 10**9, 10**18, -(10**9)]),
    st.floats(),
    st.text(max_size=5),
    st.lists(st.one_of(st.integers(-2, 99), st.text(max_size=3)), max_size=3),
    st.dictionaries(
        st.sampled_from(["rope_type", "factor", "a", "num_hidden_layers"]), st.integers(-1, 10**9), max_size=3
    ),
)
KEYS = [
    "rope_parameters",
    "rope_scaling",
    "layer_types",
    "text_config",
    "sliding_window",
    "quantization_config",
    "dtype",
]


@settings(max_examples=60)
@given(data=st.data())
def test_any_value_of_any_key_loads_or_is_refused(tiny_checkpoint, data):
    folder = tiny_checkpoint("qwen3")
    key = data.draw(st.sampled_from([*sorted(json.loads((folder / "config.json").read_text())), *KEYS]))
    with contextlib.suppress(CheckpointError):
        assert load(changed(folder, {key: data.draw(WRONG)})).shape == (1, 32)


@pytest.mark.parametrize("text", ["[]", "5", "{", '{"a":' * 100_000, '{"a": ' + "9" * 5000 + "}", "\x00", '"text"'])
def test_a_configuration_that_is_not_an_object(folder, text):
    (folder / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(CheckpointError):
        Checkpoint(folder)


def test_more_layers_in_the_weights_than_in_the_configuration_are_left_to_the_decoder(folder):
    require_plausible_counts(changed(folder, {"num_hidden_layers": 1}))
    assert "layers.1" in refused(changed(folder, {"num_hidden_layers": 1, "layer_types": ["full_attention"]}))
