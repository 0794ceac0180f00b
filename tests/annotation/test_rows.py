"""Which rows people read, from every kind of file."""

import json
from dataclasses import replace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.annotation.pairs import code_pair, commit, read, write_lines, write_pairs

from themis_rm.annotation.rows import AnnotationReader, name_data
from themis_rm.curation.curate import pair_of
from themis_rm.dataset.preferences import DataSettings
from themis_rm.errors import InputError
from themis_rm.records import BenchmarkPair, Commit, Preference
from themis_rm.storage.parquet import write_rows


def dropped_commits(path, commits):
    rows = [one.to_dict() | {"filter_reason": "no-criterion"} for one in commits]
    path.parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path.parent.parent


def test_a_pair_is_a_row_for_each_criterion(tmp_path):
    rows = read(write_pairs(tmp_path / "p.parquet", [code_pair(1, ["FC", "SH"]), code_pair(2)]))
    assert [(row.id, row.pair.aspect) for row in rows] == [
        ("pair1:FC", "Functional Correctness"),
        ("pair1:SH", "Security Hardness"),
        ("pair2:FC", "Functional Correctness"),
    ]
    assert rows[0].request == "Add 1 to the sum."
    assert rows[0].source == "commits"
    assert len({row.digest for row in rows}) == 3


def test_columns_are_those_that_are_not_shown_elsewhere(tmp_path):
    (row,) = read(write_pairs(tmp_path / "p.parquet", [code_pair(1, terms=["FC:sum"])]))
    assert row.columns["repos"] == "sums"
    assert json.loads(row.columns["terms"]) == ["FC:sum"]
    assert not {"chosen", "rejected", "instruction", "operator"} & set(row.columns)


def test_a_long_value_is_cut_and_says_so(tmp_path):
    (row,) = read(write_pairs(tmp_path / "p.parquet", [code_pair(1, file_path="x" * 3000)]))
    assert row.columns["file_path"].endswith("x … (1,000 more characters)")


@pytest.mark.parametrize("field", ["instruction", "chosen", "rejected", "criteria"])
def test_the_digest_depends_on_what_is_judged(tmp_path, field):
    changed = {"criteria": ["EE"]}.get(field, "other text")
    one, two = (
        read(write_pairs(tmp_path / f"{number}.parquet", [pair]))[0]
        for number, pair in enumerate([code_pair(1), replace(code_pair(1), **{field: changed})])
    )
    assert one.digest != two.digest


def test_the_digest_does_not_depend_on_other_columns(tmp_path):
    one, two = (
        read(write_pairs(tmp_path / f"{number}.parquet", [code_pair(1, license=name)]))[0]
        for number, name in enumerate(["MIT", "Apache-2.0"])
    )
    assert one.digest == two.digest


def test_the_output_directory_of_curate_means_its_pairs(tmp_path):
    write_pairs(tmp_path / "pairs" / "00000.parquet", [code_pair(1)])
    dropped_commits(tmp_path / "dropped" / "no-criterion" / "commits-00000.parquet", [commit(1)])
    (tmp_path / "report.json").write_text("{}")
    assert [row.reason for row in read(tmp_path)] == [""]


def test_dropped_rows_are_read_too(tmp_path):
    pairs = write_pairs(tmp_path / "p.parquet", [code_pair(1)])
    dropped = dropped_commits(tmp_path / "dropped" / "no-criterion" / "commits-00000.parquet", [commit(1)])
    kept, other = read(pairs, dropped)
    assert (kept.reason, other.reason) == ("", "no-criterion")
    assert (other.request, other.rejected, other.chosen) == ("Change things\n\nNumber 1", "old 1\n", "new\n")
    assert (other.pair.language, other.source, other.pair.aspect) == ("Python", "commits", "")


def test_a_commit_has_the_id_of_its_pair(tmp_path):
    row = commit(1).to_dict() | {"criteria": ["FC"], "terms": [], "instruction": "x", "instruction_source": "subject"}
    dropped = dropped_commits(tmp_path / "dropped" / "no-criterion" / "commits-00000.parquet", [commit(1)])
    assert read(dropped)[0].id == pair_of(row).id


def test_mined_commits_are_read_without_a_reason(tmp_path):
    write_rows(tmp_path / "c.parquet", [commit(1), commit(2)], Commit.schema())
    assert [(row.reason, row.pair.aspect) for row in read(tmp_path / "c.parquet")] == [("", "")] * 2


def test_a_dropped_row_may_lack_texts(tmp_path):
    row = {"id": "1", "chosen": None, "rejected": "x", "criteria": None, "filter_reason": "malformed-row"}
    (found,) = read(write_lines(tmp_path / "d.jsonl", [row]))
    assert (found.request, found.chosen, found.rejected) == ("", "", "x")


def test_rejected_rows_of_a_conversion_are_read(tmp_path):
    rows = [
        {"reason": "tie", "where": "a:1", "row": {"prompt": "p", "chosen": "c", "rejected": "r"}},
        {"reason": "not-json", "where": "a:2", "row": "{"},
    ]
    one, two = read(write_lines(tmp_path / "rejected.jsonl", rows))
    assert (one.reason, one.request, one.chosen) == ("tie", "p", "c")
    assert (two.reason, two.columns) == ("not-json", {"row": "{"})


def test_a_row_without_text_is_counted(tmp_path):
    path = write_lines(tmp_path / "d.jsonl", [commit(1).to_dict(), [1]])
    reader = AnnotationReader(path, DataSettings())
    assert len(list(reader.rows())) == 1
    assert reader.rejected == {"not-a-row": 1}


def test_filters_select_dropped_rows_too(tmp_path):
    pairs = write_pairs(tmp_path / "p.parquet", [code_pair(1), code_pair(2, language="C")])
    dropped = write_lines(tmp_path / "d.jsonl", [commit(1).to_dict(), commit(2, language="C").to_dict()])
    assert {row.pair.language for row in read(pairs, dropped, language=("C",))} == {"C"}


def test_a_benchmark_is_read(tmp_path):
    pair = BenchmarkPair(
        id="1", prompt="p", chosen="a", rejected="b", aspect="Security_Hardness", language="python", subset="s"
    )
    write_rows(tmp_path / "b.parquet", [pair], BenchmarkPair.schema())
    (row,) = read(tmp_path / "b.parquet")
    assert (row.pair.aspect, row.pair.language, row.source) == ("Security Hardness", "Python", "s")


def test_the_authored_benchmark_is_read():
    assert len(read("authored")) > 100


def test_the_criteria_prompt_of_a_dataset_is_not_part_of_the_request(tmp_path):
    values = {"chosen": "a", "rejected": "b", "language": "C", "aspect": "FC", "source": "s", "idx": "1"}
    write_rows(tmp_path / "d.parquet", [Preference(system="Judge it.", input="p", **values)], Preference.schema())
    (row,) = read(tmp_path / "d.parquet")
    assert row.request == "p"
    assert row.columns["system"] == "Judge it."


def test_several_turns_are_shown_with_their_roles(tmp_path):
    turns = [{"role": role, "content": text} for role, text in (("user", "a"), ("assistant", "b"), ("user", "c"))]
    (row,) = read(write_lines(tmp_path / "d.jsonl", [{"prompt": turns, "chosen": "x", "rejected": "y"}]))
    assert row.request == "[user]\na\n\n[assistant]\nb\n\n[user]\nc"


def test_a_row_without_an_id_has_its_digest(tmp_path):
    (row,) = read(write_lines(tmp_path / "d.jsonl", [{"prompt": "p", "chosen": "x", "rejected": "y"}]))
    assert row.id == row.digest


def test_rows_that_cannot_be_used_are_counted(tmp_path):
    rows = [{"prompt": "p", "chosen": "x", "rejected": "y"}, {"prompt": "p", "chosen": "x", "rejected": "x"}]
    reader = AnnotationReader(write_lines(tmp_path / "d.jsonl", rows), DataSettings())
    assert len(list(reader.rows())) == 1
    assert reader.rejected == {"identical-responses": 1}


def test_missing_data_is_an_error(tmp_path):
    with pytest.raises(InputError):
        read(tmp_path / "none")


@pytest.mark.parametrize(
    ("data", "name"), [("a/b/pairs", "b/pairs"), ("owner/name", "owner/name"), ("/pairs", "pairs"), ("x", "x")]
)
def test_data_is_named_by_the_end_of_its_path(data, name):
    assert name_data(data) == name


def test_of_tests_the_paths_are_shown(tmp_path):
    tests = [{"path": f"tests/test_{name}.py", "contents": "assert True\n"} for name in "ab"]
    (row,) = read(write_pairs(tmp_path / "p.parquet", [code_pair(1, tests=tests, criteria=["FC"])]))
    assert row.columns["tests"] == "tests/test_a.py\ntests/test_b.py"
