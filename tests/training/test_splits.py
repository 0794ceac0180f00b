import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.training.preferences import write

from themis_rm.dataset.preferences import DataSettings
from themis_rm.errors import InputError
from themis_rm.training.splits import find_splits


def sizes(splits):
    return [sum(1 for _ in splits.rows(split)) for split in ("train", "validation")]


@pytest.mark.parametrize(
    "layout", [("train.parquet", "validation.parquet"), ("train/0.parquet", "validation/0.parquet"),
               ("data/train-00000-of-00001.parquet", "data/validation-00000-of-00001.parquet")],
)  # fmt: skip
def test_splits_are_found_by_the_file_names_of_the_datasets_library(tmp_path, layout):
    train, validation = (write(tmp_path / name, count) for name, count in zip(layout, (9, 4), strict=True))
    write(tmp_path / "data/test-00000-of-00001.parquet", 5)
    write(tmp_path / "excluded/too-long/train.parquet", 5)
    splits = find_splits(tmp_path, 0.5)
    assert (splits.train, splits.validation) == ((train,), (validation,))
    assert sizes(splits) == [9, 4]


def test_without_a_validation_split_complete_repositories_are_used_for_validation(tmp_path):
    splits = find_splits(write(tmp_path / "pairs.parquet"), 0.4)
    train, validation = ({row["repos"] for row in splits.rows(split)} for split in ("train", "validation"))
    assert train
    assert validation
    assert not train & validation
    assert sum(sizes(splits)) == 40


def test_an_empty_validation_split_stays_empty(tmp_path):
    write(tmp_path / "data/train-00000-of-00001.parquet", 40)
    assert sizes(find_splits(tmp_path, 0.5)) == [40, 0]


def test_without_repositories_a_prompt_is_never_in_both_splits(tmp_path):
    splits = find_splits(write(tmp_path / "pairs.parquet", repos="", input="same"), 0.5)
    assert sorted(sizes(splits)) == [0, 40]


def test_a_file_without_the_columns_is_refused(tmp_path):
    pq.write_table(pa.table({"input": ["a"], "chosen": ["b"]}), tmp_path / "x.parquet")
    with pytest.raises(InputError, match="no known preference format; it has the columns input"):
        find_splits(tmp_path, 0.1)


def test_an_empty_directory_is_refused(tmp_path):
    with pytest.raises(InputError, match="No table at"):
        find_splits(tmp_path, 0.1)


def test_the_digest_depends_on_contents_and_fraction_and_not_on_paths(tmp_path):
    one, two = write(tmp_path / "a/pairs.parquet"), write(tmp_path / "b/pairs.parquet")
    other = write(tmp_path / "c/pairs.parquet", 41)
    digests = [find_splits(path, 0.1).digest() for path in (one, two, other)]
    assert digests[0] == digests[1] != digests[2]
    assert find_splits(one, 0.2).digest() != digests[0]


TEXTS = {"system": None, "input": "Add.", "chosen": "a + b", "rejected": "a - b"}


def write_jsonl(path, *rows):
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"chosen": None}, "missing-chosen"),
        ({"rejected": None}, "missing-rejected"),
        ({"input": None}, "missing-input"),
        ({"input": [{"role": "user"}]}, "input-cannot-be-read"),
        ({"chosen": {"text": "x"}}, "chosen-is-mapping"),
        ({"rejected": 3}, "rejected-is-integer"),
        ({"rejected": True}, "rejected-is-boolean"),
        ({"chosen": 0.5}, "chosen-is-number"),
        ({"system": ["x"]}, "system-is-list"),
        ({"chosen": "\ud800"}, "not-unicode"),
        ("[1]", "not-a-row"),
        ("{", "not-json"),
        ("[" * 100_000, "not-json"),
    ],
)
def test_a_row_without_a_text_is_counted_under_its_reason(tmp_path, row, reason):
    rows = [TEXTS, row if isinstance(row, str) else {**TEXTS, **row}, {**TEXTS, "input": "Sub."}]
    dropped = Counter()
    splits = find_splits(write_jsonl(tmp_path / "train.jsonl", *rows), 0.0)
    assert [row["input"] for row in splits.rows("train", dropped)] == ["Add.", "Sub."]
    assert dropped == {reason: 1}


def test_rows_of_a_file_that_both_splits_share_are_counted_once(tmp_path):
    splits = find_splits(write_jsonl(tmp_path / "x.jsonl", TEXTS, {**TEXTS, "chosen": None}), 0.5)
    counts = {split: Counter() for split in ("train", "validation")}
    kept = [row for split, dropped in counts.items() for row in splits.rows(split, dropped)]
    assert len(kept) == 1
    assert [sum(dropped.values()) for dropped in counts.values()] == [1, 0]


def test_json_lines_may_leave_out_the_system_message(tmp_path):
    path = write_jsonl(tmp_path / "x.jsonl", {key: TEXTS[key] for key in ("input", "chosen", "rejected")})
    assert [row["system"] for row in find_splits(path, 0.0).rows("train")] == [None]


def test_json_lines_without_the_keys_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"none of its first 1 rows can be used \(no-common-request\)"):
        find_splits(write_jsonl(tmp_path / "x.jsonl", {"chosen": "a", "rejected": "b"}), 0.0)


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("chosen", [["a"]], r"no known preference format; .* chosen \(list of texts\)"),
        ("aspect", [3], "column aspect has type int64"),
        ("language", [1], "column language has type int64"),
    ],
)
def test_a_column_of_another_type_is_refused_before_the_start(tmp_path, column, values, message):
    table = pa.table({**{key: [text] for key, text in TEXTS.items()}, column: values})
    pq.write_table(table, tmp_path / "x.parquet")
    with pytest.raises(InputError, match=message):
        find_splits(tmp_path, 0.1)


def test_validation_and_test_data_alone_are_refused(tmp_path):
    write(tmp_path / "test.parquet", 1)
    with pytest.raises(InputError, match="validation or test data only"):
        find_splits(tmp_path, 0.1)


def test_training_rows_can_be_chosen_by_language_and_criterion(tmp_path):
    write(tmp_path / "train.parquet", 3)
    write(tmp_path / "train-2.parquet", 4, language="C", aspect="Security Hardness")
    everything = find_splits(tmp_path, 0)
    splits, dropped = find_splits(tmp_path, 0, DataSettings(language="c", aspect="SH")), Counter()
    assert {(row["language"], row["aspect"]) for row in splits.rows("train", dropped)} == {("C", "Security Hardness")}
    assert dropped == {"other-language": 3}
    assert splits.digest() != everything.digest()
