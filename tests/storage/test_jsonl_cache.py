"""Journals: what was written is read, whenever the writer was killed."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError
from themis_rm.storage.jsonl_cache import JsonlCache

VALUES = st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=20) | st.lists(st.integers())
ROWS = st.lists(
    st.tuples(st.text(max_size=8), st.dictionaries(st.text(max_size=5).filter(lambda n: n != "key"), VALUES)),
    min_size=1,
    max_size=5,
)


def written(path, rows):
    with JsonlCache(path) as journal:
        for key, row in rows:
            journal.add(key, row)
        return dict(journal.rows)


def read(path):
    with JsonlCache(path) as journal:
        return dict(journal.rows)


@given(rows=ROWS)
def test_what_was_written_is_read_and_the_last_row_of_a_key_counts(rows):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "deep" / "journal.jsonl"
        assert written(path, rows) == dict(rows) == read(path)


@given(rows=ROWS, later=ROWS)
def test_a_line_cut_off_at_any_byte_is_neither_read_nor_joined_by_the_next(rows, later):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        written(path, rows)
        whole = path.read_bytes()
        kept = whole[: whole.rindex(b"\n", 0, -1) + 1] if len(rows) > 1 else b""
        for cut in range(len(kept), len(whole)):
            path.write_bytes(whole[:cut])
            assert read(path) == dict(rows[:-1])
            assert path.read_bytes() == kept
            path.write_bytes(whole[:cut])
            assert written(path, later) == {**dict(rows[:-1]), **dict(later)} == read(path)
            assert path.read_bytes().startswith(kept)
            assert len(path.read_bytes().splitlines()) == len(rows) - 1 + len(later)


def test_a_row_is_on_disk_before_the_journal_is_closed(tmp_path):
    journal = JsonlCache(tmp_path / "journal.jsonl")
    journal.add("a", {"n": 1})
    assert json.loads((tmp_path / "journal.jsonl").read_text()) == {"key": "a", "n": 1}
    journal.close()


def test_line_separators_inside_a_text_end_no_line(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"key": "a", "text": "one\u2028two\x85three"}\n', encoding="utf-8")
    assert read(path) == {"a": {"text": "one\u2028two\x85three"}}


@pytest.mark.parametrize(
    "line", ["", "nonsense", "[1]", '{"text": ""}', '{"key": 3, "text": ""}', '{"key": "a"}', "\udcff"]
)
def test_a_whole_line_that_is_no_row_is_told_with_its_number(line, tmp_path):
    path = tmp_path / "journal.jsonl"
    content = f'{{"key": "b", "text": "kept"}}\n{line}\n'.encode("utf-8", "surrogateescape")
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"journal\.jsonl is damaged \(line 2\)"):
        JsonlCache(path, ("text",))
    assert path.read_bytes() == content
