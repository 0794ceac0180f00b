"""Batches with a token budget."""

from hypothesis import given
from hypothesis import strategies as st


@given(lengths=st.lists(st.integers(0, 50), max_size=60), budget=st.integers(1, 200))
def test_batches_contain_every_input_once_and_are_within_the_budget(lengths, budget):
    from themis_rm.models.layouts import batches

    made = list(batches(lengths, budget))
    assert sorted(i for batch in made for i in batch) == [i for i, length in enumerate(lengths) if length]
    assert all(len(b) == 1 or len(b) * max(lengths[i] for i in b) <= budget for b in made)
