from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.training.batches import collate, training_order


@given(st.integers(1, 60), st.integers(1, 8), st.integers(1, 12), st.integers(1, 5), st.integers(0, 3))
def test_no_row_is_left_out_and_none_is_favored(rows, batch, steps, window, seed):
    lengths = np.random.default_rng(rows).integers(1, 100, rows)
    order = training_order(lengths, steps=steps, batch=batch, window=window, seed=seed)
    seen = Counter(order.tolist())
    whole, rest = divmod(steps * batch, rows)
    assert len(order) == steps * batch
    assert set(seen) <= set(range(rows))
    assert all(seen[row] in (whole, whole + 1) for row in range(rows))
    assert sum(seen[row] == whole + 1 for row in range(rows)) == rest


def test_the_composition_of_updates_depends_on_the_seed_alone():
    lengths = np.arange(1, 41)
    one = training_order(lengths, steps=5, batch=8, window=1, seed=1)
    assert (one == training_order(lengths, steps=5, batch=8, window=1, seed=1)).all()
    assert (one != training_order(lengths, steps=5, batch=8, window=1, seed=2)).any()


def test_a_wider_window_saves_padding():
    lengths = np.random.default_rng(0).integers(10, 500, 640)

    def padded(window):
        order = training_order(lengths, steps=40, batch=16, window=window, seed=0)
        return sum(lengths[order[i : i + 16]].max() * 16 for i in range(0, len(order), 16))

    assert padded(10) < 0.75 * padded(1)


def test_pairs_are_padded_on_the_right_and_masked():
    pairs = [
        {"chosen": np.array([5, 6, 7]), "rejected": np.array([5, 8]), "prompt": 1},
        {"chosen": np.array([9, 0]), "rejected": np.array([9, 1, 2, 3]), "prompt": 0},
    ]
    batch = collate(pairs, pad=0)
    assert batch["input_ids"].tolist() == [[5, 6, 7, 0], [9, 0, 0, 0], [5, 8, 0, 0], [9, 1, 2, 3]]
    # The token 0 at the end of the second chosen response is real, though it is the pad token too.
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]
    # Nothing predicts the very first token.
    assert batch["completion_mask"].tolist() == [[False, True, True, False], [False, True, False, False]]
