"""The positions of a model are a hard limit; the length in tokenizer_config.json is a default."""

import json
import shutil

import pytest
from transformers import AutoConfig

from themis_rm.errors import CheckpointError
from themis_rm.models.length_limits import LengthLimit, choose_max_length, position_limit, raw_position_limit
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings

LLAMA3 = {
    "rope_type": "llama3",
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 40,
}
ROPES = [
    ({"rope_type": "default"}, 128),
    ({"rope_type": "yarn", "factor": 4.0}, 512),
    ({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32}, 128),  # already scaled
    ({"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}, 256),
    ({"rope_type": "linear", "factor": 2.5}, 320),
    ({"rope_type": "dynamic", "factor": 2.0}, 256),
    (LLAMA3 | {"factor": 8.0}, 320),
    (LLAMA3 | {"factor": 2.0}, 128),
]


@pytest.mark.parametrize(("rope", "limit"), ROPES, ids=str)
def test_the_factor_of_rotary_embeddings_counts(rope, limit):
    parameters = {"rope_theta": 1e4, **rope}
    config = AutoConfig.for_model("llama", max_position_embeddings=128, rope_parameters=dict(parameters))
    assert position_limit(config).tokens == limit
    assert raw_position_limit({"max_position_embeddings": 128, "rope_parameters": parameters}).tokens == limit


def test_the_old_key_of_a_configuration_that_is_not_loaded():
    config = {"max_position_embeddings": 128, "rope_scaling": {"type": "yarn", "factor": 4.0}}
    assert raw_position_limit(config).tokens == 512
    assert raw_position_limit({"max_position_embeddings": "many", "rope_scaling": 5}) is None


def test_the_smallest_factor_of_the_types_of_layers_counts():
    ropes = {"a": {"rope_type": "linear", "factor": 8.0}, "b": {"rope_type": "default"}}
    assert raw_position_limit({"max_position_embeddings": 128, "rope_parameters": ropes}).tokens == 128


MODEL = LengthLimit(100, "max_position_embeddings in config.json")


@pytest.mark.parametrize(
    ("wanted", "model", "tokenizer", "chosen"),
    [
        (None, MODEL, 50, 50),
        (None, MODEL, 10**30, 100),
        (None, MODEL, 5000, 100),
        (None, None, 50, 50),
        (80, MODEL, 50, 80),
        (100, MODEL, 50, 100),
        (9000, None, 50, 9000),
        (None, MODEL, "x", 100),
        (None, MODEL, None, 100),
        (None, MODEL, -1, 100),
        (None, MODEL, True, 100),
    ],
)
def test_the_setting_replaces_the_default_of_the_tokenizer(wanted, model, tokenizer, chosen):
    assert choose_max_length(wanted, model, tokenizer, "m") == chosen


@pytest.mark.parametrize("wanted", [0, -1, 101])
def test_the_message_names_what_limits(wanted):
    with pytest.raises(CheckpointError, match=r"1 to 100 \(max_position_embeddings in config\.json\)"):
        choose_max_length(wanted, MODEL, 50, "m")


def test_a_model_without_a_limit_needs_the_setting():
    with pytest.raises(CheckpointError, match=r"Set model\.max_length"):
        choose_max_length(None, None, 10**30, "m")


def test_a_loaded_model_uses_the_scaled_positions(tiny_checkpoint, tmp_path):
    folder = shutil.copytree(tiny_checkpoint("llama"), tmp_path / "model")
    path = folder / "config.json"
    values = json.loads(path.read_text(encoding="utf-8"))
    values |= {
        "max_position_embeddings": 64,
        "rope_parameters": {"rope_type": "yarn", "factor": 4.0, "rope_theta": 1e4},
    }
    path.write_text(json.dumps(values), encoding="utf-8")
    assert load_model(folder, ModelSettings(max_length=256)).encoder.max_length == 256
    with pytest.raises(CheckpointError, match="factor of rope_scaling"):
        load_model(folder, ModelSettings(max_length=257))
