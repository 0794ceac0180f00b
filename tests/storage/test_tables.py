import bz2
import gzip
import json
import lzma
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from themis_rm.errors import InputError
from themis_rm.storage.json_lines import BadLine
from themis_rm.storage.tables import arrow_schema, read_table, table_files, table_type

ROWS = [{"a": "x", "b": 1}, {"a": "y\n", "b": 2}]
JSON_LINES = "".join(json.dumps(row) + "\n" for row in ROWS)


def rows(path: Path) -> list[Any]:
    return [row for _, row in read_table(path)]


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jsonl", JSON_LINES),
        ("a.ndjson", JSON_LINES),
        ("a.jsonl", "\ufeff" + JSON_LINES),
        ("a.json", JSON_LINES),
        ("a.json", json.dumps(ROWS)),
        ("a.json", json.dumps(ROWS, indent=2)),
        ("a.json", "\ufeff" + json.dumps(ROWS)),
        ("a.json", json.dumps({"version": 1, "data": ROWS}, indent=1)),
        ("a.json", json.dumps({"data": ROWS}, indent=1)),
        ("a.jsonl.gz", gzip.compress(JSON_LINES.encode(), mtime=0)),
        ("a.jsonl.bz2", bz2.compress(JSON_LINES.encode())),
        ("a.json.xz", lzma.compress(json.dumps(ROWS).encode())),
    ],
    ids=range(12),
)
def test_json_in_all_its_forms(tmp_path: Path, name: str, content: str | bytes) -> None:
    assert rows(written(tmp_path / name, content)) == ROWS


def test_parquet(tmp_path: Path) -> None:
    pq.write_table(pa.Table.from_pylist(ROWS), tmp_path / "a.parquet")
    assert rows(tmp_path / "a.parquet") == ROWS


@pytest.mark.parametrize("kind", ["file", "stream"])
def test_arrow(tmp_path: Path, kind: str) -> None:
    table = pa.Table.from_pylist(ROWS)
    with (pa.ipc.new_file if kind == "file" else pa.ipc.new_stream)(str(tmp_path / "a.arrow"), table.schema) as sink:
        sink.write_table(table)
    assert rows(tmp_path / "a.arrow") == ROWS


@pytest.mark.parametrize(("name", "mark"), [("a.csv", ","), ("a.tsv", "\t")])
def test_csv_values_are_texts_and_empty_ones_missing(tmp_path: Path, name: str, mark: str) -> None:
    content = f'\ufeffa{mark}b\n"x\ny"{mark}\n'
    assert rows(written(tmp_path / name, content)) == [{"a": "x\ny", "b": None}]


def test_a_row_has_its_place(tmp_path: Path) -> None:
    assert [where for where, _ in read_table(written(tmp_path / "a.jsonl", JSON_LINES))] == ["a.jsonl:1", "a.jsonl:2"]


def test_a_bad_line_does_not_end_the_file(tmp_path: Path) -> None:
    found = rows(written(tmp_path / "a.jsonl", "{broken\n" + JSON_LINES))
    assert found == [BadLine("{broken"), *ROWS]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.json", json.dumps(ROWS)[:-5]),
        ("a.json", "[1, 2"),
        ("a.json", "nothing"),
        ("a.json", ""),
        ("a.json", json.dumps({"a": {"b": []}}, indent=1)),
        ("a.jsonl.gz", gzip.compress(JSON_LINES.encode(), mtime=0)[:-12]),
        ("a.jsonl.gz", b"not gzip"),
        ("a.arrow", b"not arrow"),
        ("a.parquet", b"PAR1"),
        ("a.csv", b"a,b\n\xff\xfe,1\n"),
    ],
    ids=range(10),
)
def test_a_damaged_file_is_one_error(tmp_path: Path, name: str, content: str | bytes) -> None:
    with pytest.raises(InputError, match=name):
        rows(written(tmp_path / name, content))


def test_rows_before_the_damage_are_yielded(tmp_path: Path) -> None:
    found = []
    with pytest.raises(InputError):
        found += [row for _, row in read_table(written(tmp_path / "a.json", '[{"a": 1}, {"a": '))]
    iterator = read_table(tmp_path / "a.json")
    assert next(iterator)[1] == {"a": 1}


@pytest.mark.parametrize(("name", "kind"), [("a.JSONL.GZ", ".jsonl"), ("a.csv", ".csv"), ("a.py", ""), ("a", "")])
def test_the_type_is_the_suffix(name: str, kind: str) -> None:
    assert table_type(name) == kind


def test_a_directory_is_read_as_its_first_type(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl", "c.csv"):
        written(tmp_path / name, JSON_LINES)
    assert [file.name for file in table_files(tmp_path)] == ["a.jsonl", "b.jsonl"]


@pytest.mark.parametrize("name", ["missing.jsonl", "code.py", "."])
def test_a_path_without_tables_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "code.py").write_text("x")
    with pytest.raises(InputError):
        table_files(tmp_path / name)


def test_class_labels_of_arrow_files_are_read_as_their_names(tmp_path: Path) -> None:
    features = {"b": {"names": ["no", "yes"], "_type": "ClassLabel"}}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"a": ["x"], "b": [1]}).replace_schema_metadata(metadata)
    with pa.ipc.new_stream(str(tmp_path / "a.arrow"), table.schema) as sink:
        sink.write_table(table)
    assert rows(tmp_path / "a.arrow") == [{"a": "x", "b": "yes"}]
    assert arrow_schema(tmp_path / "a.arrow").names == ["a", "b"]


def test_a_dataset_saved_by_the_datasets_library_is_read(tmp_path: Path) -> None:
    table = pa.Table.from_pylist(ROWS)
    with pa.ipc.new_stream(str(tmp_path / "data-00000-of-00001.arrow"), table.schema) as sink:
        sink.write_table(table)
    for name in ("dataset_info.json", "state.json"):
        written(tmp_path / name, "{}")
    assert [file.name for file in table_files(tmp_path)] == ["data-00000-of-00001.arrow"]


def test_the_memory_of_a_json_array_does_not_grow_with_its_rows(tmp_path: Path) -> None:
    def most_memory(count: int) -> int:
        path = written(tmp_path / "a.json", json.dumps([{"text": "x" * 1000}] * count))
        tracemalloc.start()
        assert sum(1 for _ in read_table(path)) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    assert most_memory(1000) < 1.2 * most_memory(200)
