"""The likelihood baseline: log-probabilities of answers equal those of transformers, whatever the batch and layout."""

import pytest
import torch
from transformers import AutoModelForCausalLM

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.messages import conversation
from themis_rm.models.layouts import PaddedLayout
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings

FORMS = {
    "qwen3": ("seqcls", {"head_dim": 16, "tie_word_embeddings": True}),
    "llama": ("seqcls-llama", {}),
    # Two classes that change the logits after the head.
    "gemma2": ("seqcls-gemma2", {"head_dim": 16, "query_pre_attn_scalar": 16, "final_logit_softcapping": 2.0}),
    "granite": ("seqcls", {"logits_scaling": 3.0}),
    "mixtral": ("seqcls", {"num_local_experts": 2}),
    # Padded: its attention cannot be replaced.
    "gpt2": ("seqcls", {}),
}
TALKS = [
    conversation("Grade the answer.", "Sum the values.", "total = 0\nfor value in values:\n    total += value\n"),
    conversation(None, "Sum the values.", "return sum(values)"),
    conversation(None, "Sum the values.", "x"),
    conversation(None, "Negate a.", "def f(a):\n    return -a  # änderbar 😀\n" * 5),
]


@pytest.fixture(scope="module")
def language_model(tiny_language_model):
    return lambda kind: tiny_language_model(kind, *FORMS[kind])


def log_probabilities(folder, model, talk):
    """Return the log-probabilities of the answer's tokens by transformers alone."""
    tokenizer, causal = model.encoder.tokenizer, AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    messages = talk if model.encoder.system_role == "native" or talk[0]["role"] != "system" else None
    if messages is None:
        messages = [{"role": "user", "content": f"{talk[0]['content']}\n\n{talk[1]['content']}"}, talk[2]]
    text = tokenizer.apply_chat_template(messages, tokenize=False)
    start = text.rindex(talk[-1]["content"].strip())
    end = start + len(talk[-1]["content"].strip())
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    ids = torch.tensor([encoded["input_ids"]])
    with torch.no_grad():
        table = causal(ids).logits[0].log_softmax(-1)
    chosen = [i for i, (first, last) in enumerate(encoded["offset_mapping"]) if first >= start and last <= end]
    return [float(table[i - 1, ids[0, i]]) for i in chosen]


@pytest.mark.parametrize("kind", FORMS)
def test_rewards_equal_those_of_transformers(kind, language_model):
    folder = language_model(kind)
    mean, total = (load_model(f"{name}:{folder}") for name in ("likelihood", "likelihood-sum"))
    for talk, score, summed in zip(TALKS[1:3], mean.score(TALKS[1:3]), total.score(TALKS[1:3]), strict=True):
        expected = log_probabilities(folder, mean, talk)
        assert score.reward == pytest.approx(sum(expected) / len(expected), abs=1e-5)
        assert summed.reward == pytest.approx(sum(expected), abs=1e-4)


@pytest.mark.parametrize("kind", ["qwen3", "gemma2"])
def test_rewards_depend_on_neither_batch_nor_layout(kind, language_model):
    model = load_model(f"likelihood:{language_model(kind)}")
    padded = load_model(f"likelihood:{language_model(kind)}", ModelSettings(share_prefixes=False, batch_tokens=200))
    assert isinstance(padded.layout, PaddedLayout)
    rewards = [score.reward for score in model.score(TALKS)]
    assert len(set(rewards)) == len(TALKS)
    assert rewards == pytest.approx([model.score([talk])[0].reward for talk in TALKS], abs=1e-5)
    assert rewards == pytest.approx([score.reward for score in padded.score(TALKS)], abs=1e-5)


def test_only_the_tokens_of_the_answer_count(language_model):
    model = load_model(f"likelihood-sum:{language_model('qwen3')}")
    short, longer = model.encoder.encode([conversation(None, "a", "x"), conversation(None, "a", "x = 1 + y")])
    closing = 2  # end of turn and line end
    assert len(short.answers[0]) == 1
    assert len(longer.answers[0]) == len(longer.ids) - len(short.ids) + 1
    assert longer.answers[0].stop == len(longer.ids) - closing


def test_windows_are_combined(language_model):
    values = {"max_length": 60, "long_inputs": "windows-min"}
    model = load_model(f"likelihood:{language_model('qwen3')}", ModelSettings(**values))
    (score,) = model.score(TALKS[3:])
    (encoded,) = model.encoder.encode(TALKS[3:])
    assert score.windows == len(encoded.sequences) > 1
    assert score.reward == pytest.approx(
        min(values[0] for values in model.outputs(encoded.sequences, encoded.answers)), abs=1e-5
    )


def test_a_base_model_without_chat_template_reads_the_texts(language_model, tmp_path):
    folder = language_model("qwen3")
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (tmp_path / "tokenizer_config.json").read_text().replace('"chat_template"', '"unused"')
    (tmp_path / "tokenizer_config.json").write_text(text)
    model = load_model(f"likelihood:{tmp_path}")
    (encoded,) = model.encoder.encode([conversation(None, "Add.", "a + b")])
    assert model.encoder.tokenizer.decode(encoded.ids).endswith("Add.\n\na + b")
    assert encoded.answers[0].stop == len(encoded.ids)


def test_an_empty_answer_is_a_failure(language_model):
    model = load_model(f"likelihood:{language_model('qwen3')}")
    empty, scored = model.score([conversation(None, "a", ""), conversation(None, "a", "b")])
    assert (empty.failure, empty.detail) == ("no-response", "the answer has no tokens")
    assert scored.reward < 0


def test_a_reward_model_is_refused(tiny_checkpoint):
    with pytest.raises(CheckpointError, match=r"is not a causal language model: it has the weight 'score\.weight'"):
        load_model(f"likelihood:{tiny_checkpoint('llama')}")


def test_a_missing_model_is_named():
    with pytest.raises(CheckpointError, match="There is no model directory 'nowhere'"):
        load_model("likelihood:nowhere")


def test_a_server_is_refused(language_model):
    settings = ModelSettings.model_validate({"judge": {"url": "http://localhost:1/v1"}})
    with pytest.raises(SettingError, match="without a server"):
        load_model(f"likelihood:{language_model('qwen3')}", settings)


def test_identities_say_how_log_probabilities_are_combined(language_model):
    folder = language_model("qwen3")
    mean, total = (load_model(f"{name}:{folder}").identity for name in ("likelihood", "likelihood-sum"))
    assert (mean.name, total.name) == (f"likelihood-{folder.name}", f"likelihood-sum-{folder.name}")
    assert mean.digest != total.digest
    assert (mean.facts["log_probability"], total.facts["log_probability"]) == ("mean", "sum")
