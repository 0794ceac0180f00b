"""Scoring requests: every line and file becomes a request or a counted reason."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.criteria import CRITERIA
from themis_rm.errors import InputError, SettingError
from themis_rm.messages import conversation
from themis_rm.serve.requests import (
    InvalidRequest,
    Request,
    ScoreSettings,
    criteria_labels,
    default_prompt,
    parse_row,
    read_code_requests,
    read_jsonl_requests,
)


@pytest.mark.parametrize(
    ("criteria", "labels"),
    [
        ("SH", ("SH",)),
        ("security hardness", ("SH",)),
        (CRITERIA[0], ("FC",)),
        (["SH", "all", "security hardness"], ("SH", "FC", "EE", "ME", "R&M", "all")),
        ("none", ("none",)),
        ([], ()),
    ],
)
def test_criteria_have_labels_without_repeats(criteria, labels):
    assert criteria_labels(criteria) == labels


@pytest.mark.parametrize("criteria", [5, {"SH": 1}, ["SH", 3]])
def test_criteria_of_a_wrong_type_are_refused(criteria):
    with pytest.raises(TypeError, match="criteri"):
        criteria_labels(criteria)


def test_an_unknown_criterion_is_refused():
    with pytest.raises(SettingError, match="Unknown criterion 'beauty'"):
        criteria_labels("beauty")


def test_code_files_answer_a_prompt_that_names_them(tmp_path):
    good, empty, binary = tmp_path / "sort.go", tmp_path / "empty.py", tmp_path / "b.c"
    good.write_text("package sort\n", encoding="utf-8")
    empty.write_text("\n", encoding="utf-8")
    binary.write_bytes(b"\xff\xfe\x00")
    settings = ScoreSettings(criteria=("ME",))
    requests = list(read_code_requests([good, empty, binary, tmp_path / "absent.rb"], settings))
    assert requests[0] == Request(str(good), 1, conversation(None, "Write sort.go in Go.", "package sort\n"), ("ME",))
    reasons = [item.reason for item in requests[1:] if isinstance(item, InvalidRequest)]
    assert reasons == ["empty", "not-utf-8", "not-readable"]


def test_a_prompt_setting_applies_to_every_code_file(tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n", encoding="utf-8")
    (request,) = read_code_requests([tmp_path / "a.py"], ScoreSettings(prompt="Set x."))
    assert request.messages[0] == {"role": "user", "content": "Set x."}


@given(texts=st.lists(st.text(max_size=30), max_size=8))
def test_every_line_gives_one_item(texts):
    raw = [text.replace("\n", " ").encode("utf-8", "replace") + b"\n" for text in texts]
    items = list(read_jsonl_requests(raw, ScoreSettings()))
    assert len(items) == sum(1 for line in raw if line.strip())


@pytest.mark.parametrize(("path", "prompt"), [("a/b.rb", "Write b.rb in Ruby."), ("Makefile", "Write Makefile.")])
def test_the_default_prompt_names_file_and_language(path, prompt):
    assert default_prompt(Path(path)) == prompt


USER, ANSWER = {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}
CALL = {"type": "function", "function": {"name": "run", "arguments": {}}}
CALLING, RESULT = {"role": "assistant", "content": "", "tool_calls": [CALL]}, {"role": "tool", "content": "ok"}


@pytest.mark.parametrize(
    ("row", "roles"),
    [
        ({"prompt": "a", "response": "b"}, ["user", "assistant"]),
        ({"prompt": "a", "completion": "b", "tools": None}, ["user", "assistant"]),
        ({"prompt": [USER], "completion": [ANSWER]}, ["user", "assistant"]),
        ({"prompt": [USER], "response": ANSWER}, ["user", "assistant"]),
        ({"prompt": "a", "response": "b", "system": "s"}, ["system", "user", "assistant"]),
        ({"messages": [USER, ANSWER], "system": "s"}, ["system", "user", "assistant"]),
        ({"messages": [USER], "response": "b"}, ["user", "assistant"]),
        ({"messages": [USER, CALLING, RESULT, ANSWER]}, ["user", "assistant", "tool", "assistant"]),
        ({"prompt": [USER], "completion": [CALLING, RESULT, ANSWER]}, ["user", "assistant", "tool", "assistant"]),
        ({"messages": [{"role": "developer", "content": "s"}, USER, ANSWER]}, ["system", "user", "assistant"]),
    ],
)
def test_a_row_with_one_plain_meaning_is_read(row, roles):
    (messages,) = parse_row(row)
    assert [message["role"] for message in messages] == roles


@pytest.mark.parametrize("key", ["responses", "completions"])
def test_several_responses_are_one_conversation_each(key):
    assert parse_row({"prompt": "a", key: ["b", [ANSWER]]}) == [conversation(None, "a", "b")] * 2


def test_several_responses_have_numbered_ids():
    requests = read_jsonl_requests([b'{"id": "x", "prompt": "a", "responses": ["b", "c"]}'], ScoreSettings())
    assert [(request.id, request.line) for request in requests] == [("x/0", 1), ("x/1", 1)]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({}, "needs 'prompt' or 'messages'"),
        ({"prompt": "a"}, "'response' is missing"),
        ({"prompt": "a", "messages": [USER], "response": "b"}, "not both"),
        ({"prompt": "a", "response": "b", "completion": "c"}, "both 'response' and 'completion'"),
        ({"prompt": "a", "responses": []}, "not a list of responses"),
        ({"prompt": "a", "response": ["b"]}, r"messages\[0\]"),
        ({"prompt": "a", "response": [USER]}, "not from the assistant"),
        ({"prompt": [USER, ANSWER], "response": "b"}, "end with one from the assistant"),
        ({"prompt": {"role": "user"}, "response": "b"}, "neither a string nor a list"),
        ({"messages": [USER]}, "not from the assistant"),
        ({"messages": "a", "response": "b"}, "not a list of messages"),
        ({"messages": [{"role": "system", "content": "s"}, USER, ANSWER], "system": "s"}, "'system' and a system"),
        ({"prompt": "a", "response": "b", "tools": [{"name": "f"}]}, "'tools' is not read"),
    ],
)
def test_a_row_without_one_plain_meaning_is_refused(row, problem):
    with pytest.raises(InputError, match=problem):
        parse_row(row)
