"""Shared n-grams: what counts as shared, whatever case and punctuation, in bounded memory and any order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.ngram_overlap import NGramIndex, WordHashes, grams, words

THIRTEEN = "one two three four five six seven eight nine ten eleven twelve thirteen"


def plain_grams(text, order):
    """What the index should hold, without any hashing."""
    found = words(text)
    if not found:
        return set()
    if len(found) < order:
        return {tuple(found)}
    return {tuple(found[i : i + order]) for i in range(len(found) - order + 1)}


def test_thirteen_words_in_a_row_are_shared_whatever_stands_between_and_around_them():
    index = NGramIndex([f"Please: {THIRTEEN}."])
    assert index.shared(THIRTEEN.upper().replace(" ", ",\n ")) == 1


def test_twelve_words_in_a_row_are_not_shared():
    index = NGramIndex([THIRTEEN])
    assert index.shared(THIRTEEN.rsplit(" ", 1)[0] + " and more words follow here") == 0


def test_a_short_text_is_shared_only_as_a_whole():
    index = NGramIndex(["Sort the list."])
    assert index.shared("sort THE list!") == 1
    assert index.shared("Sort the list. " + THIRTEEN) == 0
    assert index.shared("Sort the") == 0


def test_a_text_without_words_shares_nothing():
    index = NGramIndex(["...", THIRTEEN])
    assert index.shared("!!!") == 0
    assert index.found(0).grams == 0


def test_an_empty_index_is_no_error():
    assert NGramIndex([]).look(THIRTEEN, 0) == 0


def test_a_phrase_of_many_texts_is_common_and_no_overlap():
    index = NGramIndex([THIRTEEN])
    for number in range(3):
        index.look(f"{THIRTEEN} and word{number}", number)
    assert (index.found(0, common=3).shared, index.found(0, common=3).common) == (1, 0)
    assert (index.found(0, common=2).shared, index.found(0, common=2).common) == (0, 1)
    assert index.found(0, common=2).first == -1


def test_a_text_that_stands_there_often_is_no_common_phrase():
    index = NGramIndex([THIRTEEN])
    for number in range(20, 0, -1):
        index.look(THIRTEEN.title() + "!" * number, number)
    assert (index.found(0).shared, index.found(0).common, index.found(0).first) == (1, 0, 1)


def test_what_was_seen_does_not_depend_on_the_order_of_the_texts():
    held = [THIRTEEN + " fourteen", "short one"]
    other = [THIRTEEN, "short one", "x " + THIRTEEN + " fourteen", "nothing"]
    forth, back = NGramIndex(held), NGramIndex(held)
    for number, text in enumerate(other):
        forth.look(text, number)
    for number, text in reversed(list(enumerate(other))):
        back.look(text, number)
    assert [forth.found(i) for i in range(2)] == [back.found(i) for i in range(2)]
    assert forth.found(0).first == 0
    assert forth.found(0).shared == forth.found(0).grams == 2


def test_words_keep_their_hash_when_the_memory_is_emptied(monkeypatch):
    monkeypatch.setattr("themis_rm.curation.ngram_overlap._MOST_WORDS", 2)
    hashes = WordHashes()
    first = hashes(["a", "b", "c", "d"])
    hashes(["e"])
    assert np.array_equal(hashes(["a", "b", "c", "d"]), first)
    assert len(hashes._known) <= 5


@pytest.mark.parametrize("values", [[], [7], [7, 7, 7, 7, 7, 7]])
def test_grams_of_few_or_equal_values(values):
    assert len(grams(np.array(values, np.uint64), 3)) == (1 if values else 0)


letters = st.text(alphabet="ab ,", max_size=30)


@given(st.lists(letters, max_size=4), letters, st.integers(2, 4))
def test_the_index_finds_just_what_plain_sets_find(held, other, order):
    index = NGramIndex(held, order)
    wanted = plain_grams(other, order)
    assert index.shared(other) == len(wanted & set().union(*(plain_grams(text, order) for text in held), set()))
    index.look(other, 5)
    for number, text in enumerate(held):
        found = index.found(number)
        assert found.grams == len(plain_grams(text, order))
        assert found.shared == len(plain_grams(text, order) & wanted)
        assert found.first == (5 if found.shared else -1)
