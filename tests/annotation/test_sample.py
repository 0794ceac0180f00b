"""Stratified samples."""

from collections import Counter

from tests.annotation.pairs import code_pair, read, write_pairs

from themis_rm.annotation.sample import Candidate, stratified_sample


def candidates(counts, seed=0):
    """Return candidates of groups and languages, in a number each."""
    return [
        Candidate((group, ""), language, f"{(number * 7919 + seed) % 1009:04d}{group}{language}")
        for (group, language), count in counts.items()
        for number in range(count)
    ]


def count(rows, sample):
    return Counter((rows[index].group[0], rows[index].language) for index in sample)


def test_criteria_and_their_languages_have_equally_many_rows():
    rows = candidates({("FC", "C"): 500, ("FC", "Go"): 20, ("SH", "C"): 30, ("SH", "Go"): 30})
    assert count(rows, stratified_sample(rows, 40)) == {
        ("FC", "C"): 10,
        ("FC", "Go"): 10,
        ("SH", "C"): 10,
        ("SH", "Go"): 10,
    }


def test_what_a_small_stratum_lacks_comes_from_others():
    rows = candidates({("FC", "C"): 500, ("FC", "Go"): 2, ("SH", "C"): 3})
    assert count(rows, stratified_sample(rows, 20)) == {("FC", "C"): 15, ("FC", "Go"): 2, ("SH", "C"): 3}


def test_a_sample_has_no_more_rows_than_there_are():
    rows = candidates({("FC", "C"): 3})
    assert sorted(stratified_sample(rows, 20)) == [0, 1, 2]


def test_no_rows_give_an_empty_sample():
    assert stratified_sample([], 5) == []


def test_the_sample_does_not_depend_on_the_order_of_the_rows():
    rows = candidates({("FC", "C"): 50, ("SH", "C"): 50})
    backward = rows[::-1]
    one = [rows[index].rank for index in stratified_sample(rows, 10)]
    assert one == [backward[index].rank for index in stratified_sample(backward, 10)]


def test_the_rank_of_a_row_depends_on_the_seed(tmp_path):
    (row,) = read(write_pairs(tmp_path / "p.parquet", [code_pair(1)]))
    assert Candidate.of(row, 0) == Candidate.of(row, 0)
    assert Candidate.of(row, 0).rank != Candidate.of(row, 1).rank
