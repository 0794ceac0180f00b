"""Words of an instruction that only one version contains."""

import pytest

from themis_rm.curation.leaks import leaking_words, shared_items

OLD = "total = open_file(path, 10)\n"
NEW = "total = read_file(path, 2.5)  # fooBar\n"


@pytest.mark.parametrize(
    ("instruction", "words"),
    [
        ("Compute the total of a path", []),
        ("Use read_file", ["read_file"]),
        ("Do not use open_file", ["open_file"]),
        ("At most 10 lines, every 2.5 seconds", ["10", "2.5"]),
        ("Please open the file", ["open"]),  # a part of an identifier of one version
        ("Add a foo", ["foo"]),
        ("Write a file", []),  # in both versions
        ("It is a path", []),
    ],
)
def test_words_of_one_version_are_found(instruction, words):
    assert leaking_words(instruction.lower(), OLD, NEW) == words


def test_ignored_words_do_not_count():
    assert leaking_words("Use read_file", NEW, OLD, frozenset({"read_file"})) == []


def test_the_sides_count_alike():
    text = "Use read_file, not open_file"
    assert leaking_words(text, OLD, NEW) == leaking_words(text, NEW, OLD) == ["read_file", "open_file"]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (["b", "a", "c"], ["b", "c"], ["b", "c"]),
        (["b", "a"], ["a", "b"], ["a", "b"]),
        (["b", "a"], ["b", "x", "a"], ["b", "a"]),
        ([], ["a"], []),
    ],
)
def test_the_order_of_what_is_shared_does_not_depend_on_the_side(one, other, expected):
    assert shared_items(one, other) == shared_items(other, one) == expected
