"""Faults of a server: temporary ones are retried, permanent ones end with one line and a hint."""

import time

import pytest

from themis_rm.errors import InputError

from .conftest import SERVERS
from .conftest import WITHOUT_CONTROL_TOKENS as CONVERSATIONS

DIALECTS = list(SERVERS)


@pytest.fixture
def expected(tiny_checkpoint, local):
    scores = local(tiny_checkpoint("qwen3")).score(CONVERSATIONS)
    return pytest.approx([score.reward for score in scores], abs=1e-5)


def rewards(model):
    return [score.reward for score in model.score(CONVERSATIONS)]


def check_message(error):
    text = str(error.value)
    assert "\n" not in text
    assert error.value.hint
    return text


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("fault", [429, 500, 503, "cut"])
def test_a_temporary_fault_is_retried(dialect, fault, serve, connect, expected):
    state = serve(dialect)
    model = connect(state, dialect)
    state.faults["temporary"] = [fault, fault]
    assert rewards(model) == expected
    assert state.faults["temporary"] == []


def test_retry_after_is_respected(serve, connect):
    state = serve("vllm-classify", headers={"Retry-After": "0.4"})
    model = connect(state, "vllm-classify")
    state.faults["temporary"] = [429]
    started = time.monotonic()
    model.score(CONVERSATIONS[:1])
    assert time.monotonic() - started >= 0.4


@pytest.mark.parametrize("fault", [500, 429, "cut"])
def test_a_permanent_fault_ends_the_job(fault, serve, connect):
    state = serve("vllm-classify")
    model = connect(state, "vllm-classify", max_retries=1, max_concurrency=1)
    state.faults["always"] = fault
    before = len(state.asked)
    with pytest.raises(InputError, match=r"does not respond: .*\(2 attempts\)") as error:
        model.score(CONVERSATIONS)
    assert "Check that the server is running" in check_message(error)
    assert len(state.asked) - before <= 4


def test_a_slow_server_ends_the_job(serve, connect):
    state = serve("vllm-classify")
    model = connect(state, "vllm-classify", max_retries=0, timeout=0.5, max_concurrency=1, batch_size=100)
    state.faults |= {"always": "slow", "seconds": 1.5}
    with pytest.raises(InputError, match=r"no response within 0\.5 seconds") as error:
        model.score(CONVERSATIONS[:1])
    assert "remote.timeout" in check_message(error)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_unreachable_server_is_an_error(dialect, serve, connect):
    state = serve(dialect)
    state.url = "http://127.0.0.1:9"
    with pytest.raises(InputError, match=r"127\.0\.0\.1:9.* does not respond") as error:
        connect(state, dialect, max_retries=1)
    check_message(error)


def test_the_base_url_of_the_openai_interface_is_accepted(serve, connect, expected):
    state = serve("vllm-classify")
    state.url += "/v1/"
    assert rewards(connect(state, "vllm-classify")) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_unknown_served_model_name_gets_a_suggestion(dialect, serve, connect):
    with pytest.raises(
        InputError, match=r"does not serve a model 'themis-tinny'\. Did you mean 'themis-tiny'"
    ) as error:
        connect(serve(dialect), dialect, served_model_name="themis-tinny")
    check_message(error)


def test_a_listed_model_that_is_gone_is_an_error(serve, connect):
    with pytest.raises(InputError, match="does not exist") as error:
        connect(serve("vllm-classify"), "vllm-classify", served_model_name="other")
    check_message(error)


@pytest.mark.parametrize(
    ("served", "dialect"), [("vllm-classify", "vllm-pooling"), ("sglang", "tei"), ("tei", "vllm-classify")]
)
def test_the_dialect_of_another_server_is_an_error(served, dialect, serve, connect):
    with pytest.raises(InputError, match=r"remote\.(dialect|url)") as error:
        connect(serve(served), dialect)
    check_message(error)


def test_the_sglang_dialect_on_vllm_is_an_error(serve, connect):
    with pytest.raises(InputError, match=r"rejects a short conversation \(Field required\)") as error:
        connect(serve("vllm-classify"), "sglang")
    check_message(error)


def test_an_embedding_model_is_an_error(serve, connect):
    with pytest.raises(InputError, match="as embedding, not as a classifier") as error:
        connect(serve("tei", kind={"embedding": {"pooling": "cls"}}), "tei")
    check_message(error)


def test_the_api_key_is_sent_and_a_missing_key_is_an_error(serve, connect, expected, monkeypatch):
    state = serve("vllm-classify", key="s3cret")
    with pytest.raises(InputError, match="rejects the API key") as error:
        connect(state, "vllm-classify", api_key_env="RM_KEY")
    assert "RM_KEY" in check_message(error)
    monkeypatch.setenv("RM_KEY", "s3cret")
    assert rewards(connect(state, "vllm-classify", api_key_env="RM_KEY")) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
def test_probabilities_are_rejected(dialect, serve, connect):
    with pytest.raises(InputError, match="which are probabilities") as error:
        connect(serve(dialect, sigmoid=True), dialect)
    assert "remote.probabilities=true" in check_message(error)


@pytest.mark.parametrize("dialect", ["vllm-classify", "sglang"])
def test_the_softmax_of_one_label_is_rejected(dialect, serve, connect):
    with pytest.raises(InputError, match="returns 1 to 1, which are probabilities"):
        connect(serve(dialect, constant=True), dialect)


def test_accepted_probabilities_are_recorded(serve, connect):
    model = connect(serve("vllm-classify", sigmoid=True), "vllm-classify", probabilities=True)
    assert all(0 <= reward <= 1 for reward in rewards(model))
    assert model.identity.facts["values"] == "between 0 and 1, as served"


@pytest.mark.parametrize("dialect", ["vllm-classify", "vllm-pooling"])
@pytest.mark.parametrize("flag", ["use_activation", "activation", "softmax"])
def test_the_option_for_the_logit_is_found(dialect, flag, serve, connect, expected):
    model = connect(serve(dialect, flag=flag), dialect)
    assert rewards(model) == expected
    assert f"{flag}=False" in model.identity.facts["options"]


def test_old_and_new_options_are_never_sent_together(serve, connect, expected):
    model = connect(serve("vllm-classify", trap=True), "vllm-classify")
    assert rewards(model) == expected


@pytest.mark.parametrize("tasks", [("classify",), ("token_classify",)])
def test_the_pooling_task_is_found(tasks, serve, connect, expected):
    model = connect(serve("vllm-pooling", tasks=tasks), "vllm-pooling")
    assert rewards(model) == expected
    assert model.identity.facts["options"].startswith(f"task={tasks[0]}")


def test_an_unknown_pooling_task_is_an_error(serve, connect):
    with pytest.raises(InputError, match=r"rejects a short conversation \(Unsupported task") as error:
        connect(serve("vllm-pooling", tasks=("embed",)), "vllm-pooling")
    check_message(error)


def test_base64_is_decoded(serve, connect, expected):
    assert rewards(connect(serve("vllm-pooling", base64=True), "vllm-pooling")) == expected


def test_entries_are_ordered_by_their_index(serve, connect, expected):
    assert rewards(connect(serve("vllm-classify", shuffled=True), "vllm-classify")) == expected


@pytest.mark.parametrize("dialect", DIALECTS)
def test_rewards_in_another_order_are_rejected(dialect, serve, connect):
    with pytest.raises(InputError, match="in another order") as error:
        connect(serve(dialect, reversed=True), dialect)
    assert "remote.batch_size=1" in check_message(error)


def test_the_order_does_not_matter_with_one_conversation_per_request(serve, connect, expected):
    assert rewards(connect(serve("sglang", reversed=True), "sglang", batch_size=1)) == expected


def test_missing_rewards_are_an_error(serve, connect):
    with pytest.raises(InputError, match="3 entries for 4 conversations") as error:
        connect(serve("vllm-classify", few=True), "vllm-classify")
    check_message(error)


def test_several_labels_are_an_error(serve, connect):
    with pytest.raises(InputError, match="3 labels, but a reward model has one") as error:
        connect(serve("vllm-classify", labels=3), "vllm-classify")
    check_message(error)


@pytest.mark.parametrize("dialect", ["vllm-classify", "vllm-pooling", "sglang"])
def test_a_server_that_adds_tokens_is_rejected(dialect, serve, connect):
    with pytest.raises(InputError, match=r"read \d+ tokens, but \d+ were sent") as error:
        connect(serve(dialect, adds=1), dialect)
    check_message(error)


def test_a_batch_is_not_larger_than_the_server_accepts(serve, connect, expected):
    assert rewards(connect(serve("tei", client_batch=2), "tei", batch_size=64)) == expected
