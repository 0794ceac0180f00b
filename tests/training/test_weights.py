"""Margins and weights of rows, from a file to the loss."""

import json

import pytest
import torch
from tests.training.pairs import recipe
from tests.training.preferences import preference

from themis_rm.training.batches import pad_pairs
from themis_rm.training.losses import PairOutput
from themis_rm.training.objective import combine, term_sums
from themis_rm.training.recipe import BpeSettings
from themis_rm.training.splits import find_splits
from themis_rm.training.token_cache import TokenizedPairs, tokenize
from themis_rm.training.tokenization import PairEncoder
from themis_rm.training.tokenizers import sample_texts, train_bpe

TURNS = [
    {"role": "user", "content": "Hello there"},
    {"role": "assistant", "content": "Good morning"},
    {"role": "user", "content": "Add two numbers"},
]


@pytest.fixture(scope="module")
def pair_encoder():
    rows = [preference(i).to_dict() for i in range(40)]
    return PairEncoder(train_bpe(sample_texts(rows, 1.0), BpeSettings(vocab_size=300), 256), 256)


def tokenized(folder, pair_encoder, *rows):
    file = folder / "x.jsonl"
    file.write_text(
        "".join(json.dumps({"prompt": "Add.", "chosen": "a", "rejected": "b", **row}) + "\n" for row in rows)
    )
    counts = tokenize(find_splits(file, 0.0).rows("train"), pair_encoder, folder / "x.arrow")
    return TokenizedPairs(folder / "x.arrow"), counts


def test_margins_and_weights_reach_the_batch(tmp_path, pair_encoder):
    pairs, _ = tokenized(tmp_path, pair_encoder, {"margin": 2, "weight": 0.5}, {})
    batch = pad_pairs([pairs[0], pairs[1]], 0)
    assert (batch.margin.tolist(), batch.weight.tolist()) == ([2.0, 0.0], [0.5, 1.0])


def test_rows_without_weight_are_dropped_and_counted(tmp_path, pair_encoder):
    pairs, counts = tokenized(tmp_path, pair_encoder, {"weight": 0}, {})
    assert (len(pairs), counts.dropped) == (1, {"zero-weight": 1})


def test_all_turns_of_a_request_are_encoded(tmp_path, pair_encoder):
    pairs, _ = tokenized(tmp_path, pair_encoder, {"prompt": TURNS})
    text = pair_encoder.tokenizer.decode(pairs[0]["chosen"].tolist())
    assert all(turn["content"] in text for turn in TURNS)
    assert text.index("Hello there") < text.index("Good morning") < text.index("Add two numbers")


def loss(parts, weights):
    """Return the sum of the shares of several forward passes in a global batch."""
    total = sum(float(weight.sum()) for _, weight in parts)
    outputs = [PairOutput(reward, -reward, torch.tensor(0.0), weight=weight) for reward, weight in parts]
    shares = [combine(term_sums(output, weights, recipe()), weights, pairs=total, tokens=1) for output in outputs]
    return float(sum(shares))


def test_the_weighted_loss_does_not_depend_on_the_accumulation():
    rewards, weight, weights = torch.randn(6), torch.rand(6), {"bradley_terry": 1.0, "center_rewards": 0.1}
    parts = [(rewards[part], weight[part]) for part in (slice(0, 2), slice(2, 6))]
    assert loss(parts, weights) == pytest.approx(loss([(rewards, weight)], weights))


def test_a_pair_of_weight_two_counts_as_two_pairs():
    weights = {"bradley_terry": 1.0}
    twice = loss([(torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0]))], weights)
    repeated = loss([(torch.tensor([1.0, 1.0, 2.0]), torch.ones(3))], weights)
    assert twice == pytest.approx(repeated)
