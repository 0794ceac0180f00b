"""Messages in the forms of chat APIs and datasets are read without loss, or refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError
from themis_rm.messages import conversation, join_response, parse_message, parse_messages, text_of, texts_of

CALL = {"type": "function", "function": {"name": "run", "arguments": {"path": "a.py"}}}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ({"role": "user", "content": "a"}, {"role": "user", "content": "a"}),
        ({"role": "developer", "content": "a"}, {"role": "system", "content": "a"}),
        ({"from": "human", "value": "a"}, {"role": "user", "content": "a"}),
        ({"from": "gpt", "value": "a", "weight": 1}, {"role": "assistant", "content": "a"}),
        ({"role": "model", "content": "a", "refusal": None, "audio": None}, {"role": "assistant", "content": "a"}),
        ({"role": "user", "content": [{"type": "text", "text": "a"}, "b"]}, {"role": "user", "content": "ab"}),
        ({"role": "user", "content": [{"type": "input_text", "text": "a"}]}, {"role": "user", "content": "a"}),
        ({"role": "user", "content": "", "name": "Ann"}, {"role": "user", "content": "", "name": "Ann"}),
        (
            {"role": "assistant", "content": "b", "thinking": "why"},
            {"role": "assistant", "content": "b", "reasoning_content": "why"},
        ),
        (
            {"role": "assistant", "content": "b", "reasoning": "why", "reasoning_content": "why"},
            {"role": "assistant", "content": "b", "reasoning_content": "why"},
        ),
        (
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "why"}, {"type": "text", "text": "b"}]},
            {"role": "assistant", "content": "b", "reasoning_content": "why"},
        ),
        (
            {"role": "assistant", "content": None, "tool_calls": [CALL | {"id": "7"}]},
            {"role": "assistant", "content": "", "tool_calls": [CALL | {"id": "7"}]},
        ),
        (
            {"role": "assistant", "content": None, "function_call": {"name": "run", "arguments": '{"path": "a.py"}'}},
            {"role": "assistant", "content": "", "tool_calls": [CALL]},
        ),
        (
            {"role": "assistant", "content": "", "tool_calls": [{"name": "run", "arguments": "not json"}]},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [{"type": "function", "function": {"name": "run", "arguments": "not json"}}],
            },
        ),
        (
            {"role": "function", "name": "run", "content": "ok", "tool_call_id": "7"},
            {"role": "tool", "name": "run", "content": "ok", "tool_call_id": "7"},
        ),
    ],
)
def test_a_message_is_read(written, read):
    assert parse_message(written) == read


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("a", "not an object"),
        ({"content": "a"}, "role is null"),
        ({"role": "critic", "content": "a"}, 'role is "critic"'),
        ({"role": "user"}, "no content"),
        ({"role": "user", "content": None}, "no content"),
        ({"role": "user", "content": []}, "no content"),
        ({"role": "user", "content": 5}, "neither a string nor a list"),
        ({"role": "user", "content": {"type": "text", "text": "a"}}, "neither a string nor a list"),
        ({"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}, '"image_url", not text'),
        ({"role": "user", "content": [{"type": "text", "text": 3}]}, "'text' is not a string"),
        ({"role": "user", "content": [3]}, "neither a string nor an object"),
        ({"role": "user", "content": "a", "value": "b"}, "both 'content' and 'value'"),
        ({"role": "user", "content": "a", "images": ["x"]}, "'images' is not read"),
        ({"role": "assistant", "content": "a", "refusal": "no"}, "'refusal' is not read"),
        ({"role": "user", "content": "a", "reasoning": "b"}, "has reasoning"),
        ({"role": "assistant", "content": "a", "reasoning": "b", "thinking": "c"}, "two different texts"),
        ({"role": "assistant", "content": "a", "reasoning_content": ["b"]}, "not a string"),
        ({"role": "assistant", "content": "a", "tool_calls": "f()"}, "not a list"),
        ({"role": "assistant", "content": "a", "tool_calls": [{"function": {}}]}, "no function with a name"),
        ({"role": "assistant", "content": "a", "tool_calls": [{"name": "f", "arguments": 3}]}, "arguments"),
        ({"role": "tool", "content": "a", "tool_call_id": 3}, "not a string"),
    ],
)
def test_a_message_that_cannot_be_read_without_loss_is_refused(message, problem):
    with pytest.raises(InputError, match=problem):
        parse_message(message)


@pytest.mark.parametrize("value", [None, [], "text", {"role": "user", "content": "a"}, 3])
def test_messages_are_a_list(value):
    with pytest.raises(InputError, match="not a list of messages"):
        parse_messages(value)


def test_the_position_of_a_refused_message_is_named():
    with pytest.raises(InputError, match=r"messages\[1\]: it has no content"):
        parse_messages([{"role": "user", "content": "a"}, {"role": "assistant"}])


def test_system_messages_in_front_are_joined():
    messages = [{"role": role, "content": role} for role in ("system", "developer", "user", "system", "assistant")]
    assert [message["content"] for message in parse_messages(messages)] == [
        "system\n\ndeveloper",
        "user",
        "system",
        "assistant",
    ]


def test_a_response_follows_the_user_or_a_tool():
    answer = conversation("Grade.", "a", "b")[2:]
    assert join_response(conversation("Grade.", "a"), answer) == conversation("Grade.", "a", "b")
    with pytest.raises(InputError, match="end with one from the assistant"):
        join_response(conversation(None, "a", "b"), answer)


def test_the_text_of_a_message_has_its_reasoning_and_its_calls():
    message = parse_message({"role": "assistant", "content": "b", "reasoning": "why", "tool_calls": [CALL]})
    expected = '<think>\nwhy\n</think>\n\nb\n<tool_call>\n{"name": "run", "arguments": {"path": "a.py"}}\n</tool_call>'
    assert text_of(message) == expected
    assert text_of({"role": "user", "content": "a"}) == "a"
    assert set(texts_of([message])) >= {"why", "b", "a.py"}


texts = st.text("a{", max_size=3)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["type", "text"]), inner, max_size=2),
    max_leaves=4,
)
keys = st.sampled_from(["role", "content", "from", "value", "reasoning", "tool_calls", "name", "weight", "x"])
messages = st.dictionaries(keys, json_values | st.sampled_from(["user", "assistant", "tool", "system"]), max_size=5)


@given(st.lists(messages, max_size=3))
def test_any_json_is_read_or_refused(value):
    try:
        parsed = parse_messages(json.loads(json.dumps(value)))
    except InputError:
        return
    assert parse_messages(parsed) == parsed
