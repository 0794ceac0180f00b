"""Chat completions: the requests that are sent, the replies that are read, and servers that support less or fail."""

import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.endpoints.chat import ChatEndpoint, parse_completion
from themis_rm.endpoints.settings import ChatSettings
from themis_rm.errors import InputError, SettingError
from themis_rm.messages import conversation

QUESTION = conversation(None, "How good is it?")


def endpoint(chat, **settings):
    return ChatEndpoint(
        ChatSettings(**{"url": chat.url, "served_model_name": "m", "max_retries": 0, "retry_backoff": 0.01, **settings})
    )


def rejecting(parameters, text="fine"):
    """Return an answer that rejects bodies with one of these parameters, naming it, and otherwise responds."""

    def answer(body):
        named = next((name for name in parameters if name in body), None)
        return (400, f"Unknown parameter: '{named}'.") if named else text

    return answer


def test_a_plain_request_has_only_the_necessary_parameters(chat):
    assert endpoint(chat).complete(QUESTION).text
    [body] = chat.asked
    assert sorted(body) == ["max_tokens", "messages", "model", "seed", "temperature"]


def test_no_seed_is_sent_without_one(chat):
    endpoint(chat, seed=None).complete(QUESTION)
    assert "seed" not in chat.asked[0]


def test_tokens_have_bytes_and_alternatives(chat):
    chat.answer = lambda _: {"text": "é", "tokens": [("é", {"é": 0.75, "e": 0.25})]}
    [reply] = endpoint(chat).sample(QUESTION, top_logprobs=2)
    [token] = reply.tokens
    assert (token.data, [data for data, _ in token.alternatives]) == ("é".encode(), ["é".encode(), b"e"])
    assert reply.prompt_tokens == 7
    assert (chat.asked[0]["logprobs"], chat.asked[0]["top_logprobs"]) == (True, 2)


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (("half an", "length"), "length-cut"),
        (("", "stop"), "empty"),
        ({"text": None, "reasoning": "hm"}, "empty"),
        (("no", "content_filter"), "refused"),
        ([], "empty"),
        (500, "endpoint-error"),
        (429, "endpoint-error"),
        ((400, "This model's maximum context length is 4096 tokens."), "prompt-too-long"),
        ((400, "The role 'principle' is not known."), "endpoint-error"),
    ],
)
def test_a_failed_request_is_a_failed_reply(chat, answer, failure):
    chat.answer = lambda _: answer
    reply = endpoint(chat).complete(QUESTION)
    assert (reply.text, reply.failure) == (None, failure)


def test_a_reply_keeps_the_servers_error_message(chat):
    chat.answer = lambda _: (400, "The role 'principle'\nis not known.")
    assert "The role 'principle' is not known." in endpoint(chat).complete(QUESTION).detail


@pytest.mark.parametrize("status", [400, 500])
def test_what_a_server_says_has_no_control_characters(chat, status):
    chat.answer = lambda _: (status, "\x1b[31mred\x1b]0;title\x07 \u202e\r\nnext")
    detail = endpoint(chat).complete(QUESTION).detail
    assert "red" in detail
    assert detail.isprintable()


@pytest.mark.parametrize("parameter", ["logprobs", "top_logprobs", "seed", "chat_template_kwargs"])
def test_an_unsupported_parameter_is_omitted_from_later_requests(chat, parameter):
    chat.answer = rejecting([parameter])
    client = endpoint(chat)
    for _ in range(2):
        assert client.sample(QUESTION, top_logprobs=5, template={"enable_thinking": False})[0].text == "fine"
    assert [parameter in body for body in chat.asked] == [True, False, False]
    assert "messages" in chat.asked[-1]


def test_several_unsupported_parameters_are_found_one_after_another(chat):
    chat.answer = rejecting(["logprobs", "seed"])
    client = endpoint(chat)
    assert client.sample(QUESTION, top_logprobs=5)[0].text == "fine"
    assert client.sample(QUESTION, top_logprobs=5)[0].text == "fine"
    assert len(chat.asked) == 4


def test_max_tokens_is_renamed_for_servers_that_require_the_new_name(chat):
    chat.answer = rejecting(["max_tokens"])
    assert endpoint(chat, max_tokens=99).complete(QUESTION).text == "fine"
    assert chat.asked[-1]["max_completion_tokens"] == 99


def test_an_error_that_mentions_a_parameter_by_chance_omits_nothing_later(chat):
    chat.answer = lambda body: (400, "no seed in this garden") if "garden" in str(body["messages"]) else "fine"
    client = endpoint(chat)
    assert client.complete(conversation(None, "garden")).failure == "endpoint-error"
    assert client.complete(QUESTION).text == "fine"
    assert "seed" in chat.asked[-1]


def test_a_server_that_supports_several_samples_gets_one_request(chat):
    chat.answer = lambda body: [f"answer {n}" for n in range(body["n"])]
    replies = endpoint(chat, temperature=1).sample(QUESTION, samples=3)
    assert [reply.text for reply in replies] == ["answer 0", "answer 1", "answer 2"]
    assert len(chat.asked) == 1


@pytest.mark.parametrize("rejects", [True, False])
def test_a_server_with_one_sample_per_request_gets_the_next_seeds(chat, rejects):
    chat.answer = lambda body: (400, "'n' is not supported") if rejects and "n" in body else f"seed {body['seed']}"
    replies = endpoint(chat, temperature=1, seed=4).sample(QUESTION, samples=3)
    assert [reply.text for reply in replies] == ["seed 4", "seed 5", "seed 6"]


def test_a_failed_request_is_not_repeated_for_further_samples(chat):
    chat.answer = lambda _: 500
    assert [reply.failure for reply in endpoint(chat, temperature=1).sample(QUESTION, samples=3)] == ["endpoint-error"]
    assert len(chat.asked) == 1


def test_a_server_error_is_retried(chat):
    answers = [500, "fine"]
    chat.answer = lambda _: answers.pop(0)
    assert endpoint(chat, max_retries=1).complete(QUESTION).text == "fine"


def test_a_slow_response_is_a_timeout(chat):
    chat.answer = lambda _: time.sleep(1) or "late"
    assert endpoint(chat, timeout=0.2).complete(QUESTION).failure == "timeout"


def test_models_are_listed(chat):
    chat.models = ["first", "second"]
    assert endpoint(chat).list_models() == ["first", "second"]


def test_the_first_listed_model_is_the_default(chat):
    chat.models = ["first", "second"]
    client = endpoint(chat, served_model_name="")
    client.complete(QUESTION)
    assert chat.asked[0]["model"] == client.settings.served_model_name == "first"


def test_a_server_without_models_is_an_error(chat):
    chat.models = []
    with pytest.raises(InputError, match="lists no models"):
        endpoint(chat).list_models()


@pytest.mark.parametrize(
    ("answer", "supported"), [("yes", False), ({"text": "yes", "tokens": [("yes", {"yes": 1})]}, True)]
)
def test_support_for_log_probabilities_is_probed(chat, answer, supported):
    chat.answer = lambda _: answer
    assert endpoint(chat).supports_logprobs(5) is supported
    assert chat.asked[0]["max_tokens"] == 16


def test_a_server_that_rejects_log_probabilities_does_not_support_them(chat):
    chat.answer = rejecting(["logprobs"])
    assert endpoint(chat).supports_logprobs(5) is False


def test_the_probe_is_repeated_with_more_tokens_for_a_reasoning_model(chat):
    complete = {"text": "yes", "tokens": [("yes", {"yes": 1})]}
    reasoning = {"text": None, "reasoning": "hm", "reason": "length"}
    chat.answer = lambda body: complete if body["max_tokens"] > 16 else reasoning
    assert endpoint(chat).supports_logprobs(5) is True


def test_a_failing_probe_is_an_error(chat):
    chat.answer = lambda _: (400, "The model is out of order.")
    with pytest.raises(InputError, match="out of order"):
        endpoint(chat).supports_logprobs(5)


@pytest.mark.parametrize(
    "call", [lambda it: it.complete(QUESTION), lambda it: it.list_models(), lambda it: it.supports_logprobs(5)]
)
def test_an_unreachable_server_is_an_error(chat, call):
    client = endpoint(chat, url="http://127.0.0.1:9/v1")
    with pytest.raises(InputError, match="does not respond"):
        call(client)


@pytest.mark.parametrize(("status", "message"), [(401, "API key"), (403, "API key"), (404, "was not found")])
def test_a_rejected_key_or_path_is_an_error(chat, status, message):
    chat.answer = lambda _: status
    with pytest.raises(InputError, match=message):
        endpoint(chat).complete(QUESTION)


def test_an_invalid_url_is_an_error(chat):
    with pytest.raises(SettingError, match="not a valid URL"):
        endpoint(chat, url="localhost:8000")


@pytest.mark.parametrize(
    "transport", [{"timeout": 9}, {"max_retries": 1}, {"api_key_env": "X"}, {"max_concurrency": 1}]
)
def test_the_cache_key_does_not_depend_on_transport_settings(transport):
    plain = ChatSettings(url="http://x", served_model_name="m")
    assert plain.model_copy(update=transport).cache_key() == plain.cache_key()
    assert plain.model_copy(update={"seed": 3}).cache_key() != plain.cache_key()


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"[]",
        b'{"error": {"message": "busy"}}',
        b'{"choices": null}',
        b'{"choices": [3]}',
    ],
)
def test_a_body_that_is_not_a_chat_completion_is_a_failed_reply(body):
    [reply] = parse_completion(body)
    assert reply.failure == "endpoint-error"
    assert "not a chat completion" in reply.detail


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "message", "content", "logprobs", "bytes", "token", "logprob", "top_logprobs"]),
            inner,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_as_a_reply_or_a_failure(values):
    for body in (values, {"choices": [values]}, {"choices": [{"message": {"content": "x"}, "logprobs": values}]}):
        for reply in parse_completion(json.dumps(body).encode()):
            assert (reply.text is None) == bool(reply.failure)


def refusing(reason, status=400):
    """Return an answer that refuses a body for the reason that a function returns for it."""

    def answer(body):
        message = reason(body)
        return (
            (status, message)
            if message
            else {"text": "yes", "tokens": [("yes", {"yes": 1})][: body.get("logprobs", 0)]}
        )

    return answer


def no_system(body):
    return "no system role" if any(message["role"] == "system" for message in body["messages"]) else ""


def test_a_refused_temperature_is_left_out(chat):
    chat.answer = refusing(
        lambda body: "temperature must be 1 for this model" if body.get("temperature", 1) != 1 else ""
    )
    client = endpoint(chat)
    assert client.try_out(("user",), 5) is True
    assert client.changes == {"temperature": None}
    client.complete(QUESTION)
    assert "temperature" not in chat.asked[-1]


def test_fewer_alternatives_are_requested_from_a_server_with_a_lower_limit(chat):
    chat.answer = refusing(lambda body: "logprobs of 20 is more than 5" if body.get("top_logprobs", 0) > 5 else "")
    client = endpoint(chat)
    assert client.try_out(("user",), 20) is True
    assert client.changes == {"top_logprobs": 5}


@pytest.mark.parametrize("parameter", ["logprobs", "seed", "temperature", "chat_template_kwargs"])
def test_a_parameter_that_is_refused_without_its_name_is_found(chat, parameter):
    chat.answer = refusing(lambda body: "Bad request" if parameter in body else "")
    client = endpoint(chat)
    client.try_out(("user",), 20, {"enable_thinking": False})
    assert client.changes == {parameter: None} | ({"top_logprobs": None} if parameter == "logprobs" else {})


def test_both_names_of_max_tokens_may_be_refused(chat):
    chat.answer = rejecting(["max_tokens", "max_completion_tokens"])
    assert endpoint(chat).complete(QUESTION).text == "fine"
    assert "max_completion_tokens" not in chat.asked[-1]


def test_a_server_that_needs_more_than_a_few_tokens_is_usable(chat):
    chat.answer = refusing(lambda body: "The output limit was reached." if body["max_tokens"] < 100 else "")
    assert endpoint(chat).try_out(("user",)) is False


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(("refused_system", "roles"), [("folded", ["user"]), ("dropped", ["user"])])
def test_a_refused_system_message_is_folded_or_dropped(chat, status, refused_system, roles):
    chat.answer = refusing(no_system, status)
    client = endpoint(chat)
    client.try_out(("system", "user"), refused_system=refused_system)
    assert client.system_role == refused_system
    client.complete(conversation("Be strict.", "Grade."))
    [message] = chat.asked[-1]["messages"]
    assert message["content"] == ("Be strict.\n\nGrade." if refused_system == "folded" else "Grade.")


def test_a_refused_role_is_an_error_with_the_servers_reason_and_the_fix(chat):
    chat.answer = refusing(no_system)
    with pytest.raises(InputError, match=r"roles system, user: .*no system role") as error:
        endpoint(chat).try_out(("system", "user"))
    assert "system_role=fold" in error.value.hint


def test_content_as_a_list_of_parts_is_read():
    parts = [{"type": "text", "text": "Score: "}, {"type": "image"}, {"type": "text", "text": "7"}, 3]
    [reply] = parse_completion(json.dumps({"choices": [{"message": {"content": parts}}]}).encode())
    assert reply.text == "Score: 7"


@pytest.mark.parametrize("count", [-1, 10**30, "7", None, 1.5])
def test_an_impossible_number_of_prompt_tokens_is_not_read(count):
    body = {"choices": [{"message": {"content": "x"}}], "usage": {"prompt_tokens": count}}
    assert parse_completion(json.dumps(body).encode())[0].prompt_tokens == 0


@pytest.mark.parametrize(
    ("max_tokens", "top_logprobs", "failure"), [(16, 0, "endpoint-error"), (16, 20, ""), (5000, 0, "")]
)
def test_the_limit_of_a_response_depends_on_what_was_requested(chat, monkeypatch, max_tokens, top_logprobs, failure):
    monkeypatch.setattr("themis_rm.endpoints.chat._RESPONSE_BYTES", 1000)
    chat.answer = lambda _: "a" * 20_000
    [reply] = endpoint(chat, max_tokens=max_tokens).sample(QUESTION, top_logprobs=top_logprobs)
    assert reply.failure == failure
