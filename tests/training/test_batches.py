from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.training.batches import BatchBuilder, pack_pairs, pad_pairs, split_packed, training_order
from themis_rm.training.sampling import draw_by_group


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


@given(st.lists(st.integers(1, 9), min_size=1, max_size=4), st.integers(1, 8), st.integers(1, 9), st.integers(1, 5))
def test_sampling_by_group_only_changes_which_pairs_a_group_of_batches_has(sizes, batch, steps, window):
    codes = np.repeat(np.arange(len(sizes)), sizes)
    options = {"steps": steps, "global_batch_size": batch, "length_group_size": window, "seed": 3}
    order = training_order(np.arange(1, len(codes) + 1), **options, groups=codes, temperature=2.0)
    drawn = draw_by_group(codes, steps * batch, 2.0, 3)
    for start in range(0, len(order), window * batch):
        assert sorted(order[start : start + window * batch]) == sorted(drawn[start : start + window * batch])


def test_grouping_by_length_saves_padding():
    lengths = np.random.default_rng(0).integers(10, 500, 640)

    def padded_tokens(group):
        order = training_order(lengths, steps=40, global_batch_size=16, length_group_size=group, seed=0)
        return sum(lengths[order[i : i + 16]].max() * 16 for i in range(0, len(order), 16))

    assert padded_tokens(10) < 0.75 * padded_tokens(1)


PAIRS = [
    {"chosen": np.array([5, 6, 7]), "rejected": np.array([5, 8]), "prompt_length": 1},
    {"chosen": np.array([9, 0]), "rejected": np.array([9, 1, 2, 3]), "prompt_length": 0, "rejected_prompt_length": 2},
]


def test_pairs_are_padded_on_the_right_and_masked():
    batch = pad_pairs(PAIRS, pad_token_id=0)
    assert batch.input_ids.tolist() == [[5, 6, 7, 0], [9, 0, 0, 0], [5, 8, 0, 0], [9, 1, 2, 3]]
    # The token 0 at the end of the second chosen response is real, although it is also the pad token.
    assert batch.attention_mask.tolist() == [[1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]


@pytest.mark.parametrize("build", [pack_pairs, lambda pairs, **options: pad_pairs(pairs, 0, **options)])
def test_completion_tokens_and_last_tokens_are_found(build):
    batch = build(PAIRS, both_sides=True)
    ids = batch.input_ids.flatten()
    assert ids[batch.last].tolist() == [7, 0, 8, 3]
    # No token predicts the very first one.
    assert ids[batch.completion].tolist() == batch.targets.tolist() == [6, 7, 0, 8, 2, 3]
    assert ids[batch.predictors].tolist() == [5, 6, 9, 5, 1, 2]
    assert batch.owners.tolist() == [0, 0, 1, 2, 3, 3]
    assert build(PAIRS).targets.tolist() == [6, 7, 0]


def token_pairs(rng, count):
    prompts = [rng.integers(0, 9, rng.integers(1, 40)) for _ in range(3)]
    pairs = []
    for _ in range(count):
        prompt = prompts[rng.integers(3)]
        chosen, rejected = (np.concatenate([prompt, rng.integers(0, 9, rng.integers(1, 60))]) for _ in range(2))
        pairs.append({"chosen": chosen, "rejected": rejected, "prompt_length": len(prompt)})
    return pairs


@given(st.integers(1, 30), st.integers(1, 900), st.integers(1, 5), st.booleans(), st.integers(0, 9))
def test_every_pair_is_in_one_forward_pass_of_one_process(count, budget, processes, share, seed):
    pairs = token_pairs(np.random.default_rng(seed), count)
    ranks = [
        BatchBuilder(budget, 0, share, process=rank, processes=processes).build(pairs) for rank in range(processes)
    ]
    assert len({len(step.passes) for step in ranks}) == 1
    assert {(step.weight, step.tokens) for step in ranks} == {
        (count, sum(len(pair["chosen"]) - pair["prompt_length"] for pair in pairs))
    }
    passes = [batch for step in ranks for batch in step.passes]
    assert sum(batch.pairs for batch in passes if batch.counted) == count
    assert sum(len(batch.targets) for batch in passes if batch.counted) == ranks[0].tokens
    for batch in passes:
        # A branch that saves fewer than 16 tokens is not shared, so that a pair may need more than estimated.
        assert batch.pairs == 1 or batch.input_ids.numel() <= budget + 16 * 2 * batch.pairs


def test_processes_get_equal_numbers_of_passes_where_pairs_suffice():
    pairs = token_pairs(np.random.default_rng(0), 24)
    steps = [BatchBuilder(10_000, 0, process=rank, processes=8).build(pairs) for rank in range(8)]
    assert all(len(step.passes) == 1 and step.passes[0].counted for step in steps)
    assert max(step.passes[0].pairs for step in steps) <= 4


def test_pairs_with_one_criteria_prompt_share_it():
    prompt = np.arange(100)
    pairs = [
        {"chosen": np.append(prompt, [i, 1, 2]), "rejected": np.append(prompt, [i, 3]), "prompt_length": 100}
        for i in range(200, 220)
    ]
    assert [sorted(group) for group in split_packed(pairs, 1000)] == [list(range(20))]
    assert pack_pairs(pairs).input_ids.numel() <= 100 + 20 * 5
