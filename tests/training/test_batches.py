from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.training.batches import collate, training_order


@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 12), st.integers(1, 5), st.integers(0, 3))
def test_every_row_is_used_equally_often(rows, batch, steps, window, seed):
    lengths = np.random.default_rng(rows).integers(1, 100, rows)
    order = training_order(lengths, steps=steps, global_batch_size=batch, length_group_size=window, seed=seed)
    seen = Counter(order.tolist())
    passes, rest = divmod(steps * batch, rows)
    assert len(order) == steps * batch
    assert set(seen) <= set(range(rows))
    assert all(seen[row] in (passes, passes + 1) for row in range(rows))
    assert sum(seen[row] == passes + 1 for row in range(rows)) == rest


def test_the_order_depends_only_on_the_seed():
    lengths = np.arange(1, 41)
    options = {"steps": 5, "global_batch_size": 8, "length_group_size": 1}
    order = training_order(lengths, **options, seed=1)
    assert (order == training_order(lengths, **options, seed=1)).all()
    assert (order != training_order(lengths, **options, seed=2)).any()


def test_grouping_by_length_saves_padding():
    lengths = np.random.default_rng(0).integers(10, 500, 640)

    def padded_tokens(group):
        order = training_order(lengths, steps=40, global_batch_size=16, length_group_size=group, seed=0)
        return sum(lengths[order[i : i + 16]].max() * 16 for i in range(0, len(order), 16))

    assert padded_tokens(10) < 0.75 * padded_tokens(1)


def test_pairs_are_padded_on_the_right_and_masked():
    pairs = [
        {"chosen": np.array([5, 6, 7]), "rejected": np.array([5, 8]), "prompt_length": 1},
        {"chosen": np.array([9, 0]), "rejected": np.array([9, 1, 2, 3]), "prompt_length": 0},
    ]
    batch = collate(pairs, pad_token_id=0)
    assert batch["input_ids"].tolist() == [[5, 6, 7, 0], [9, 0, 0, 0], [5, 8, 0, 0], [9, 1, 2, 3]]
    # The token 0 at the end of the second chosen response is real, although it is also the pad token.
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]
    # No token predicts the very first one.
    assert batch["completion_mask"].tolist() == [[False, True, True, False], [False, True, False, False]]
