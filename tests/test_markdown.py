"""Markdown from templates: texts of data stay text."""

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.markdown import escape_markdown, markdown_environment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("a | b", "a \\| b"),
        ("two\nlines\r\n# Title", "two lines # Title"),
        ("[name](javascript:x)", "\\[name\\](javascript:x)"),
        ("`code`", "\\`code\\`"),
        ("snake_case", "snake_case"),
    ],
)
def test_markup_in_a_text_is_escaped(text, expected):
    assert escape_markdown(text) == expected


@given(st.text())
def test_any_text_is_one_cell_of_a_table(text):
    cell = escape_markdown(text)
    assert len(cell.splitlines()) <= 1
    assert "<" not in cell
    assert cell.replace("\\|", "").count("|") == 0


def test_templates_escape_texts_and_keep_numbers_and_safe_texts():
    environment = markdown_environment("themis_rm.dataset", "")
    template = environment.from_string("{{ name }} {{ count }} {{ body|safe }}")
    assert template.render(name="<b>", count=3, body="`x`") == "&lt;b> 3 `x`"


def test_a_missing_value_is_an_error():
    with pytest.raises(jinja2.UndefinedError):
        markdown_environment("themis_rm.dataset", "").from_string("{{ missing }}").render()
