"""The sequence of global batches depends on the recipe only: not on processes, forward passes or workers of the loader."""

from dataclasses import replace
from operator import itemgetter

import numpy as np
import pytest
from accelerate import Accelerator
from hypothesis import given
from hypothesis import strategies as st
from tests.training import pairs
from torch.utils.data import DataLoader

from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.training.backbone import build_model
from themis_rm.training.batches import BatchBuilder, StepBatches, training_order
from themis_rm.training.runner import prepare_data
from themis_rm.training.splits import find_splits
from themis_rm.training.token_cache import TokenizedPairs
from themis_rm.training.trainer import PairTrainer, training_arguments


def pairs_of_steps(processes):
    """Return the margins of the pairs of each step, over the forward passes of all processes; each pair has its own."""
    return [
        sorted(margin for step in ranks for batch in step.passes if batch.counted for margin in batch.margin.tolist())
        for ranks in zip(*processes, strict=True)
    ]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    folder = tmp_path_factory.mktemp("order")
    rows = (
        replace(row, margin=float(number), language=["Python", "Go"][number % 4 == 0])
        for number, row in enumerate(pairs.rows(30), 1)
    )
    write_rows(folder / "data/train.parquet", rows, Preference.schema())
    data = prepare_data(pairs.recipe(), find_splits(folder / "data", 0.0), "", folder)
    model = build_model(pairs.recipe(), data.tokenizer, data.pad_token_id)
    return folder, model, data.pad_token_id, TokenizedPairs(folder / "tokens/train.arrow")


def steps_of_trainer(prepared, monkeypatch, rank, processes, **changes):
    folder, model, pad, split = prepared
    recipe = pairs.recipe(max_steps=6, **changes)
    args = training_arguments(recipe, folder / "checkpoints", 6)
    with monkeypatch.context() as patch:
        patch.setattr(Accelerator, "num_processes", property(lambda _: processes))
        patch.setattr(Accelerator, "process_index", property(lambda _: rank))
        trainer = PairTrainer(model, recipe, args, split, split, pad_token_id=pad)
        return list(trainer.get_train_dataloader())


@pytest.mark.parametrize("sampling", [None, {"by": "language"}], ids=["plain", "sampled"])
@pytest.mark.parametrize(("processes", "tokens"), [(1, 100), (1, 1), (2, 4000), (3, 200), (8, 1)])
def test_the_trainer_reads_the_same_global_batches(prepared, monkeypatch, sampling, processes, tokens):
    options = {"sampling": sampling, "length_group_size": 2}
    reference = pairs_of_steps([steps_of_trainer(prepared, monkeypatch, 0, 1, micro_batch_tokens=10**6, **options)])
    ranks = [
        steps_of_trainer(prepared, monkeypatch, rank, processes, micro_batch_tokens=tokens, **options)
        for rank in range(processes)
    ]
    assert pairs_of_steps(ranks) == reference
    assert [len(step) for step in reference] == [8] * 6
    go = sum(margin % 4 == 0 for step in reference for margin in step)
    assert go == (24 if sampling else pytest.approx(48 * 7 / 30, abs=3))


def fake_pairs(count, seed):
    rng = np.random.default_rng(seed)
    return [
        {"chosen": rng.integers(0, 9, rng.integers(2, 40)), "rejected": rng.integers(0, 9, 9), "prompt_length": 1}
        | {"margin": float(number)}
        for number in range(count)
    ]


@given(
    st.integers(1, 30),
    st.integers(1, 9),
    st.integers(1, 5),
    st.integers(1, 3),
    st.integers(1, 4),
    st.integers(1, 300),
    st.booleans(),
    st.integers(0, 5),
)
def test_any_layout_of_forward_passes_has_the_order_of_the_run(
    rows, size, steps, group, processes, tokens, sampled, seed
):
    data = fake_pairs(rows, seed)
    lengths = np.array([max(len(pair["chosen"]), 9) for pair in data])
    codes = np.unique(np.arange(rows) % 3 % max(1, rows), return_inverse=True)[1] if sampled else None
    order = training_order(
        lengths, steps=steps, global_batch_size=size, length_group_size=group, seed=seed, groups=codes, temperature=2.0
    )
    ranks = [
        list(StepBatches(data, order, size, BatchBuilder(tokens, 0, process=rank, processes=processes)))
        for rank in range(processes)
    ]
    assert pairs_of_steps(ranks) == np.sort(order.reshape(steps, size), axis=1).tolist()


def test_workers_of_the_loader_do_not_change_the_order():
    order = training_order(np.full(20, 9), steps=6, global_batch_size=4, length_group_size=2, seed=0)
    steps = StepBatches(fake_pairs(20, 0), order, 4, BatchBuilder(60, 0))
    loaders = [DataLoader(steps, batch_size=1, collate_fn=itemgetter(0), num_workers=workers) for workers in (0, 2)]
    one, two = (pairs_of_steps([list(loader)]) for loader in loaders)
    assert one == two == np.sort(order.reshape(6, 4), axis=1).tolist()
