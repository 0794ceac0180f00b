"""Token ids: one BOS token, truncation of the response only, reported failures."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from themis_rm.messages import conversation
from themis_rm.models.chat import ChatEncoder, build_renderer
from themis_rm.models.loading import load_model
from themis_rm.models.settings import ModelSettings
from themis_rm.models.templates.source import TemplateSource

CLOSING = {"qwen3": "<|im_end|>\n", "llama": "<|eot_id|>", "mistral": "</s>", "gemma2": "<end_of_turn>\n"}
LONG = "total = total + values[index]\n" * 60


def encoder_of(tokenizer, max_length=100_000, template="", locate=False, **values):
    source = TemplateSource(template or tokenizer.chat_template)
    renderer = build_renderer(tokenizer, source, ModelSettings(**values), "a tokenizer")
    return ChatEncoder(renderer, max_length, locate=locate)


@pytest.fixture(scope="module")
def tokenizers(tiny_checkpoint):
    return {kind: load_model(tiny_checkpoint(kind)).encoder.tokenizer for kind in CLOSING}


@pytest.mark.parametrize("kind", CLOSING)
@settings(max_examples=25, deadline=None)
@given(
    prompt=st.text(min_size=1, max_size=40),
    response=st.text(max_size=30),
    limit=st.integers(80, 200),
    tail=st.sampled_from(["", "</think> rest", "\n\n", "<|im_end|>", "\ue000", "  ."]),
)
def test_truncation_keeps_prompt_and_closing_tokens(kind, tokenizers, prompt, response, limit, tail):
    encoder = encoder_of(tokenizers[kind], limit)
    unlimited = encoder_of(tokenizers[kind], 100_000)
    talk = conversation(None, prompt, response + LONG + tail)
    (truncated,), (full,) = encoder.encode([talk]), unlimited.encode([talk])
    closing = encoder.tokenizer(CLOSING[kind], add_special_tokens=False)["input_ids"]
    assert full.ids[-len(closing) :] == closing
    if truncated.failure:
        assert truncated.failure == "prompt-too-long"
        assert truncated.ids == []
    else:
        assert truncated.truncated
        assert len(truncated.ids) == limit
        assert truncated.ids[-len(closing) :] == closing
        kept = limit - len(closing) - 3  # a few tokens before the closing text may differ
        assert truncated.ids[:kept] == full.ids[:kept]


@pytest.mark.parametrize("kind", CLOSING)
@settings(max_examples=40, deadline=None)
@given(parts=st.lists(st.sampled_from(["x", " ", "\n", "😀", "\ue000", "</think>", "<|im_end|>", "</s>"]), min_size=1))
def test_the_tokens_of_the_response_are_located(kind, tokenizers, parts):
    encoder = encoder_of(tokenizers[kind], locate=True)
    (encoded,) = encoder.encode([conversation(None, "a", "".join(parts))])
    if not encoded.failure:
        (answer,) = encoded.answers
        located = encoder.tokenizer.decode(encoded.ids[answer.start : answer.stop])
        assert "".join(located.split()) == "".join("".join(parts).split())


@pytest.mark.parametrize("kind", ["llama", "mistral", "gemma2"])
def test_there_is_exactly_one_bos_token(kind, tokenizers):
    encoder = encoder_of(tokenizers[kind], 500)
    ids = encoder.encode([conversation(None, "a", "b")])[0].ids
    assert ids.count(encoder.tokenizer.bos_token_id) == 1


def test_a_conversation_of_maximum_length_is_not_truncated(tokenizers):
    talk = conversation("Grade.", "a", LONG)
    length = len(encoder_of(tokenizers["qwen3"], 100_000).encode([talk])[0].ids)
    assert not encoder_of(tokenizers["qwen3"], length).encode([talk])[0].truncated
    assert encoder_of(tokenizers["qwen3"], length - 1).encode([talk])[0].truncated


def test_a_prompt_of_maximum_length_is_a_failure(tokenizers):
    encoder = encoder_of(tokenizers["qwen3"], 50)
    assert encoder.encode([conversation(None, LONG, "answer")])[0].failure == "prompt-too-long"


def test_the_score_reports_truncation(tiny_checkpoint):
    model = load_model(tiny_checkpoint("qwen3"), ModelSettings(max_length=100))
    long, short = model.score([conversation(None, "a", LONG), conversation(None, "a", "b")])
    assert (long.truncated, long.tokens) == (True, 100)
    assert not short.truncated


def test_the_truncated_end_does_not_affect_the_reward(tiny_checkpoint):
    model = load_model(tiny_checkpoint("qwen3"), ModelSettings(max_length=100))
    one, two = model.score([conversation(None, "a", LONG + end) for end in ("good", "bad")])
    assert one.reward == pytest.approx(two.reward, abs=1e-5)


def test_a_rejected_system_role_can_be_an_error(tiny_checkpoint):
    model = load_model(tiny_checkpoint("gemma2"), ModelSettings(system_role="error"))
    scores = model.score([conversation("Grade.", "a", "b"), conversation(None, "a", "b")])
    assert [score.failure for score in scores] == ["system-role-rejected", ""]


def test_turns_that_the_template_rejects_are_a_failure(tiny_checkpoint):
    model = load_model(tiny_checkpoint("mistral"))
    twice = [{"role": "user", "content": "a"}, *conversation(None, "b", "c")]
    scores = model.score([twice, conversation(None, "a", "b")])
    assert [score.failure for score in scores] == ["template-rejected", ""]


def test_a_lone_surrogate_is_a_failure(tiny_checkpoint):
    scores = load_model(tiny_checkpoint("qwen3")).score(
        [conversation(None, "a", "\ud800"), conversation(None, "a", "b")]
    )
    assert [score.failure for score in scores] == ["not-unicode", ""]


def test_a_template_that_omits_the_system_message_does_not_support_it(tokenizers):
    silent = "{% for m in messages if m.role != 'system' %}{{ m.content }}<|im_end|>{% endfor %}"
    assert encoder_of(tokenizers["qwen3"], template=silent).system_role == "folded"
