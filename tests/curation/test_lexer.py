"""The tokens of code without a parser: comments are left out, text literals are kept whole, time is linear."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.lexer import lex


@pytest.mark.parametrize(
    ("language", "code", "tokens"),
    [
        ("Python", "a = 1  # it's\n", ["a", "=", "1"]),
        ("Python", "b = '# no'", ["b", "=", "'# no'"]),
        ("Python", '"""doc # s\n"""', ['"""doc # s\n"""']),
        ("Ruby", "x # y", ["x"]),
        ("C", 'a /* " */ b // "q\nc', ["a", "b", "c"]),
        ("C", '"// no" /* open', ['"// no"']),
        ("JavaScript", "`x\n//` / 2", ["`x\n//`", "/", "2"]),
        ("Rust", "&'a str", ["&", "'", "a", "str"]),
    ],
)
def test_comments_are_left_out_and_literals_are_whole(language, code, tokens):
    assert lex(code, language) == tokens


@given(st.text(alphabet="ab \n\"'`\\/*#_1", max_size=60), st.sampled_from(["Python", "Go"]))
def test_only_comments_and_white_space_are_lost(code, language):
    sign = "#" if language == "Python" else "/"
    if sign not in code:
        assert "".join("".join(lex(code, language)).split()) == "".join(code.split())


@pytest.mark.parametrize("text", ["\\'", "'", '"""', "`", "/*", "\\", "'\\"])
def test_time_is_linear_in_what_never_ends(text):
    started = time.perf_counter()
    for language in ("Python", "C"):
        lex("x" + text * 60_000, language)
    assert time.perf_counter() - started < 5
