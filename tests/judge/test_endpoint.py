"""What the endpoint sends, what it makes of answers, and how it takes a server that knows less or is gone."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError, SettingError
from themis_rm.judge.endpoint import Endpoint, EndpointSettings, _replies
from themis_rm.prompts import conversation

QUESTION = conversation(None, "How good is it?")


def endpoint(chat, **change):
    return Endpoint(EndpointSettings(**{"url": chat.url, "model": "m", "retries": 0, **change}))


def answering(status_unless, said="fine"):
    """Return an answer that refuses bodies with one of these keys, naming it, and else says something."""

    def answer(body):
        named = next((name for name in status_unless if name in body), None)
        return (400, f"Unknown parameter: '{named}'.") if named else said

    return answer


def test_a_plain_question_carries_no_more_than_it_needs(chat):
    assert endpoint(chat).ask(QUESTION).text
    [body] = chat.asked
    assert sorted(body) == ["max_tokens", "messages", "model", "seed", "temperature"]


def test_without_a_seed_none_is_sent(chat):
    endpoint(chat, seed=None).ask(QUESTION)
    assert "seed" not in chat.asked[0]


def test_tokens_come_with_their_bytes_and_alternatives(chat):
    chat.answer = lambda _: {"text": "é", "tokens": [("é", {"é": 0.75, "e": 0.25})]}
    [reply] = endpoint(chat).ask_for(QUESTION, top_logprobs=2)
    [token] = reply.tokens
    assert (token.data, [data for data, _ in token.alternatives]) == ("é".encode(), ["é".encode(), b"e"])
    assert reply.read == 7
    assert (chat.asked[0]["logprobs"], chat.asked[0]["top_logprobs"]) == (True, 2)


@pytest.mark.parametrize(
    ("said", "failure"),
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
def test_a_fault_of_one_request_is_a_failed_reply(chat, said, failure):
    chat.answer = lambda _: said
    reply = endpoint(chat).ask(QUESTION)
    assert (reply.text, reply.failure) == (None, failure)


def test_what_the_server_said_is_kept(chat):
    chat.answer = lambda _: (400, "The role 'principle'\nis not known.")
    assert "The role 'principle' is not known." in endpoint(chat).ask(QUESTION).detail


@pytest.mark.parametrize("unknown", ["logprobs", "top_logprobs", "seed", "chat_template_kwargs"])
def test_what_a_server_does_not_know_is_left_out_from_then_on(chat, unknown):
    chat.answer = answering([unknown])
    asked = endpoint(chat)
    for _ in range(2):
        assert asked.ask_for(QUESTION, top_logprobs=5, template={"enable_thinking": False})[0].text == "fine"
    assert [unknown in body for body in chat.asked] == [True, False, False]
    assert "messages" in chat.asked[-1]


def test_several_unknown_things_are_found_one_after_the_other(chat):
    chat.answer = answering(["logprobs", "seed"])
    asked = endpoint(chat)
    assert asked.ask_for(QUESTION, top_logprobs=5)[0].text == "fine"
    assert asked.ask_for(QUESTION, top_logprobs=5)[0].text == "fine"
    assert len(chat.asked) == 4


def test_the_limit_is_renamed_where_the_server_wants_its_newer_name(chat):
    chat.answer = answering(["max_tokens"])
    assert endpoint(chat, max_tokens=99).ask(QUESTION).text == "fine"
    assert chat.asked[-1]["max_completion_tokens"] == 99


def test_an_error_that_names_a_parameter_by_chance_takes_nothing_away(chat):
    chat.answer = lambda body: (400, "no seed in this garden") if "garden" in str(body["messages"]) else "fine"
    asked = endpoint(chat)
    assert asked.ask(conversation(None, "garden")).failure == "endpoint-error"
    assert asked.ask(QUESTION).text == "fine"
    assert "seed" in chat.asked[-1]


def test_samples_come_with_one_request_where_the_server_gives_several(chat):
    chat.answer = lambda body: [f"answer {n}" for n in range(body["n"])]
    replies = endpoint(chat, temperature=1).ask_for(QUESTION, samples=3)
    assert [reply.text for reply in replies] == ["answer 0", "answer 1", "answer 2"]
    assert len(chat.asked) == 1


@pytest.mark.parametrize("refuses", [True, False])
def test_samples_are_asked_for_with_the_next_seeds_where_the_server_gives_one(chat, refuses):
    chat.answer = lambda body: (400, "'n' is not supported") if refuses and "n" in body else f"seed {body['seed']}"
    replies = endpoint(chat, temperature=1, seed=4).ask_for(QUESTION, samples=3)
    assert [reply.text for reply in replies] == ["seed 4", "seed 5", "seed 6"]


def test_a_request_that_fails_as_a_whole_is_not_repeated_for_the_other_samples(chat):
    chat.answer = lambda _: 500
    assert [reply.failure for reply in endpoint(chat, temperature=1).ask_for(QUESTION, samples=3)] == ["endpoint-error"]
    assert len(chat.asked) == 1


def test_a_server_error_is_tried_again_by_the_client(chat):
    answers = [500, "fine"]
    chat.answer = lambda _: answers.pop(0)
    assert endpoint(chat, retries=1).ask(QUESTION).text == "fine"


def test_models_are_listed(chat):
    chat.models = ["first", "second"]
    assert endpoint(chat).models() == ["first", "second"]


def test_a_server_that_lists_nothing_is_told_in_one_line(chat):
    chat.models = []
    with pytest.raises(InputError, match="lists no models"):
        endpoint(chat).models()


@pytest.mark.parametrize(("said", "gives"), [("yes", False), ({"text": "yes", "tokens": [("yes", {"yes": 1})]}, True)])
def test_whether_log_probabilities_come_is_found_by_asking(chat, said, gives):
    chat.answer = lambda _: said
    assert endpoint(chat).gives_logprobs(5) is gives
    assert chat.asked[0]["max_tokens"] == 16


def test_a_server_that_refuses_log_probabilities_gives_none(chat):
    chat.answer = answering(["logprobs"])
    assert endpoint(chat).gives_logprobs(5) is False


def test_a_model_that_only_thought_is_asked_with_more_room(chat):
    full = {"text": "yes", "tokens": [("yes", {"yes": 1})]}
    chat.answer = lambda body: (
        full if body["max_tokens"] > 16 else {"text": None, "reasoning": "hm", "reason": "length"}
    )
    assert endpoint(chat).gives_logprobs(5) is True


def test_a_server_that_cannot_answer_is_told_in_one_line(chat):
    chat.answer = lambda _: (400, "The model is out of order.")
    with pytest.raises(InputError, match="out of order"):
        endpoint(chat).gives_logprobs(5)


@pytest.mark.parametrize("ask", [lambda it: it.ask(QUESTION), lambda it: it.models(), lambda it: it.gives_logprobs(5)])
def test_a_dead_server_is_told_in_one_line(chat, ask):
    gone = endpoint(chat, url="http://127.0.0.1:9/v1")
    with pytest.raises(InputError, match="Cannot reach"):
        ask(gone)


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_refusal_is_told_in_one_line(chat, status):
    chat.answer = lambda _: status
    with pytest.raises(InputError, match="refuses"):
        endpoint(chat).ask(QUESTION)


def test_a_url_must_be_one(chat):
    with pytest.raises(SettingError, match="is no URL"):
        endpoint(chat, url="localhost:8000")


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
def test_what_is_no_chat_completion_is_told(body):
    [reply] = _replies(body)
    assert reply.failure == "endpoint-error"
    assert "no chat completion" in reply.detail


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
        for reply in _replies(json.dumps(body).encode()):
            assert (reply.text is None) == bool(reply.failure)
