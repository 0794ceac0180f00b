"""Lines that are not JSON do not end a file."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.errors import InputError
from themis_rm.storage.json_lines import BadLine, read_json_lines


@pytest.mark.parametrize("line", [b"{", b"nope", b"\xff", b"[" * 100_000, b"9" * 10_000])
def test_a_line_that_is_not_json_is_reported_and_the_rest_is_read(tmp_path, line):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n\n' + line + b"\n[2]\n")
    lines = list(read_json_lines(path))
    assert lines[0] == (1, {"a": 1})
    assert lines[2] == (4, [2])
    assert lines[1][0] == 3
    assert isinstance(lines[1][1], BadLine)


def test_a_missing_file_is_an_error_of_the_user(tmp_path):
    with pytest.raises(InputError, match="Cannot read"):
        list(read_json_lines(tmp_path / "missing.jsonl"))


@given(st.lists(st.dictionaries(st.text(), st.none() | st.integers() | st.text())))
def test_values_are_read_as_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("json") / "x.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    assert [row for _, row in read_json_lines(path)] == rows
