"""Preference data as the input of ``assemble``."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.dataset.adapters.test_formats import ASK, BAD, GOOD, ROWS

from themis_rm.dataset.assemble import assemble
from themis_rm.dataset.pair_input import find_pairs
from themis_rm.dataset.settings import AssembleSettings
from themis_rm.errors import InputError, SettingError
from themis_rm.pipeline import ExecutorSettings, StageReport
from themis_rm.records import CodePair
from themis_rm.storage.parquet import read_rows, write_rows

ROW = {"prompt": ASK, "chosen": GOOD, "rejected": BAD, "language": "python", "aspect": "SH"}
ONE = ExecutorSettings(workers=1)


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def pairs_of(path: Path, **settings: Any) -> list[dict[str, Any]]:
    reader = find_pairs(path, AssembleSettings(**settings)).reader()
    return [doc.metadata for doc in reader.run()]


def assembled(path: Path, out: Path, **settings: Any) -> tuple[StageReport, list[dict[str, Any]]]:
    report = assemble(path, out, AssembleSettings(**settings), ONE)
    return report, list(read_rows(out / "data"))


@pytest.mark.parametrize("name", ROWS)
def test_a_row_of_any_format_is_a_pair(tmp_path: Path, name: str) -> None:
    (pair,) = pairs_of(write(tmp_path / "x.jsonl", ROWS[name]), default_aspect="EE")
    assert (pair["instruction"], pair["chosen"], pair["rejected"]) == (ASK, GOOD, BAD)
    named = {"vulnerability": ["SH"], "code-pairs": ["FC"], "themis": [], "themis-benchmark": []}
    assert pair["criteria"] == named.get(name, ["EE"])


def test_turns_reasoning_margins_and_weights_are_kept(tmp_path: Path) -> None:
    turns = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": ASK},
    ]
    call = {"type": "function", "function": {"name": "run", "arguments": {"x": 1}}}
    chosen = [
        {"role": "assistant", "content": "", "tool_calls": [call], "reasoning_content": "Run it."},
        {"role": "tool", "content": "1"},
        {"role": "assistant", "content": GOOD},
    ]
    row = {**ROW, "prompt": turns, "chosen": chosen, "system": "Be brief.", "margin": 2, "weight": 0.5}
    _, (found,) = assembled(write(tmp_path / "x.jsonl", row), tmp_path / "out", mix={"none": 100, "all": 0, "own": 0})
    assert [turn["content"] for turn in found["messages"]] == ["Be brief.", "Hi", "Yes?", ASK]
    assert json.loads(found["chosen_messages"][0]["tool_calls"]) == [call]
    assert found["chosen_messages"][0]["reasoning_content"] == "Run it."
    assert (found["system"], found["input"], found["chosen"], found["margin"], found["weight"]) == (
        None, ASK, GOOD, 2.0, 0.5
    )  # fmt: skip
    assert (found["language"], found["aspect"], found["source"]) == ("Python", "Security Hardness", "explicit")


def test_criteria_prompts_of_published_data_are_drawn_again(tmp_path: Path) -> None:
    (pair,) = pairs_of(write(tmp_path / "x.jsonl", {**ROWS["themis"], "aspect": "FC", "system": "Judge it."}))
    assert pair["messages"] is None


def test_rows_are_counted_by_reason_and_equal_pairs_are_kept_once(tmp_path: Path) -> None:
    rows = [
        ROW,
        ROW,
        {**ROW, "prompt": "Another."},
        {**ROW, "chosen": BAD},
        {**ROW, "margin": 0},
        {**ROW, "aspect": "?"},
    ]
    report, found = assembled(write(tmp_path / "x.jsonl", *rows), tmp_path / "out")
    assert report.dropped == {"duplicate-row": 1, "identical-responses": 1, "tie": 1, "unknown-criterion": 1}
    assert (report.read, report.kept, len(found), report.details["format"]) == (6, 2, 2, "explicit")
    assert report.kept + sum(report.dropped.values()) == (
        report.details["rows_expanded"] + report.details["pairs_without_rows"]
    )


def test_rows_without_a_repository_are_divided_by_prompt(tmp_path: Path) -> None:
    rows = [{**ROW, "prompt": f"Prompt {n % 10}.", "chosen": f"{n}", "rejected": f"-{n}"} for n in range(40)]
    report, _ = assembled(write(tmp_path / "x.jsonl", *rows), tmp_path / "out", validation=0.2, test=0.2)
    prompts = [{row["input"] for row in read_rows(file)} for file in sorted((tmp_path / "out/data").iterdir())]
    assert len(prompts) == 3
    assert sum(map(len, prompts)) == len(set.union(*prompts)) == 10
    assert {row["repos"] for row in read_rows(tmp_path / "out/data")} == {""}
    assert "divided between the splits by prompt" in (tmp_path / "out/README.md").read_text()
    assert report.details["repositories"] == {"train": 0, "validation": 0, "test": 0}


def test_rows_without_a_repository_may_share_a_response_with_other_splits(tmp_path: Path) -> None:
    rows = [{**ROW, "prompt": f"Prompt {n}."} for n in range(10)]
    report, _ = assembled(write(tmp_path / "x.jsonl", *rows), tmp_path / "out", validation=0.2, test=0.2)
    assert (report.kept, report.dropped) == (10, {})


def test_languages_and_criteria_can_be_chosen(tmp_path: Path) -> None:
    rows = [{**ROW, "language": name, "aspect": aspect} for name in ("C", "Ruby") for aspect in ("FC", "SH")]
    file = write(tmp_path / "x.jsonl", *rows)
    assert [(pair["language"], pair["criteria"]) for pair in pairs_of(file, language="ruby", aspect="SH")] == [
        ("Ruby", ["SH"])
    ]


def test_languages_and_criteria_of_labeled_pairs_can_be_chosen(tmp_path: Path) -> None:
    values = {"instruction": ASK, "chosen": GOOD, "rejected": BAD, "origin": "commit", "instruction_source": "subject"}
    values |= {"file_path": "f", "license": "MIT"}
    kinds = {"1": ("C", ["FC", "SH"]), "2": ("C", ["FC"]), "3": ("Go", ["SH"])}
    pairs = [
        CodePair(**values, id=name, repos=name, language=language, criteria=criteria)
        for name, (language, criteria) in kinds.items()
    ]
    write_rows(tmp_path / "x.parquet", pairs, CodePair.schema())
    report, found = assembled(tmp_path / "x.parquet", tmp_path / "out", language="c", aspect="SH")
    assert [(row["repos"], row["aspect"]) for row in found] == [("1", "Security Hardness")]
    assert report.dropped == {"other-aspect": 1, "other-language": 1}


def test_data_without_criteria_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    file = write(tmp_path / "x.jsonl", {"prompt": ASK, "chosen": GOOD, "rejected": BAD})
    with pytest.raises(InputError, match="names no criterion") as caught:
        assembled(file, tmp_path / "out")
    assert "default_aspect=FC" in caught.value.hint
    assert not (tmp_path / "out").exists()


def test_an_unknown_default_criterion_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="Unknown criterion 'Speed'"):
        pairs_of(write(tmp_path / "x.jsonl", ROW), default_aspect="Speed")


def test_the_training_rows_of_a_directory_are_used(tmp_path: Path) -> None:
    write(tmp_path / "train.jsonl", ROW)
    write(tmp_path / "test.jsonl", {**ROW, "prompt": "Held out."})
    assert [pair["instruction"] for pair in pairs_of(tmp_path)] == [ASK]
