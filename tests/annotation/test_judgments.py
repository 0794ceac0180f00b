"""Reading of judgments: what is used, and why other lines are not."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.annotation.judgments import Judgment, read_judgments

LINE = {"reader": "ada", "id": "1", "digest": "d", "criterion": "FC", "verdict": "right", "time": "2"}
ROWS = {"1": {"d", "e"}, "2": {"f"}}


def load(tmp_path, *lines, name="j.jsonl"):
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    (tmp_path / name).write_text(text, encoding="utf-8")
    return read_judgments([tmp_path / name], ROWS)


def test_a_judgment_is_read(tmp_path):
    found = load(tmp_path, LINE | {"self_contained": True, "leaks": False})
    assert found.by_row == {
        "d": {
            "ada": Judgment(
                reader="ada",
                id="1",
                digest="d",
                criterion="FC",
                verdict="right",
                self_contained=True,
                leaks=False,
                time="2",
            )
        }
    }
    assert (found.read, found.rejected, found.readers) == (1, {}, ["ada"])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "3"}, "unknown-row"),
        ({"digest": "f"}, "other-digest"),
        ({"verdict": "good"}, "not-a-judgment"),
        ({"verdict": ["right"]}, "not-a-judgment"),
        ({"verdict": 1}, "not-a-judgment"),
        ({"leaks": "yes"}, "not-a-judgment"),
        ({"id": None}, "not-a-judgment"),
        ({"id": 1}, "not-a-judgment"),
        ({"digest": ["d"]}, "not-a-judgment"),
        ({"reader": {}}, "not-a-judgment"),
        ({"reader": 7}, "not-a-judgment"),
        ({"time": 3.5}, "not-a-judgment"),
    ],
)
def test_a_judgment_that_is_not_used_has_a_reason(tmp_path, change, reason):
    found = load(tmp_path, LINE | change)
    assert found.rejected == {reason: 1}
    assert not found.by_row


@pytest.mark.parametrize(("line", "reason"), [("{", "not-json"), ("[1]", "not-a-judgment"), ("3", "not-a-judgment")])
def test_other_lines_are_counted(tmp_path, line, reason):
    found = load(tmp_path, LINE, line)
    assert found.rejected == {reason: 1}
    assert found.readers == ["ada"]


@pytest.mark.parametrize("order", [1, -1])
def test_the_latest_judgment_of_a_reader_counts(tmp_path, order):
    lines = [LINE | {"verdict": "wrong", "time": "3"}, LINE][::order]
    found = load(tmp_path, *lines)
    assert found.by_row["d"]["ada"].verdict == "wrong"
    assert found.rejected == {"replaced": 1}


def test_readers_and_digests_are_separate(tmp_path):
    found = load(tmp_path, LINE, LINE | {"reader": "bob"}, LINE | {"digest": "e"})
    assert {digest: sorted(of_row) for digest, of_row in found.by_row.items()} == {"d": ["ada", "bob"], "e": ["ada"]}
    assert not found.rejected


def test_a_judgment_without_a_reader_has_the_name_of_its_file(tmp_path):
    assert load(tmp_path, LINE | {"reader": " "}, name="eve.jsonl").readers == ["eve"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(string.printable),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*LINE, "leaks"]), inner),
    )
)
def test_any_line_is_used_or_counted(tmp_path_factory, value):
    found = load(tmp_path_factory.mktemp("j"), json.dumps(value))
    assert found.rejected.total() + sum(map(len, found.by_row.values())) == 1
