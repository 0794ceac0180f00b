import csv
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from themis_rm.dataset.preferences import DataSettings, PreferenceReader, RejectedRow
from themis_rm.errors import InputError, SettingError
from themis_rm.records import Preference, pair_conversations
from themis_rm.storage.parquet import write_rows

GOOD, BAD, ASK = "def f():\n    return 1\n", "def f():\n    return 0\n", "Write a function that returns one."
ROW = {"prompt": ASK, "chosen": GOOD, "rejected": BAD}


def reader(folder: Path, *rows: Any, **settings: Any) -> PreferenceReader:
    file = folder / "data.jsonl"
    file.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    keep_ties = settings.pop("keep_ties", False)
    return PreferenceReader([file], DataSettings(**settings), keep_ties)


def test_a_row_gets_the_columns_of_the_published_data(tmp_path: Path) -> None:
    (row,) = reader(tmp_path, {**ROW, "language": "py", "aspect": "SH", "id": 7}).preferences()
    assert (row.system, row.input, row.chosen, row.rejected) == (None, ASK, GOOD, BAD)
    assert (row.language, row.aspect, row.idx) == ("Python", "Security Hardness", "7")
    assert (row.messages, row.chosen_messages, row.margin) == (None, None, None)


def test_rows_without_an_id_get_one_from_their_content(tmp_path: Path) -> None:
    one, same, other = reader(tmp_path, ROW, ROW, {**ROW, "prompt": "Another."}).preferences()
    assert one.idx == same.idx != other.idx


def test_several_turns_are_kept_as_messages(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": ASK},
    ]
    (row,) = reader(tmp_path, {**ROW, "prompt": turns}).preferences()
    assert (row.input, row.messages) == (ASK, turns)


def test_reasoning_and_tool_calls_survive_a_round_trip_through_parquet(tmp_path: Path) -> None:
    call = {"type": "function", "function": {"name": "run", "arguments": {"x": 1}}}
    chosen = [
        {"role": "assistant", "content": "", "reasoning_content": "Run it.", "tool_calls": [call]},
        {"role": "tool", "content": "1", "tool_call_id": "a"},
        {"role": "assistant", "content": GOOD},
    ]
    rows = list(reader(tmp_path, {**ROW, "chosen": chosen, "system": "Be brief."}).preferences())
    write_rows(tmp_path / "out.parquet", rows, Preference.schema())
    (again,) = PreferenceReader([tmp_path / "out.parquet"]).preferences()
    assert again == rows[0]


def test_the_conversations_of_a_row_contain_everything(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": ASK},
    ]
    (row,) = reader(tmp_path, {**ROW, "prompt": turns}).preferences()
    chosen, rejected = pair_conversations(row.to_dict(), "Grade.", row.input)
    assert chosen == [{"role": "system", "content": "Grade."}, *turns, {"role": "assistant", "content": GOOD}]
    assert rejected[-1]["content"] == BAD


def test_bad_rows_are_counted_by_reason_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = reader(tmp_path, ROW, "{broken\n", "3\n", {**ROW, "chosen": None}, {**ROW, "chosen": "\ud800"}, ROW)
    assert len(list(rows.preferences())) == 2
    assert rows.rejected == {"not-json": 1, "not-a-row": 1, "missing-chosen": 1, "not-unicode": 1}
    assert rows.read == 6


def test_a_rejected_row_says_where_it_is(tmp_path: Path) -> None:
    found = [row for row in reader(tmp_path, ROW, {**ROW, "chosen": 3}).rows() if isinstance(row, RejectedRow)]
    assert [(row.reason, row.where) for row in found] == [("chosen-is-integer", "data.jsonl:2")]


def test_ties_are_dropped_and_counted(tmp_path: Path) -> None:
    rows = reader(tmp_path, {**ROW, "margin": 0}, ROW)
    assert len(list(rows.preferences())) == 1
    assert rows.rejected == {"tie": 1}


def test_ties_can_be_kept(tmp_path: Path) -> None:
    (row,) = reader(tmp_path, {**ROW, "margin": 0}, keep_ties=True).preferences()
    assert (row.tie, row.margin) == (True, 0.0)


@pytest.mark.parametrize(
    ("value", "tie"), [(True, True), ("true", True), (False, False), ("False", False), (None, False)]
)
def test_the_column_tie_marks_a_tie_in_every_explicit_format(tmp_path: Path, value: object, tie: bool) -> None:
    (row,) = reader(tmp_path, {**ROW, "tie": value}, keep_ties=True).preferences()
    assert row.tie is tie


def test_columns_can_be_named(tmp_path: Path) -> None:
    row = {"query": ASK, "good": GOOD, "bad": BAD}
    names = {"prompt": "query", "chosen": "good", "rejected": "bad"}
    assert [one.input for one in reader(tmp_path, row, columns=names).preferences()] == [ASK]


def test_rows_can_be_filtered_by_language_and_criterion(tmp_path: Path) -> None:
    rows = [{**ROW, "language": name, "aspect": aspect} for name in ("C", "Ruby") for aspect in ("FC", "SH")]
    found = reader(tmp_path, *rows, language=("ruby",), aspect=("SH",))
    assert [(row.language, row.aspect) for row in found.preferences()] == [("Ruby", "Security Hardness")]
    assert found.rejected == {"other-language": 2, "other-aspect": 1}


def test_a_format_can_be_forced(tmp_path: Path) -> None:
    found = reader(tmp_path, {**ROW, "score_chosen": 3, "score_rejected": 1}, format="explicit")
    assert found.format.name == "explicit"


@pytest.mark.parametrize(
    "settings", [{"format": "explicitt"}, {"language": ("Pyhton",)}, {"aspect": ("Speed",)}], ids=str
)
def test_unknown_names_are_refused_at_the_start(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="Unknown"):
        reader(tmp_path, ROW, **settings)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no row that can be read"):
        reader(tmp_path)


def test_rows_of_another_format_in_the_same_file_are_counted(tmp_path: Path) -> None:
    rows = reader(tmp_path, ROW, ROW, {"question": ASK, "chosen": GOOD, "rejected": BAD})
    assert len(list(rows.preferences())) == 2
    assert rows.rejected == {"missing-prompt": 1}


def test_files_of_two_formats_are_refused_with_both_names(tmp_path: Path) -> None:
    for name, row in (("a", ROW), ("b", {"question": ASK, "chosen": GOOD, "rejected": BAD})):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(InputError, match=r"b.jsonl is in the format question, and .*a.jsonl in explicit"):
        PreferenceReader([tmp_path / "a.jsonl", tmp_path / "b.jsonl"])


def test_a_file_without_usable_rows_next_to_others_is_counted(tmp_path: Path) -> None:
    for name, row in (("a", ROW), ("b", {**ROW, "chosen": None}), ("c", 3)):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps(row) + "\n")
    found = PreferenceReader([tmp_path / f"{name}.jsonl" for name in "abc"])
    assert len(list(found.preferences())) == 1
    assert found.rejected == {"missing-chosen": 1, "not-a-row": 1}


def test_three_percent_of_bad_rows_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    bad = ["{broken\n", {**ROW, "chosen": GOOD, "rejected": GOOD}, {"prompt": ASK}]
    rows = reader(tmp_path, *[ROW] * 97, *bad)
    assert len(list(rows.preferences())) == 97
    assert rows.rejected == {"not-json": 1, "identical-responses": 1, "missing-chosen": 1}


def test_numbers_without_names_in_arrow_files_are_refused(tmp_path: Path) -> None:
    table = pa.table({**{name: [value] for name, value in ROW.items()}, "aspect": [3]})
    with pa.ipc.new_stream(str(tmp_path / "a.arrow"), table.schema) as sink:
        sink.write_table(table)
    with pytest.raises(InputError, match="column aspect has type int64"):
        PreferenceReader([tmp_path / "a.arrow"])


def test_responses_that_are_missing_in_every_row_are_named_as_empty(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"prompt \(text\), chosen \(empty\), rejected \(empty\)") as caught:
        reader(tmp_path, {**ROW, "chosen": None, "rejected": None}, {**ROW, "chosen": None, "rejected": None})
    assert "columns.prompt" in caught.value.hint


def test_messages_in_cells_of_csv_files_are_read(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": ASK},
    ]
    with (tmp_path / "a.csv").open("w", newline="") as file:
        rows = csv.DictWriter(file, ROW)
        rows.writeheader()
        rows.writerow({**ROW, "prompt": json.dumps(turns), "rejected": "[{broken"})
    (row,) = PreferenceReader([tmp_path / "a.csv"]).preferences()
    assert (row.messages, row.chosen, row.rejected) == (turns, GOOD, "[{broken")
