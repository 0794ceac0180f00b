"""Encoders with a classification head have the rewards of transformers' own class."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import CONFIG_MAPPING, AutoModelForSequenceClassification, AutoTokenizer, PreTrainedTokenizerFast

from themis_rm.errors import CheckpointError
from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.testing.models import check_reward_model

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SIZES = {
    "vocab_size": 200,
    "hidden_size": 16,
    "embedding_size": 16,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 320,
    "dim": 16,
    "hidden_dim": 32,
    "n_layers": 2,
    "n_heads": 2,
    "num_hidden_groups": 1,
    "attention_window": 16,
    "global_attn_every_n_layers": 2,
    "local_attention": 16,
}
KINDS = {
    "bert": {},
    "roberta": {"type_vocab_size": 1},
    "xlm-roberta": {"type_vocab_size": 1},
    "deberta": {},
    "deberta-v2": {"relative_attention": True, "position_biased_input": False, "pos_att_type": ["p2c", "c2p"]},
    "modernbert": {},
    "distilbert": {},
    "electra": {},
    "albert": {},
    "mpnet": {},
    "ernie": {},
    "camembert": {},
}
TALKS = [
    conversation(None, "Add.", "a + b"),
    conversation("Grade the speed.", "Sort the list of names.", "return sorted(names)\n" * 3),
    conversation(None, "One.", "1"),
    conversation(None, "Say it with other letters than these.", "über"),
]


def save_tokenizer(folder, types, splitter=None):
    """Save a tokenizer with one token per character."""
    characters = [chr(code) for code in range(33, 127)]
    vocabulary = {text: n for n, text in enumerate([*SPECIAL, *characters, *(f"##{text}" for text in characters)])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=1000))
    tokenizer.pre_tokenizer = splitter or pre_tokenizers.WhitespaceSplit()
    second = 1 if types else 0
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair=f"[CLS] $A [SEP] $B:{second} [SEP]:{second}",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = {f"{text[1:-1].lower()}_token": text for text in SPECIAL}
    inputs = ["input_ids", *(["token_type_ids"] if types else []), "attention_mask"]
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=inputs, model_max_length=300, **names)
    fast.save_pretrained(folder)


def save_encoder(kind, folder, labels=1, **changes):
    known = set(CONFIG_MAPPING[kind]().__dict__) | set(CONFIG_MAPPING[kind].attribute_map)
    fields = {name: value for name, value in (SIZES | KINDS[kind]).items() if name in known}
    tokens = {"pad_token_id": 0, "bos_token_id": 2, "eos_token_id": 3, "cls_token_id": 2, "sep_token_id": 3}
    config = CONFIG_MAPPING[kind](num_labels=labels, **{**tokens, **fields, **changes})
    torch.manual_seed(0)
    model = AutoModelForSequenceClassification.from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.normal_(0.0, 0.2)
    model.save_pretrained(folder)
    save_tokenizer(folder, types=getattr(config, "type_vocab_size", 0) > 1)
    return folder


def expected_logits(folder, talks=TALKS):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    logits = []
    for talk in talks:
        *before, response = [message["content"] for message in talk]
        inputs = tokenizer("\n\n".join(before), response, return_tensors="pt")
        with torch.no_grad():
            logits.append(model(**inputs).logits[0].tolist())
    return logits


@pytest.fixture(scope="module")
def bert(tmp_path_factory):
    return save_encoder("bert", tmp_path_factory.mktemp("bert"))


@pytest.fixture
def folder(bert, tmp_path):
    return shutil.copytree(bert, tmp_path / "bert")


def change_config(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | values), encoding="utf-8")


def change_weights(folder, change):
    weights = load_file(folder / "model.safetensors")
    save_file(change(weights), folder / "model.safetensors", metadata={"format": "pt"})


def error_message(folder, **settings):
    with pytest.raises(CheckpointError) as error:
        load_model(folder, ModelSettings(**settings))
    message = str(error.value)
    assert "\n" not in message
    return message


@pytest.mark.parametrize("kind", KINDS)
def test_rewards_equal_those_of_transformers_alone_and_in_a_batch(kind, tmp_path):
    model = load_model(save_encoder(kind, tmp_path))
    expected = [row[0] for row in expected_logits(tmp_path)]
    assert [score.reward for score in model.score(TALKS)] == pytest.approx(expected, abs=1e-6)
    assert [model.score([talk])[0].reward for talk in TALKS] == pytest.approx(expected, abs=1e-6)
    assert len(set(expected)) == len(TALKS)


def test_an_encoder_passes_the_checks_of_reward_models(bert):
    check_reward_model(lambda **settings: load_model(bert, ModelSettings(**settings)))


def test_a_chat_template_is_used_if_there_is_one(folder):
    (folder / "chat_template.jinja").write_text(
        "[CLS]{% for message in messages %}{{ message.role }} {{ message.content }} [SEP]{% endfor %}", encoding="utf-8"
    )
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    ids = [tokenizer.apply_chat_template(talk, return_dict=True)["input_ids"] for talk in TALKS]
    with torch.no_grad():
        expected = [float(model(input_ids=torch.tensor([row])).logits[0, 0]) for row in ids]
    loaded = load_model(folder)
    assert [score.reward for score in loaded.score(TALKS)] == pytest.approx(expected, abs=1e-6)
    assert loaded.identity.facts["chat_template"] == "default"


def test_only_the_response_is_truncated(bert):
    talk = conversation(None, "Request", "x" * 100)
    score = load_model(bert, ModelSettings(max_length=60)).score([talk])[0]
    kept = conversation(None, "Request", "x" * (60 - 7 - 3))
    assert (score.truncated, score.tokens) == (True, 60)
    assert score.reward == pytest.approx(load_model(bert).score([kept])[0].reward, abs=1e-6)


def test_a_request_that_fills_the_input_fails(bert):
    score = load_model(bert, ModelSettings(max_length=60)).score([conversation(None, "r" * 80, "x")])[0]
    assert score.failure == "prompt-too-long"


@pytest.mark.parametrize("splits", [True, False])  # a vocabulary may have [SEP] as a word
def test_special_tokens_in_messages_are_text(folder, splits):
    if splits:
        save_tokenizer(folder, types=True, splitter=pre_tokenizers.BertPreTokenizer())
    talk = conversation(None, "Add.", "a [SEP] b")
    as_text = load_model(folder)
    published = load_model(folder, ModelSettings(control_tokens="published"))
    assert as_text.score([talk])[0].notes == ("control-tokens",)
    assert [model.encoder.encode([talk])[0].ids.count(3) for model in (as_text, published)] == [2, 3]


@pytest.mark.parametrize(
    ("field", "failure"),
    [
        ({"reasoning_content": "Because."}, "reasoning-not-written"),
        ({"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": {}}}]}, "tool-calls-not-written"),
    ],
)
def test_fields_that_a_pair_does_not_have(bert, field, failure):
    talk = conversation(None, "Add.", "a + b")
    score = load_model(bert).score([[talk[0], {**talk[1], **field}]])[0]
    assert score.failure == failure


@pytest.mark.parametrize(("kind", "positions"), [("bert", 320), ("roberta", 319), ("deberta-v2", 320)])
def test_positions_limit_the_length(kind, positions, tmp_path):
    save_encoder(kind, tmp_path)
    assert f"1 to {positions} " in error_message(tmp_path, max_length=321)
    model = load_model(tmp_path, ModelSettings(max_length=positions))
    score = model.score([conversation(None, "Add.", "x" * 400)])[0]
    assert (score.truncated, score.tokens) == (True, positions)


def test_several_labels(tmp_path):
    save_encoder("bert", tmp_path, labels=3)
    expected = expected_logits(tmp_path)
    assert "3 labels (LABEL_0, LABEL_1, LABEL_2)" in error_message(tmp_path)
    scores = load_model(tmp_path, ModelSettings(label=2)).score(TALKS)
    assert [score.reward for score in scores] == pytest.approx([row[2] for row in expected], abs=1e-6)
    assert [list(score.labels.values()) for score in scores] == [pytest.approx(row, abs=1e-6) for row in expected]


def test_an_adapter_of_an_encoder(bert, tmp_path):
    from peft import LoraConfig, get_peft_model

    model = AutoModelForSequenceClassification.from_pretrained(bert)
    wrapped = get_peft_model(model, LoraConfig(task_type="SEQ_CLS", target_modules=["query", "value"])).eval()
    with torch.no_grad():
        for weight in wrapped.parameters():
            if weight.requires_grad:
                weight.normal_(0.0, 0.2)
    wrapped.save_pretrained(tmp_path)
    inputs = AutoTokenizer.from_pretrained(bert)("Add.", "a + b", return_tensors="pt")
    with torch.no_grad():
        expected = float(wrapped(**inputs).logits[0, 0])
    assert load_model(tmp_path).score(TALKS[:1])[0].reward == pytest.approx(expected, abs=1e-6)


def test_the_family_can_be_named(bert):
    named = load_model(bert, ModelSettings(family="sequence-classification"))
    assert named.score(TALKS) == load_model(bert).score(TALKS)
    assert "is an encoder" in error_message(bert, family="value-head")


def test_a_prefix_of_a_wrapper_and_a_head_of_pretraining(folder):
    expected = load_model(folder).score(TALKS)

    def change(weights):
        return {f"module.{name}": value for name, value in weights.items()} | {"module.cls.bias": torch.ones(3)}

    change_weights(folder, change)
    assert load_model(folder).score(TALKS) == expected


def test_encoders_without_a_usable_head(folder):
    change_weights(folder, lambda weights: {name: value for name, value in weights.items() if "pooler" not in name})
    assert "lacks 2 of its weights" in error_message(folder)
    change_weights(folder, lambda weights: {name: value for name, value in weights.items() if "classifier" not in name})
    assert "no reward head: no matrix 'classifier.weight'" in error_message(folder)


@pytest.mark.parametrize("architecture", ["BertForTokenClassification", "BertForMaskedLM"])
def test_another_class_of_transformers(folder, architecture):
    change_config(folder, architectures=[architecture])
    assert f"is a {architecture}, not a BertForSequenceClassification" in error_message(folder)


@pytest.mark.parametrize(
    ("values", "said"),
    [({"hidden_size": 24}, "cannot be loaded"), ({"num_hidden_layers": 5}, "layers"), ({"is_decoder": 5}, "not valid")],
)
def test_configurations_that_do_not_fit(folder, values, said):
    change_config(folder, **values)
    assert said in error_message(folder)


def test_token_types_that_the_model_does_not_have(tmp_path):
    save_encoder("bert", tmp_path, type_vocab_size=1)
    save_tokenizer(tmp_path, types=True)
    assert "does not run with this config.json" in error_message(tmp_path)
