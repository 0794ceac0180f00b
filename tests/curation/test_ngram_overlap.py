"""Shared n-grams: independent of case, punctuation and order, in bounded memory."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.curation.ngram_overlap import NGramIndex, WordHashes, grams, words

THIRTEEN = "one two three four five six seven eight nine ten eleven twelve thirteen"


def plain_grams(text, order):
    """Return the n-grams of a text as tuples of words, without hashing."""
    split = words(text)
    if not split:
        return set()
    if len(split) < order:
        return {tuple(split)}
    return {tuple(split[i : i + order]) for i in range(len(split) - order + 1)}


def test_thirteen_consecutive_words_are_shared_whatever_the_punctuation():
    index = NGramIndex([f"Please: {THIRTEEN}."])
    assert index.shared(THIRTEEN.upper().replace(" ", ",\n ")) == 1


def test_twelve_consecutive_words_are_not_shared():
    index = NGramIndex([THIRTEEN])
    assert index.shared(THIRTEEN.rsplit(" ", 1)[0] + " and more words follow here") == 0


def test_a_short_text_is_shared_only_completely():
    index = NGramIndex(["Sort the list."])
    assert index.shared("sort THE list!") == 1
    assert index.shared("Sort the list. " + THIRTEEN) == 0
    assert index.shared("Sort the") == 0


def test_a_text_without_words_shares_nothing():
    index = NGramIndex(["...", THIRTEEN])
    assert index.shared("!!!") == 0
    assert index.overlap(0).grams == 0


def test_an_empty_index_shares_nothing():
    assert NGramIndex([]).add(THIRTEEN, 0) == 0


def test_an_ngram_of_many_texts_is_a_common_phrase():
    index = NGramIndex([THIRTEEN])
    for number in range(3):
        index.add(f"{THIRTEEN} and word{number}", number)
    assert (index.overlap(0, common=3).shared, index.overlap(0, common=3).common) == (1, 0)
    assert (index.overlap(0, common=2).shared, index.overlap(0, common=2).common) == (0, 1)
    assert index.overlap(0, common=2).first == -1


def test_equal_texts_count_once_for_common_phrases():
    index = NGramIndex([THIRTEEN])
    for number in range(20, 0, -1):
        index.add(THIRTEEN.title() + "!" * number, number)
    assert (index.overlap(0).shared, index.overlap(0).common, index.overlap(0).first) == (1, 0, 1)


def test_the_overlap_does_not_depend_on_the_order_of_the_texts():
    indexed = [THIRTEEN + " fourteen", "short one"]
    other = [THIRTEEN, "short one", "x " + THIRTEEN + " fourteen", "nothing"]
    forth, back = NGramIndex(indexed), NGramIndex(indexed)
    for number, text in enumerate(other):
        forth.add(text, number)
    for number, text in reversed(list(enumerate(other))):
        back.add(text, number)
    assert [forth.overlap(i) for i in range(2)] == [back.overlap(i) for i in range(2)]
    assert forth.overlap(0).first == 0
    assert forth.overlap(0).shared == forth.overlap(0).grams == 2


def test_hashes_of_words_do_not_depend_on_the_cache(monkeypatch):
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
def test_the_index_agrees_with_sets_of_ngrams(indexed, other, order):
    index = NGramIndex(indexed, order)
    wanted = plain_grams(other, order)
    assert index.shared(other) == len(wanted & set().union(*(plain_grams(text, order) for text in indexed), set()))
    index.add(other, 5)
    for number, text in enumerate(indexed):
        overlap = index.overlap(number)
        assert overlap.grams == len(plain_grams(text, order))
        assert overlap.shared == len(plain_grams(text, order) & wanted)
        assert overlap.first == (5 if overlap.shared else -1)
