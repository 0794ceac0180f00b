import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError
from themis_rm.records import BenchmarkPair, CodePair, Commit, PairScore, Preference, file_texts
from themis_rm.storage.digests import stable_id
from themis_rm.storage.parquet import read_rows, write_rows

PUBLISHED = {
    Commit: "commit subject message repos file_path license unix_time new_contents old_contents",
    Preference: "system input chosen rejected language aspect source idx",
    BenchmarkPair: "id prompt chosen rejected aspect language subset",
    PairScore: "id chosen_score rejected_score correct score_diff language aspect subset",
}


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row.__name__)
def test_published_columns_come_first_in_their_order(row):
    names = PUBLISHED[row].split()
    assert row.schema().names[: len(names)] == names


def test_only_optional_attributes_are_nullable():
    assert [f.name for f in CodePair.schema() if f.nullable] == ["unix_time"]


def test_list_columns_are_lists_of_strings():
    assert CodePair.schema().field("criteria").type == pa.list_(pa.string())


@given(st.lists(st.text(max_size=5), max_size=3), st.lists(st.text(max_size=5), max_size=3))
def test_ids_differ_whenever_the_parts_differ(a, b):
    assert (stable_id(*a) == stable_id(*b)) == (a == b)


def test_rows_are_equal_after_writing_and_reading(tmp_path):
    row = BenchmarkPair(id="1", prompt="p\0ü", chosen="a", rejected="b", aspect="x", language="Go", subset="s")
    assert write_rows(tmp_path / "x.parquet", [row], BenchmarkPair.schema()) == 1
    assert [BenchmarkPair.from_dict(v) for v in read_rows(tmp_path, BenchmarkPair.required())] == [row]


def test_a_missing_column_is_named_with_the_existing_ones(tmp_path):
    write_rows(tmp_path / "x.parquet", [], BenchmarkPair.schema())
    with pytest.raises(InputError, match=r"lacks the column commit.*It has: id, prompt"):
        list(read_rows(tmp_path, ["commit"]))


def test_a_file_that_is_not_parquet_is_an_error(tmp_path):
    (tmp_path / "x.parquet").write_text("hello")
    with pytest.raises(InputError, match="not a readable Parquet"):
        list(read_rows(tmp_path))


def test_an_empty_directory_is_an_error(tmp_path):
    with pytest.raises(InputError, match="No Parquet file"):
        list(read_rows(tmp_path))


@pytest.mark.parametrize(
    "value", [None, "x", 3, ["x"], [{"path": "a"}], [{"path": "a", "contents": 1}], [{"path": "a", "contents": "b"}, 1]]
)
def test_values_that_are_not_files_are_an_empty_list(value):
    assert file_texts(value) == []


def test_files_keep_path_and_contents_only():
    assert file_texts([{"path": "a", "contents": "b", "mode": 1}]) == [{"path": "a", "contents": "b"}]
