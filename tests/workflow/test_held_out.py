from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.evaluation.evaluate import RESULTS, EvaluateSettings
from themis_rm.evaluation.results import EvaluationResults
from themis_rm.pipeline import StageReport
from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.workflow.held_out import PAIRS, evaluate_held_out, sample_equally

ITEMS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 5)), max_size=40)


def sample(items, size):
    return sample_equally(items, size, lambda item: item[0], lambda item: item[1])


@given(ITEMS, st.integers(1, 12))
def test_a_sample_is_as_large_as_it_can_be(items, size):
    taken, left_out = sample(items, size)
    assert len(taken) == min(size, len(items)) == len(items) - left_out


@given(ITEMS, st.integers(1, 12))
def test_a_group_with_fewer_items_than_another_has_all_its_items(items, size):
    taken, there = Counter(group for group, _ in sample(items, size)[0]), Counter(group for group, _ in items)
    largest = max(taken.values(), default=0)
    assert all(taken[group] == there[group] for group in there if taken[group] < largest - 1)


@given(ITEMS, st.integers(1, 12))
def test_the_first_items_of_a_group_are_taken(items, size):
    taken = sample(items, size)[0]
    for group in "abc":
        orders = [order for name, order in taken if name == group]
        assert orders == sorted(order for name, order in items if name == group)[: len(orders)]


@given(ITEMS, st.integers(1, 12), st.randoms(use_true_random=False))
def test_the_order_of_the_items_does_not_matter(items, size, rng):
    shuffled = items.copy()
    rng.shuffle(shuffled)
    assert sample(shuffled, size)[0] == sample(items, size)[0]


def row(number, source):
    code = f"def f{number}():\n    return {number}\n"
    fields = {"language": "Python", "aspect": "Functionality", "source": source, "idx": f"{source}/{number}"}
    return Preference(system=None, input=f"Return {number}.", chosen=code, rejected=f"{code}    pass\n", **fields)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    folder = tmp_path_factory.mktemp("held-out")
    rows = [row(i, "injection") for i in range(20)] + [row(i, "commits") for i in range(2)]
    for split, of in (("train", [row(99, "commits")]), ("validation", rows)):
        write_rows(folder / "data" / f"{split}-00000-of-00001.parquet", of, Preference.schema())
    out = folder / "out"
    return out, evaluate_held_out("length", folder, 6, out, EvaluateSettings(limit=1, baselines=()))


def test_every_source_is_in_the_sample(evaluated):
    out, _ = evaluated
    assert {k: v.n for k, v in EvaluationResults.load(out / RESULTS).accuracies.by_subset.items()} == {
        "commits": 2,
        "injection": 4,
    }


def test_pairs_that_are_not_in_the_sample_are_counted(evaluated):
    out, report = evaluated
    counts = EvaluationResults.load(out / RESULTS).counts
    assert (report.read, report.kept, report.dropped) == (22, 6, {"beyond-limit": 16})
    assert (counts.read, counts.beyond_limit) == (22, 16)


def test_a_dataset_without_a_validation_split_has_an_empty_report(tmp_path):
    write_rows(tmp_path / "data" / "train-00000-of-00001.parquet", [row(1, "commits")], Preference.schema())
    report = evaluate_held_out("length", tmp_path, 6, tmp_path / "out", EvaluateSettings())
    assert report == StageReport("held-out")
    assert (tmp_path / "out" / PAIRS).is_file()
