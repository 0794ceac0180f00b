"""A remote model computes the same scores as the same checkpoint loaded locally."""

import random

import pytest

from themis_rm.errors import CheckpointError, SettingError
from themis_rm.messages import conversation
from themis_rm.models.loading import load_model
from themis_rm.models.protocol import RewardModel
from themis_rm.models.remote.model import NO_TEXT, REJECTED, load
from themis_rm.models.settings import ModelSettings

from .conftest import NAME, SERVERS, WITH_CONTROL_TOKENS
from .conftest import WITHOUT_CONTROL_TOKENS as CONVERSATIONS

DIALECTS = list(SERVERS)


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


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", ["qwen3", "llama"])
def test_rewards_equal_the_reference(dialect, kind, serve, connect, reference, tiny_checkpoint):
    checkpoint = tiny_checkpoint(kind)
    model = connect(serve(dialect, checkpoint), dialect, checkpoint)
    assert rewards(model) == pytest.approx(rewards(reference(kind)), abs=1e-5)
    assert isinstance(model, RewardModel)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("kind", ["qwen3", "llama"])
def test_control_tokens_in_messages_are_sent_as_text_or_not_at_all(
    dialect, kind, serve, connect, reference, tiny_checkpoint
):
    checkpoint = tiny_checkpoint(kind)
    scores = connect(serve(dialect, checkpoint), dialect, checkpoint).score(WITH_CONTROL_TOKENS)
    if dialect == "tei":
        assert {score.failure for score in scores} <= {NO_TEXT, ""}
        assert NO_TEXT in {score.failure for score in scores} or kind == "llama"
    else:
        assert [score.reward for score in scores] == pytest.approx(
            rewards(reference(kind), WITH_CONTROL_TOKENS), abs=1e-5
        )


@pytest.mark.parametrize("dialect", ["vllm-classify", "vllm-pooling", "sglang"])
def test_the_sent_token_ids_are_those_of_the_reference(dialect, serve, connect, reference, tiny_checkpoint):
    checkpoint = tiny_checkpoint("llama")
    state = serve(dialect, checkpoint)
    connect(state, dialect, checkpoint).score(CONVERSATIONS[:1])
    sent = state.asked[-1][1]["input_ids" if dialect == "sglang" else "input"]
    assert sent == [reference("llama").encoder.encode(CONVERSATIONS[:1])[0].ids]


def test_a_server_that_accepts_text_reads_one_bos_token(serve, connect, reference, tiny_checkpoint):
    checkpoint = tiny_checkpoint("llama")
    state = serve("tei", checkpoint)
    connect(state, "tei", checkpoint).score(CONVERSATIONS[:1])
    _, body = state.asked[-1]
    ids = reference("llama").encoder.encode(CONVERSATIONS[:1])[0].ids
    assert state.tokenizer.encode(body["inputs"][0][0]).ids == ids
    assert body["truncate"] is False


@pytest.mark.parametrize("dialect", DIALECTS)
def test_scores_do_not_depend_on_the_order(dialect, serve, connect):
    model, order = connect(serve(dialect), dialect), list(range(len(CONVERSATIONS)))
    random.Random(3).shuffle(order)
    expected = rewards(model)
    shuffled = rewards(model, [CONVERSATIONS[index] for index in order])
    assert shuffled == pytest.approx([expected[index] for index in order], abs=1e-5)


@pytest.mark.parametrize(("batch_size", "max_concurrency"), [(1, 1), (5, 1), (3, 8), (100, 3)])
def test_scores_do_not_depend_on_the_request(batch_size, max_concurrency, serve, connect, reference):
    model = connect(serve("vllm-classify"), "vllm-classify", batch_size=batch_size, max_concurrency=max_concurrency)
    assert rewards(model) == pytest.approx(rewards(reference()), abs=1e-5)


def test_more_conversations_than_are_queued_at_once(serve, connect, reference):
    model = connect(serve("vllm-classify"), "vllm-classify", batch_size=1, max_concurrency=1)
    assert rewards(model, [*CONVERSATIONS] * 3) == pytest.approx(rewards(reference()) * 3, abs=1e-5)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_conversation_without_a_response_is_a_failure(dialect, serve, connect):
    scores = connect(serve(dialect), dialect).score(
        [CONVERSATIONS[0], conversation(None, "Only a request"), CONVERSATIONS[1]]
    )
    assert [score.failure for score in scores] == ["", "no-response", ""]
    assert [score.reward is None for score in scores] == [False, True, False]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_request_is_sent_without_a_conversation_to_score(dialect, serve, connect):
    state = serve(dialect)
    model = connect(state, dialect)
    before = len(state.asked)
    assert model.score([]) == []
    assert model.score([conversation(None, "Only a request")])[0].failure == "no-response"
    assert len(state.asked) == before


def test_the_identity_does_not_depend_on_the_address(serve, connect):
    first, second = (connect(serve("vllm-classify"), "vllm-classify").identity for _ in range(2))
    assert first == second
    assert first.facts["dialect"] == "vllm-classify"
    assert first.facts["served_model_name"] == NAME
    assert first.facts["server"] == "vllm 0.15.1"
    assert first.facts["values"] == "logits"
    assert "127.0.0.1" not in str(first)


def test_the_digest_depends_on_the_dialect(serve, connect):
    digests = {connect(serve(dialect), dialect).identity.digest for dialect in DIALECTS}
    assert len(digests) == len(DIALECTS)


@pytest.mark.parametrize(
    ("dialect", "longest"), [("vllm-classify", 128), ("vllm-pooling", 128), ("sglang", 127), ("tei", 128)]
)
def test_responses_are_truncated_here_to_the_servers_limit(dialect, longest, serve, connect, reference):
    state = serve(dialect)
    state.max_length = 128
    model = connect(state, dialect)
    scores = model.score(CONVERSATIONS)
    local_scores = reference(max_length=longest).score(CONVERSATIONS)
    assert model.identity.facts["max_length"] == longest
    assert [score.truncated for score in local_scores].count(True) > 2
    for score, expected in zip(scores, local_scores, strict=True):
        if score.failure == NO_TEXT:
            assert dialect == "tei"
            assert expected.truncated
        else:
            assert score == pytest.approx(expected) or score.reward == pytest.approx(expected.reward, abs=1e-5)
            assert (score.truncated, score.tokens) == (expected.truncated, expected.tokens)
    assert any(score.truncated for score in scores)


def test_windows_of_long_responses_are_separate_inputs(serve, connect, tiny_checkpoint):
    values = {"max_length": 100, "long_inputs": "windows-min"}
    model = connect(serve("vllm-classify"), "vllm-classify", **values)
    expected = load_model(tiny_checkpoint("qwen3"), ModelSettings(device="cpu", **values)).score(CONVERSATIONS)
    scores = model.score(CONVERSATIONS)
    assert max(score.windows for score in expected) > 2
    assert [score.windows for score in scores] == [score.windows for score in expected]
    assert [score.reward for score in scores] == pytest.approx([score.reward for score in expected], abs=1e-5)


@pytest.mark.parametrize("dialect", ["vllm-classify", "vllm-pooling"])
def test_a_rejected_conversation_is_a_failure(dialect, serve, connect, reference):
    lengths = [score.tokens for score in reference().score(CONVERSATIONS)]
    state = serve(dialect, rejects=lengths[3])
    expected = [REJECTED if length == lengths[3] else "" for length in lengths]
    scores = connect(state, dialect, batch_size=8).score(CONVERSATIONS)
    assert [score.failure for score in scores] == expected
    assert 0 < expected.count(REJECTED) < len(expected)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_reward_that_is_not_finite_is_a_failure(dialect, serve, connect, reference):
    lengths = [score.tokens for score in reference().score(CONVERSATIONS)]
    scores = connect(serve(dialect, nan=lengths[4]), dialect).score(CONVERSATIONS)
    slug = REJECTED if dialect == "tei" else "not-finite"
    assert [score.failure for score in scores] == [slug if length == lengths[4] else "" for length in lengths]


def test_connections_are_reused(serve, connect):
    state = serve("vllm-classify")
    connect(state, "vllm-classify", batch_size=1, max_concurrency=2).score([*CONVERSATIONS] * 2)
    assert len(set(state.ports)) <= 2
    assert len(state.ports) > 20


def test_a_tokenizer_that_adds_tokens_is_rejected(serve, connect, tiny_checkpoint, tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    for file in tiny_checkpoint("llama").iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    state = serve("tei", folder)
    settings = ModelSettings(
        chat_template=tmp_path / "bare.jinja",
        remote={"url": state.url, "dialect": "tei"},
    )
    (tmp_path / "bare.jinja").write_text("{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}")
    with pytest.raises(CheckpointError, match="adds tokens that the chat template does not write"):
        load(folder, settings)


def test_missing_remote_settings_are_an_error(tiny_checkpoint):
    with pytest.raises(SettingError, match=r"remote\.url"):
        load(tiny_checkpoint("qwen3"), ModelSettings())


def test_a_baseline_on_a_server_is_an_error():
    settings = ModelSettings(remote={"url": "http://localhost:1", "dialect": "tei"})
    with pytest.raises(SettingError, match="The baseline 'length' has no server"):
        load_model("length", settings)
