"""The append-only cache: rows that were written are read back, whenever the writer was killed."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from themis_rm.errors import InputError
from themis_rm.storage.jsonl_cache import JsonlCache

VALUES = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20) | st.lists(st.integers())
ROWS = st.lists(
    st.tuples(st.text(max_size=8), st.dictionaries(st.text(max_size=5).filter(lambda n: n != "key"), VALUES)),
    min_size=1,
    max_size=5,
)


def write(path, rows):
    with JsonlCache(path) as cache:
        for key, row in rows:
            cache.add(key, row)
        return dict(cache.rows)


def read(path):
    with JsonlCache(path) as cache:
        return dict(cache.rows)


@given(rows=ROWS)
def test_rows_are_read_back_and_the_last_row_of_a_key_is_valid(rows):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deep" / "cache.jsonl"
        assert write(path, rows) == dict(rows) == read(path)


@settings(max_examples=30)  # each tries every byte of its last line
@given(rows=ROWS, later=ROWS)
def test_a_line_truncated_at_any_byte_is_removed(rows, later):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cache.jsonl"
        write(path, rows)
        complete = path.read_bytes()
        kept = complete[: complete.rindex(b"\n", 0, -1) + 1] if len(rows) > 1 else b""
        for cut in range(len(kept), len(complete)):
            path.write_bytes(complete[:cut])
            assert read(path) == dict(rows[:-1])
            assert path.read_bytes() == kept
            path.write_bytes(complete[:cut])
            assert write(path, later) == {**dict(rows[:-1]), **dict(later)} == read(path)
            assert path.read_bytes().startswith(kept)
            assert len(path.read_bytes().splitlines()) == len(rows) - 1 + len(later)


def test_a_row_is_on_disk_before_the_cache_is_closed(tmp_path):
    cache = JsonlCache(tmp_path / "cache.jsonl")
    cache.add("a", {"n": 1})
    assert json.loads((tmp_path / "cache.jsonl").read_text()) == {"key": "a", "n": 1}
    cache.close()


def test_line_separators_inside_a_text_do_not_end_a_line(tmp_path):
    path = tmp_path / "cache.jsonl"
    path.write_text('{"key": "a", "text": "one\u2028two\x85three"}\n', encoding="utf-8")
    assert read(path) == {"a": {"text": "one\u2028two\x85three"}}


@pytest.mark.parametrize(
    "line", ["", "nonsense", "[1]", '{"text": ""}', '{"key": 3, "text": ""}', '{"key": "a"}', "\udcff"]
)
def test_a_complete_line_that_is_not_a_row_is_an_error_with_its_number(line, tmp_path):
    path = tmp_path / "cache.jsonl"
    content = f'{{"key": "b", "text": "kept"}}\n{line}\n'.encode("utf-8", "surrogateescape")
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"cache\.jsonl is damaged at line 2"):
        JsonlCache(path, ("text",))
    assert path.read_bytes() == content
