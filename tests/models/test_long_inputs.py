"""Conversations that are longer than the model's limit: which tokens are read, and how their rewards are combined."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from themis_rm.errors import SettingError
from themis_rm.messages import conversation
from themis_rm.models.chat import ChatEncoder, build_renderer
from themis_rm.models.decoder import DecoderModel
from themis_rm.models.layouts import PaddedLayout
from themis_rm.models.loading import load_model
from themis_rm.models.long_inputs import MAX_WINDOWS, OVERLAP, fit_answer, window_starts
from themis_rm.models.settings import ModelSettings
from themis_rm.models.templates.source import TemplateSource

MODES = ("refuse", "end", "head-tail", "windows-mean", "windows-min")
LONG = "".join(f"total{number} = values[{number}] + {number * 7919 % 101}\n" for number in range(60))
TALKS = [conversation("Grade.", "Sum the values.", text) for text in (LONG, "x = 1", LONG[::-1], LONG[200:] + "return")]


def encoder_of(tokenizer, max_length, mode, **facts):
    renderer = build_renderer(tokenizer, TemplateSource(tokenizer.chat_template), ModelSettings(), "a tokenizer")
    return ChatEncoder(renderer, max_length, long_inputs=mode, **facts)


@pytest.fixture(scope="module")
def model(tiny_checkpoint):
    return load_model(tiny_checkpoint("qwen3"), ModelSettings(max_length=2048))


def with_mode(model, mode, max_length=120, layout=None):
    encoder = encoder_of(model.encoder.tokenizer, max_length, mode)
    return DecoderModel(layout or model.layout, model.head, encoder, model.identity, model.batch_tokens)


@given(answer=st.lists(st.integers(0, 9), min_size=1, max_size=300), available=st.integers(1, 300))
def test_the_tokens_that_are_read_are_the_documented_ones(answer, available):
    parts = {mode: fit_answer(answer, available, mode) for mode in MODES}
    if len(answer) <= available:
        assert all(read == [answer] for read in parts.values())
        return
    assert parts["refuse"] == []
    assert parts["end"] == [answer[:available]]
    ((*shortened,),) = parts["head-tail"]
    first, last = -(-available // 2), available // 2
    assert shortened == answer[:first] + answer[len(answer) - last :]
    assert parts["windows-mean"] == parts["windows-min"]
    starts = window_starts(len(answer), available)
    if len(starts) <= MAX_WINDOWS:
        assert parts["windows-mean"] == [answer[start : start + available] for start in starts]


@given(size=st.integers(1, 200), extra=st.integers(1, 2000))
def test_windows_are_full_overlap_and_cover_the_answer(size, extra):
    count = size + extra
    starts = window_starts(count, size)
    assert starts[0] == 0
    assert starts[-1] == count - size
    assert all(size // OVERLAP <= first + size - second < size for first, second in pairwise(starts))


def test_an_answer_of_too_many_windows_is_refused():
    assert len(fit_answer(range(MAX_WINDOWS), 1, "windows-mean")) == MAX_WINDOWS
    assert fit_answer(range(MAX_WINDOWS + 1), 1, "windows-mean") == []


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=15, deadline=None)
@given(response=st.text(max_size=20), limit=st.integers(80, 140))
def test_prompt_and_closing_tokens_stay_complete(mode, model, response, limit):
    talk = conversation(None, "Sum.", response + LONG)
    (complete,) = encoder_of(model.encoder.tokenizer, 100_000, mode).encode([talk])
    (encoded,) = encoder_of(model.encoder.tokenizer, limit, mode).encode([talk])
    if mode == "refuse":
        assert (encoded.failure, encoded.sequences) == ("too-long", [])
        return
    prompt, closing = len(model.encoder.tokenizer("<|im_start|>user\nSum.<|im_end|>\n")["input_ids"]), 2
    for ids in encoded.sequences:
        assert len(ids) == limit
        assert ids[:prompt] == complete.ids[:prompt]
        assert ids[-closing:] == complete.ids[-closing:]
    assert encoded.truncated == (mode in ("end", "head-tail"))


@pytest.mark.parametrize("mode", MODES)
def test_a_prompt_without_space_for_an_answer_fails_in_every_mode(mode, model):
    (encoded,) = encoder_of(model.encoder.tokenizer, 50, mode).encode([conversation(None, LONG, "x")])
    assert encoded.failure == "prompt-too-long"


def test_inputs_that_fit_have_the_same_score_in_every_mode(model):
    expected = model.score(TALKS[1:2])
    assert [with_mode(model, mode).score(TALKS[1:2]) for mode in MODES] == [expected] * len(MODES)


def test_the_reward_of_windows_is_the_mean_or_the_lowest_of_theirs(model):
    mean, lowest = (with_mode(model, mode) for mode in ("windows-mean", "windows-min"))
    (encoded,) = mean.encoder.encode(TALKS[:1])
    rewards = model.rewards(encoded.sequences)
    (averaged,), (least,) = mean.score(TALKS[:1]), lowest.score(TALKS[:1])
    assert len(rewards) > 3
    assert averaged.reward == pytest.approx(sum(rewards) / len(rewards), abs=1e-5)
    assert least.reward == pytest.approx(min(rewards), abs=1e-5)
    for score in (averaged, least):
        assert (score.windows, score.notes, score.truncated) == (len(rewards), ("windows",), False)
        assert score.tokens == 120 * len(rewards)


@pytest.mark.parametrize("mode", ["head-tail", "windows-mean", "windows-min"])
def test_rewards_depend_on_neither_batch_nor_layout(mode, model, tiny_checkpoint):
    packed = with_mode(model, mode)
    loaded = load_model(tiny_checkpoint("qwen3"), ModelSettings(share_prefixes=False))
    assert isinstance(loaded.layout, PaddedLayout)
    together = [score.reward for score in packed.score(TALKS)]
    alone = [packed.score([talk])[0].reward for talk in TALKS]
    padded = [score.reward for score in with_mode(loaded, mode).score(TALKS)]
    assert together == pytest.approx(alone, abs=1e-5)
    assert together == pytest.approx(padded, abs=1e-5)


def test_the_mode_is_a_setting_and_is_recorded(tiny_checkpoint):
    chosen = load_model(tiny_checkpoint("qwen3"), ModelSettings(max_length=120, long_inputs="refuse"))
    assert chosen.identity.facts["long_inputs"] == "refuse"
    refused, scored = chosen.score(TALKS[:2])
    assert (refused.failure, scored.failure) == ("too-long", "")
    assert "of 120" in refused.detail


@pytest.mark.parametrize("mode", ["head-tail", "windows-mean"])
def test_judges_refuse_modes_that_change_their_input(mode):
    values = {"long_inputs": mode, "judge": {"url": "http://localhost:1/v1"}}
    with pytest.raises(SettingError, match=f"complete conversations: long_inputs '{mode}'"):
        load_model("judge", ModelSettings.model_validate(values))
