"""A remote model gives what the reference gives, and keeps the promises of every model."""

import random

import pytest
from tests.conversations import CONVERSATIONS

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import RewardModel
from themis_rm.models.remote.model import NO_TEXT, REFUSED, load
from themis_rm.models.settings import ModelSettings
from themis_rm.prompts import conversation

from .conftest import NAME, SERVERS

APIS = list(SERVERS)


def rewards(model, conversations=CONVERSATIONS):
    return [score.reward for score in model.score(conversations)]


@pytest.fixture
def reference(tiny_checkpoint, local):
    def loaded(kind="qwen3", max_length=None):
        folder = tiny_checkpoint(kind)
        if max_length is None:
            return local(folder)
        return load_model(folder, ModelSettings(device="cpu", max_length=max_length))

    return loaded


@pytest.mark.parametrize("api", APIS)
@pytest.mark.parametrize("kind", ["qwen3", "llama"])
def test_rewards_equal_the_reference(api, kind, serve, connect, reference, tiny_checkpoint):
    checkpoint = tiny_checkpoint(kind)
    model = connect(serve(api, checkpoint), api, checkpoint)
    assert rewards(model) == pytest.approx(rewards(reference(kind)), abs=1e-5)
    assert isinstance(model, RewardModel)


@pytest.mark.parametrize("api", ["classify", "pooling", "sglang"])
def test_token_ids_are_sent_as_the_reference_reads_them(api, serve, connect, reference, tiny_checkpoint):
    checkpoint = tiny_checkpoint("llama")
    state = serve(api, checkpoint)
    connect(state, api, checkpoint).score(CONVERSATIONS[:1])
    sent = state.asked[-1][1]["input_ids" if api == "sglang" else "input"]
    assert sent == [reference("llama").encoder.encode(CONVERSATIONS[:1])[0].ids]


def test_a_text_server_reads_one_beginning_of_sequence(serve, connect, reference, tiny_checkpoint):
    checkpoint = tiny_checkpoint("llama")
    state = serve("predict", checkpoint)
    connect(state, "predict", checkpoint).score(CONVERSATIONS[:1])
    _, body = state.asked[-1]
    ids = reference("llama").encoder.encode(CONVERSATIONS[:1])[0].ids
    assert state.tokenizer.encode(body["inputs"][0][0]).ids == ids
    assert body["truncate"] is False


@pytest.mark.parametrize("api", APIS)
def test_order_does_not_matter(api, serve, connect):
    model, order = connect(serve(api), api), list(range(len(CONVERSATIONS)))
    random.Random(3).shuffle(order)
    straight = rewards(model)
    shuffled = rewards(model, [CONVERSATIONS[index] for index in order])
    assert shuffled == pytest.approx([straight[index] for index in order], abs=1e-5)


@pytest.mark.parametrize(("batch", "parallel"), [(1, 1), (5, 1), (3, 8), (100, 3)])
def test_company_in_a_request_does_not_matter(batch, parallel, serve, connect, reference):
    model = connect(serve("classify"), "classify", batch=batch, parallel=parallel)
    assert rewards(model) == pytest.approx(rewards(reference()), abs=1e-5)


def test_more_conversations_than_are_held_at_once(serve, connect, reference):
    model = connect(serve("classify"), "classify", batch=1, parallel=1)
    assert rewards(model, CONVERSATIONS * 3) == pytest.approx(rewards(reference()) * 3, abs=1e-5)


@pytest.mark.parametrize("api", APIS)
def test_a_conversation_without_an_answer_fails_alone(api, serve, connect):
    scores = connect(serve(api), api).score([CONVERSATIONS[0], conversation(None, "Only a request"), CONVERSATIONS[1]])
    assert [score.failure for score in scores] == ["", "no-response", ""]
    assert [score.reward is None for score in scores] == [False, True, False]


@pytest.mark.parametrize("api", APIS)
def test_nothing_in_nothing_out(api, serve, connect):
    state = serve(api)
    model = connect(state, api)
    before = len(state.asked)
    assert model.score([]) == []
    assert model.score([conversation(None, "Only a request")])[0].failure == "no-response"
    assert len(state.asked) == before


def test_loading_again_gives_the_same_identity_wherever_the_server_is(serve, connect):
    first, second = (connect(serve("classify"), "classify").identity for _ in range(2))
    assert first == second
    assert first.facts["api"] == "classify"
    assert first.facts["served_as"] == NAME
    assert first.facts["server"] == "vllm 0.15.1"
    assert first.facts["values"] == "logits"
    assert "127.0.0.1" not in str(first)


def test_another_interface_is_another_model(serve, connect):
    digests = {connect(serve(api), api).identity.digest for api in APIS}
    assert len(digests) == len(APIS)


@pytest.mark.parametrize(("api", "longest"), [("classify", 128), ("pooling", 128), ("sglang", 127), ("predict", 128)])
def test_the_servers_longest_input_is_kept_by_cutting_the_answer_here(api, longest, serve, connect, reference):
    state = serve(api)
    state.max_length = 128
    model = connect(state, api)
    scores = model.score(CONVERSATIONS)
    here = reference(max_length=longest).score(CONVERSATIONS)
    assert model.identity.facts["max_length"] == longest
    assert [score.truncated for score in here].count(True) > 2
    for score, expected in zip(scores, here, strict=True):
        if score.failure == NO_TEXT:
            assert api == "predict"
            assert expected.truncated
        else:
            assert score == pytest.approx(expected) or score.reward == pytest.approx(expected.reward, abs=1e-5)
            assert (score.truncated, score.tokens) == (expected.truncated, expected.tokens)
    assert any(score.truncated for score in scores)


@pytest.mark.parametrize("api", ["classify", "pooling"])
def test_a_conversation_that_the_server_refuses_fails_alone(api, serve, connect, reference):
    lengths = [score.tokens for score in reference().score(CONVERSATIONS)]
    state = serve(api, refuses=lengths[3])
    expected = [REFUSED if length == lengths[3] else "" for length in lengths]
    scores = connect(state, api, batch=8).score(CONVERSATIONS)
    assert [score.failure for score in scores] == expected
    assert 0 < expected.count(REFUSED) < len(expected)


@pytest.mark.parametrize("api", APIS)
def test_a_reward_that_is_not_finite_is_a_failure(api, serve, connect, reference):
    lengths = [score.tokens for score in reference().score(CONVERSATIONS)]
    scores = connect(serve(api, nan=lengths[4]), api).score(CONVERSATIONS)
    slug = REFUSED if api == "predict" else "not-finite"
    assert [score.failure for score in scores] == [slug if length == lengths[4] else "" for length in lengths]


def test_connections_are_kept(serve, connect):
    state = serve("classify")
    connect(state, "classify", batch=1, parallel=2).score(CONVERSATIONS * 2)
    assert len(set(state.ports)) <= 2
    assert len(state.ports) > 20


def test_a_tokenizer_that_adds_what_the_template_does_not_write_is_refused(serve, connect, tiny_checkpoint, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for file in tiny_checkpoint("llama").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    state = serve("predict", folder)
    settings = ModelSettings(
        chat_template=tmp_path / "bare.jinja",
        remote={"url": state.url, "api": "predict"},
    )
    (tmp_path / "bare.jinja").write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
    with pytest.raises(CheckpointError, match="adds tokens at the ends"):
        load(folder, settings)


def test_without_a_server_in_the_settings(tiny_checkpoint):
    with pytest.raises(SettingError, match=r"remote\.url"):
        load(tiny_checkpoint("qwen3"), ModelSettings())
