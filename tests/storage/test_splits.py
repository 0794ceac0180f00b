"""Which files of a dataset are training, validation and test data, by layout."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError
from themis_rm.storage.splits import SPLIT_NAMES, find_split_files, split_of


def found(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    files = find_split_files(root)
    return [[str(file.relative_to(root)) for file in group] for group in (files.train, files.validation, files.test)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["train-00000-of-00001.parquet", "valid-00000-of-00001.parquet"], [[0], [1], []]),
        (["data/train-0.parquet", "data/dev-0.parquet", "data/test-0.parquet"], [[0], [1], [2]]),
        (["train/0.parquet", "train/1.parquet", "eval/0.parquet"], [[0, 1], [2], []]),
        (["data/train/0.parquet", "data/val/0.parquet"], [[0], [1], []]),
        (["pairs.parquet"], [[0], [], []]),
        (["pairs.parquet", "validation.parquet", "test.parquet"], [[0], [1], [2]]),
        (["a.parquet", "b.parquet", "c/test-0.parquet"], [[0, 1], [], [2]]),
        (["my_train.parquet", "my_test.parquet"], [[0], [], [1]]),
        (["Train.parquet", "TEST.parquet"], [[0], [], [1]]),
        (["training-1.parquet", "testing-1.parquet", "evaluation-1.parquet"], [[0], [2], [1]]),
        (["de/train-0.parquet", "de/test-0.parquet", "en/train-0.parquet"], [[0, 2], [], [1]]),
        (["train.parquet", "dropped/too-long/rows-00000.parquet"], [[0], [], []]),
        (["train.parquet", "dropped/too-long/train.parquet"], [[0], [], []]),
        (["data/train-0.parquet", "archive.parquet"], [[0], [], []]),
        (["train-0.jsonl", "test-0.jsonl", "notes.txt"], [[0], [], [1]]),
        (["a.parquet", "a.jsonl"], [[0], [], []]),
        (["dev-prefs-train.parquet", "dev-prefs-test.parquet"], [[0], [], [1]]),
        (["trainer.parquet", "constraint.parquet", "latest.parquet"], [[1, 2, 0], [], []]),
        (["validation-0.parquet"], [[], [0], []]),
    ],
)
def test_files_belong_to_the_split_that_their_names_say(tmp_path, names, expected):
    assert found(tmp_path, *names) == [[names[i] for i in group] for group in expected]


def test_a_single_file_is_training_data_however_it_is_named(tmp_path):
    (tmp_path / "test.parquet").touch()
    assert find_split_files(tmp_path / "test.parquet").train == (tmp_path / "test.parquet",)


@pytest.mark.parametrize("name", ["", "missing"])
def test_a_path_without_rows_is_refused(tmp_path, name):
    with pytest.raises(InputError, match="No table at"):
        find_split_files(tmp_path / name)


@given(st.sampled_from(sorted(SPLIT_NAMES)), st.text("-_.0123456789", max_size=5), st.sampled_from(["", "x-", "a_b."]))
def test_a_split_is_found_in_a_name_with_any_separators(word, end, start):
    assert split_of(start + word + end) == SPLIT_NAMES[word]


@given(st.text())
def test_any_name_has_a_split_or_none(name):
    assert split_of(name) in {*SPLIT_NAMES.values(), None}
