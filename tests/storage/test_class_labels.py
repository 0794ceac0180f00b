"""Integer columns with names in the metadata are read as names, wherever rows are read."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from themis_rm.errors import InputError
from themis_rm.storage.parquet import column_type, open_parquet, read_rows, require_text

LABEL = {"_type": "ClassLabel", "names": ["Ruby", "C"]}


def write(path, values, features, kind=None):
    schema = pa.schema(
        [("language", kind or pa.int64())], metadata={"huggingface": json.dumps({"info": {"features": features}})}
    )
    pq.write_table(pa.table({"language": values}, schema=schema), path)
    return path


def read(path):
    return [row["language"] for row in read_rows(path)]


@pytest.mark.parametrize(
    "names",
    [["Ruby", "C"], {"0": "Ruby", "1": "C"}, {"1": "C", "0": "Ruby"}],
    ids=["list", "mapping", "mapping in another order"],
)
@pytest.mark.parametrize("kind", [pa.int64(), pa.int8(), pa.uint16()])
def test_class_labels_are_read_as_their_names(tmp_path, names, kind):
    path = write(tmp_path / "x.parquet", [1, 0, None], {"language": {"_type": "ClassLabel", "names": names}}, kind)
    assert read(path) == ["C", "Ruby", None]


def test_features_are_found_by_column_and_not_by_order(tmp_path):
    path = write(
        tmp_path / "x.parquet", [1], {"aspect": {"_type": "ClassLabel", "names": ["a", "b"]}, "language": LABEL}
    )
    assert read(path) == ["C"]


def test_a_number_without_a_name_is_null(tmp_path):
    assert read(write(tmp_path / "x.parquet", [-1, 2, 0], {"language": LABEL})) == [None, None, "Ruby"]


def test_lists_of_class_labels_are_read_as_lists_of_names(tmp_path):
    features = {"language": {"_type": "List", "feature": LABEL}}
    path = write(tmp_path / "x.parquet", [[1, 0], []], features, pa.list_(pa.int64()))
    assert read(path) == [["C", "Ruby"], []]


@pytest.mark.parametrize(
    "features",
    [
        {},
        [],
        {"language": {"_type": "Value", "dtype": "int64"}},
        {"language": {"_type": "ClassLabel", "num_classes": 2}},
        {"language": {"_type": "ClassLabel", "names": [1, 2]}},
        {"language": {"_type": "ClassLabel", "names": {"x": "Ruby"}}},
        {"aspect": LABEL},
    ],
)
def test_numbers_without_names_stay_numbers_and_are_not_text(tmp_path, features):
    path = write(tmp_path / "x.parquet", [1], features)
    assert read(path) == [1]
    with open_parquet(path) as handle, pytest.raises(InputError, match="column language has type int64, not string"):
        require_text(handle.schema_arrow, path, ["language"])


@pytest.mark.parametrize("metadata", [b"{", b"[" * 100_000, b"\xff", b"null", b'{"info": 7}'])
def test_metadata_that_is_not_the_librarys_is_ignored(tmp_path, metadata):
    table = pa.table({"language": [1]}).replace_schema_metadata({"huggingface": metadata})
    pq.write_table(table, tmp_path / "x.parquet")
    assert read(tmp_path / "x.parquet") == [1]


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["a", None]).dictionary_encode(),
        pa.array(["a", None], pa.large_string()),
        pa.array(["a", None], pa.string_view()),
        pa.array([None, None]),
    ],
    ids=["dictionary", "large", "view", "null"],
)
def test_every_type_of_text_column_is_text(tmp_path, values):
    pq.write_table(pa.table({"language": values}), tmp_path / "x.parquet")
    with open_parquet(tmp_path / "x.parquet") as handle:
        require_text(handle.schema_arrow, "x", ["language", "missing"])
    assert read(tmp_path / "x.parquet") == values.to_pylist()


@pytest.mark.parametrize("value", [["a"], {"a": 1}, 1.5, True, b"a", [{"role": "user", "content": "x"}]], ids=str)
def test_other_types_are_refused_by_column_and_type(tmp_path, value):
    pq.write_table(pa.table({"chosen": [value]}), tmp_path / "x.parquet")
    with open_parquet(tmp_path / "x.parquet") as handle:
        kind = str(column_type(handle.schema_arrow, "chosen"))
        with pytest.raises(InputError) as refused:
            require_text(handle.schema_arrow, "x.parquet", ["chosen"])
    assert refused.value.message == f"x.parquet: column chosen has type {kind}, not string."
