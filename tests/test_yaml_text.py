"""YAML of unknown origin: plain data, bounded."""

from contextlib import suppress

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.settings.yaml_text import MAX_DEPTH, InvalidYamlError, parse_yaml

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 9)
)
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{level}: &a{level} [*a{level - 1}]\n" for level in range(1, 100))
MERGES = "a0: &a0 {x: 1}\n" + "".join(
    f"a{level}: &a{level} {{<<: [{', '.join([f'*a{level - 1}'] * 9)}]}}\n" for level in range(1, 9)
)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "values after aliases are replaced"),
        (MERGES, "values after aliases are replaced"),
        (CHAIN, "levels after aliases are replaced"),
        ("a: &a [*a]", "refers to a value that contains it"),
        ("a: &a {b: *a}", "refers to a value that contains it"),
        ("a: " + "[" * 20_000, f"nested more than {MAX_DEPTH} levels"),
        ("\n".join(" " * level + "a:" for level in range(100)), f"nested more than {MAX_DEPTH} levels"),
        ("a: " + "9" * 10_000, "invalid value (Exceeds the limit (4300 digits)"),
        ("a: 2020-13-45", "invalid value (month must be in 1..12)"),
        ("a: 0b_", "invalid value"),
        ("a: 1\na: 2", "line 2, column 1: the key a is repeated"),
        ("1: a", "the key 1 is not a text; quote it"),
        ("2020-01-01: a", "the key 2020-01-01 is not a text"),
        ("on: a", "the key on is not a text"),
        ("? [a]\n: b", "a key is not a text"),
        ("a: !!python/object:os.system x", "is not supported"),
        ("a: !!int x", "is not supported"),
        ("a: !!set {b}", "is not supported"),
        ('a: "\\0"', "NUL"),
        ("a: \x00", "special characters"),
        ("a: *b", "undefined alias"),
        ("a: 1\n---\nb: 2", "expected a single document in the stream, but found"),
        ("x" * ((1 << 20) + 1), "more than 1,048,576 characters"),
    ],
    ids=lambda value: "" if len(value) > 40 else value,
)
def test_what_is_not_plain_data_of_bounded_size_is_refused_in_one_line(text, reason):
    with pytest.raises(InvalidYamlError) as caught:
        parse_yaml(text)
    assert reason in str(caught.value)
    assert "\n" not in str(caught.value)


def test_aliases_and_merge_keys_are_allowed():
    assert parse_yaml("base: &b {x: 1}\nfirst: *b\nsecond: {<<: *b, y: 2}") == {
        "base": {"x": 1},
        "first": {"x": 1},
        "second": {"x": 1, "y": 2},
    }


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
keys = st.text(min_size=1).map(lambda text: f"k{text}")


@given(st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3)))
def test_plain_data_is_what_the_safe_loader_reads(value):
    text = yaml.safe_dump(value, allow_unicode=True)
    if "\\0" not in text and "&" not in text:
        assert parse_yaml(text) == yaml.safe_load(text)


@given(st.text("abc:{}[],&*!<\n -?|>'\"#%@`0.=~"))
def test_a_text_of_any_kind_is_read_or_refused(text):
    with suppress(InvalidYamlError):
        parse_yaml(text)


@pytest.mark.parametrize("text", ["4:00:00", "1:30", "12:30:45.5"])
def test_a_time_is_a_text(text):
    assert parse_yaml(f"time: {text}") == {"time": text}
