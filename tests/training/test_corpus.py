import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from themis_rm.errors import InputError
from themis_rm.records import Preference
from themis_rm.storage.parquet import write_rows
from themis_rm.training.corpus import TokenPairs, cached_tokens, find_corpus, tokenize
from themis_rm.training.recipe import Bpe
from themis_rm.training.tokenization import PairEncoder
from themis_rm.training.tokenizers import CHAT_TEMPLATE, learn_bpe, sample_texts


def preference(number, **changes):
    values = {
        "system": None,
        "input": f"Task {number}",
        "chosen": f"return {number}",
        "rejected": "pass",
        "language": "Python",
        "aspect": "Functional Correctness",
        "source": "test",
        "idx": str(number),
        "repos": f"repo{number % 10}",
        **changes,
    }
    return Preference(**values)


def write(path, count=40, **changes):
    write_rows(path, (preference(i, **changes) for i in range(count)), Preference.schema())
    return path


@pytest.fixture(scope="module")
def pair_encoder():
    rows = [preference(i).to_dict() for i in range(40)]
    return PairEncoder(learn_bpe(sample_texts(rows, 1.0), Bpe(vocab_size=300), 64), 64)


@pytest.mark.parametrize(
    "layout", [("train.parquet", "validation.parquet"), ("train/0.parquet", "validation/0.parquet"),
               ("data/train-00000-of-00001.parquet", "data/validation-00000-of-00001.parquet")],
)  # fmt: skip
def test_splits_are_found_by_the_names_that_datasets_use(tmp_path, layout):
    train, validation = (write(tmp_path / name, count) for name, count in zip(layout, (9, 4), strict=True))
    write(tmp_path / "data/test-00000-of-00001.parquet", 5)
    write(tmp_path / "excluded/too-long/train.parquet", 5)
    corpus = find_corpus(tmp_path, 0.5)
    assert (corpus.train, corpus.validation) == ((train,), (validation,))
    assert [sum(1 for _ in corpus.rows(split)) for split in ("train", "validation")] == [9, 4]


def test_without_a_validation_split_whole_repositories_are_set_aside(tmp_path):
    corpus = find_corpus(write(tmp_path / "pairs.parquet"), 0.4)
    train, validation = ({row["repos"] for row in corpus.rows(split)} for split in ("train", "validation"))
    assert train
    assert validation
    assert not train & validation
    assert sum(1 for split in ("train", "validation") for _ in corpus.rows(split)) == 40


def test_an_empty_validation_split_stays_empty(tmp_path):
    write(tmp_path / "data/train-00000-of-00001.parquet", 40)
    corpus = find_corpus(tmp_path, 0.5)
    assert [sum(1 for _ in corpus.rows(split)) for split in ("train", "validation")] == [40, 0]


def test_without_repositories_a_prompt_never_stands_in_both_splits(tmp_path):
    corpus = find_corpus(write(tmp_path / "pairs.parquet", repos="", input="same"), 0.5)
    counts = [sum(1 for _ in corpus.rows(split)) for split in ("train", "validation")]
    assert sorted(counts) == [0, 40]


def test_a_file_without_the_columns_is_refused(tmp_path):
    pq.write_table(pa.table({"input": ["a"], "chosen": ["b"]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="lacks the columns system, rejected"):
        find_corpus(tmp_path, 0.1)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="No Parquet file"):
        find_corpus(tmp_path, 0.1)


def test_the_digest_is_of_the_content(tmp_path):
    one, two = write(tmp_path / "a/pairs.parquet"), write(tmp_path / "b/pairs.parquet")
    other = write(tmp_path / "c/pairs.parquet", 41)
    digests = [find_corpus(path, 0.1).digest() for path in (one, two, other)]
    assert digests[0] == digests[1] != digests[2]
    assert find_corpus(one, 0.2).digest() != digests[0]


def test_pairs_come_back_as_they_were_encoded(tmp_path, pair_encoder):
    rows = [preference(i, chosen=f"return {i} " * (i % 5 + 1)).to_dict() for i in range(600)]
    rows[7]["rejected"] = " "
    rows[8]["rejected"] = rows[8]["chosen"]
    counts = tokenize(rows, pair_encoder, tmp_path / "x.arrow")
    assert (counts.read, counts.kept, counts.dropped) == (600, 598, {"empty-response": 1, "identical": 1})
    pairs = TokenPairs(tmp_path / "x.arrow")
    kept = [row for i, row in enumerate(rows) if i not in (7, 8)]
    assert len(pairs) == 598
    assert counts.tokens == sum(len(p["chosen"]) + len(p["rejected"]) for p in map(pairs.__getitem__, range(598)))
    for index, wanted in enumerate(pair_encoder.encode_pairs(kept)):
        found = pairs[index]
        assert found["chosen"].tolist() == wanted.chosen.ids
        assert found["rejected"].tolist() == wanted.rejected.ids
        assert (found["prompt"], pairs.lengths[index]) == (wanted.chosen.prompt, wanted.length)


def test_a_sample_of_pairs_does_not_depend_on_their_order(tmp_path, pair_encoder):
    rows = [preference(i).to_dict() for i in range(50)]
    samples = []
    for name, order in (("a", rows), ("b", rows[::-1])):
        tokenize(order, pair_encoder, tmp_path / name)
        pairs = TokenPairs(tmp_path / name)
        samples.append({tuple(pairs[int(i)]["chosen"].tolist()) for i in pairs.sample(10)})
    assert samples[0] == samples[1]
    assert len(samples[0]) == 10


def test_tokens_are_kept_until_their_key_changes(tmp_path, pair_encoder):
    corpus = find_corpus(write(tmp_path / "pairs.parquet"), 0.3)
    counts = cached_tokens(corpus, pair_encoder, tmp_path / "tokens", "one")
    stamp = (tmp_path / "tokens/train.arrow").stat().st_mtime_ns
    assert cached_tokens(corpus, pair_encoder, tmp_path / "tokens", "one") == counts
    assert (tmp_path / "tokens/train.arrow").stat().st_mtime_ns == stamp
    cached_tokens(corpus, pair_encoder, tmp_path / "tokens", "two")
    assert (tmp_path / "tokens/train.arrow").stat().st_mtime_ns != stamp
    assert json.loads((tmp_path / "tokens/counts.json").read_text(encoding="utf-8"))["key"] == "two"


def test_a_vocabulary_is_learned_the_same_way_each_time():
    rows = [preference(i).to_dict() for i in range(200)]
    one, two = (learn_bpe(sample_texts(rows, 1.0), Bpe(vocab_size=330), 64) for _ in range(2))
    assert one.backend_tokenizer.to_str() == two.backend_tokenizer.to_str()
    assert 259 < len(one) <= 330
    assert one.chat_template == CHAT_TEMPLATE


def test_a_vocabulary_spells_any_text():
    tokenizer = learn_bpe(iter(["def f(x):\n    return x <= 10\n"]), Bpe(vocab_size=300, min_frequency=1), 64)
    text = "naïve → 🙂\r\n\tif x<=10:\x00"
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_a_sample_of_texts_depends_on_rows_alone():
    rows = [preference(i).to_dict() for i in range(400)]
    half = list(sample_texts(rows, 0.5))
    assert sorted(half) == sorted(sample_texts(rows[::-1], 0.5))
    assert 450 < len(half) < 750
