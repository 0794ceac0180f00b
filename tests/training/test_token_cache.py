import json

import pytest
from tests.training.preferences import preference, write

from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.training.recipe import BpeSettings
from themis_rm.training.splits import find_splits
from themis_rm.training.token_cache import TokenizedPairs, load_or_tokenize, tokenize
from themis_rm.training.tokenization import PairEncoder
from themis_rm.training.tokenizers import sample_texts, train_bpe


@pytest.fixture(scope="module")
def pair_encoder():
    rows = [preference(i).to_dict() for i in range(40)]
    return PairEncoder(train_bpe(sample_texts(rows, 1.0), BpeSettings(vocab_size=300), 64), 64)


def test_stored_pairs_equal_the_encoded_ones(tmp_path, pair_encoder):
    rows = [preference(i, chosen=f"return {i} " * (i % 5 + 1)).to_dict() for i in range(600)]
    rows[7]["rejected"] = " "
    rows[8]["rejected"] = rows[8]["chosen"]
    counts = tokenize(rows, pair_encoder, tmp_path / "x.arrow")
    assert (counts.read, counts.kept, counts.dropped) == (600, 598, {"empty-response": 1, "identical": 1})
    pairs = TokenizedPairs(tmp_path / "x.arrow")
    kept = [row for i, row in enumerate(rows) if i not in (7, 8)]
    assert len(pairs) == 598
    assert counts.tokens == sum(len(p["chosen"]) + len(p["rejected"]) for p in map(pairs.__getitem__, range(598)))
    for index, expected in enumerate(pair_encoder.encode_pairs(kept)):
        pair = pairs[index]
        assert pair["chosen"].tolist() == expected.chosen.ids
        assert pair["rejected"].tolist() == expected.rejected.ids
        assert (pair["prompt_length"], pairs.lengths[index]) == (expected.chosen.prompt_length, expected.length)


def test_a_sample_of_pairs_does_not_depend_on_their_order(tmp_path, pair_encoder):
    rows = [preference(i).to_dict() for i in range(50)]
    samples = []
    for name, order in (("a", rows), ("b", rows[::-1])):
        tokenize(order, pair_encoder, tmp_path / name)
        pairs = TokenizedPairs(tmp_path / name)
        samples.append({tuple(pairs[int(i)]["chosen"].tolist()) for i in pairs.sample(10)})
    assert samples[0] == samples[1]
    assert len(samples[0]) == 10


def test_pairs_keep_criterion_language_group_and_row(tmp_path, pair_encoder):
    rows = [
        preference(0, aspect="Runtime_Efficiency", language="C", commit="a1").to_dict(),
        preference(1, aspect="helpfulness", language="", commit="a1").to_dict(),
        preference(2, aspect="Runtime Efficiency", language="C", input="Task 3").to_dict(),
        preference(3, aspect="", language="Python", input="Task 3").to_dict(),
    ]
    tokenize(rows, pair_encoder, tmp_path / "x.arrow")
    pairs = TokenizedPairs(tmp_path / "x.arrow")
    # The spellings of benchmarks and of training data are one criterion.
    assert pairs.criteria.names == ["", "Runtime Efficiency", "helpfulness"]
    assert pairs.criteria.codes.tolist() == [1, 2, 1, 0]
    assert [pairs.languages.names[code] for code in pairs.languages.codes] == ["C", "", "C", "Python"]
    assert [pairs.idx(i) for i in range(4)] == ["0", "1", "2", "3"]
    # Two commits of other repositories, and two pairs of one prompt.
    assert len(set(pairs.groups.tolist())) == 3
    assert pairs.groups[2] == pairs.groups[3]


def test_tokens_are_cached_until_the_key_changes(tmp_path, pair_encoder):
    splits = find_splits(write(tmp_path / "pairs.parquet"), 0.3)
    counts = load_or_tokenize(splits, pair_encoder, tmp_path / "tokens", "one")
    stamp = (tmp_path / "tokens/train.arrow").stat().st_mtime_ns
    assert load_or_tokenize(splits, pair_encoder, tmp_path / "tokens", "one") == counts
    assert (tmp_path / "tokens/train.arrow").stat().st_mtime_ns == stamp
    load_or_tokenize(splits, pair_encoder, tmp_path / "tokens", "two")
    assert (tmp_path / "tokens/train.arrow").stat().st_mtime_ns != stamp
    assert json.loads((tmp_path / "tokens/counts.json").read_text(encoding="utf-8"))["key"] == "two"


def test_ties_are_kept_for_training_only_if_they_are_asked_for(tmp_path, pair_encoder):
    for name in ("train", "validation"):
        rows = (preference(number, tie=number % 4 == 0) for number in range(20))
        write_rows(tmp_path / f"data/{name}.parquet", rows, Preference.schema())
    splits = find_splits(tmp_path / "data", 0)
    for keep, ties in ((False, 0), (True, 5)):
        counts = load_or_tokenize(splits, pair_encoder, tmp_path / "tokens", str(keep), keep_ties=keep)
        assert (counts["train"].kept, counts["train"].ties) == (15 + ties, ties)
        assert counts["train"].dropped == ({} if keep else {"tie": 5})
        assert (counts["validation"].kept, counts["validation"].dropped) == (15, {"tie": 5})
    pairs = TokenizedPairs(tmp_path / "tokens/train.arrow")
    assert [pairs[index]["tie"] for index in range(20)] == pairs.ties.tolist() == [i % 4 == 0 for i in range(20)]
    assert not pairs.ties[pairs.sample(20)].any()
