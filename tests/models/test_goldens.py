"""Tiny checkpoints of every family, with known scores of the reference implementation."""

import json
import shutil

import pytest
from tests.models import golden_cases as golden

from themis_rm.messages import conversation
from themis_rm.models.checkpoint import Checkpoint
from themis_rm.models.family import detect_family
from themis_rm.models.loading import load_model

TOLERANCE = {"ldl": 5e-5}
FAMILIES = {
    "acecode": "value-head",
    "armo": "armorm",
    "athene": "athene",
    "automodel": "sequence-classification",
    "eurus": "regression-head",
    "grm": "value-head",
    "inform": "mlp-score",
    "internlm": "internlm2",
    "ldl": "ldl",
    "nemotron": "sequence-classification",  # a plain language model: the user must set its family
    "qrm": "qrm",
    "qrm-llama": "qrm",
    "seqcls": "sequence-classification",
    "seqcls-gemma2": "sequence-classification",
    "seqcls-llama": "sequence-classification",
    "starling": "starling",
    "ultra": "regression-head",
}
NO_REFERENCE = {
    ("qrm", "criteria prompt"),  # the reference fails: its fallback text lacks the boundary of the gate
    ("seqcls-gemma2", "criteria prompt"),  # computed with SDPA, without soft-capping; see the test below
    ("internlm", "truncated to 256"),  # the reference does not truncate
}


def tolerance(name):
    return TOLERANCE.get(name, 1e-5)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    computed = {}

    def table_of(name):
        if name not in computed:
            computed[name] = golden.differences(name, tmp_path_factory.mktemp(name))
        return computed[name]

    return table_of


@pytest.mark.parametrize("name", golden.NAMES)
def test_the_family_is_detected_from_the_files(name):
    assert detect_family(Checkpoint(golden.FOLDER / name, pickles=True)).name == FAMILIES[name]


@pytest.mark.parametrize("column", golden.COLUMNS)
@pytest.mark.parametrize("name", golden.NAMES)
def test_scores_equal_the_golden_scores(name, column, tables):
    _, table = tables(name)
    if (name, column) in NO_REFERENCE:
        assert column not in table
    else:
        assert table[column] <= tolerance(name)


@pytest.mark.parametrize("name", golden.NAMES)
def test_token_ids_come_from_the_template(name, tmp_path):
    example = golden.expected(name)["example"]
    row = golden.rows(name)[example["pair"], example["side"]]
    encoder = golden.model_of(name, tmp_path).encoder
    encoded = encoder.encode([conversation(None, row["prompt"], row["response"])])
    # The reference of InternLM2 is the only one that adds no second BOS token.
    right = example["token_ids_script" if name == "internlm" else "token_ids_without_extra_specials"]
    assert encoded[0].ids == right


@pytest.mark.parametrize("name", sorted(set(golden.NAMES) - golden.FOLDED))
def test_token_ids_with_a_criteria_prompt_come_from_the_template(name, tmp_path):
    example = golden.expected(name)["example_aspect_own"]
    row = golden.rows(name)[example["pair"], example["side"]]
    model = golden.model_of(name, tmp_path)
    encoded = model.encoder.encode([conversation(row["system_own"], row["prompt"], row["response"])])
    # These goldens do not contain the reward token of InternLM2.
    ids = encoded[0].ids[:-1] if name == "internlm" else encoded[0].ids
    assert ids == example["token_ids_without_extra_specials"]
    assert model.identity.facts["system_role"] == "native"


@pytest.mark.parametrize("name", sorted(golden.FOLDED))
def test_a_criteria_prompt_is_folded_if_the_template_has_no_system_role(name, tmp_path):
    model = golden.model_of(name, tmp_path)
    assert model.identity.facts["system_role"] == "folded"
    row = golden.rows(name)["cpp-1", "chosen"]
    folded = conversation(None, f"{row['system_own']}\n\n{row['prompt']}", row["response"])
    separate = conversation(row["system_own"], row["prompt"], row["response"])
    assert model.encoder.encode([separate]) == model.encoder.encode([folded])


@pytest.mark.parametrize("name", sorted(set(golden.NAMES) - {"ultra"}))  # its template writes nothing after a response
def test_truncation_keeps_the_closing_token(name, tmp_path):
    encoder = golden.model_of(name, tmp_path, max_length=256).encoder
    row = golden.rows(name)["rb-3", "chosen"]
    long, short = (conversation(None, row["prompt"], text) for text in (row["response"], "x"))
    truncated, complete = encoder.encode([long, short])
    assert truncated.truncated
    assert len(truncated.ids) == 256
    assert truncated.ids[-1] == complete.ids[-1]
    assert truncated.boundary == complete.boundary


@pytest.mark.parametrize("control_tokens", ["text", "published"])
@pytest.mark.parametrize("name", golden.NAMES)
def test_pad_token_text_in_a_prompt_does_not_hide_the_responses(name, control_tokens, tmp_path):
    probe = golden.expected(name)["pad_token_in_prompt"]
    pair = probe["based_on"]
    texts = [conversation(None, probe["prompt"], golden.rows(name)[pair, side]["response"]) for side in golden.SIDES]
    model = golden.model_of(name, tmp_path, control_tokens=control_tokens)
    scores = [score.reward for score in model.score(texts)]
    assert scores[0] != scores[1]
    if name == "seqcls" and control_tokens == "published":  # the goldens of the others have a double BOS token
        assert scores == pytest.approx([probe["chosen"][0], probe["rejected"][0]], abs=1e-5)


@pytest.mark.parametrize("name", ["armo", "qrm", "qrm-llama"])
def test_boundary_text_in_a_response_does_not_move_the_gate(name, tmp_path):
    from themis_rm.models.gating import BOUNDARIES

    model = golden.model_of(name, tmp_path, control_tokens="published")
    kind = "gemma2" if name == "qrm" else "llama"
    row = golden.rows(name)["py-0", "chosen"]
    plain, quoting = model.encoder.encode(
        [
            conversation(None, row["prompt"], row["response"]),
            conversation(None, row["prompt"], f"{row['response']}{BOUNDARIES[kind]}more"),
        ]
    )
    assert quoting.boundary == plain.boundary


def changed(name, folder, **config):
    shutil.copytree(golden.FOLDER / name, folder)
    path = folder / "config.json"
    values = json.loads(path.read_text(encoding="utf-8")) | config
    path.write_text(json.dumps({key: value for key, value in values.items() if value is not ...}), encoding="utf-8")
    return folder


def rewards(model, name, side="chosen"):
    return [score.reward for score in model.score(golden.conversations(name, side))]


def test_a_missing_pad_token_id_does_not_change_scores(tmp_path):
    folder = changed("seqcls", tmp_path / "model", pad_token_id=...)
    target = golden.expected("seqcls")["extras"]["config_without_pad_token_id"]["bs1"]["chosen"]
    assert rewards(golden.model_of("seqcls", tmp_path, folder), "seqcls") == pytest.approx(target, abs=1e-5)


@pytest.mark.parametrize("name", ["armo", "inform"])
def test_a_pad_token_equal_to_the_end_of_turn_does_not_change_scores(name, tmp_path):
    folder = changed(name, tmp_path / "model", pad_token_id=1030)
    target = golden.right_scores(name, "chosen")
    assert rewards(golden.model_of(name, tmp_path, folder), name) == pytest.approx(target, abs=1e-5)


@pytest.mark.parametrize("temperature", [1, 2])
def test_a_normalized_gate_of_label_distributions(temperature, tmp_path):
    folder = changed("ldl", tmp_path / "model", softmax=True, temperature=float(temperature))
    extras = golden.expected("ldl")["extras"][f"config_softmax_true_temperature_{temperature}"]
    model = golden.model_of("ldl", tmp_path, folder)
    for side in golden.SIDES:
        ids = golden.reference_ids(model, "ldl", side, "plain", 4096)
        assert golden.rewards_of_ids(model, ids) == pytest.approx(extras[side], abs=5e-5)


def test_soft_capping_is_the_only_difference_from_the_reference_with_sdpa(tmp_path):
    folder = changed("seqcls-gemma2", tmp_path / "model", attn_logit_softcapping=None)
    model = golden.model_of("seqcls-gemma2", tmp_path, folder)
    ids = golden.reference_ids(model, "seqcls-gemma2", "chosen", "aspect_own", 4096)
    target = golden.expected("seqcls-gemma2")["modes"]["aspect_own.ml4096.bs1"]["chosen"]
    assert golden.rewards_of_ids(model, ids) == pytest.approx(target, abs=1e-5)


def test_ultra_rm_uses_the_format_of_its_model_card_by_default():
    encoder = load_model(golden.FOLDER / "ultra").encoder
    ids = encoder.encode([conversation(None, "Add.", "a + b")])[0].ids
    assert encoder.tokenizer.decode(ids) == "<s>Human: Add.\n\nAssistant: a + b"


@pytest.mark.parametrize("tied", ["true", "false"])
def test_a_checkpoint_of_the_reference_training_has_its_recorded_scores(tied, tmp_path):
    """Combine the saved backbone and head, and compare with the recorded scores."""
    from safetensors.torch import load_file, save_file

    source = golden.FOLDER.parent / "train" / f"qwen3_tied_{tied}"
    record = json.loads((golden.FOLDER.parent / "train" / "saved_checkpoint.json").read_text(encoding="utf-8"))
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
    pairs = [
        json.loads(x) for x in (golden.FOLDER.parent / "train" / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    texts = [conversation(row["system"], row["input"], row["chosen"]) for row in pairs]
    scores = [score.reward for score in load_model(tmp_path).score(texts)]
    target = record["scores_of_chosen_via_AutoModelForSequenceClassification"]
    assert scores[: len(target)] == pytest.approx(target, abs=1e-5)
