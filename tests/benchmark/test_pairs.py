"""Reading of benchmark files: each row is a usable pair or has a reason."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from themis_rm.benchmark.pairs import check_rows, read_benchmark
from themis_rm.dataset.preferences import DataSettings
from themis_rm.errors import InputError
from themis_rm.records import BenchmarkPair

GOOD = {
    "id": "a",
    "prompt": "Sum it.",
    "chosen": "return a + b",
    "rejected": "return a - b",
    "aspect": "Functional_Correctness",
    "language": "Cpp",
    "subset": "OWN",
}


def write(path, *rows):
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"chosen": " \n"}, "empty-response"),
        ({"rejected": ""}, "empty-response"),
        ({"prompt": ""}, "empty-prompt"),
        ({"id": "a"}, "duplicate-id"),
        ({"chosen": None}, "missing-chosen"),
        ({"language": 7}, "language-is-integer"),
        ({"chosen": "\ud800"}, "not-unicode"),
    ],
)
def test_an_invalid_row_is_rejected_with_its_reason(tmp_path, change, reason):
    read = read_benchmark(write(tmp_path / "b.jsonl", GOOD, {**GOOD, "id": "b", **change}))
    assert [pair.id for pair in read.pairs] == ["a"]
    assert read.reasons == {reason: 1}
    assert read.rejected[0]["where"] == "b.jsonl:2"


@pytest.mark.parametrize(
    ("line", "reason"), [("{", "not-json"), ("[1]", "not-a-row"), ("7", "not-a-row"), ("\ufffd\x00", "not-json")]
)
def test_a_line_that_is_not_a_row_is_rejected(tmp_path, line, reason):
    assert read_benchmark(write(tmp_path / "b.jsonl", GOOD, line)).reasons == {reason: 1}


@pytest.mark.parametrize(
    ("change", "aspect", "language"),
    [
        ({"aspect": "Charm"}, "Charm", "Cpp"),
        ({"aspect": "Helpfulness"}, "Helpfulness", "Cpp"),
        ({"aspect": None}, "unspecified", "Cpp"),
        ({"language": "Cobol"}, "Functional_Correctness", "Cobol"),
        ({"language": "typescript"}, "Functional_Correctness", "TypeScript"),
        ({"language": None}, "Functional_Correctness", "unspecified"),
    ],
)
def test_pairs_of_other_criteria_and_languages_are_groups_of_their_own(tmp_path, change, aspect, language):
    (pair,) = read_benchmark(write(tmp_path / "b.jsonl", {**GOOD, **change})).pairs
    assert (pair.aspect, pair.language) == (aspect, language)


def test_rows_without_an_id_get_one_from_their_texts(tmp_path):
    row = {key: value for key, value in GOOD.items() if key != "id"}
    read = read_benchmark(write(tmp_path / "b.jsonl", row, row, {**row, "prompt": "Another."}))
    assert (len(read.pairs), read.reasons) == (2, {"duplicate-id": 1})


TURNS = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello"},
    {"role": "user", "content": "Sum it."},
]


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_turns_of_a_request_are_kept(tmp_path, kind):
    row = {**GOOD, "prompt": TURNS}
    path = tmp_path / f"b.{kind}"
    write(path, row) if kind == "jsonl" else pq.write_table(pa.Table.from_pylist([row]), path)
    (pair,) = read_benchmark(path).pairs
    assert (pair.prompt, pair.messages, pair.first_request()) == ("Sum it.", TURNS, "Hi")


def test_the_criteria_prompt_of_training_data_is_left_out(tmp_path):
    row = {"system": "Grade.", "input": "Sum it.", "chosen": "a", "rejected": "b", "idx": "7"}
    (pair,) = read_benchmark(write(tmp_path / "b.jsonl", row)).pairs
    assert type(pair) is BenchmarkPair
    assert (pair.id, pair.prompt) == ("7", "Sum it.")


def test_rows_are_filtered_by_language_and_criterion(tmp_path):
    rows = [{**GOOD, "id": f"{a}{n}", "aspect": a, "language": n} for a in ("FC", "SH") for n in ("Go", "Ruby")]
    path = write(tmp_path / "b.jsonl", *rows)
    read = read_benchmark(path, settings=DataSettings(language="go", aspect="SH"))
    assert [pair.id for pair in read.pairs] == ["SHGo"]
    assert read.reasons == {"other-language": 2, "other-aspect": 1}


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_missing_columns_are_named_in_the_error(tmp_path, kind):
    row = {key: value for key, value in GOOD.items() if key not in {"chosen", "aspect"}}
    path = tmp_path / f"b.{kind}"
    if kind == "jsonl":
        write(path, row)
    else:
        pq.write_table(pa.Table.from_pylist([row]), path)
    with pytest.raises(InputError, match=r"no known preference format; it has the columns id \(text\), .*prompt"):
        read_benchmark(path)


def test_parquet_and_jsonl_of_the_same_rows_are_the_same_benchmark(tmp_path):
    rows = [GOOD, {**GOOD, "id": "b", "language": "C#", "aspect": "Runtime Efficiency"}]
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "b.parquet")
    one = read_benchmark(write(tmp_path / "b.jsonl", *rows))
    two = read_benchmark(tmp_path / "b.parquet")
    assert one.pairs == two.pairs
    assert one.digest == two.digest


def test_criteria_and_languages_get_their_benchmark_names(tmp_path):
    row = {**GOOD, "language": "C#", "aspect": "Readability and Maintainability"}
    pair = read_benchmark(write(tmp_path / "b.jsonl", row)).pairs[0]
    assert (pair.language, pair.aspect) == ("CSharp", "Readability_Maintainability")


def test_all_files_of_a_directory_are_read(tmp_path):
    write(tmp_path / "1.jsonl", GOOD)
    write(tmp_path / "2.jsonl", {**GOOD, "id": "b"}, GOOD)
    read = read_benchmark(tmp_path)
    assert [pair.id for pair in read.pairs] == ["a", "b"]
    assert read.reasons == {"duplicate-id": 1}


@pytest.mark.parametrize("text", ["", "\n\n"])
def test_an_empty_benchmark_is_an_error(tmp_path, text):
    (tmp_path / "b.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="no row that can be read"):
        read_benchmark(tmp_path / "b.jsonl")


def test_a_missing_benchmark_is_an_error(tmp_path):
    with pytest.raises(InputError, match="There is no benchmark"):
        read_benchmark(tmp_path / "absent")


def test_the_authored_benchmark_is_read_by_name():
    read = read_benchmark("authored")
    assert read.pairs
    assert not read.rejected


VALUES = st.one_of(st.none(), st.integers(), st.text(max_size=5), st.sampled_from(["Go", "Security Hardness", "x"]))


@given(rows=st.lists(st.one_of(VALUES, st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, VALUES))), max_size=20))
def test_no_row_is_lost(rows):
    read = check_rows("any", ((str(number), row) for number, row in enumerate(rows)))
    assert len(read.pairs) + len(read.rejected) == len(rows)
    assert len({pair.id for pair in read.pairs}) == len(read.pairs)


@pytest.fixture
def published_layout(tmp_path):
    rows = [
        {**GOOD, "id": name, "aspect": aspect}
        for name, aspect in (("a", "Functional_Correctness"), ("b", "Memory_Efficiency"))
    ]
    for config, splits in (("Full", {"Full": rows}), ("Stratified_Aspect", {row["aspect"]: [row] for row in rows})):
        for split, members in splits.items():
            path = tmp_path / "bench" / config / f"{split}-00000-of-00001.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.Table.from_pylist(members), path)
    return tmp_path / "bench"


def test_the_full_configuration_of_a_published_layout_is_read(published_layout):
    read = read_benchmark(published_layout)
    assert ([pair.id for pair in read.pairs], read.rejected, read.name) == (["a", "b"], (), "bench")


def test_another_configuration_is_read_by_its_path(published_layout):
    directory = published_layout / "Stratified_Aspect"
    assert len(read_benchmark(directory).pairs) == 2
    assert [pair.id for pair in read_benchmark(directory / "Memory_Efficiency-00000-of-00001.parquet").pairs] == ["b"]


def verified(tmp_path, kind, *values):
    rows = [{**GOOD, "id": f"p{number}", "verified": value} for number, value in enumerate(values)]
    if kind == "jsonl":
        return write(tmp_path / "b.jsonl", *rows)
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "b.parquet")
    return tmp_path / "b.parquet"


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_pairs_that_disagree_with_execution_are_rejected_on_request(tmp_path, kind):
    path = verified(tmp_path, kind, "agrees", "disagrees", "unchecked", "agrees", None)
    assert len(read_benchmark(path).pairs) == 5
    read = read_benchmark(path, "agrees")
    assert [pair.id for pair in read.pairs] == ["p0", "p3"]
    assert read.reasons == {"verified-disagrees": 1, "verified-unchecked": 1, "verified-unknown": 1}
    assert read.digest == check_rows("b", [("", {**GOOD, "id": key}) for key in ("p0", "p3")]).digest


def test_the_verified_column_does_not_change_the_reason_of_an_invalid_row(tmp_path):
    rows = [{**GOOD, "verified": "agrees"}, {**GOOD, "verified": "disagrees"}, {**GOOD, "id": "c", "chosen": ""}]
    assert read_benchmark(write(tmp_path / "b.jsonl", *rows), "agrees").reasons == {
        "duplicate-id": 1,
        "empty-response": 1,
    }


@pytest.mark.parametrize("benchmark", ["authored", "file"])
def test_verified_pairs_of_a_benchmark_without_the_column_are_an_error(tmp_path, benchmark):
    path = write(tmp_path / "b.jsonl", GOOD) if benchmark == "file" else benchmark
    with pytest.raises(InputError, match=r"has no column 'verified'\. Run 'themis-rm benchmark verify' with --mark"):
        read_benchmark(path, "agrees")


def test_a_benchmark_that_was_not_executed_has_no_verified_pairs(tmp_path):
    with pytest.raises(InputError, match=r"no usable pair.*verified-unchecked"):
        read_benchmark(verified(tmp_path, "parquet", "unchecked"), "agrees")


def test_a_task_is_a_group_within_its_source(tmp_path):
    groups = [("one", "g"), ("one", "g"), ("two", "g"), ("one", "h"), ("one", ""), (None, "g"), ("one", None)]
    rows = [{**GOOD, "id": f"p{n}", "source": source, "group": group} for n, (source, group) in enumerate(groups)]
    tasks = read_benchmark(write(tmp_path / "b.jsonl", *rows, {**GOOD, "id": "p7"})).tasks
    assert set(tasks) == {"p0", "p1", "p2", "p3", "p5"}
    assert tasks["p0"] == tasks["p1"]
    assert len(set(tasks.values())) == 4


def test_a_rejected_row_does_not_belong_to_a_task(tmp_path):
    rows = [{**GOOD, "group": "g"}, {**GOOD, "id": "b", "group": "g", "chosen": ""}]
    assert set(read_benchmark(write(tmp_path / "b.jsonl", *rows)).tasks) == {"a"}


def test_pairs_can_be_chosen_by_language_and_criterion(tmp_path):
    rows = [{**GOOD, "id": "a"}, {**GOOD, "id": "b", "language": "Go"}, {**GOOD, "id": "c", "aspect": "SH"}]
    read = read_benchmark(write(tmp_path / "x.jsonl", *rows), settings=DataSettings(language="cpp", aspect="FC"))
    assert [pair.id for pair in read.pairs] == ["a"]
    assert read.reasons == {"other-aspect": 1, "other-language": 1}
