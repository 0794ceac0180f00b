"""Tiny checkpoints whose scores are known, from the reference implementation with one BOS."""

import json
from pathlib import Path

import pytest

from themis_rm.models.catalogue import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import conversation

GOLDENS = Path(__file__).parents[1] / "goldens"


def golden(name):
    folder = GOLDENS / "rm" / name
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    rows = {}
    for line in (folder / "inputs.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows[row["pair"], row["side"]] = row
    return folder, expected, rows


def conversations(expected, rows, side, system_key=None):
    chosen = [rows[pair, side] for pair in expected["pair_ids"]]
    return [conversation(row.get(system_key) if system_key else None, row["prompt"], row["response"]) for row in chosen]


def model_of(folder, **settings):
    return load_model(folder, ModelSettings(ignore_remote_code=True, **settings))


TARGETS = [
    # checkpoint, system prompt, path to the expected scores
    ("automodel", None, ("modes", "plain.ml4096.bs1.add_special_tokens_false")),
    ("seqcls", None, ("modes", "plain.ml4096.bs1")),  # no double BOS here: Qwen3's tokenizer adds none
    ("seqcls", "system_own", ("modes", "aspect_own.ml4096.bs1")),
    ("seqcls", "system_own_full", ("modes", "full_own.ml4096.bs1")),
    ("seqcls-llama", None, ("modes", "plain.ml4096.bs1.add_special_tokens_false")),
    ("seqcls-gemma2", None, ("extras", "attn_implementation_eager", "plain.ml4096.bs1.add_special_tokens_false")),
]


@pytest.mark.parametrize("rows_in_a_batch", [1, 4])
@pytest.mark.parametrize("side", ["chosen", "rejected"])
@pytest.mark.parametrize(("name", "system", "path"), TARGETS)
def test_scores_are_the_golden_ones(name, system, path, side, rows_in_a_batch):
    folder, expected, rows = golden(name)
    model = model_of(folder, batch_tokens=1 if rows_in_a_batch == 1 else 100_000)
    target = expected
    for key in path:
        target = target[key]
    found = [score.reward for score in model.score(conversations(expected, rows, side, system))]
    assert found == pytest.approx(target[side], abs=1e-5)


@pytest.mark.parametrize("name", ["automodel", "seqcls", "seqcls-llama", "seqcls-gemma2"])
def test_token_ids_come_straight_from_the_template(name):
    folder, expected, rows = golden(name)
    example = expected["example"]
    row = rows[example["pair"], example["side"]]
    encoded = model_of(folder).encoder.encode([conversation(None, row["prompt"], row["response"])])
    assert encoded[0].ids == example["token_ids_without_extra_specials"]


@pytest.mark.parametrize("name", ["seqcls-llama", "automodel"])
def test_pooling_and_head_are_right_on_the_double_bos_ids_too(name):
    folder, expected, rows = golden(name)
    model = model_of(folder)
    encoded = model.encoder.encode(conversations(expected, rows, "chosen"))
    doubled = [[item.ids[0], *item.ids] for item in encoded]
    assert model.rewards(doubled) == pytest.approx(expected["modes"]["plain.ml4096.bs4"]["chosen"], abs=1e-5)


@pytest.mark.parametrize("name", ["seqcls", "seqcls-llama", "seqcls-gemma2", "automodel"])
def test_pad_token_text_inside_a_prompt_tells_sides_apart(name):
    folder, expected, rows = golden(name)
    probe = expected["pad_token_in_prompt"]
    pair = probe["based_on"]
    model = model_of(folder)
    texts = [conversation(None, probe["prompt"], rows[pair, side]["response"]) for side in ("chosen", "rejected")]
    found = [score.reward for score in model.score(texts)]
    assert found[0] != found[1]
    if name == "seqcls":  # the others' figures were made with a double BOS
        assert found == pytest.approx([probe["chosen"][0], probe["rejected"][0]], abs=1e-5)


def test_a_missing_pad_token_id_drops_nothing(tmp_path):
    folder, expected, rows = golden("seqcls")
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    del config["pad_token_id"]
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    model = model_of(tmp_path, batch_tokens=100_000)
    target = expected["extras"]["config_without_pad_token_id"]["bs1"]["chosen"]
    found = [score.reward for score in model.score(conversations(expected, rows, "chosen"))]
    assert found == pytest.approx(target, abs=1e-5)


@pytest.mark.parametrize("tied", ["true", "false"])
def test_a_checkpoint_out_of_the_reference_training_scores_as_it_did_there(tied, tmp_path):
    """Their saved checkpoint is the backbone plus the head; its scores are on record."""
    from safetensors.torch import load_file, save_file

    source = GOLDENS / "train" / f"qwen3_tied_{tied}"
    record = json.loads((GOLDENS / "train" / "saved_checkpoint.json").read_text(encoding="utf-8"))
    record = record[f"qwen3_tied_{tied}"]
    weights = load_file(source / "model.safetensors") | {
        "score.weight": next(iter(load_file(source / "reward_head.safetensors").values())).reshape(1, -1)
    }
    weights.pop("lm_head.weight", None)
    assert {name: list(value.shape) for name, value in weights.items()} == record["keys"]
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    config |= {"architectures": ["Qwen3ForSequenceClassification"], "id2label": {"0": "LABEL_0"}}
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((source / name).read_bytes())
    pairs = [json.loads(x) for x in (GOLDENS / "train" / "pairs.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = [conversation(row["system"], row["input"], row["chosen"]) for row in pairs]
    found = [score.reward for score in load_model(tmp_path).score(texts)]
    target = record["scores_of_chosen_via_AutoModelForSequenceClassification"]
    assert found[: len(target)] == pytest.approx(target, abs=1e-5)
