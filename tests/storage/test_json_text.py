"""JSON of unknown origin."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError
from themis_rm.storage.json_text import MAX_DEPTH, parse_json, read_json, read_json_object


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        '{"a":' * 900 + "1" + "}" * 900,
        "9" * 10_000,
        b"\xff",
        "not JSON",
        "",
    ],
    ids=["unclosed", "lists", "objects", "number", "bytes", "text", "empty"],
)
def test_everything_that_cannot_be_read_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        parse_json(text)


def test_many_brackets_that_are_not_nested_are_read():
    value = [[1]] * 1000 + ["[" * 1000]
    assert parse_json(json.dumps(value)) == value


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_the_value_is_that_of_the_standard_library(value):
    text = json.dumps(value)
    assert parse_json(text) == parse_json(text.encode()) == parse_json("\ufeff" + text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not readable JSON"),
        ('{"na', "is not readable JSON"),
        ("[1]", "not a JSON object"),
        ("{}", "lacks name"),
    ],
)
def test_a_damaged_file_is_named(text, message, tmp_path):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_json_object(tmp_path / "a.json", ["name"])
    assert "a.json" in caught.value.message
    assert caught.value.hint.startswith("Delete it")


def test_a_file_is_read(tmp_path):
    (tmp_path / "a.json").write_text("[1]")
    assert read_json(tmp_path / "a.json") == [1]
