"""Contest submissions: problem statements, reverted 2to3 changes, and the sources of such pairs."""

import ast
import json
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.benchmark.sources import pie_perf
from themis_rm.benchmark.sources.formats import codenet
from themis_rm.benchmark.sources.formats.submissions import find_packages, is_within_noise, undo_2to3
from themis_rm.benchmark.sources.source import SOURCES, SourcePair, UnusableRecord
from themis_rm.errors import InputError

PAGE = """
<script type="text/x">MathJax;</script>
<h3>Problem Statement</h3><p>Sum <var>a<sub>1</sub></var> to <var>a<sub>10</sub></var>,
below 10<sup>9</sup>.</p><ul><li>x &le; 5</li></ul>
<h3>Input</h3><pre><var>N</var>
</pre>
<h3>Sample Input 1</h3><pre>
1 2
</pre>
<h3>Output for the Sample Input 1</h3><pre>3
</pre>
"""


def test_a_page_becomes_text_and_samples():
    stated = codenet.parse_statement(PAGE)
    assert stated.samples == (("1 2\n", "3\n"),)
    assert "Sum a_1 to a_{10}, below 10^9." in stated.text
    assert "- x ≤ 5" in stated.text
    assert "MathJax" not in stated.text


def test_figures_are_noted():
    assert codenet.parse_statement('<p>See <img src="x.png"></p>').has_figures


def test_a_japanese_statement_is_not_a_prompt():
    assert codenet.parse_statement("<p>整数を出力するプログラムを作成してください。</p>").to_prompt("Python") == ""


def test_the_english_part_of_a_page_is_read():
    page = '<span class="lang-ja"><p>問題</p></span><span class="lang-en"><p>Solve it.</p></span>'
    assert codenet.parse_statement(page).text == "Solve it."


def test_a_problem_with_several_answers_has_no_check():
    stated = codenet.parse_statement(PAGE + "<p>If there are multiple solutions, any of them is accepted.</p>")
    assert stated.to_check("Python", 1.0, []) is None


def test_a_check_runs_the_samples_and_expects_both_to_pass():
    check = codenet.parse_statement(PAGE).to_check("Python", 1.0, ["numpy"])
    assert (check.inputs, check.outputs, check.expects, check.packages) == (["1 2\n"], ["3\n"], "both-pass", ["numpy"])


def test_samples_after_a_heading_that_is_not_closed_are_found():
    page = "<h2>Sample Input</h3><pre>\n1\n</pre><h2>Sample Output</h3><pre>\n2\n</pre>"
    assert codenet.parse_statement(page).samples == (("1\n", "2\n"),)


def test_an_ampersand_in_a_drawing_does_not_end_the_page():
    assert codenet.parse_statement("<pre>#&#</pre><p>After</p>").text.endswith("After")


def test_an_invalid_problem_id_reads_no_file(tmp_path):
    assert codenet.load_statement(tmp_path, "../secret") is None


@pytest.mark.parametrize(
    ("converted", "original"),
    [
        ("s = eval(input())", "s = input()"),
        ("n = int(eval(input('a (b)')))", "n = int(input('a (b)'))"),
        ("print((a, b))", "print(a, b)"),
        ("print((eval(input()), 2))", "print(input(), 2)"),
        ("print((x for x in y))", "print((x for x in y))"),
        ("print((1,))", "print((1,))"),
        ("print((a, b), end='')", "print((a, b), end='')"),
        ("n = int((input()))", "n = int(input())"),
        ("eval(text)", "eval(text)"),
    ],
)
def test_changes_of_2to3_are_reverted(converted, original):
    assert undo_2to3(converted) == original


@given(st.text(max_size=60))
def test_any_text_can_be_reverted(text):
    assert undo_2to3(undo_2to3(text)) == undo_2to3(undo_2to3(undo_2to3(text)))


@given(st.lists(st.sampled_from(["eval(input())", "a", "(b, c)", "f((d, e))"]), min_size=1, max_size=4))
def test_reverted_programs_parse(values):
    ast.parse(undo_2to3(f"print(({', '.join(values)}))\n"))


@pytest.mark.parametrize(("slow", "fast", "noise"), [(19, 17, True), (35, 17, True), (140, 100, True), (60, 30, False)])
def test_similar_times_are_noise(slow, fast, noise):
    assert is_within_noise(slow, fast) is noise


def test_packages_exclude_the_standard_library():
    assert find_packages("import numpy as np, sys", "from scipy.misc import comb\nprint 1", "Python") == ["numpy"]


def _trajectory(**changes):
    record = {
        "problem_id": "p00001",
        "language": "python",
        "submission_id_v0": "s1",
        "submission_id_v1": "s2",
        "cpu_time_v0": 200,
        "cpu_time_v1": 20,
        "status_v1": "Accepted",
        "input": "# TLE last time\nn = int(eval(input()))\n\nprint((sum(range(n))))\n",
        "target": "# AC, 20 ms\nn = int(eval(input()))\n\nprint((n * (n - 1) // 2))\n",
    }
    return {**record, **changes}


@pytest.fixture
def pages(tmp_path):
    directory = tmp_path / codenet.STATEMENTS_DIRECTORY / "problem_descriptions"
    directory.mkdir(parents=True)
    (directory / "p00001.html").write_text(PAGE)
    codenet.load_statement.cache_clear()
    return directory


def _pie(tmp_path, *records):
    directory = tmp_path / "pie_perf_python"
    directory.mkdir(exist_ok=True)
    (directory / pie_perf.FILE).write_text("".join(json.dumps(record) + "\n" for record in records))
    return list(SOURCES.get("pie_perf_python").read(directory))


@pytest.mark.usefixtures("pages")
def test_the_faster_submission_is_chosen(tmp_path):
    (pair,) = _pie(tmp_path, _trajectory())
    assert (pair.key, pair.criterion, pair.language, pair.group) == ("s1-s2", "EE", "Python", "p00001")
    assert pair.chosen == "n = int(input())\nprint(n * (n - 1) // 2)\n"
    assert pair.rejected == "n = int(input())\nprint(sum(range(n)))\n"
    assert pair.prompt.startswith("Write a Python program")
    assert pair.check is not None


def test_a_pair_without_a_statement_has_no_prompt(tmp_path):
    (pair,) = _pie(tmp_path, _trajectory(problem_id="p00002"))
    assert (pair.prompt, pair.check) == ("", None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cpu_time_v1": 190}, "within-noise"),
        ({"status_v1": "Wrong Answer"}, "not-accepted"),
        ({"language": "c++"}, "language"),
    ],
)
def test_unusable_trajectories_are_counted_by_reason(tmp_path, changes, reason):
    assert _pie(tmp_path, _trajectory(**changes)) == [UnusableRecord("s1-s2", reason)]


def test_pie_reference_data_yields_the_known_counts(shared):
    items = list(SOURCES.get("pie_perf_python").read(shared / "sources" / "pie_perf_python"))
    pairs = [item for item in items if isinstance(item, SourcePair)]
    assert Counter(item.reason for item in items if isinstance(item, UnusableRecord)) == {"within-noise": 389}
    assert len(pairs) == 611
    assert len({item.key for item in items}) == 1000
    assert sum(bool(pair.prompt) for pair in pairs) == 603
    assert not any("eval(input(" in pair.chosen + pair.rejected for pair in pairs)


def test_ecco_reads_its_test_split(tmp_path):
    directory = tmp_path / "ecco"
    (directory / "edit").mkdir(parents=True)
    rows = pa.Table.from_pylist([_trajectory(), _trajectory(submission_id_v1="s3", cpu_time_v1=199)])
    pq.write_table(rows, directory / "edit" / "test-00000-of-00001.parquet")
    pq.write_table(rows, directory / "edit" / "train-00000-of-00001.parquet")
    pair, other = SOURCES.get("ecco").read(directory)
    assert isinstance(pair, SourcePair)
    assert other == UnusableRecord("s1-s3", "within-noise")


def test_ecco_names_a_missing_column(tmp_path):
    (tmp_path / "edit").mkdir()
    pq.write_table(pa.table({"input": ["x"]}), tmp_path / "edit" / "test-0.parquet")
    with pytest.raises(InputError, match="problem_id"):
        list(SOURCES.get("ecco").read(tmp_path))


def test_missing_ecco_files_are_reported(tmp_path):
    with pytest.raises(InputError, match="test-"):
        list(SOURCES.get("ecco").read(tmp_path))


def _simulated(**changes):
    record = {
        "src_id": "a",
        "tgt_id": "b",
        "src_code": "int main() { for (int i = 0; i < 9; i++) {} }",
        "tgt_code": "int main() { return 0; }",
        "src_agg_runtime": 0.2,
        "tgt_agg_runtime": 0.1,
        "problem_id": "p00001",
    }
    return {**record, **changes}


@pytest.mark.usefixtures("pages")
def test_pie_cpp_is_read(tmp_path):
    directory = tmp_path / "pie_cpp"
    directory.mkdir()
    lines = [_simulated(), _simulated(tgt_id="c", tgt_agg_runtime=0.19), _simulated(tgt_id="d", tgt_agg_runtime=0)]
    (directory / "test.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    pair, *others = SOURCES.get("pie_cpp").read(directory)
    assert (pair.key, pair.language, pair.check.language) == ("a-b", "Cpp", "Cpp")
    assert "C++ program" in pair.prompt
    assert others == [UnusableRecord("a-c", "within-noise"), UnusableRecord("a-d", "within-noise")]


def test_pie_cpp_names_a_missing_column(tmp_path):
    (tmp_path / "test.jsonl").write_text('{"src_id": "a"}\n')
    with pytest.raises(InputError, match="tgt_code"):
        list(SOURCES.get("pie_cpp").read(tmp_path))


def test_the_fastest_level_is_paired_with_each_slower_one(tmp_path):
    row = {"task_id": "T/1", "prompt": "Sum.", "entry_point": "f", "reference": ["a()", "b()", "c()"]}
    rows = [
        {**row, "scores": [30.0, 60.0, 100.0]},
        {**row, "task_id": "T/2", "scores": [90.0, 60.0, 100.0]},
        {**row, "task_id": "T/3", "reference": ["a()"], "scores": [100.0]},
        {**row, "task_id": "T/4", "reference": ["a()", "b()"], "scores": [100.0, 100.0]},
    ]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "test-0.parquet")
    items = list(SOURCES.get("evalperf").read(tmp_path))
    assert [(item.key, item.chosen, item.rejected) for item in items[:2]] == [
        ("T/1:0", "c()", "a()"),
        ("T/1:1", "c()", "b()"),
    ]
    assert items[2:] == [
        UnusableRecord("T/2", "levels-out-of-order"),
        UnusableRecord("T/3", "one-side-only"),
        UnusableRecord("T/4:0", "equal-scores"),
    ]
