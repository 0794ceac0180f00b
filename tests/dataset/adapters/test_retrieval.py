"""Retrieval data: a negative is drawn among the hardest ones, the same in every run."""

from collections import Counter

import pytest

from themis_rm.dataset.adapters import FORMATS, UnusableRowError, detect_format
from themis_rm.dataset.adapters.retrieval import HARDEST, draw_rank, hardest_first
from themis_rm.messages import text_of
from themis_rm.storage.digests import stable_id

ROW = {"query": "sort a list", "pos": ["sorted(x)", "x.sort()"], "neg": ["max(x)", "min(x)", "x[0]"], "id": 7}


def read(row):
    return list(FORMATS.get("retrieval").read(row))


def test_the_format_is_found_by_its_columns():
    assert detect_format([ROW], "file").name == "retrieval"


def test_a_row_gives_a_pair_per_positive():
    pairs = read(ROW)
    assert [(pair.id, pair.group) for pair in pairs] == [("7:0", "7"), ("7:1", "7")]
    assert [text_of(pair.chosen[-1]) for pair in pairs] == ROW["pos"]
    assert {text_of(pair.rejected[-1]) for pair in pairs} <= {*ROW["neg"]}


def test_reading_twice_draws_the_same_negatives():
    assert read(ROW) == read(ROW)


def test_a_negative_that_is_also_positive_is_never_drawn():
    (pair,) = read({"query": "q", "pos": ["a"], "neg": ["a", "b"]})
    assert text_of(pair.rejected[-1]) == "b"


@pytest.mark.parametrize(("negatives", "reason"), [([], "empty-neg"), (["a"], "no-negative"), (["", " "], "empty-neg")])
def test_a_row_without_a_negative_cannot_be_used(negatives, reason):
    with pytest.raises(UnusableRowError, match=reason):
        read({"query": "q", "pos": ["a"], "neg": negatives})


def test_scores_order_the_negatives():
    assert hardest_first(["a", "b", "c"], [0.1, 0.9, 0.5]) == ["b", "c", "a"]


@pytest.mark.parametrize("scores", [None, [0.1], ["x", "y", "z"], "abc"])
def test_scores_that_do_not_fit_keep_the_order(scores):
    assert hardest_first(["a", "b", "c"], scores) == ["a", "b", "c"]


def test_ranks_follow_zipf_and_stop_at_the_hardest():
    draws = 20_000
    counts = Counter(draw_rank(stable_id(str(number)), 50) for number in range(draws))
    harmonic = sum(1 / rank for rank in range(1, HARDEST + 1))
    assert set(counts) == set(range(HARDEST))
    for rank, count in counts.items():
        assert count / draws == pytest.approx(1 / ((rank + 1) * harmonic), abs=0.012)
